"""Studies on drawn pictures: rows run end to end, a kill costs one row, what is finished is kept."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from safetensors.torch import load_file
from typer.testing import CliRunner

from fashionviz.cli import app
from fashionviz.data.examples import draw
from fashionviz.errors import DataError, InvalidRequest
from fashionviz.evaluation.metrics import wilson
from fashionviz.models.registry import get_model
from fashionviz.models.weights import FILE
from fashionviz.studies import papers
from fashionviz.studies import run as running
from fashionviz.studies.page import study_page
from fashionviz.studies.papers import STUDIES, get_study
from fashionviz.studies.record import Figure, Record, Result, load_record, score_of, up_to_date
from fashionviz.studies.run import row_folder, run_study
from fashionviz.studies.study import Row, Scoring, Study
from fashionviz.training.feeds import FEEDS
from fashionviz.training.recipes import Recipe, Stage
from tests.reports import made_up_report

# As in tests/training/test_run.py: Lightning warns of its own use of torch.
pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

CATALOGUE = [("Tshirts", "t-shirt"), ("Dresses", "dress"), ("Casual Shoes", "heel"), ("Watches", "watch")]
HOME = [("t-shirt", "t-shirt"), ("dress", "dress"), ("shoes", "heel")]
DOCS = Path(__file__).resolve().parents[2] / "docs" / "studies"


@lru_cache
def encode(kind: str, size: tuple[int, int]) -> dict[str, object]:
    out = io.BytesIO()
    Image.fromarray(draw(kind, 0)).resize(size).save(out, "JPEG")
    return {"bytes": out.getvalue(), "path": None}


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "data"
    for folder in ("fpi", "clothing"):
        (root / folder).mkdir(parents=True)
    photos = {kind: encode(kind, (60, 80)) for _, kind in CATALOGUE}
    for split, count in (("train", 16), ("validation", 8)):
        rows = [CATALOGUE[i % 4] for i in range(count)]
        table = pa.table({"articleType": [r[0] for r in rows], "image": [photos[r[1]] for r in rows]})
        pq.write_table(table, root / "fpi" / f"{split}-00000-of-00001.parquet")
    for split, count in (("train", 12), ("validation", 6), ("extra", 3)):
        rows = [HOME[i % 3] for i in range(count)]
        table = pa.table(
            {
                "label": ["Polo" if split == "extra" else r[0] for r in rows],
                "label10": pa.array([None if split == "extra" else r[0] for r in rows], pa.string()),
                "image": [photos[r[1]] for r in rows],
            }
        )
        pq.write_table(table, root / "clothing" / f"{split}-00000-of-00001.parquet")
    monkeypatch.setenv("FASHIONVIZ_DATA", str(root))
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path / "cache"))
    return root


def shrunk(study: Study) -> Study:
    """The same rows, one epoch of eight pictures a batch each, the deep network at its smallest size."""

    def smaller(recipe: Recipe) -> Recipe:
        frame = (32, 32) if recipe.model.startswith("mobilenet") else recipe.stages[0].frame
        batch = dict.fromkeys(recipe.batch, 8)
        size = recipe.validate_at and frame
        return replace(recipe, init="scratch", stages=(Stage(frame, 1),), batch=batch, validate_at=size)

    return replace(study, rows=tuple(replace(row, recipe=smaller(row.recipe)) for row in study.rows))


#: A small network that stands for the deep one where weights are handed on.
SMALL = shrunk(STUDIES["balance"]).rows[0].recipe
CHAIN = Study(
    name="chain",
    title="A chain",
    about=("Made for a test.",),
    rows=(
        Row("base", "Base", SMALL, (Scoring("fpi"),)),
        Row("as-is", "As is", SMALL, (Scoring("fpi"),), start="base", trained=False),
        Row("head", "Head", replace(SMALL, frozen=("features",)), (Scoring("fpi"),), start="base"),
    ),
    reference="base",
    paper="none.",
)


def counting(monkeypatch: pytest.MonkeyPatch, stop_before: int | None = None) -> list[str]:
    """Record the rows that are trained; pull the plug before one of them."""
    ran: list[str] = []
    train: Callable[..., object] = running.train

    def counted(recipe: Recipe, *, init: Path | None, folder: Path) -> object:
        if len(ran) == stop_before:
            raise KeyboardInterrupt
        ran.append(folder.name)
        return train(recipe, init=init, folder=folder)

    monkeypatch.setattr(running, "train", counted)
    return ran


@pytest.mark.parametrize("name", ["transfer", "crop", "balance"])
def test_a_study_runs_end_to_end(name: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study, out = shrunk(get_study(name)), tmp_path / "out"
    record = run_study(study, out)
    assert [r.name for r in record.rows] == [r.name for r in study.rows]
    assert load_record(out / f"{name}.json") == record
    for row, result in zip(study.rows, record.rows, strict=True):
        assert [s.photos for s in result.scores] == [(c.data_set, c.split, c.crop) for c in row.scored]
        # Six of the eight catalogue photos are mapped, watches are not; of the home photos all are.
        assert all((s.n, s.skipped) == ((6, 2) if s.data_set == "fpi" else (6, 0)) for s in result.scores)
        assert (result.epochs, result.seconds > 0) == ((1, True) if row.trained else (0, False))
        assert result.photos == (0 if not row.trained else 12)
        for score in result.scores:
            right = int(score.right_bits().sum())
            assert score.accuracy.value == right / score.n
            assert score.accuracy.ci95 == pytest.approx(wilson(right, score.n))
    page = (out / f"{name}.md").read_text()
    assert page == study_page(study, record)
    assert "Not finished" not in page
    for row in study.rows:
        assert f"| {row.title} | " in page

    ran = counting(monkeypatch)
    assert run_study(study, out) == record
    assert not ran, "finished rows are not trained again"
    assert not (tmp_path / "cache" / "runs" / study.rows[0].recipe.model).exists(), "apart from real training"


def test_a_kill_costs_one_row(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study, out = shrunk(get_study("balance")), tmp_path / "out"
    with monkeypatch.context() as patch:
        assert counting(patch, stop_before=1) == []
        with pytest.raises(KeyboardInterrupt):
            run_study(study, out)
    before = load_record(out / "balance.json")
    assert before is not None
    assert [r.name for r in before.rows] == ["plain"]
    assert "Not finished: Every class equally often." in (out / "balance.md").read_text()
    left = row_folder(study, "balanced") / "curve-0"  # what a run that was cut off may leave behind
    left.mkdir(parents=True)
    (left / "metrics.csv").write_text("epoch,step,val_score\n7,1,0.5\n")
    ran = counting(monkeypatch)
    after = run_study(study, out)
    assert ran == ["balanced"]
    assert after.rows[0] == before.rows[0]
    assert after.rows[1].epochs == 1, "the curve of the run that was cut off does not count"


def test_weights_are_handed_on(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    base, as_is, _ = run_study(CHAIN, out).rows
    assert as_is.scores[0].accuracy == base.scores[0].accuracy
    assert as_is.start_sha256 == as_is.sha256 == base.sha256
    begun, ended = (load_file(row_folder(CHAIN, name) / FILE) for name in ("base", "head"))
    moved = {name for name in begun if not bool((begun[name] == ended[name]).all())}
    assert moved
    assert all(name.startswith("classifier") for name in moved), "the frozen part kept its weights"

    # Without the weights of the base, the missing row needs the base again; with them it does not.
    path = out / "chain.json"
    record = load_record(path)
    assert record is not None
    path.write_text(record.model_copy(update={"rows": record.rows[:2]}).model_dump_json())
    with monkeypatch.context() as patch:
        ran = counting(patch)
        run_study(CHAIN, out)
        assert ran == ["head"]
    path.write_text(record.model_copy(update={"rows": record.rows[:2]}).model_dump_json())
    (row_folder(CHAIN, "base") / FILE).unlink()
    ran = counting(monkeypatch)
    assert len(run_study(CHAIN, out).rows) == 3
    assert ran == ["base", "head"]


def made_up(row: Row, sha256: str, start: str | None = None) -> Result:
    return Result(
        name=row.name, settings=row.settings(), sha256=sha256, start_sha256=start, photos=1, epochs=1, seconds=1.0,
        machine="none", torch="0", scores=(),
    )  # fmt: skip


def test_rows_go_out_of_date() -> None:
    base, as_is, head = CHAIN.rows
    known = {"base": made_up(base, "a"), "as-is": made_up(as_is, "a", "a"), "head": made_up(head, "b", "a")}
    assert up_to_date(CHAIN, known) == known
    other = replace(CHAIN, rows=(base, as_is, replace(head, recipe=replace(head.recipe, learning_rate=0.1))))
    assert set(up_to_date(other, known)) == {"base", "as-is"}
    assert set(up_to_date(CHAIN, {**known, "base": made_up(base, "c")})) == {"base"}, "they started from other weights"
    assert set(up_to_date(CHAIN, {"head": known["head"]})) == set()


def test_settings_name_what_differs_from_the_defaults() -> None:
    row = Row("r", "R", Recipe("m", (Stage((4, 3), 2),), seed=5), (Scoring("fpi"),))
    scored = [{"data_set": "fpi", "split": "validation", "crop": False}]
    stages = [{"frame": [4, 3], "epochs": 2}]
    assert row.settings() == {"model": "m", "stages": stages, "init": "imagenet", "seed": 5, "scored": scored}
    again = Row("r", "R", row.recipe, row.scored, start="q", trained=False).settings()
    assert (again["init"], again["trained"]) == ("row q", False)


def test_a_score_is_that_of_the_report() -> None:
    scored = made_up_report("mobilenet_v2.gender_category")
    counts = (5, 0, 3, 2, 9, 7)
    score = score_of(Scoring("fpi", "test"), scored, counts)
    report = scored.report
    assert (score.n, score.accuracy.value, score.accuracy.ci95) == (48, report.accuracy, report.accuracy_ci95)
    assert score.f1.value == pytest.approx(report.macro_f1)
    assert score.precision.value == pytest.approx(np.mean([c.precision for c in report.per_class]))
    assert score.recall.value == pytest.approx(np.mean([c.recall for c in report.per_class]))
    assert all(f.ci95[0] < f.value < f.ci95[1] for f in (score.precision, score.recall, score.f1))
    assert np.array_equal(score.right_bits(), scored.probabilities.argmax(1) == scored.truth)
    assert [c.train for c in score.classes] == list(counts)
    assert score.classes[0].recall == Figure(value=report.per_class[0].recall, ci95=score.classes[0].recall.ci95)

    base, as_is, _ = CHAIN.rows
    wrong = score.model_copy(update={"right": bytes(6).hex()})  # another row, which got all 48 wrong
    results = (
        made_up(base, "a").model_copy(update={"scores": (wrong,)}),
        made_up(as_is, "a", "a").model_copy(update={"scores": (score,)}),
    )
    page = study_page(CHAIN, Record(study="chain", rows=results))
    assert f"“As is” less “Base”: +{report.accuracy:.4f}" in page
    assert "n 48; 36 right by the first alone, 0 by the second alone" in page
    rare = page.index("| Women/Accessories | 0 |")
    assert rare < page.index("| Women/Apparel | 2 |") < page.index("| Men/Other | 9 |"), "rarest first"


def test_studies_name_what_exists() -> None:
    for study in STUDIES.values():
        for row in study.rows:
            recipe, spec = row.recipe, get_model(row.recipe.model)
            assert recipe.feed in FEEDS
            network = spec.build()
            for part in recipe.frozen:
                network.get_submodule(part)
            assert {s.split for s in row.scored} == {"validation"}, "test is not for choosing"
    with pytest.raises(InvalidRequest, match="transfer"):
        get_study("nothing")


def test_a_study_is_well_formed() -> None:
    base, as_is, _ = CHAIN.rows
    for rows, reference in [
        ((base, base), "base"),
        ((as_is, base), "base"),
        ((base,), "other"),
        ((replace(base, trained=False),), "base"),
    ]:
        with pytest.raises(ValueError, match="chain"):
            replace(CHAIN, rows=rows, reference=reference)


def test_the_command(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    helped = CliRunner().invoke(app, ["study", "--help"]).output
    assert all(name in helped for name in STUDIES)
    monkeypatch.setitem(papers.STUDIES, "chain", CHAIN)
    result = CliRunner().invoke(app, ["study", "chain", "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert "3 rows" in result.output
    record = json.loads((tmp_path / "out" / "chain.json").read_text())
    assert record["study"] == "chain"
    again = CliRunner().invoke(app, ["study", "chain", "--out", str(tmp_path / "out"), "--json"])
    assert json.loads(again.stdout) == record, "finished rows are kept, and printed as they are stored"
    assert CliRunner().invoke(app, ["study", "nothing"]).exit_code == 2


def test_a_damaged_record_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "chain.json"
    path.write_text("{")
    with pytest.raises(DataError, match="--overwrite"):
        run_study(CHAIN, tmp_path)
    assert path.read_text() == "{"


@pytest.mark.parametrize("name", STUDIES)
def test_the_committed_record_and_page_are_current(name: str) -> None:
    record = load_record(DOCS / f"{name}.json")
    if record is None:
        assert not (DOCS / f"{name}.md").exists(), "a page without a record"
        pytest.skip(f"fashionviz study {name} has not been run")
    study = get_study(name)
    known = {r.name: r for r in record.rows}
    assert up_to_date(study, known) == known, f"run `fashionviz study {name}`"
    assert (DOCS / f"{name}.md").read_text() == study_page(study, record), f"run `fashionviz study {name}`"
