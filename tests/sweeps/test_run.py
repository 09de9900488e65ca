"""Sweeps that are run, killed, resumed; with real training where training counts, with known scores elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fashionviz.cli import app
from fashionviz.errors import DataError, InvalidRequest, WeightsError
from fashionviz.sweeps import run
from fashionviz.sweeps.page import out_of_date
from fashionviz.sweeps.record import SweepRecord, point_of
from fashionviz.sweeps.run import Result, Told, kept_epoch, sweep
from fashionviz.sweeps.storage import only_one, study_folder
from fashionviz.sweeps.studies import STUDIES, Choice, Dimension, Point, Step
from fashionviz.training.recipes import Recipe
from tests.sweeps.conftest import FACTS, ONE, ORDER, RIGHT, STUDY, VALIDATION, A, M, N

# Lightning warns of its own use of torch, and gives advice on workers that a tiny run has no need of.
pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

#: Two steps for real training: 2 optimisers, then 2 × 2 less the pair that is known.
SHORT = replace(
    STUDY,
    name="short",
    dimensions=(
        Dimension("optimiser", (Choice("adam"), Choice("sgd", {"optimiser": "sgd", "learning_rate": 1e-4}))),
        *STUDY.dimensions[1:],
    ),
    steps=STUDY.steps[:2],
)


class Killed(BaseException):
    """What no handler of failed trials may catch."""


@pytest.fixture
def known(cache: Path, monkeypatch: pytest.MonkeyPatch) -> list[Point]:
    """Trials that cost nothing and are as good as :data:`RIGHT` says; the points that were asked for."""
    recipes = {json.dumps(_plain(STUDY.recipe(p))): p for p in RIGHT}
    asked: list[Point] = []

    def scored(recipe: Recipe, folder: Path, n: int, on_epoch: object = None) -> Result:
        point = recipes[json.dumps(_plain(recipe))]
        asked.append(point)
        return Result(RIGHT[point], 1, ({"epoch": 0.0, "train_loss": 1.0, "val_fpi_accuracy": RIGHT[point] / n},))

    monkeypatch.setattr(run, "run_trial", scored)
    monkeypatch.setattr(run, "preflight", lambda study: FACTS)
    monkeypatch.setitem(STUDIES, "tiny", STUDY)
    return asked


def _plain(recipe: Recipe) -> list[object]:
    return [recipe.optimiser, recipe.l2, recipe.learning_rate]


def failing(monkeypatch: pytest.MonkeyPatch, points: set[Point], error: BaseException) -> None:
    scored: Callable[..., Result] = run.run_trial
    bad = {json.dumps(_plain(STUDY.recipe(p))) for p in points}

    def sometimes(recipe: Recipe, *rest: object) -> Result:
        if json.dumps(_plain(recipe)) in bad:
            raise error
        return scored(recipe, *rest)

    monkeypatch.setattr(run, "run_trial", sometimes)


def points(record: SweepRecord) -> list[Point]:
    return [point_of(STUDY, t) for t in record.trials]


def test_a_study_that_is_killed_goes_on_where_it_was(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fashionviz.training.run as training

    runs: list[Recipe] = []
    train = training.train

    def counted(recipe: Recipe, **rest: object) -> training.TrainResult:
        runs.append(recipe)
        return train(recipe, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(training, "train", counted)
    told: list[Told] = []
    epochs: list[tuple[int, int]] = []

    def kill_in_the_third(done: int, total: int) -> None:
        epochs.append((done, total))
        if len(runs) == 3:
            raise Killed

    with pytest.raises(Killed):
        sweep(SHORT, on_epoch=kill_in_the_third, on_trial=told.append)
    assert epochs == [(1, 2), (2, 2), (1, 2), (2, 2), (1, 2)]
    assert [(t.done, t.total, t.trial.state) for t in told] == [(1, 5, "finished"), (2, 5, "finished")]
    assert told[1].left_s == pytest.approx(3 * sum(t.trial.seconds or 0 for t in told) / 2)
    before = run.report(SHORT)
    assert [t.state for t in before.trials] == ["finished", "finished", "running"]
    assert not before.complete
    journal = study_folder("short") / "journal.log"
    with journal.open("ab") as handle:
        handle.write(b'{"op_code": 8, "worker')  # as a kill in the middle of a write leaves it

    after = sweep(SHORT)
    assert [t.state for t in after.trials] == ["finished", "finished", "interrupted", *["finished"] * 3]
    assert after.trials[:2] == before.trials[:2]
    assert len(runs) == 3 + 3
    assert runs[2] == runs[3], "the trial that was killed is run again"
    assert len(set(map(str, runs))) == 5, "and nothing else twice"
    assert after.complete
    assert len(sweep(SHORT).trials) == 6, "a study that is done runs nothing"
    assert not list(study_folder("short").glob("trial-*")), "checkpoints are not kept"

    # The winners follow from the accuracies, which are of what was trained.
    accuracy = {point_of(SHORT, t): t.accuracy for t in after.trials if t.state == "finished"}
    first = max(("adam", "sgd"), key=lambda v: accuracy[v, N, ONE] or 0)  # of equals the first
    assert after.steps[0].rows[after.steps[0].winner or 0].choices == {"optimiser": first}
    assert {p[0] for p in list(accuracy)[2:]} == {first}
    for trial in (t for t in after.trials if t.state == "finished"):
        assert trial.n == VALIDATION
        assert [row["epoch"] for row in trial.history] == [0, 1]
        best = max(trial.history, key=lambda row: row["val_fpi_accuracy"])
        assert trial.accuracy == pytest.approx(best["val_fpi_accuracy"], abs=1e-6)
        assert trial.epoch == best["epoch"] + 1

    # An undisturbed run comes to the same.
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path / "other"))
    whole = sweep(SHORT)
    assert {point_of(SHORT, t): t.accuracy for t in whole.trials} == accuracy
    assert whole.steps[-1].winner == after.steps[-1].winner
    assert whole.best == after.best


def test_a_loss_that_is_no_number_is_a_failed_trial(data: Path) -> None:
    study = replace(
        SHORT,
        dimensions=(Dimension("rate", (Choice("× 1"), Choice("far too high", {"learning_rate": 1e30}))),),
        steps=(Step("rate", ("rate",)),),
    )
    record = sweep(study)
    assert [t.state for t in record.trials] == ["finished", "failed"]
    assert "loss became" in (record.trials[1].sentence or "")
    assert record.complete
    assert record.steps[0].winner == 0


def test_known_scores_lead_to_the_winners_worked_out_by_hand(known: list[Point]) -> None:
    record = sweep(STUDY)
    assert tuple(known) == ORDER == tuple(points(record))
    assert [s.winner for s in record.steps] == [1, 3, 4]
    assert record.trials[0].accuracy == 4 / 9


def test_a_few_trials_at_a_time(known: list[Point]) -> None:
    totals: list[int] = []
    for _ in range(3):
        record = sweep(STUDY, limit=4, on_start=lambda told: totals.append(told.total))
    assert tuple(known) == ORDER
    assert record.complete
    assert totals == [4] * 8 + [2] * 2


def test_a_trial_that_fails_does_not_stop_the_study_and_may_be_tried_again(
    known: list[Point], monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = "[enforce fail] DefaultCPUAllocator: can't allocate memory\nframe #0\nframe #1"
    with monkeypatch.context() as patched:
        failing(patched, {(M, N, ONE)}, RuntimeError(pages))
        record = sweep(STUDY)
        assert record.complete
        assert record.trials[1].sentence == ("RuntimeError: [enforce fail] DefaultCPUAllocator: can't allocate memory")
        assert record.steps[0].winner == 2, "sgd, the best of those that came through"
        asked = len(known)
        assert sweep(STUDY).trials == record.trials, "without being asked to, it is not tried again"
        assert len(known) == asked
    again = sweep(STUDY, retry_failed=True)
    assert again.steps[0].winner == 1
    assert [s.winner for s in again.steps] == [1, 3, 4]
    assert again.trials[: len(record.trials)] == record.trials, "nothing is lost"
    assert known[asked] == (M, N, ONE)


def test_mistakes_of_ours_are_not_recorded_as_failed_trials(
    known: list[Point], monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, {(A, N, ONE)}, TypeError("a mistake"))
    with pytest.raises(TypeError):
        sweep(STUDY)
    assert run.report(STUDY).trials[0].state == "running"


def test_ctrl_c_within_lightning_stops_the_study(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise SystemExit(1)

    monkeypatch.setattr("fashionviz.training.run.train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sweep(SHORT)


def test_two_sweeps_of_a_study_do_not_run_at_once(known: list[Point]) -> None:
    with only_one(STUDY), pytest.raises(InvalidRequest, match="Another process"):
        sweep(STUDY)
    assert sweep(STUDY, limit=1).trials


def test_trials_of_another_definition_are_not_mixed_in(known: list[Point]) -> None:
    sweep(STUDY, limit=1)
    other = replace(STUDY, base=replace(STUDY.base, seed=5))
    for call in (sweep, run.report):
        with pytest.raises(InvalidRequest, match="Move that folder away"):
            call(other)
    with pytest.raises(InvalidRequest, match="No trial"):
        run.report(replace(STUDY, name="unheard-of"))


def test_what_is_missing_is_found_before_the_first_trial(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    more = replace(STUDY, base=replace(STUDY.base, subsample=25))
    with pytest.raises(InvalidRequest, match="there are 24"):
        sweep(more)
    elsewhere = Dimension("start", (Choice("scratch"), Choice("file", {"init": "/nowhere/weights.safetensors"})))
    with pytest.raises(WeightsError, match="nowhere"):
        sweep(replace(STUDY, dimensions=(*STUDY.dimensions, elsewhere)))
    streets = replace(STUDY, base=replace(STUDY.base, model="mobilenet_v2.clothing10", feed="clothing10"))
    with pytest.raises(DataError, match="clothing"):
        sweep(streets)
    assert not study_folder("tiny").exists()


def test_the_kept_epoch() -> None:
    rows = [(0.5, 0.5), (0.75, 0.75), (0.75, 0.75)]
    history = tuple(
        {"epoch": float(i), "train_loss": 1.0, "val_loss": 1.0, "val_score": s, "val_fpi_accuracy": a}
        for i, (s, a) in enumerate(rows)
    )
    assert kept_epoch(history, "val_fpi_accuracy", 8) == Result(6, 2, history)
    broken = ({**history[0], "val_loss": float("nan")},)
    with pytest.raises(run.Diverged, match="val loss became nan in epoch 1"):
        kept_epoch(broken, "val_fpi_accuracy", 8)


def test_the_command(known: list[Point], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "sweeps"

    def said(*words: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(app, ["sweep", "tiny", "--out", str(out), *words])
        return result.exit_code, result.stdout, result.stderr

    status, text, _ = said("--dry-run")
    assert status == 0
    assert "known after the first trial" in text
    assert not known
    status, text, _ = said("--dry-run", "--json")
    assert json.loads(text)["trials"]["tried"] == 0
    status, text, news = said("--trials", "4", "--json")
    assert status == 0
    assert not json.loads(text)["complete"]
    assert "4/4  regulariser none, rate × 2: accuracy 0.5556" in news
    assert not out.exists(), "a record is written at the end, or when it is asked for"
    assert said("--report")[0] == 0
    assert "The search is not finished" in (out / "tiny.md").read_text()
    plan = json.loads(said("--dry-run", "--json")[1])
    assert (plan["trials"]["tried"], plan["steps"][0]["winner"]) == (4, {"optimiser": "adamax"})
    status, text, news = said()
    assert status == 0
    assert "Wrote" in news
    assert out_of_date(out) == []
    assert json.loads((out / "tiny.json").read_text())["complete"]
    assert known == list(ORDER)
    assert said("--report", "--trials", "1")[0] == 2
    assert CliRunner().invoke(app, ["sweep", "no-such-study"]).exit_code == 2


def test_the_command_tells_of_failures(known: list[Point], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, set(ORDER[:3]), MemoryError())
    result = CliRunner().invoke(app, ["sweep", "tiny", "--out", str(tmp_path)])
    assert result.exit_code == 1
    assert "failed after 0 s. MemoryError." in result.stderr
    assert "--retry-failed" in result.stdout
    assert result.stderr.count("failed after") == 3
