"""Figures of drawings show the report's numbers: places on the scale, shares of a row, epochs."""

from __future__ import annotations

import numpy as np
import pytest

from fashionviz.drawing_results import Distance, DrawingReport, Inversion, Rate
from fashionviz.figures.drawing_distance import search_figure
from fashionviz.figures.drawing_stages import stage_grid, strongest_maps
from fashionviz.figures.drawings import agreement_figure, agreement_rows, course_figure, scale_figure, scale_rows
from fashionviz.figures.theme import viridis
from fashionviz.results import ModelRef, Timings


def made_up(frechet: float = 3.0) -> DrawingReport:
    """A report whose floor is 1 and whose shuffled control is 11, so that a place is a tenth of what is above 1."""
    half = Rate(2, 4, (0.15, 0.85))

    def distance(what: str, value: float) -> Distance:
        return Distance(what, 4, value, (value - 0.5, value + 0.5), value / 100, (0.0, 0.2))

    return DrawingReport(
        model=ModelRef("cgan64.gender_category", "ab" * 32),
        data_set="fpi",
        split="test",
        n=4,
        first_seed=2_000_000,
        features="MobileNetV2 on ImageNet",
        distances=tuple(
            distance(what, value)
            for what, value in (("drawn", frechet), ("real", 1.0), ("blurred", 5.0), ("shuffled", 11.0))
        ),
        precision=half,
        recall=half,
        judged_by="mobilenet_v2.gender_category",
        agreement=half,
        agreement_real=half,
        classes=("a", "b"),
        asked=((1, 3), (0, 4)),
        near_copies=half,
        near_copies_real=half,
        near_from=0.9,
        nearest=(),
        spread=0.8,
    )


def test_the_scale_runs_from_the_floor_to_the_shuffled_control() -> None:
    rows = scale_rows({"one": made_up()}, "frechet")
    assert [row["place"] for row in rows] == pytest.approx([0.0, 0.2, 0.4, 1.0])
    drawn = rows[1]
    assert drawn["pictures"] == "drawn"
    assert (drawn["distance"], drawn["low"], drawn["high"], drawn["n"]) == (3.0, 2.5, 3.5, 4)
    assert (drawn["place_low"], drawn["place_high"]) == pytest.approx((0.15, 0.25))
    assert made_up().on_scale() == pytest.approx(drawn["place"])  # the library's own figure


def test_each_generator_is_a_line_with_the_four_sets() -> None:
    figure = scale_figure({"good": made_up(2.0), "weak": made_up(12.0)})
    drawn = {trace.name: dict(zip(trace.y, trace.x, strict=True)) for trace in figure.data}
    assert drawn["drawn"] == pytest.approx({"good": 0.1, "weak": 1.1})
    assert drawn["other photos (the floor)"] == {"good": 0.0, "weak": 0.0}
    assert drawn["photos with shuffled patches"] == {"good": 1.0, "weak": 1.0}
    bars = next(trace.error_x for trace in figure.data if trace.name == "drawn")
    assert list(bars.array) == pytest.approx([0.05, 0.05])
    kernel = scale_figure({"good": made_up()}, "kernel")
    assert kernel.layout.xaxis.title.text.startswith("kernel distance")


def test_agreement_is_in_shares_of_the_class_asked_for() -> None:
    (heat,) = agreement_figure(made_up(), ("a", "b")).data
    assert np.asarray(heat.z).tolist() == [[0.25, 0.75], [0.0, 1.0]]
    assert np.asarray(heat.customdata).tolist() == [[1, 3], [0, 4]]
    assert agreement_rows(made_up(), ("a", "b"))[0] == {"asked": "a", "drawn": 4, "a": 1, "b": 3}


def test_the_course_of_training_counts_epochs_from_one() -> None:
    history = [
        {"epoch": 0.0, "val_kernel_distance": 0.5, "spread": 0.3, "real_found": 0.9},
        {"epoch": 1.0, "val_kernel_distance": 0.2, "spread": 0.7},
    ]
    drawn = {trace.name: (list(trace.x), list(trace.y)) for trace in course_figure(history).data}
    assert drawn == {
        "kernel distance": ([1, 2], [0.5, 0.2]),
        "spread of the drawings, as a share of the photos'": ([1, 2], [0.3, 0.7]),
        "photos that the discriminator finds": ([1], [0.9]),
    }


def test_the_search_is_drawn_step_by_step() -> None:
    picture = np.zeros((2, 2, 3), np.uint8)
    found = Inversion(ModelRef("m", "0"), None, "7", picture, picture, (0.4, 0.2, 0.1), Timings(0, 0, 1))
    (line,) = search_figure(found).data
    assert (list(line.x), list(line.y)) == ([1, 2, 3], [0.4, 0.2, 0.1])


def test_the_strongest_maps_come_first_each_on_its_own_scale() -> None:
    maps = np.zeros((3, 2, 2), np.float32)
    maps[1], maps[2, 0, 0] = -3.0, 4.0  # by mean magnitude: 0, 3, 1
    assert strongest_maps(maps, 2) == [1, 2]
    picture = stage_grid(maps, [2, 1], columns=2, tile=2)
    assert picture.shape == (2, 7, 3)  # two tiles of 2 px with a gap of 3
    assert (picture[0, 0] == viridis(np.float64(1.0))).all()  # the highest value
    assert (picture[1, 1] == viridis(np.float64(0.0))).all()
    assert (picture[:, 5:] == viridis(np.float64(0.0))).all()  # a map without differences
