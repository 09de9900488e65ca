"""Trials on disk, as an Optuna study in a journal file: appended to, so that a kill costs the running trial at most."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fashionviz.data.sets import cache_root
from fashionviz.errors import InvalidRequest
from fashionviz.evaluation.metrics import wilson
from fashionviz.sweeps.record import Facts, Trial
from fashionviz.sweeps.studies import Point, Study

_NONE_YET = "No trial of {name} has been run yet: start with `fashionviz sweep {name}`."


def study_folder(name: str) -> Path:
    """Where the trials of a study are kept, outside the checkout."""
    return cache_root() / "sweeps" / name


@contextmanager
def only_one(study: Study) -> Iterator[None]:
    """Hold the study for this process: a second one would take our running trial for an interrupted one.

    Raises:
        InvalidRequest: another process holds it.
    """
    folder = study_folder(study.name)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InvalidRequest(f"Another process is running the study {study.name}; wait for it.") from error
        yield


class TrialStore:
    """The trials of a study.

    Args:
        study: whose trials they are.
        facts: what all trials have in common, for a sweep that is going to write; the caller holds :func:`only_one`.
            Without them the trials are only read.

    Raises:
        InvalidRequest: the trials there are come from another definition of the study, or there are none to read.
    """

    def __init__(self, study: Study, facts: Facts | None = None) -> None:
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.study = study
        folder = study_folder(study.name)
        path = folder / "journal.log"
        if facts is not None:
            folder.mkdir(parents=True, exist_ok=True)
            _mend(path)
        elif not path.is_file():
            raise InvalidRequest(_NONE_YET.format(name=study.name))
        self._optuna = optuna.create_study(
            study_name=study.name,
            storage=JournalStorage(JournalFileBackend(str(path))),
            sampler=optuna.samplers.RandomSampler(study.base.seed),  # never asked: every point is fixed
            direction="maximize",
            load_if_exists=True,
        )
        known = self._optuna.user_attrs
        if facts is None and "facts" not in known:
            raise InvalidRequest(_NONE_YET.format(name=study.name))
        common: dict[str, Any] = {
            "fingerprint": study.fingerprint(),
            "facts": known["facts"] if facts is None else asdict(facts),
        }
        for name, value in common.items():
            if known.get(name, value) != value:
                raise InvalidRequest(
                    f"The trials in {folder} were run with another definition of {study.name} or on other photos. "
                    "Move that folder away to start over."
                )
            if name not in known:
                self._optuna.set_user_attr(name, value)
        if facts is not None and known.get("versions") != (running := _versions()):
            self._optuna.set_user_attr("versions", running)
        self.facts = Facts(**common["facts"])
        self.versions: dict[str, str] = self._optuna.user_attrs["versions"]

    def trials(self) -> tuple[Trial, ...]:
        """All trials, in the order they were started."""
        from optuna.trial import TrialState

        states = {TrialState.COMPLETE: "finished", TrialState.RUNNING: "running"}
        found = []
        for frozen in self._optuna.get_trials(deepcopy=False):
            attrs = dict(frozen.user_attrs)
            result = attrs.pop("result", {})
            state = states.get(frozen.state, "failed" if "sentence" in result else "interrupted")
            if "right" in result:
                right = result.pop("right")
                result |= {"accuracy": right / result["n"], "ci95": wilson(right, result["n"])}
            found.append(Trial.model_validate({**attrs, **result, "number": frozen.number, "state": state}))
        return tuple(found)

    def close_interrupted(self) -> int:
        """Mark as failed what a killed process left running or waiting; how many there were."""
        from optuna.trial import TrialState

        running = self._optuna.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        for frozen in running:
            self._optuna.tell(frozen.number, state=TrialState.FAIL)
        waiting = len(self._optuna.get_trials(deepcopy=False, states=(TrialState.WAITING,)))
        for _ in range(waiting):
            self._optuna.tell(self._optuna.ask(), state=TrialState.FAIL)
        return len(running) + waiting

    def begin(self, point: Point, step: str) -> int:
        """Record that a point's trial is running; its number."""
        from optuna.distributions import CategoricalDistribution

        choices = self.study.named(point)
        self._optuna.enqueue_trial(choices, user_attrs={"step": step, "choices": choices})
        spaces: dict[str, Any] = {
            d.name: CategoricalDistribution([c.name for c in d.choices]) for d in self.study.dimensions
        }
        self._running = self._optuna.ask(fixed_distributions=spaces)
        assert self._running.params == choices, "another process took the trial"
        return self._running.number

    def finish(
        self, right: int, n: int, epoch: int, seconds: float, history: Sequence[dict[str, float]], machine: str
    ) -> None:
        """Record the result of the running trial: ``right`` of ``n`` photos at the kept epoch."""
        result = {"right": right, "n": n, "epoch": epoch, "seconds": seconds, "history": list(history)}
        self._running.set_user_attr("result", {**result, "machine": machine})
        self._optuna.tell(self._running, right / n)

    def fail(self, sentence: str, seconds: float, machine: str) -> None:
        """Record why the running trial failed."""
        from optuna.trial import TrialState

        self._running.set_user_attr("result", {"sentence": sentence, "seconds": seconds, "machine": machine})
        self._optuna.tell(self._running, state=TrialState.FAIL)


def _versions() -> dict[str, str]:
    """Of what a result depends on."""
    return {name: version(name) for name in ("torch", "torchvision", "lightning", "optuna")}


def _mend(path: Path) -> None:
    """Cut off a line that a kill left unfinished: Optuna would append to it and never read the journal again."""
    if path.is_file():
        data = path.read_bytes()
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            with path.open("r+b") as handle:
                handle.truncate(whole)
