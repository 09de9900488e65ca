"""The ordered search itself, without training and storage: from the scores there are to what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

from fashionviz.sweeps.studies import Point, Step, Study

#: Score of every point that has been tried; ``None`` where the trial failed.
Scores = Mapping[Point, float | None]


@dataclass(frozen=True)
class StepState:
    """How far a step is.

    Attributes:
        step: what is searched.
        points: its grid, in the order of the choices.
        winner: the best point; ``None`` while points are missing, or where all of them failed.
    """

    step: Step
    points: tuple[Point, ...]
    winner: Point | None


@dataclass(frozen=True)
class Search:
    """How far a search is.

    Attributes:
        steps: those that have been reached, the last one perhaps unfinished.
        next: the point to try now; ``None`` when the search is over or cannot go on.
        stuck: a step of which every trial failed: without a winner there is no next step.
    """

    steps: tuple[StepState, ...]
    next: Point | None = None
    stuck: bool = False

    def winner(self, study: Study) -> Point | None:
        """The winner of the last step; ``None`` until the search is over."""
        return self.steps[-1].winner if len(self.steps) == len(study.steps) else None


def grid(study: Study, step: Step, fixed: Point) -> tuple[Point, ...]:
    """Every combination of the step's choices, the other dimensions as in ``fixed``."""
    axes = [
        tuple(c.name for c in dimension.choices) if dimension.name in step.dimensions else (kept,)
        for dimension, kept in zip(study.dimensions, fixed, strict=True)
    ]
    return tuple(product(*axes))


def search(study: Study, scores: Scores) -> Search:
    """Walk through the steps as far as the scores reach.

    The winner of a step is its highest score, of equal ones the first in the order of the choices. A point of an
    earlier step that returns in a later grid keeps its score.

    Args:
        study: what is searched.
        scores: of the points tried so far; points outside the grids are ignored.
    """
    fixed = study.start
    done: list[StepState] = []
    for step in study.steps:
        points = grid(study, step, fixed)
        missing = [p for p in points if p not in scores]
        scored = [(value, -i, p) for i, p in enumerate(points) if (value := scores.get(p)) is not None]
        winner = max(scored)[2] if scored and not missing else None
        done.append(StepState(step, points, winner))
        if missing:
            return Search(tuple(done), missing[0])
        if winner is None:
            return Search(tuple(done), stuck=True)
        fixed = winner
    return Search(tuple(done))


def missing_trials(study: Study, scores: Scores) -> int:
    """How many trials are still to be run.

    An estimate where steps share dimensions with more than the one before: which points return in a later grid, and
    are not run again, depends on winners that are not known yet.
    """
    supposed = dict(scores)
    count = 0
    while (point := search(study, supposed).next) is not None:
        supposed[point] = float("-inf")
        count += 1
    return count
