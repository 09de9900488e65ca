"""Run an ordered search: train the next point in the one training loop, record it, go on; resumable at any time."""

from __future__ import annotations

import gc
import math
import platform
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fashionviz.errors import FashionvizError, InvalidRequest
from fashionviz.sweeps.order import Scores, missing_trials, search
from fashionviz.sweeps.record import Facts, SweepRecord, Trial, record_of, scores_of
from fashionviz.sweeps.storage import TrialStore, only_one, study_folder
from fashionviz.sweeps.studies import Point, Study
from fashionviz.training.recipes import Recipe


@dataclass(frozen=True)
class Told:
    """News of a sweep.

    Attributes:
        trial: the one that has just started or ended.
        done: trials that this call has ended.
        total: those and what is left for it.
        left_s: estimate of the seconds left, from the trials so far; ``None`` before there is one.
    """

    trial: Trial
    done: int
    total: int
    left_s: float | None


@dataclass(frozen=True)
class Result:
    """What a trial came to: ``right`` photos at the kept ``epoch`` (from 1), and a row an epoch."""

    right: int
    epoch: int
    history: tuple[dict[str, float], ...]


class Diverged(FashionvizError):
    """The loss of a run is no number any more."""

    code = "diverged"


def preflight(study: Study) -> Facts:
    """Look for everything that the trials will need, before the first one starts.

    Raises:
        DataError: photos are missing.
        WeightsError: weights to start from are missing.
        InvalidRequest: the study asks for something that cannot be.
    """
    from fashionviz.data.sets import open_set
    from fashionviz.evaluation.evaluate import class_counts
    from fashionviz.models.registry import get_model
    from fashionviz.training.feeds import FEEDS
    from fashionviz.training.starts import starting_weights

    base = study.base
    check, spec = FEEDS[base.feed].checks[0], get_model(base.model)
    if check.figure != "accuracy":
        raise InvalidRequest(f"A sweep compares accuracies; the first check of {base.feed} is {check.figure}.")
    starts = {base.init, *(c.changes["init"] for d in study.dimensions for c in d.choices if "init" in c.changes)}
    for init in sorted(starts):
        starting_weights(init, base.model)
    photos = sum(class_counts(spec, open_set(check.data_set, "train")))
    if base.subsample is not None and base.subsample > photos:
        raise InvalidRequest(f"{study.name} trains on {base.subsample:,} photos, and there are {photos:,}.")
    n = sum(class_counts(spec, open_set(check.data_set, check.split)))
    return Facts(check.data_set, check.split, n, base.subsample or photos, photos)


def kept_epoch(history: tuple[dict[str, float], ...], figure: str, n: int) -> Result:
    """The result of a run at the epoch that the training loop keeps: the first of the highest validation score.

    Args:
        history: a row an epoch.
        figure: name of the accuracy that is compared.
        n: photos that it is a share of.

    Raises:
        Diverged: a loss is not finite; a share of right answers would be by chance.
    """
    for row in history:
        for name in ("train_loss", "val_loss"):
            if not math.isfinite(row[name]):
                raise Diverged(f"The {name.replace('_', ' ')} became {row[name]} in epoch {int(row['epoch']) + 1}.")
    best = max(history, key=lambda row: row["val_score"])
    return Result(round(best[figure] * n), int(best["epoch"]) + 1, history)


def run_trial(recipe: Recipe, folder: Path, n: int, on_epoch: Callable[[int, int], None] | None = None) -> Result:
    """Train a recipe and score it on validation; checkpoints are deleted.

    Args:
        recipe: what to train.
        folder: for checkpoints and curves; what an interrupted trial left there is deleted first.
        n: labelled photos in the validation split.
        on_epoch: called with (done, total).

    Raises:
        Diverged: the loss became infinite or no number.
        KeyboardInterrupt: Ctrl-C.
    """
    from fashionviz.training.feeds import FEEDS
    from fashionviz.training.run import train
    from fashionviz.training.starts import starting_weights

    shutil.rmtree(folder, ignore_errors=True)
    start = starting_weights(recipe.init, recipe.model)
    check = FEEDS[recipe.feed].checks[0]
    try:
        result = train(recipe, init=start.path, folder=folder, on_epoch=on_epoch or (lambda done, total: None))
    except SystemExit as stopped:  # what Lightning makes of Ctrl-C
        raise KeyboardInterrupt from stopped
    found = kept_epoch(result.history, f"val_{check.data_set}_{check.figure}", n)
    shutil.rmtree(folder, ignore_errors=True)
    return found


