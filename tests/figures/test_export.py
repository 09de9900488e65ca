"""What a chart becomes when it is taken along: dark ink on white, and the table of its numbers."""

from __future__ import annotations

import base64
import io

import numpy as np
import plotly.graph_objects as go
from PIL import Image

from fashionviz.disagreement_results import Disagreement, Opinion, Pair
from fashionviz.figures.curves import curves_figure
from fashionviz.figures.disagreement import disagreement_figure
from fashionviz.figures.export import figure_rows, printable
from fashionviz.figures.gallery import contact_sheet
from fashionviz.figures.taken import picture_figure
from fashionviz.figures.theme import layout
from fashionviz.results import ModelRef


def test_bars_lying_down_give_their_label_first() -> None:
    figure = go.Figure(go.Bar(x=np.array([0.25, 0.75]), y=["a<br>b", "c"], orientation="h"))
    figure.update_xaxes(title="probability")
    rows = figure_rows(figure)
    assert rows == [{"y": "a b", "probability": 0.25}, {"y": "c", "probability": 0.75}]
    assert list(rows[0]) == ["y", "probability"]


def test_lines_give_their_name_and_their_own_axes() -> None:
    history = [{"epoch": 0, "train_loss": 1.5, "val_fpi_accuracy": 0.7}, {"epoch": 1, "train_loss": 1.0}]
    assert figure_rows(curves_figure(history)) == [
        {"series": "training loss", "epoch": 1, "y": 1.5},
        {"series": "training loss", "epoch": 2, "y": 1.0},
        {"series": "validation accuracy (fpi)", "epoch": 1, "y": 0.7},
    ]


def test_intervals_give_their_ends() -> None:
    error = {"type": "data", "symmetric": False, "array": [0.1], "arrayminus": [0.2]}
    figure = go.Figure(go.Scatter(x=[0.5], y=["m"], mode="markers", error_x=error))
    assert figure_rows(figure) == [{"x": 0.5, "y": "m", "low": 0.3, "high": 0.6}]


def test_heat_maps_give_cells_and_no_empty_ones() -> None:
    figure = go.Figure(go.Heatmap(z=np.array([[1.0, np.nan], [3.0, 4.0]], np.float32)))
    figure.add_scatter(x=[0], y=[0], marker={"opacity": 0})
    assert figure_rows(figure) == [
        {"row": 0, "column": 0, "value": 1.0},
        {"row": 1, "column": 0, "value": 3.0},
        {"row": 1, "column": 1, "value": 4.0},
    ]
    assert figure_rows(go.Figure(go.Image(z=np.zeros((2, 2, 3), np.uint8)))) == []


def test_the_printed_figure_is_white_and_the_shown_one_untouched() -> None:
    figure = go.Figure(go.Bar(x=[1], y=[2]), layout(200))
    made = printable(figure)
    assert made.layout.paper_bgcolor == made.layout.plot_bgcolor == "#FFFFFF"
    assert made.layout.height == 200
    assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)"


def test_the_matrix_of_disagreement_is_symmetric_with_gaps() -> None:
    opinions = tuple(Opinion(ModelRef(name, "0"), "t", "x", 1.0, None, 0) for name in ("a", "b", "c"))
    pairs = (
        Pair("a", "b", "type", 0.25, 1.0, ("tops", 0.9), ("bags", 0.8)),
        Pair("a", "c", reason="nothing in common"),
        Pair("b", "c", "type", 1.0, 1.0, ("bags", 1.0), ("hats", 1.0)),
    )
    heat = disagreement_figure(Disagreement(opinions, pairs, (), "")).data[0]
    assert [list(row) for row in heat.z] == [[None, 0.25, None], [0.25, None, 1.0], [None, 1.0, None]]
    assert list(heat.x) == list(heat.y) == ["a", "b", "c"]
    assert (heat.zmin, heat.zmax) == (0, 1)
    assert heat.text[0][1] == "0.25"
    assert heat.customdata[0][2] == "a<br>c<br>nothing in common"
    assert "tops, 90.0%" in heat.customdata[1][0]


def test_a_picture_is_taken_along_as_it_is() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (30, 20, 3), dtype=np.uint8)
    figure = printable(picture_figure(pixels, "A map"))
    kind, _, data = figure.data[0].source.partition(",")
    assert kind == "data:image/png;base64"
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))), pixels)
    assert figure.layout.title.text == "A map"
    assert figure.layout.height == 960 * 30 / 20 + 48
    assert figure_rows(figure) == []


def test_a_sheet_keeps_each_picture_in_proportion() -> None:
    wide = np.zeros((10, 40, 3), np.uint8)
    sheet = contact_sheet(np.full((80, 60, 3), 200, np.uint8), [("wide", wide)], "t", columns=2, side=80)
    black = np.argwhere((sheet == 0).all(axis=2) & (np.arange(sheet.shape[1]) > 12 + 160))
    picture = black[(black[:, 0] >= 46) & (black[:, 0] < 46 + 80)]
    height, width = np.ptp(picture, axis=0) + 1
    assert (height, width) == (40, 160)
