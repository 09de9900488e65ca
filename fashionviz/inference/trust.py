"""How far a map of a loaded network can be trusted: the map, the map of random weights, curves, regions."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from fashionviz.errors import Cancelled, FashionvizError
from fashionviz.explain.hookable import hookable
from fashionviz.explain.methods import Job
from fashionviz.explain.randomise import randomised
from fashionviz.explain.trust import (
    SHIFTS,
    STEPS,
    as_shown,
    curves,
    magnitude,
    ranking,
    region_shares,
    spearman,
    ssim,
    verdict,
)
from fashionviz.images import Photo
from fashionviz.inference.explanations import Question, Tick, described, run, slow_place
from fashionviz.inference.loaded import Loaded
from fashionviz.results import Attribution, Box, ModelView, Timings
from fashionviz.trust_results import Randomised, RegionShare, Trust

if TYPE_CHECKING:
    from fashionviz.inference.engine import Engine

#: Inputs in a batch of the curves.
_BATCH = 8
_CURVES = 2 * (1 + SHIFTS)
NO_SEGMENTER = "How much lies on the garment needs the segmenter, whose weights are not installed."

#: Labels of the photo region at a size of (h, w), and the names they stand for; raises where nobody can tell.
Labels = Callable[[tuple[int, int]], tuple[NDArray[np.integer], tuple[str, ...]]]


class _Stages:
    """Progress of stages one after the other, in passes; the total grows when a stage turns out to be longer."""

    def __init__(self, tick: Tick, plan: list[int]) -> None:
        self._tick, self._plan, self._stage = tick, plan, 0

    def stage(self, done: int, total: int) -> None:
        """Within the present stage."""
        if total > 1:
            self._plan[self._stage] = max(total, 1)
            if self._stage == 0:  # random weights will take about as long
                self._plan[1] = self._plan[0]
        before = sum(self._plan[: self._stage])
        self._tick(min(before + done, sum(self._plan) - 1), sum(self._plan))

    def end(self) -> None:
        """All is done."""
        self._tick(sum(self._plan), sum(self._plan))

    def next(self) -> None:
        """The present stage is over."""
        self._stage += 1
        self.stage(0, 0)


def trust_of(
    loaded: Loaded,
    photo: Photo,
    region: Photo,
    asked: Question,
    labels: Labels,
    *,
    slow: threading.BoundedSemaphore,
    tick: Tick,
    cancel: threading.Event | None = None,
) -> Trust:
    """Explain a photo and say how far the map can be trusted.

    Args:
        loaded: the model.
        photo: the whole photo.
        region: the part of it that is asked about.
        asked: from :func:`fashionviz.inference.explanations.question`.
        labels: what lies where on the region.
        slow: places for slow jobs, over all models.
        tick: counts passes, and raises when the job is cancelled.
        cancel: set from another thread to give up waiting.

    Raises:
        InvalidRequest: ``against`` turns out to be the most probable class.
        Cancelled: ``cancel`` was set.
        Overloaded: other slow jobs are running.
    """
    waited = time.perf_counter()
    with loaded.waiting_place(), slow_place(slow, loaded.config.timeout_s, cancel):
        began = time.perf_counter()
        stages = _Stages(tick, [1, 1, _CURVES * (STEPS + 1)])
        x, view = loaded.prepare(region)
        result = _attribution(loaded, photo, x, view, asked, stages, cancel)
        stages.next()
        place = view.placement
        values = place.cut(result.values)
        random = _random(loaded, x, asked, result, stages)
        strength, of_random = magnitude(values), magnitude(place.cut(random))
        stages.next()
        deletion, insertion = curves(
            x.to(loaded.device),
            ranking(values, evidence=asked.method.evidence),
            place.top,
            place.left,
            _score(loaded, result, stages),
        )
        alike = spearman(strength, of_random)
        shares, note = _shares(strength, labels)
        stages.end()
    level, sentence = verdict(not strength.any(), alike, deletion, insertion)
    spent = (time.perf_counter() - began) * 1000
    return Trust(
        attribution=result,
        randomised=Randomised(random, alike, ssim(as_shown(strength), as_shown(of_random))),
        deletion=deletion,
        insertion=insertion,
        shares=shares,
        shares_note=note,
        level=level,
        sentence=sentence,
        timings=Timings(photo.decode_ms, (began - waited) * 1000, spent),
    )


def _attribution(
    loaded: Loaded,
    photo: Photo,
    x: torch.Tensor,
    view: ModelView,
    asked: Question,
    stages: _Stages,
    cancel: threading.Event | None,
) -> Attribution:
    began = time.perf_counter()
    if asked.method.hooks:
        with loaded.alone(cancel) as hooked:
            values, found = run(loaded, asked, x, stages.stage, hooked)
    else:
        values, found = run(loaded, asked, x, stages.stage, None)
    timings = Timings(photo.decode_ms, 0.0, (time.perf_counter() - began) * 1000)
    return described(loaded, asked, values, found, view, timings)


def _random(
    loaded: Loaded, x: torch.Tensor, asked: Question, result: Attribution, stages: _Stages
) -> NDArray[np.float32]:
    """The attribution of the same class by the same network with random weights."""
    batch = x[None].to(loaded.device).to(memory_format=torch.channels_last)
    network = randomised(loaded.network, batch)
    target = loaded.card.classes.index(result.target)
    copy = hookable(network, batch, share=True)
    job = Job(copy, copy, batch, target, asked.layer, stages.stage, asked.against)
    return asked.method.run(job).detach().float().cpu().contiguous().numpy()


def _score(loaded: Loaded, result: Attribution, stages: _Stages) -> Callable[[torch.Tensor], NDArray[np.float64]]:
    """The class's calibrated probability; of a contrast, that it is this class if it is one of the two."""
    classes, done = loaded.card.classes, 0
    target = classes.index(result.target)
    pair = None if result.against is None else [target, classes.index(result.against)]

    def score(batch: torch.Tensor) -> NDArray[np.float64]:
        nonlocal done
        out = []
        for part in batch.split(_BATCH):
            stages.stage(done, _CURVES * (STEPS + 1))
            with torch.inference_mode():
                logits = loaded.network(part.to(memory_format=torch.channels_last)).cpu()
            done += len(part)
            if pair is None:
                out += [loaded.probabilities(row)[target] for row in logits]
            else:
                out += [float((row[pair].double() / loaded.card.temperature).softmax(0)[0]) for row in logits]
        return np.array(out)

    return score


def _shares(strength: NDArray[np.float64], labels: Labels) -> tuple[tuple[RegionShare, ...] | None, str]:
    try:
        found, names = labels((strength.shape[0], strength.shape[1]))
    except Cancelled:
        raise
    except FashionvizError as error:
        return None, str(error)
    return region_shares(strength, found, names), ""


def regions_by(engine: Engine, photo: Photo, box: Box | None) -> Labels:
    """Labels by the engine's segmenter, asked when they are needed."""

    def labels(size: tuple[int, int]) -> tuple[NDArray[np.integer], tuple[str, ...]]:
        found = engine.segment(photo, box=box)
        return found.labels_on(size), tuple(found.classes)

    return labels
