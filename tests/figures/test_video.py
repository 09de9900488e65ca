"""The timeline and the time budget of a watched video, by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fashionviz.data.garment13 import GARMENT13
from fashionviz.figures.theme import GREY, class_colour
from fashionviz.figures.video import (
    WEARERS,
    colour_of,
    nearest,
    stage_rows,
    stages_figure,
    timeline_figure,
    timeline_rows,
)
from fashionviz.match.results import CatalogueItem, Match
from fashionviz.video.results import BUDGET_MS
from tests.video_results import sighting, watched


def test_a_row_an_item_under_its_person() -> None:
    result = watched()
    figure = timeline_figure(result)
    ticks = dict(zip(figure.layout.yaxis.tickvals, figure.layout.yaxis.ticktext, strict=True))
    assert list(ticks.values()) == ["<b>Person 1</b>", "1 top", "3 bag", "<b>Person 2</b>", "2 top"]
    drawn = {}
    for trace in figure.data:
        for number, place, start, length in zip(trace.customdata, trace.y, trace.base, trace.x, strict=True):
            drawn[int(number)] = (ticks[place], float(start), round(float(length), 6))
    assert drawn == {1: ("1 top", 0.5, 2.1), 3: ("3 bag", 1.0, 0.1), 2: ("2 top", 3.0, 1.1)}, "a tenth a frame"
    assert figure.layout.xaxis.title.text == "seconds of the video"
    assert tuple(figure.layout.xaxis.range) == (0, 5.0)
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1], "the first person on top"
    assert "Nobody is recognised" in WEARERS


def test_colours_are_those_of_the_classes_and_the_chosen_one_is_marked() -> None:
    assert colour_of("bag") == class_colour("bag", GARMENT13)
    assert colour_of("hovercraft") == GREY
    figure = timeline_figure(watched(), chosen=2)
    assert [trace.marker.color for trace in figure.data] == [colour_of(trace.name) for trace in figure.data]
    assert [name for name in figure.layout.yaxis.ticktext if "▸" in name] == ["<b>▸ 2 top</b>"]


def test_the_hover_names_the_nearest_item_and_a_strangers_words_are_text() -> None:
    words = {n: t for trace in timeline_figure(watched()).data for n, t in zip(trace.customdata, trace.text)}  # noqa: B905
    assert "80% probable, similarity 0.912" in words[1]
    assert "0.5 to 2.5 s, 3 views" in words[1]
    assert "&lt;i&gt;Red shirt" in words[1]
    assert "<i>" not in words[1]
    assert "no match" in words[2]
    long = Match(CatalogueItem("x", title="a" * 90), 0.5, None)
    assert nearest(sighting(1, matches=(long,))) == f"{'a' * 59}…, similarity 0.500"


def test_the_tables_hold_the_numbers() -> None:
    first, second, third = timeline_rows(watched())
    assert (first["item"], first["person"], first["label"], first["from, s"], first["to, s"]) == (1, 1, "top", 0.5, 2.5)
    assert (first["nearest item"], first["similarity"], first["probability"]) == ("<i>Red shirt</i>", 0.912, 0.8)
    assert (second["item"], third["item"], third["nearest item"], third["similarity"]) == (3, 2, "", None)
    assert stage_rows(watched())[1] == {
        "stage": "detect", "frames with work": 17, "p50, ms": 200.0, "p95, ms": 250.0, "p99, ms": 300.0,
        "mean a frame, ms": 70.0,
    }  # fmt: skip


@pytest.mark.parametrize("fps", [10.0, 30.0])
def test_stages_stand_against_both_lines(fps: float) -> None:
    result = watched()
    result = replace(result, info=replace(result.info, fps=fps))
    figure = stages_figure(result)
    by_name = {trace.name: dict(zip(trace.y, trace.x, strict=True)) for trace in figure.data}
    assert by_name["p50"] == {"decode": 2.0, "detect": 200.0, "search": 0.01, "total": 210.0}
    assert by_name["p99"]["detect"] == 300.0
    assert by_name["mean a frame"]["detect"] == 70.0
    assert [line.x0 for line in figure.layout.shapes] == [BUDGET_MS, 1000 / fps]
    assert [a.text for a in figure.layout.annotations] == ["33 ms", f"{1000 / fps:.0f} ms, video"]
    assert [10**a.x for a in figure.layout.annotations] == pytest.approx([BUDGET_MS, 1000 / fps])
    low, high = figure.layout.xaxis.range
    assert 10**low < 0.01
    assert 300 < 10**high < 1000
    assert len({trace.marker.symbol for trace in figure.data}) == len(figure.data), "shapes, not colours alone"
    assert figure.layout.yaxis.categoryarray == ("total", "search", "detect", "decode"), "the first stage on top"


def test_a_video_without_items_has_an_empty_timeline() -> None:
    empty = replace(watched(), sightings=(), stages=())
    assert not timeline_figure(empty).data
    assert timeline_rows(empty) == []
    assert stages_figure(empty).layout.shapes
