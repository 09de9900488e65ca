"""A small study with a score that is known by hand, and drawn photos to run it for real."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from fashionviz.data.examples import draw
from fashionviz.sweeps.order import Scores
from fashionviz.sweeps.record import Facts, SweepRecord, Trial, record_of
from fashionviz.sweeps.studies import Choice, Dimension, Point, Step, Study
from fashionviz.training.recipes import Stage, get_recipe

MODEL = "category_cnn28.category11"
KINDS = (("Tshirts", "shirt"), ("Heels", "heel"), ("Dresses", "dress"))
TRAIN, VALIDATION = 24, 9

#: Three steps over three dimensions; the first of them is searched twice.
STUDY = Study(
    name="tiny",
    title="A tiny search",
    note="Drawn photos.",
    base=replace(
        get_recipe(MODEL), stages=(Stage((28, 28), 2),), batch={"catalogue": 6}, subsample=18, validate_at=(28, 28)
    ),
    dimensions=(
        Dimension("optimiser", tuple(Choice(v, {"optimiser": v}) for v in ("adam", "adamax", "sgd"))),
        Dimension("regulariser", (Choice("none"), Choice("L2", {"l2": 0.01}))),
        Dimension("rate", (Choice("× 1"), Choice("× 2", factors={"learning_rate": 2.0}))),
    ),
    steps=(
        Step("first", ("optimiser",)),
        Step("second", ("regulariser", "rate")),
        Step("third", ("optimiser", "rate")),
    ),
)

A, M, S, N, L, ONE, TWO = "adam", "adamax", "sgd", "none", "L2", "× 1", "× 2"
#: Photos right, of nine. Taken alone, (sgd, none, × 2) would be the best, but the order never meets it.
RIGHT: dict[Point, int] = {
    (A, N, ONE): 4, (M, N, ONE): 6, (S, N, ONE): 5,
    (M, N, TWO): 5, (M, L, ONE): 6, (M, L, TWO): 7,
    (A, L, ONE): 1, (A, L, TWO): 2, (S, L, ONE): 8, (S, L, TWO): 3,
    (S, N, TWO): 9, (A, N, TWO): 0,
}  # fmt: skip
#: Worked out by hand: adamax wins the first step, L2 with × 2 the second, sgd with × 1 the third.
ORDER: tuple[Point, ...] = (
    (A, N, ONE), (M, N, ONE), (S, N, ONE),
    (M, N, TWO), (M, L, ONE), (M, L, TWO),
    (A, L, ONE), (A, L, TWO), (S, L, ONE), (S, L, TWO),
)  # fmt: skip
WINNERS: tuple[Point, ...] = ((M, N, ONE), (M, L, TWO), (S, L, ONE))

FACTS = Facts("fpi", "validation", 9, 18, TRAIN)


def scores(points: tuple[Point, ...] = ORDER) -> Scores:
    return {p: RIGHT[p] / 9 for p in points}


def trial(number: int, point: Point, step: str, right: int | None, n: int = 9, **changes: object) -> Trial:
    from fashionviz.evaluation.metrics import wilson

    facts: dict[str, object] = {"state": "failed", "sentence": "It broke.", "seconds": 3.0}
    if right is not None:
        curve = tuple({"epoch": e, "val_fpi_accuracy": right / n * (e + 1) / 2} for e in range(2))
        facts = {
            "state": "finished", "accuracy": right / n, "ci95": wilson(right, n), "n": n, "epoch": 2, "seconds": 61.5,
            "history": curve, "machine": "a test",
        }  # fmt: skip
    return Trial.model_validate({"number": number, "step": step, "choices": STUDY.named(point), **facts, **changes})


def whole_record() -> SweepRecord:
    steps = ("first",) * 3 + ("second",) * 3 + ("third",) * 4
    trials = [trial(i, p, s, RIGHT[p]) for i, (p, s) in enumerate(zip(ORDER, steps, strict=True))]
    return record_of(STUDY, trials, FACTS, {"torch": "0"})


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue of drawn photos, three classes equally often."""
    root = tmp_path_factory.mktemp("data")
    (root / "fpi").mkdir()
    for split, count in (("train", TRAIN), ("validation", VALIDATION)):
        encoded = []
        for i in range(count):
            out = io.BytesIO()
            Image.fromarray(draw(KINDS[i % 3][1], i)).resize((60, 80)).save(out, "PNG")
            encoded.append({"bytes": out.getvalue(), "path": None})
        table = pa.table({"articleType": [KINDS[i % 3][0] for i in range(count)], "image": encoded})
        pq.write_table(table, root / "fpi" / f"{split}-00000-of-00001.parquet")
    return root


@pytest.fixture
def data(photos: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FASHIONVIZ_DATA", str(photos))
    return photos
