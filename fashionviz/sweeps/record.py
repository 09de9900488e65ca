"""The committed record of a sweep: every trial, the grid and the winner of every step, what it was measured on."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from fashionviz.errors import DataError
from fashionviz.sweeps.order import Scores, Search, search
from fashionviz.sweeps.studies import Point, Study


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Trial(_Frozen):
    """One training run.

    Attributes:
        number: in the order they were started, from 0.
        step: name of the step that it was run for.
        choices: dimension and choice, by name.
        state: ``failed`` of itself, or ``interrupted`` by a kill (its point was run again).
        sentence: why it failed.
        accuracy, ci95, n: on validation, 0..1, at the kept epoch; 95 % Wilson interval.
        epoch: the kept one, counted from 1.
        seconds: wall clock.
        history: a row an epoch: losses and validation figures.
        machine: what it ran on.
    """

    number: int
    step: str
    choices: dict[str, str]
    state: Literal["finished", "failed", "interrupted", "running"]
    sentence: str | None = None
    accuracy: float | None = None
    ci95: tuple[float, float] | None = None
    n: int | None = None
    epoch: int | None = None
    seconds: float | None = None
    history: tuple[dict[str, float], ...] = ()
    machine: str | None = None


class Row(_Frozen):
    """A point of a step's grid: what was chosen, and the number of its trial (``None``: not run yet)."""

    choices: dict[str, str]
    trial: int | None


class StepRecord(_Frozen):
    """A step's grid in the order of the choices, and which row won (``None``: not finished, or all failed)."""

    name: str
    dimensions: tuple[str, ...]
    rows: tuple[Row, ...]
    winner: int | None


@dataclass(frozen=True)
class Facts:
    """What all trials have in common, known when the first one starts.

    Attributes:
        data_set, split: what is scored.
        n: labelled photos in it.
        photos: that an epoch draws from, all of one certain class.
        photos_of: how many the training split has.
    """

    data_set: str
    split: str
    n: int
    photos: int
    photos_of: int


class SweepRecord(_Frozen):
    """A sweep as it is committed."""

    study: str
    title: str
    note: str
    command: str
    model: str
    complete: bool
    seed: int
    data_set: str
    split: str
    n: int
    photos: int
    photos_of: int
    epochs: int
    frames: tuple[tuple[int, int], ...]
    scored_at: tuple[int, int]
    versions: dict[str, str]
    fingerprint: str
    base: dict[str, Any]
    best: dict[str, Any] | None
    steps: tuple[StepRecord, ...]
    trials: tuple[Trial, ...]

    def trial(self, number: int | None) -> Trial | None:
        """A trial by number."""
        return next((t for t in self.trials if t.number == number), None)

    def text(self) -> str:
        """The record as indented JSON."""
        return json.dumps(self.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n"


def load_record(path: Path) -> SweepRecord:
    """Read a committed record.

    Raises:
        DataError: the file is missing or not a record.
    """
    try:
        return SweepRecord.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"The record {path.name} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        raise DataError(f"The record {path.name} is damaged: {error.error_count()} field(s) wrong.") from error


def point_of(study: Study, trial: Trial) -> Point:
    """The point that a trial was run for."""
    return tuple(trial.choices[d.name] for d in study.dimensions)


def scores_of(study: Study, trials: Sequence[Trial], again: Collection[int] = ()) -> Scores:
    """The score of every point that has been tried; failed ones count as tried, interrupted ones do not.

    Args:
        study: what is searched.
        trials: all there are.
        again: numbers of failed trials that are to be run again.
    """
    scores: dict[Point, float | None] = {}
    for trial in trials:
        point = point_of(study, trial)
        if trial.state == "finished":
            scores[point] = trial.accuracy
        elif trial.state == "failed" and trial.number not in again:
            scores.setdefault(point, None)
    return scores


def record_of(study: Study, trials: Sequence[Trial], facts: Facts, versions: dict[str, str]) -> SweepRecord:
    """Put together what is known of a sweep."""
    found = search(study, scores_of(study, trials))
    # Of a point's trials the finished one counts, of several failed ones the last.
    by_point = {
        point_of(study, t): t.number
        for t in sorted(trials, key=lambda t: (t.state == "finished", t.number))
        if t.state in ("finished", "failed")
    }
    best = found.winner(study)
    base = study.base
    return SweepRecord(
        study=study.name,
        title=study.title,
        note=study.note,
        command=f"fashionviz sweep {study.name}",
        model=base.model,
        complete=best is not None,
        seed=base.seed,
        data_set=facts.data_set,
        split=facts.split,
        n=facts.n,
        photos=facts.photos,
        photos_of=facts.photos_of,
        epochs=base.epochs,
        frames=tuple(s.frame for s in base.stages),
        scored_at=base.validate_at or _served(base.model),
        versions=versions,
        fingerprint=study.fingerprint(),
        base=_plain(base),
        best=None if best is None else _plain(study.recipe(best)),
        steps=_steps(study, found, by_point),
        trials=tuple(trials),
    )


def _served(model: str) -> tuple[int, int]:
    from fashionviz.models.registry import get_model

    return get_model(model).input_size


def _plain(recipe: Any) -> dict[str, Any]:
    return json.loads(json.dumps(asdict(recipe)))


def _steps(study: Study, found: Search, by_point: dict[Point, int]) -> tuple[StepRecord, ...]:
    return tuple(
        StepRecord(
            name=state.step.name,
            dimensions=state.step.dimensions,
            rows=tuple(
                Row(
                    choices={k: v for k, v in study.named(p).items() if k in state.step.dimensions},
                    trial=by_point.get(p),
                )
                for p in state.points
            ),
            winner=None if state.winner is None else state.points.index(state.winner),
        )
        for state in found.steps
    )
