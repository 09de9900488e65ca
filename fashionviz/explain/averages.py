"""Class averages: the mean guided backpropagation of every class over a split, beside the mean photo (paper 003).

The class explained is the item's true one. Signed means cancel where a garment lies now left and now right; the mean of
magnitudes does not. Ships as ``averages.npz`` beside the weights: 8 bits a value with a scale a class.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from fashionviz.data.sets import cache_root
from fashionviz.errors import DataError
from fashionviz.explain import methods  # noqa: F401  it silences what Captum announces at every call
from fashionviz.explain.hookable import hookable
from fashionviz.explain.kept import load_kept
from fashionviz.explain.split_items import (
    Batch,
    SplitItems,
    Tick,
    batches,
    split_items,
    stop_if,
)
from fashionviz.explore_results import ClassAverages, Source
from fashionviz.models.registry import ModelSpec, get_model
from fashionviz.models.weights import load_trained
from fashionviz.results import ModelRef

FILE = "averages.npz"
#: Longest side of an average, and pixels of all classes together, so that a tagger's file stays small.
SIDE, PIXELS = 128, 150_000
#: Seconds between two notes of how far it is, from which a job that was killed goes on.
_NOTE_S = 20.0

Attribute = Callable[[Tensor, list[int]], Tensor]


@dataclass
class RunningMeans:
    """Means of arrays by class, one array at a time; what is kept does not grow with their number.

    Attributes:
        counts: ``(K,)``.
        means: ``(K, …)`` float64.
    """

    counts: NDArray[np.int64]
    means: NDArray[np.float64] = field(repr=False)

    @classmethod
    def empty(cls, classes: int, shape: tuple[int, ...]) -> RunningMeans:
        """Of no arrays yet."""
        return cls(np.zeros(classes, np.int64), np.zeros((classes, *shape), np.float64))

    def add(self, label: int, values: NDArray[np.floating]) -> None:
        """One more array of a class."""
        self.counts[label] += 1
        self.means[label] += (values - self.means[label]) / self.counts[label]


def stored_size(input_size: tuple[int, int], classes: int) -> tuple[int, int]:
    """Height and width at which averages are kept: the input's shape, never larger than it."""
    height, width = input_size
    scale = min(1.0, SIDE / max(height, width), math.sqrt(PIXELS / classes / (height * width)))
    return max(1, round(height * scale)), max(1, round(width * scale))


def attributer(spec: ModelSpec, network: nn.Module) -> tuple[str, Attribute]:
    """The method's name, and a function of inputs ``(N, 3, H, W)`` and a class of each to attributions."""
    from captum.attr import GuidedBackprop, Saliency  # training does without it

    if not spec.relu_family:
        saliency = Saliency(network)
        return "gradient", lambda x, labels: saliency.attribute(x, target=labels, abs=False).detach()
    guided = GuidedBackprop(hookable(network, torch.zeros(1, 3, *spec.input_size)))
    return "guided-backprop", lambda x, labels: guided.attribute(x, target=labels).detach()


def shrink(values: Tensor, size: tuple[int, int]) -> NDArray[np.float32]:
    """``(N, C, H, W)`` to ``(N, C, h, w)`` by the mean over areas: of a mean it is the mean of what is shrunk."""
    return F.adaptive_avg_pool2d(values, size).numpy()


def accumulate(
    means: RunningMeans, parts: Iterator[tuple[Batch, list[tuple[int, int]]]], attribute: Attribute
) -> Iterator[int]:
    """Add photos and attributions of batches; yields the last place of each batch once it is in.

    Args:
        means: of ``(7, h, w)``: photo 0..1, signed attribution, largest magnitude.
        parts: batches, each with pairs of a number in the batch and a class; an item of several classes counts in each.
        attribute: inputs and a class of each to ``(N, 3, H, W)``.
    """
    size = (means.means.shape[2], means.means.shape[3])
    for part, pairs in parts:
        if pairs:
            numbers = [number for number, _ in pairs]
            labels = [label for _, label in pairs]
            values = attribute(part.x[numbers].requires_grad_(), labels).float()
            photos = torch.from_numpy(part.pixels[numbers]).permute(0, 3, 1, 2).float() / 255
            rows = np.concatenate(
                [shrink(photos, size), shrink(values, size), shrink(values.abs().amax(1, keepdim=True), size)], axis=1
            )
            for label, row in zip(labels, rows, strict=True):
                means.add(label, row)
        yield part.places[-1]


