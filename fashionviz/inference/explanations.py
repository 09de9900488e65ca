"""A loaded network's attributions: what is asked is checked, waits for its place, and runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from fashionviz.errors import Cancelled, InvalidRequest, Overloaded
from fashionviz.explain.hookable import Hookable
from fashionviz.explain.methods import Found, Job, Method, get_method
from fashionviz.images import Photo
from fashionviz.inference.loaded import Loaded
from fashionviz.inference.segment import must_name
from fashionviz.results import Attribution, ModelView, Progress, Timings

OnProgress = Callable[[Progress], None]
Tick = Callable[[int, int], None]


@dataclass(frozen=True)
class Question:
    """What is to be explained, and how.

    Attributes:
        method: an attribution method.
        target: class index; ``None`` for the most probable one (of a tagger, in its first group).
        against: index of the class it is compared with, or ``None``.
        layer: that the method looks at.
    """

    method: Method
    target: int | None
    against: int | None
    layer: str


def question(
    loaded: Loaded,
    method: str,
    target: str | None = None,
    against: str | None = None,
    layer: str | None = None,
    *,
    of_class: bool = True,
) -> Question:
    """Check what is asked before anything is computed.

    Args:
        loaded: the model.
        method, target, against, layer: as in :class:`Question`, by name.
        of_class: a class is explained; else the similarity of two pictures, for which the model need not name any.

    Raises:
        InvalidRequest: an unknown method, class or layer, one class twice, a method that the model cannot
            serve, or a model that names no class.
    """
    chosen, name = get_method(method), loaded.spec.name
    if of_class:
        must_name(loaded.spec)
    if chosen.relu_only and not loaded.spec.relu_family:
        raise InvalidRequest(f"{chosen.title} is right only for ReLU networks; {name} is none.")
    classes = loaded.card.classes
    for label in (target, against):
        if label is not None and label not in classes:
            raise InvalidRequest(f"{name} has no class {label!r}. Choose one of: {', '.join(classes)}.")
    if target is not None and target == against:
        raise InvalidRequest(f"{target} cannot be compared with itself. Choose another class to compare it with.")
    if layer is not None:
        _check_layer(loaded, chosen, layer)
    return Question(
        chosen,
        None if target is None else classes.index(target),
        None if against is None else classes.index(against),
        layer or loaded.spec.gradcam_layer,
    )


def _check_layer(loaded: Loaded, method: Method, layer: str) -> None:
    if not method.layered:
        raise InvalidRequest(f"{method.title} looks at no single layer. Leave the layer out, or choose Grad-CAM.")
    found = [info for info in loaded.layers if info.name == layer]
    if not found or not found[0].spatial:
        why = "has no height and width" if found else "is no layer of this model"
        raise InvalidRequest(f"{layer!r} {why}. `fashionviz models --layers {loaded.spec.name}` lists the layers.")


def choose(loaded: Loaded, asked: Question) -> Callable[[torch.Tensor], int]:
    """How the class that is explained follows from the photo's logits ``(K,)``."""

    def chosen(logits: torch.Tensor) -> int:
        if asked.target is not None:
            return asked.target
        top = loaded.strongest(logits)
        if top == asked.against:
            label = loaded.card.classes[top]
            raise InvalidRequest(
                f"{label} is the most probable class itself. Choose another class to compare it with, or say which "
                "class is to be explained."
            )
        return top

    return chosen


