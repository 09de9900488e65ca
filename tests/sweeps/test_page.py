"""The committed pages, and how a page and its pictures follow from a record."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from fashionviz.errors import DataError
from fashionviz.evaluation.metrics import wilson
from fashionviz.figures import svg
from fashionviz.figures.sweep import curves_picture, order_picture, step_picture
from fashionviz.figures.theme import ACCENT
from fashionviz.sweeps.page import files_of, out_of_date, page, write
from fashionviz.sweeps.record import load_record, record_of
from tests.sweeps.conftest import FACTS, ONE, ORDER, RIGHT, STUDY, A, M, N, S, trial, whole_record

COMMITTED = Path(__file__).resolve().parents[2] / "docs" / "sweeps"
NAMESPACE = "{http://www.w3.org/2000/svg}"


def test_the_committed_pages_are_current() -> None:
    assert not COMMITTED.exists() or out_of_date(COMMITTED) == [], "run `fashionviz sweep STUDY --report`"


def test_the_record_says_what_was_chosen() -> None:
    record = whole_record()
    assert record.complete
    assert [s.winner for s in record.steps] == [1, 3, 4]
    assert [r.trial for r in record.steps[2].rows] == [6, 7, 4, 5, 8, 9], "trials 4 and 5 return in the last grid"
    assert record.best is not None
    assert (record.best["optimiser"], record.best["l2"]) == ("sgd", 0.01)
    assert record.best["learning_rate"] == record.base["learning_rate"]


def test_a_page_tells_what_differs_by_less_than_the_interval() -> None:
    # With 900 photos 600 right lie above the interval of 400, and within that of 580.
    right = {A: 400, M: 600, S: 580}
    trials = [trial(i, (v, N, ONE), "first", k, 900) for i, (v, k) in enumerate(right.items())]
    assert wilson(400, 900)[1] < 600 / 900 < wilson(580, 900)[1]
    text = page(record_of(STUDY, trials, FACTS, {"torch": "0"}))
    assert "Winner: **optimiser adamax**. It differs by less than the interval from: optimiser sgd. Chance" in text
    low, high = wilson(600, 900)
    assert f"| **adamax** | **0.6667** | {low:.4f} – {high:.4f} | 900 | 2 | 62 | 1 |" in text
    assert "The search is not finished" in text
    assert "| not run yet |" in text
    far = [trial(i, (v, N, ONE), "first", k, 900) for i, (v, k) in enumerate({A: 400, M: 600, S: 300}.items())]
    assert "above the interval of every other choice" in page(record_of(STUDY, far, FACTS, {}))


def test_a_whole_page() -> None:
    text = page(whole_record())
    assert "not finished" not in text
    assert "| optimiser | sgd |\n| regulariser | L2 |\n| rate | × 1 |" in text
    assert f"Accuracy {8 / 9:.4f}" in text
    assert "18 of 24 training photos" in text
    assert "(of second)" in text, "a trial that returns says where it comes from"
    for name in ("tiny-first.svg", "tiny-second.svg", "tiny-third.svg", "tiny-trials.svg", "tiny-curves.svg"):
        assert f"({name})" in text


def test_failed_and_interrupted_trials_stay_in_the_record() -> None:
    trials = [
        trial(0, ORDER[0], "first", None, state="interrupted", sentence=None),
        trial(1, ORDER[0], "first", None),
        trial(2, ORDER[1], "first", 5),
        trial(3, ORDER[2], "first", None, sentence="RuntimeError: out of memory"),
    ]
    record = record_of(STUDY, trials, FACTS, {})
    assert record.steps[0].winner == 1
    text = page(record)
    assert "- Trial 3 (first): RuntimeError: out of memory" in text
    assert "Interrupted and run again: trial 0." in text
    assert "| adam | failed |" in text
    ET.fromstring(step_picture(record, record.steps[0]))


def test_a_step_that_failed_altogether() -> None:
    record = record_of(STUDY, [trial(i, p, "first", None) for i, p in enumerate(ORDER[:3])], FACTS, {})
    assert "Every trial of this step failed" in page(record)
    for picture in files_of(record).items():
        if picture[0].endswith(".svg"):
            ET.fromstring(picture[1])


def test_dots_and_lines_stand_where_the_numbers_say() -> None:
    record = whole_record()
    root = ET.fromstring(step_picture(record, record.steps[0]))
    dots = root.findall(f"{NAMESPACE}circle")
    assert [d.get("fill") == ACCENT for d in dots] == [False, True, False]
    x = [float(d.get("cx", "")) for d in dots]
    right = [RIGHT[p] for p in ORDER[:3]]
    pixels = (x[1] - x[0]) / (right[1] - right[0])  # of one photo
    assert x[2] - x[0] == pytest.approx((right[2] - right[0]) * pixels, abs=0.2)
    whiskers = [e for e in root.findall(f"{NAMESPACE}line") if e.get("stroke-width") == "2"]
    low, high = wilson(right[0], 9)
    assert float(whiskers[0].get("x2", "")) - float(whiskers[0].get("x1", "")) == pytest.approx(
        (high - low) * 9 * pixels, abs=0.3
    )


def test_the_best_so_far_never_falls() -> None:
    root = ET.fromstring(order_picture(whole_record()))
    assert len(root.findall(f"{NAMESPACE}circle")) == len(ORDER) + 3, "a dot a trial, and the legend's"
    line = root.find(f"{NAMESPACE}polyline")
    assert line is not None
    heights = [float(p.split(",")[1]) for p in line.get("points", "").split()]
    assert heights == sorted(heights, reverse=True)


def test_a_curve_a_winner() -> None:
    root = ET.fromstring(curves_picture(whole_record()))
    assert len(root.findall(f"{NAMESPACE}polyline")) == 3


def test_round_ranges() -> None:
    assert svg.round_range([0.63, 0.81])[2] == pytest.approx((0.6, 0.65, 0.7, 0.75, 0.8, 0.85))
    assert svg.round_range([0.0, 1.0])[:2] == (0.0, 1.0)
    low, high, ticks = svg.round_range([0.5])
    assert low <= 0.5 <= high
    assert low < high
    assert len(ticks) >= 2


def test_words_in_a_picture_are_no_markup() -> None:
    assert ET.fromstring(svg.picture(9, 9, "a < b & c", [svg.text(1, 1, "<L1 & L2>")]))[2].text == "<L1 & L2>"


def test_a_folder_out_of_date_is_found(tmp_path: Path) -> None:
    target = write(whole_record(), tmp_path)
    assert target.name == "tiny.md"
    assert out_of_date(tmp_path) == []
    assert load_record(tmp_path / "tiny.json") == whole_record()
    target.write_text(target.read_text().replace("0.8889", "0.9889"))
    (tmp_path / "tiny-first.svg").unlink()
    (tmp_path / "other.md").write_text("of no record")
    assert out_of_date(tmp_path) == ["other.md", "tiny-first.svg", "tiny.md"]
    (tmp_path / "tiny.json").write_text("{}")
    with pytest.raises(DataError, match=r"tiny\.json"):
        out_of_date(tmp_path)