def build_averages(
    name: str,
    source: str | Path | None = None,
    split: str | None = None,
    *,
    limit: int | None = None,
    right_only: bool = False,
    batch: int = 8,
    progress: Tick | None = None,
    cancel: threading.Event | None = None,
) -> ClassAverages:
    """Average photos and attributions over a split. A job that was killed goes on where it last took a note.

    Args:
        name: registry name of a trained model.
        source: a data set's name, a folder or a Parquet file; that of the model's report if ``None``.
        split: of that set.
        limit: items of each class at most.
        right_only: leave out items whose class is not the most probable; not for taggers.
        batch: items at once.
        progress: called with (done, total).
        cancel: set it from another thread to stop; what is done is kept.

    Raises:
        DataError: missing data or columns, or ``right_only`` of a tagger.
        ModelNotTrained, WeightsError, UnknownModel: the model cannot answer.
        Cancelled: ``cancel`` was set.
    """
    spec = get_model(name)
    if right_only and spec.task.multilabel:
        raise DataError(f"{name} gives tags: an item is not right or wrong as a whole.")
    network, card = load_trained(name)
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    method, attribute = attributer(spec, network)
    items = split_items(spec, source, split, limit=limit)
    key = {
        "sha256": card.sha256, "method": method, "right_only": right_only, "source": asdict(items.source),
        "data": items.data.fingerprint(), "classes": len(spec.task.classes),
    }  # fmt: skip
    note = cache_root() / "averages" / f"{name}.npz"
    size = stored_size(spec.input_size, len(spec.task.classes))
    means, done = _resumed(note, key) or (RunningMeans.empty(len(spec.task.classes), (7, *size)), 0)
    quota = _Quota(items, limit, done)
    noted = time.monotonic()

    def parts() -> Iterator[tuple[Batch, list[tuple[int, int]]]]:
        for part in batches(spec, items, batch, start=done):
            stop_if(cancel)
            pairs = [(number, label) for number, place in enumerate(part.places) for label in quota.take(place)]
            if right_only:
                with torch.no_grad():
                    said = network(part.x).argmax(dim=1).tolist()
                pairs = [(number, label) for number, label in pairs if said[number] == label]
            yield part, pairs

    try:
        for last in accumulate(means, parts(), attribute):
            done = last + 1
            if time.monotonic() - noted > _NOTE_S:
                _take_note(note, key, means, done)
                noted = time.monotonic()
            if progress:
                progress(done, len(items.rows))
    except BaseException:
        _take_note(note, key, means, done)
        raise
    note.unlink(missing_ok=True)
    return ClassAverages(
        model=ModelRef(name, card.sha256),
        classes=spec.task.classes,
        method=method,
        right_only=right_only,
        source=items.source,
        counts=means.counts,
        photos=(means.means[:, :3] * 255).round().astype(np.uint8).transpose(0, 2, 3, 1),
        signed=means.means[:, 3:6].astype(np.float32),
        magnitude=means.means[:, 6].astype(np.float32),
    )


class _Quota:
    """Which classes an item still counts in: of a tagger's frequent tags no more than the limit."""

    def __init__(self, items: SplitItems, limit: int | None, done: int) -> None:
        self._items, self._limit = items, limit
        self._taken: dict[int, int] = {}
        for place in range(done):
            self.take(place)

    def take(self, place: int) -> list[int]:
        labels = [
            label
            for label in self._items.labels[place]
            if self._limit is None or self._taken.get(label, 0) < self._limit
        ]
        for label in labels:
            self._taken[label] = self._taken.get(label, 0) + 1
        return labels


def _take_note(note: Path, key: dict[str, Any], means: RunningMeans, done: int) -> None:
    note.parent.mkdir(parents=True, exist_ok=True)
    part = note.with_suffix(".part.npz")
    np.savez(part, key=np.array(json.dumps(key)), counts=means.counts, means=means.means, done=np.array(done))
    part.replace(note)


def _resumed(note: Path, key: dict[str, Any]) -> tuple[RunningMeans, int] | None:
    """What an earlier job of the same kind had, or ``None``; a damaged note is as good as none."""
    try:
        with np.load(note, allow_pickle=False) as kept:
            if json.loads(str(kept["key"])) != key:
                return None
            return RunningMeans(kept["counts"], kept["means"]), int(kept["done"])
    except (OSError, ValueError, KeyError, EOFError):
        return None


def save_averages(averages: ClassAverages, folder: Path) -> Path:
    """Write ``averages.npz``; replaces a file in one step."""
    signed, signed_scale = _eighth(averages.signed, 127, np.int8)
    magnitude, magnitude_scale = _eighth(averages.magnitude, 255, np.uint8)
    facts = {
        "model": averages.model.name, "sha256": averages.model.sha256, "classes": list(averages.classes),
        "method": averages.method, "right_only": averages.right_only, "source": asdict(averages.source),
    }  # fmt: skip
    path, part = folder / FILE, folder / ".averages.part.npz"
    np.savez_compressed(
        part, facts=np.array(json.dumps(facts, ensure_ascii=False)), counts=averages.counts, photos=averages.photos,
        signed=signed, signed_scale=signed_scale, magnitude=magnitude, magnitude_scale=magnitude_scale,
    )  # fmt: skip
    part.replace(path)
    return path


def _eighth(
    values: NDArray[np.float32], full: int, kind: type[np.integer[Any]]
) -> tuple[NDArray[Any], NDArray[np.float32]]:
    """``(K, …)`` in 8 bits and the scale of each class."""
    scale = np.abs(values).reshape(len(values), -1).max(axis=1) / full
    divisor = np.where(scale > 0, scale, 1).reshape(-1, *[1] * (values.ndim - 1))
    return (values / divisor).round().astype(kind), scale.astype(np.float32)


def load_averages(name: str) -> ClassAverages:
    """The committed averages of a model.

    Raises:
        UnknownModel: no such model.
        InvalidRequest: a model whose split has no items of classes.
        NotBuilt: there are none, they are damaged, or the weights are others.
    """
    return load_kept(name, FILE, _read, "file of class averages", "averages")


def _read(path: Path) -> ClassAverages:
    with np.load(path, allow_pickle=False) as kept:
        facts = json.loads(str(kept["facts"]))
        signed_scale = kept["signed_scale"].reshape(-1, 1, 1, 1)
        return ClassAverages(
            model=ModelRef(facts["model"], facts["sha256"]),
            classes=tuple(facts["classes"]),
            method=facts["method"],
            right_only=facts["right_only"],
            source=Source(**facts["source"]),
            counts=kept["counts"],
            photos=kept["photos"],
            signed=kept["signed"] * signed_scale,
            magnitude=kept["magnitude"] * kept["magnitude_scale"].reshape(-1, 1, 1),
        )
