"""Accuracy with duplicates left out, by hand; and the study of thresholds against plain counting."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fashionviz.data.duplicates import Pair, Pictures, Thresholds
from fashionviz.data.examples import KINDS, draw
from fashionviz.data.perceptual import Signatures, colour_distance, signatures
from fashionviz.errors import DataError, InvalidRequest, UnknownModel
from fashionviz.evaluation.leakage import Share, accuracy_without, moved, recoded, scored_items, study_thresholds
from fashionviz.evaluation.report import Item
from tests.reports import N, write_made_up_report

MODEL = "mobilenet_v2.gender_category"


def item(identifier: str, right: bool) -> Item:
    return Item(identifier, 0, "Men/Apparel", "Men/Apparel" if right else "Women/Apparel", 0.9, (0.9, 0.1))


ITEMS = [item("a", True), item("b", True), item("c", False), item("d", True), item("e", False), item("f", True)]
PAIRS = [
    Pair("a", "t1", 0, 0.0, "exact", True),
    Pair("b", "t2", 3, 2.0, "near"),
    Pair("b", "t3", 5, 9.0, "variant"),
    Pair("c", "t3", 4, 9.0, "variant"),
    Pair("z", "t4", 0, 0.0, "exact"),  # a picture that the report did not score
]


def test_accuracy_by_hand() -> None:
    parts = accuracy_without(ITEMS, PAIRS, left_out=["f"])
    assert [(p.of, p.count, p.n) for p in parts] == [
        ("all", 4, 6),
        ("with a near-duplicate", 2, 2),  # a, b
        ("without a near-duplicate", 1, 3),  # c, d, e
        ("with a variant or closer", 2, 3),  # a, b, c
        ("with nothing alike", 1, 2),  # d, e
        ("not compared", 1, 1),  # f
    ]
    # Wilson by hand: 1 of 2 has its middle at 1/2 and the half width z / (2 sqrt(n + z²)) = 1.96 / (2 sqrt(5.8415)).
    assert parts[4].share == 0.5
    assert parts[4].ci95 == pytest.approx((0.0945, 0.9055), abs=1e-4)
    assert parts[0].ci95 == pytest.approx((0.3000, 0.9032), abs=1e-4)  # 4 of 6


def test_nothing_found_and_nothing_scored() -> None:
    parts = accuracy_without(ITEMS, ())
    assert [(p.count, p.n) for p in parts] == [(4, 6), (0, 0), (4, 6), (0, 0), (4, 6), (0, 0)]
    assert parts[1].to_json() == {
        "of": "with a near-duplicate", "count": 0, "n": 0, "share": None, "ci95": [0.0, 1.0],
    }  # fmt: skip
    assert all(p.n == 0 for p in accuracy_without((), PAIRS))


def test_the_report_must_be_about_the_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(tmp_path))
    with pytest.raises(DataError, match="has no report"):
        scored_items(MODEL, "fpi", "test")
    with pytest.raises(UnknownModel):
        scored_items("no.model", "fpi", "test")
    write_made_up_report(tmp_path / MODEL)
    assert len(scored_items(MODEL, "fpi", "test")) == N
    for data_set, split in (("fpi", "validation"), ("clothing", "test")):
        with pytest.raises(InvalidRequest, match=f"not about {data_set} {split}"):
            scored_items(MODEL, data_set, split)


class Table:
    """Rows with one class column, or none."""

    def __init__(self, classes: list[str | None] | None) -> None:
        self.classes = classes
        self.columns = ("image", "articleType") if classes else ("image",)

    def table(self, columns: list[str]) -> Table:
        assert columns == ["articleType"]
        return self

    def column(self, _name: str) -> Table:
        return self

    def to_pylist(self) -> list[str | None]:
        assert self.classes is not None
        return self.classes


def pictures(pixels: NDArray[np.uint8], classes: list[str | None] | None, made: Signatures | None = None) -> Pictures:
    ids = tuple(str(i) for i in range(len(pixels)))
    return Pictures(Table(classes), ids, pixels, made or signatures(pixels))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def drawn() -> NDArray[np.uint8]:
    kinds = [k for k in KINDS if not k.startswith("street")]
    return np.stack([draw(k, 0).reshape(80, 6, 60, 6, 3).mean(axis=(1, 3)).astype(np.uint8) for k in kinds])


def test_random_pairs_are_counted_as_in_a_plain_loop(drawn: NDArray[np.uint8]) -> None:
    pixels = drawn[:4]
    colours = signatures(pixels).colours * 0
    colours[2, ..., 0] = 10
    blank = np.array([False, False, False, True])
    a = Signatures(np.array([0b0, 0b11, 0b0, 0b0], dtype=np.uint64), colours, blank)
    b = Signatures(np.array([0b0, 0b1, 0b1111, 0b0], dtype=np.uint64), colours * 0, blank)
    ours, theirs = (
        pictures(pixels, ["x", "y", "x", "y"], a),
        pictures(pixels, ["x", "y", None, "x"], b),
    )
    study = study_thresholds(ours, theirs, Thresholds(1, 5.0), pairs=200_000, copies=0)
    assert study.column == "articleType"
    assert study.related is not None
    # By hand, of the 3 × 3 pairs without blank pictures: rows 0 and 2 are x, row 1 is y; matches 0 x, 1 y, 2 unknown.
    # Different: (0, 1) 1 bit near; (2, 1) 1 bit, other colours; (1, 0) 2 bits. Of one class: (0, 0), (2, 0), (1, 1).
    n = study.unrelated.shape.n
    assert n == pytest.approx(200_000 / 3, rel=0.02)
    assert study.unrelated.shape.count / n == pytest.approx(2 / 3, abs=0.01)
    assert study.unrelated.near.count / n == pytest.approx(1 / 3, abs=0.01)
    assert study.unrelated.by_bits[0] == 0
    assert study.unrelated.by_bits[1] == study.unrelated.shape.count
    assert study.unrelated.by_bits[2] == n == study.unrelated.near.n
    related = study.related
    assert related.shape.share == 1.0
    assert related.near.count / related.near.n == pytest.approx(2 / 3, abs=0.01)
    assert related.by_bits[0] / related.shape.n == pytest.approx(2 / 3, abs=0.01)
    assert [k.shape.n for k in study.known] == [0, 0, 0, 0]


def test_altered_copies(drawn: NDArray[np.uint8]) -> None:
    ours = pictures(drawn, None)
    study = study_thresholds(ours, ours, Thresholds(6, 6.0), pairs=5_000)
    assert study.column == ""
    assert study.related is None
    assert study.unrelated.shape.n == 5_000
    # Only a picture with itself is alike here: one pair in twelve.
    assert study.unrelated.near.share == pytest.approx(1 / len(drawn), abs=0.02)
    fine, coarse, shrunk, recoloured = study.known
    assert fine.near.n == coarse.near.n == shrunk.near.n == len(drawn)
    assert fine.near.count >= coarse.near.count
    assert shrunk.near.count >= 0.8 * len(drawn)
    assert 0 < recoloured.near.n < len(drawn)  # drawings in black and white are left out
    assert recoloured.near.count == 0
    assert recoloured.shape.count >= 0.6 * recoloured.shape.n
    for known in study.known:
        assert list(known.by_bits) == sorted(known.by_bits)
        assert known.by_bits[6] == known.shape.count >= known.near.count
        assert len(known.colour_percentiles) == 7
    again = study_thresholds(ours, ours, Thresholds(6, 6.0), pairs=5_000)
    assert again == study
    assert study_thresholds(ours, ours, Thresholds(6, 6.0), pairs=5_000, seed=1).unrelated != study.unrelated
    assert study.to_json()["unrelated"]["near"]["share"] == study.unrelated.near.share
    assert study.to_json()["related"] is None


def test_a_study_of_nothing(drawn: NDArray[np.uint8]) -> None:
    white = pictures(np.full((2, 80, 60, 3), 255, dtype=np.uint8), None)
    with pytest.raises(DataError, match="nothing but blank"):
        study_thresholds(white, pictures(drawn, None), pairs=10)


def test_alterations(drawn: NDArray[np.uint8]) -> None:
    shirt = drawn[0]
    coarse, fine = (np.abs(recoded(shirt, q).astype(int) - shirt).mean() for q in (30, 90))
    assert coarse > fine > 0
    small = moved(shirt)
    assert small.shape == shirt.shape
    assert (small[:2] == small[0, 0]).all()
    assert (small[-4:] == small[0, 0]).all()
    assert small[0, 0] == pytest.approx(shirt[0].mean(axis=0), abs=8)  # the studio's ground
    assert colour_distance(*signatures(np.stack([shirt, small])).colours) < 5


def test_share_of_nothing() -> None:
    assert Share("x", 0, 0).share is None
    assert Share("x", 0, 0).ci95 == (0.0, 1.0)