def sentence_of(error: BaseException) -> str:
    """Why a trial failed, as one sentence: torch's messages go on for pages."""
    first = (str(error).strip().splitlines() or [""])[0][:300]
    if isinstance(error, FashionvizError):
        return first
    return f"{type(error).__name__}: {first}" if first else f"{type(error).__name__}."


def machine() -> str:
    """What a trial runs on, in words."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"{platform.machine()} CPU, {torch.get_num_threads()} cores"


def seconds_left(trials: tuple[Trial, ...], count: int) -> float | None:
    """The mean of the finished trials, times how many are left; ``None`` where none is finished."""
    took = [t.seconds for t in trials if t.state == "finished" and t.seconds is not None]
    return sum(took) / len(took) * count if took else None


def sweep(
    study: Study,
    *,
    limit: int | None = None,
    retry_failed: bool = False,
    on_start: Callable[[Told], None] | None = None,
    on_epoch: Callable[[int, int], None] | None = None,
    on_trial: Callable[[Told], None] | None = None,
) -> SweepRecord:
    """Go on with a study until it is done.

    Points with a finished trial are not run again; a trial that a kill interrupted is marked and its point run again.
    A trial that fails by itself is recorded with its sentence, and the search goes on without it.

    Args:
        study: what to search.
        limit: run so many trials at most.
        retry_failed: run the points of failed trials again.
        on_start, on_trial: told before and after every trial.
        on_epoch: called with (done, total) epochs of the running trial.

    Returns:
        The record of all trials so far.

    Raises:
        DataError, WeightsError: something that the trials need is missing.
        InvalidRequest: the study is running elsewhere, or its trials come from another definition.
    """
    facts = preflight(study)
    with only_one(study):
        store = TrialStore(study, facts)
        store.close_interrupted()
        again = {t.number for t in store.trials() if t.state == "failed"} if retry_failed else set()
        done = 0
        while limit is None or done < limit:
            scores = scores_of(study, store.trials(), again)
            found = search(study, scores)
            if found.next is None:
                break
            number = store.begin(found.next, found.steps[-1].step.name)
            _tell(on_start, store, number, done, _left(study, scores, limit, done))
            _run(store, found.next, number, facts, on_epoch)
            done += 1
            scores = scores_of(study, store.trials(), again)
            _tell(on_trial, store, number, done, _left(study, scores, limit, done))
        return record_of(study, store.trials(), facts, store.versions)


def _left(study: Study, scores: Scores, limit: int | None, done: int) -> int:
    left = missing_trials(study, scores)
    return left if limit is None else min(left, limit - done)


def _tell(tell: Callable[[Told], None] | None, store: TrialStore, number: int, done: int, left: int) -> None:
    if tell is not None:
        trials = store.trials()
        tell(Told(trials[number], done, done + left, seconds_left(trials, left)))


def _run(
    store: TrialStore, point: Point, number: int, facts: Facts, on_epoch: Callable[[int, int], None] | None
) -> None:
    recipe = store.study.recipe(point)
    folder = study_folder(store.study.name) / f"trial-{number}"
    began = time.monotonic()
    try:
        result = run_trial(recipe, folder, facts.n, on_epoch)
    except (FashionvizError, RuntimeError, MemoryError, ArithmeticError) as error:
        # Out of memory is a RuntimeError of torch. Mistakes of ours (TypeError, …) and a full disk stop the sweep.
        store.fail(sentence_of(error), time.monotonic() - began, machine())
    else:
        store.finish(result.right, facts.n, result.epoch, time.monotonic() - began, result.history, machine())
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        gc.collect()  # trainer and module point at each other; their memory is needed by the next trial


def report(study: Study) -> SweepRecord:
    """The record of the trials so far; nothing is run.

    Raises:
        InvalidRequest: no trial has been run, or the trials come from another definition.
    """
    store = TrialStore(study)
    return record_of(study, store.trials(), store.facts, store.versions)