def attribute(
    loaded: Loaded,
    photo: Photo,
    region: Photo,
    asked: Question,
    *,
    slow: threading.BoundedSemaphore,
    tick: Tick,
    cancel: threading.Event | None = None,
) -> Attribution:
    """Run a method on a photo.

    Args:
        loaded: the model.
        photo: the whole photo.
        region: the part of it that is asked about.
        asked: from :func:`question`.
        slow: places for slow methods, over all models.
        tick: counts passes, and raises when the job is cancelled.
        cancel: set from another thread to give up waiting.

    Raises:
        InvalidRequest: ``against`` turns out to be the most probable class.
        Cancelled: ``cancel`` was set.
        Overloaded: too many explanations are waiting.
    """
    started = time.perf_counter()
    x, view = loaded.prepare(region)
    waited = time.perf_counter()
    with place(loaded, asked.method, slow, cancel) as hooked:
        ran = time.perf_counter()
        values, found = run(loaded, asked, x, tick, hooked)
        if asked.method.slow:
            tick(1, 1)
    waiting, spent = (ran - waited) * 1000, (time.perf_counter() - started) * 1000
    return described(loaded, asked, values, found, view, Timings(photo.decode_ms, waiting, spent - waiting))


def described(
    loaded: Loaded, asked: Question, values: np.ndarray, found: Found, view: ModelView, timings: Timings
) -> Attribution:
    """What :func:`run` gave, with everything that says what it is."""
    assert found.target is not None
    assert found.logits is not None
    classes = loaded.card.classes
    return Attribution(
        model=loaded.ref,
        method=asked.method.name,
        target=classes[found.target],
        probability=float(loaded.probabilities(found.logits.cpu())[found.target]),
        values=values,
        view=view,
        timings=timings,
        against=None if asked.against is None else classes[asked.against],
        layer=asked.layer if asked.method.layered else None,
        steps=found.steps,
        completeness_error=found.completeness_error,
    )


def run(
    loaded: Loaded, asked: Question, x: torch.Tensor, tick: Tick, hooked: Hookable | None
) -> tuple[np.ndarray, Found]:
    """The attribution ``(3, H, W)`` of an input ``(3, H, W)``, and what was learned on the way."""
    batch = x[None].to(loaded.device).to(memory_format=torch.channels_last)
    network = loaded.network if hooked is not None else loaded.differentiable
    job = Job(network, hooked, batch, choose(loaded, asked), asked.layer, tick, asked.against)
    return asked.method.run(job).detach().float().cpu().contiguous().numpy(), job.found


@contextmanager
def place(
    loaded: Loaded, method: Method, slow: threading.BoundedSemaphore, cancel: threading.Event | None
) -> Iterator[Hookable | None]:
    """A place for a method: the hookable copy alone, one of the few for slow jobs, or one beside others.

    Raises:
        Overloaded: too many wait already, or it took too long.
        Cancelled: the caller cancelled while waiting.
    """
    if method.hooks:
        # Hooked methods run on the hookable copy alone; the others never touch a hook, and may run beside them.
        with loaded.exclusive(cancel) as hooked:
            yield hooked
    elif method.slow:
        with loaded.waiting_place(), slow_place(slow, loaded.config.timeout_s, cancel):
            yield None
    else:
        with loaded.waiting_place():
            yield None


@contextmanager
def slow_place(slow: threading.BoundedSemaphore, timeout_s: float, cancel: threading.Event | None) -> Iterator[None]:
    """One of the few places for slow jobs.

    Raises:
        Overloaded: none became free in time.
        Cancelled: the caller cancelled while waiting.
    """
    deadline = time.monotonic() + timeout_s
    while not slow.acquire(timeout=0.1):
        if cancel is not None and cancel.is_set():
            raise Cancelled("The explanation was cancelled.")
        if time.monotonic() > deadline:
            raise Overloaded("Other slow explanations are running; please try again in a while.", 20.0)
    try:
        yield
    finally:
        slow.release()


def ticker(on_progress: OnProgress | None, cancel: threading.Event | None) -> Tick:
    """From passes to progress with the time left; raises :class:`Cancelled` when ``cancel`` is set."""
    began = time.perf_counter()

    def tick(done: int, total: int) -> None:
        if cancel is not None and cancel.is_set():
            raise Cancelled("The explanation was cancelled.")
        if on_progress is not None:
            spent = time.perf_counter() - began
            on_progress(Progress(done, total, spent / done * (total - done) if done else None))

    return tick
