"""Ask the engine everything that a report shows, with progress and a way to stop."""

from __future__ import annotations

import platform
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import torch

import fashionviz
from fashionviz.errors import Cancelled, FashionvizError, InvalidRequest, ModelNotTrained
from fashionviz.explain.methods import get_method
from fashionviz.images import Photo
from fashionviz.models.registry import get_model
from fashionviz.results import Attribution, ModelInfo, Progress
from fashionviz.take_home.result import TRUSTED, ModelPart, TakeHome, Wish

if TYPE_CHECKING:
    from fashionviz.inference.engine import Engine
    from fashionviz.trust_results import Trust

T = TypeVar("T")
#: Steps that a slow method, and finding out about a map, count as; a quick answer is one.
_LONG = 20


def checked(engine: Engine, wish: Wish) -> tuple[ModelInfo, ...]:
    """The models of a wish, before anything is computed.

    Raises:
        UnknownModel, ModelNotTrained: a model that cannot answer.
        InvalidRequest: an unknown method, a class that none of the models has, or trust in unknown maps.
    """
    for method in wish.methods:
        get_method(method)
    if wish.trust not in TRUSTED:
        raise InvalidRequest(f"Trust can be asked of {', '.join(TRUSTED)} maps, not of {wish.trust!r}.")
    infos = tuple(engine.model(name) for name in dict.fromkeys(wish.models)) or (engine.model(),)
    for info in infos:
        if not info.trained:
            raise ModelNotTrained(f"{info.name} is not trained yet, so it has nothing to report.")
    if wish.target is not None and not any(wish.target in info.classes for info in infos):
        names = ", ".join(info.name for info in infos)
        raise InvalidRequest(f"There is no class {wish.target!r} in {names}. Leave it out, or choose another model.")
    return infos


def take_home(
    engine: Engine,
    photo: Photo,
    name: str,
    wish: Wish | None = None,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> TakeHome:
    """Everything that a report on a photo shows.

    What fails for one model is a sentence in its place, so that the others still answer.

    Args:
        engine: the engine.
        photo: from :func:`fashionviz.images.decode`.
        name: under which the photo was given.
        wish: models, methods, class and region.
        on_progress: called from this thread after each answer, and during the long ones.
        cancel: set it from another thread to stop.

    Raises:
        UnknownModel, ModelNotTrained, InvalidRequest: the wish makes no sense.
        FashionvizError: no model answered; that of the first.
        Cancelled: ``cancel`` was set.
    """
    wish = wish or Wish()
    infos = checked(engine, wish)
    steps = _Steps(sum(_count(info, wish) for info in infos), on_progress, cancel)
    parts, first = [], None
    for info in infos:
        part, error = _part(engine, info, photo, wish, steps)
        parts.append(part)
        first = first or error
    if first is not None and all(part.prediction is None for part in parts):
        raise first
    versions = (
        ("fashionviz", fashionviz.__version__),
        ("torch", torch.__version__),
        ("Python", platform.python_version()),
    )
    asked = replace(wish, models=tuple(info.name for info in infos))
    return TakeHome(name, photo, asked, tuple(parts), datetime.now(UTC), versions)


def _served(info: ModelInfo, wish: Wish) -> tuple[str, ...]:
    return tuple(method for method in dict.fromkeys(wish.methods) if method in info.methods)


def _count(info: ModelInfo, wish: Wish) -> int:
    methods = _served(info, wish)
    long = sum(_weight(method) + wish.checks(method) * _trust_weight(method) for method in methods)
    return 3 + long + bool(get_model(info.name).landmarks)


def _weight(method: str) -> int:
    return _LONG if get_method(method).slow else 1


def _trust_weight(method: str) -> int:
    return _LONG + 2 * _weight(method)  # its map, and the one of random weights


def _part(
    engine: Engine, info: ModelInfo, photo: Photo, wish: Wish, steps: _Steps
) -> tuple[ModelPart, FashionvizError | None]:
    """What one model says, and why it says nothing where it does."""
    name, box, cancel = info.name, wish.box, steps.cancel
    try:
        prediction = steps.run(lambda: engine.predict(photo, name, box=box))
    except Cancelled:
        raise
    except FashionvizError as error:
        steps.skip(_count(info, wish) - 1)
        return ModelPart(info, missing=(str(error),)), error
    missing: list[str] = []

    def asked(call: Callable[[], T], weight: int = 1, about: str = "") -> T | None:
        try:
            return steps.run(call, weight)
        except Cancelled:
            raise
        except FashionvizError as error:
            missing.append(about + str(error))
            return None

    def question(call: Callable[..., T], method: str) -> Callable[[], T]:
        return partial(call, photo, name, method, target=target, box=box, on_progress=steps.within, cancel=cancel)

    target = wish.target if wish.target in info.classes else None
    if wish.target is not None and target is None:
        missing.append(f"{name} has no class {wish.target}: its most probable one is explained.")
    for method in dict.fromkeys(wish.methods):
        if method not in info.methods:
            missing.append(f"{get_method(method).title} is right only for ReLU networks; {name} is none.")
    maps: list[Attribution] = []
    trust: list[Trust] = []
    for method in _served(info, wish):
        if wish.checks(method):
            about = f"How far the map of {get_method(method).title} can be trusted is not known. "
            told = asked(question(engine.trust, method), _trust_weight(method), about)
            if told is not None:
                trust.append(told)
                maps.append(told.attribution)
                steps.skip(_weight(method))
                continue
        found = asked(question(engine.explain, method), _weight(method))
        if found is not None:
            maps.append(found)
    return ModelPart(
        info=info,
        prediction=prediction,
        maps=tuple(maps),
        trust=tuple(trust),
        activations=asked(lambda: engine.activations(photo, name, box=box)),
        filters=asked(lambda: engine.filters(name)),
        landmarks=asked(lambda: engine.landmarks(photo, name, box=box)) if get_model(name).landmarks else None,
        missing=tuple(missing),
    ), None


class _Steps:
    """Counts answers, and stops between them."""

    def __init__(
        self, total: int, on_progress: Callable[[Progress], None] | None, cancel: threading.Event | None
    ) -> None:
        self.cancel = cancel
        self._total, self._done, self._weight = total, 0, 1
        self._on_progress = on_progress
        self._began = time.monotonic()

    def run(self, call: Callable[[], T], weight: int = 1) -> T:
        """Make one call and count it as so many steps, whether it fails or not."""
        if self.cancel is not None and self.cancel.is_set():
            raise Cancelled("The report was cancelled.")
        self._weight = weight
        try:
            return call()
        finally:
            self.skip(weight)

    def skip(self, steps: int) -> None:
        """Count steps as done."""
        self._done += steps
        self._say(self._done)

    def within(self, progress: Progress) -> None:
        """A call says how far it is."""
        if self._weight > 1 and progress.total:  # the end of a short one is said anyway
            self._say(self._done + self._weight * progress.done // progress.total)

    def _say(self, done: int) -> None:
        if self._on_progress is not None:
            each = (time.monotonic() - self._began) / max(1, done)
            self._on_progress(Progress(done, self._total, each * (self._total - done)))
