"""Frozen features of photos with their categories and derived landmarks: what RopaNet and its kin learn from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from fashionviz import images
from fashionviz.data.landmarks.annotated import annotated, landmarks_of
from fashionviz.data.landmarks.kinds import LANDMARKS, Visibility, kind_of
from fashionviz.data.landmarks.table import Record
from fashionviz.data.sets import ParquetSet, image_bytes, open_set, string_codes
from fashionviz.errors import DataError, InvalidRequest
from fashionviz.models.preprocess import placement
from fashionviz.models.registry import ModelSpec
from fashionviz.training.feature_cache import cached_features
from fashionviz.training.feature_recipes import FeatureRecipe
from fashionviz.training.precision import cpu_precision

_COUNT = len(LANDMARKS)
#: Where a landmark stands after mirroring: left and right change places.
MIRRORED = np.arange(_COUNT) ^ 1


def known(points: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which of ``(…, 2)`` points have a place: ``(…)``."""
    return np.isfinite(points[..., 0]) & np.isfinite(points[..., 1])


@dataclass(frozen=True)
class FeaturePhotos:
    """Photos of one split, by their frozen features.

    Attributes:
        features: ``(N, C, h, w)`` float16, maybe a memory map.
        labels: ``(N,)`` category.
        points: ``(N, 8, 2)`` x and y from 0 to 1 of the model's input; NaN where not known.
        present: ``(N, 8)`` int8: 1 the landmark is there, 0 it is not, -1 not known.
        size: ``(N,)`` diagonal of the garment's box as a share of the input's height; 0 where there are no landmarks.
    """

    features: NDArray[np.float16]
    labels: NDArray[np.int64]
    points: NDArray[np.float32]
    present: NDArray[np.int8]
    size: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def placed(self) -> NDArray[np.bool_]:
        """``(N,)`` which have a landmark whose place is known."""
        found: NDArray[np.bool_] = np.any(known(self.points), axis=1)
        return found


def landmark_targets(
    data: ParquetSet, rows: NDArray[np.int64], articles: list[str] | None, frame: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.int8], NDArray[np.float32]]:
    """Points, presence and size (:class:`FeaturePhotos`) of some rows of a catalogue, or of annotated garments.

    A landmark that the kind of garment does not have is known to be absent. Of a photo that the rule refuses, or that
    nobody annotated, nothing else is known.

    Args:
        data: a split.
        rows: ``(N,)`` which.
        articles: of these rows; ``None`` where landmarks are annotated, which tell themselves what a garment has.
        frame: height and width of the model's input.
    """
    n = len(rows)
    points = np.full((n, _COUNT, 2), np.nan, np.float32)
    present = np.full((n, _COUNT), -1, np.int8)
    size = np.zeros(n, np.float32)
    for i, article in enumerate(articles or ()):
        present[i, [k for k in range(_COUNT) if k not in kind_of(article).places]] = 0
    found = landmarks_of(data, rows)
    where = {int(row): i for i, row in enumerate(rows)}
    for row, record, shape in _with_shapes(data, found):
        i = where[row]
        place = placement(shape, frame)
        points[i] = place.in_frame(record.derived.points)
        present[i, known(record.derived.points)] = 1
        absent = (Visibility.OUTSIDE,) if articles is not None else (Visibility.OUTSIDE, Visibility.NOT_APPLICABLE)
        present[i, np.isin(record.derived.visibility, absent)] = 0
        size[i] = record.derived.size * place.height / shape[0] / frame[0]
    return points, present, size


def _with_shapes(data: ParquetSet, records: dict[int, Record]) -> Iterator[tuple[int, Record, tuple[int, int]]]:
    """Records with height and width of their photos."""
    for number, row in enumerate(data.rows(["image"])):
        if number in records:
            yield number, records[number], images.decode(image_bytes(row)).pixels.shape[:2]


def feature_photos(
    spec: ModelSpec,
    compute: Callable[[Tensor], Tensor],
    name: str,
    source: tuple[str, str],
    *,
    most: int | None = None,
    without: frozenset[str] = frozenset(),
    landmarks: bool = True,
    seed: int = 0,
) -> tuple[FeaturePhotos, frozenset[str]]:
    """The labelled photos of a split, with their ids.

    Args:
        spec: task and input of the network.
        compute: the frozen layers.
        name: of them, for the cache.
        source: data set and split.
        most: photos, drawn by the seed; all if ``None``.
        without: ids that are left out.
        landmarks: derive them, too.
        seed: of the drawing.

    Raises:
        DataError: the data are missing, or no photo is left.
    """
    data = open_set(*source)
    table = data.table(sorted({"id", *spec.task.columns})).to_pylist()
    labels = string_codes([spec.task.label_of(row) for row in table], spec.task.classes)
    rows = np.array([i for i, row in enumerate(table) if labels[i] >= 0 and str(row["id"]) not in without], np.int64)
    if most is not None and most < len(rows):
        rows = np.sort(np.random.default_rng(seed).permutation(rows)[:most])
    if not len(rows):
        raise DataError(f"{source[0]} {source[1]}: no photo is left that has a label of {spec.task.name}.")
    features = cached_features(
        name, compute, data, rows, spec.input_size, spec.mean, spec.std, cpu_precision(spec.architecture)
    )
    if landmarks:
        articles = None if annotated(data) else [str(table[i]["articleType"]) for i in rows]
        points, present, size = landmark_targets(data, rows, articles, spec.input_size)
    else:
        points = np.full((len(rows), _COUNT, 2), np.nan, np.float32)
        present, size = np.full((len(rows), _COUNT), -1, np.int8), np.zeros(len(rows), np.float32)
    return FeaturePhotos(features, labels[rows], points, present, size), frozenset(str(table[i]["id"]) for i in rows)


class FeatureBatch(NamedTuple):
    """Photos of one step.

    Attributes:
        features: ``(N, C, h, w)`` float32.
        labels: ``(N,)``.
        points, present: as in :class:`FeaturePhotos`.
        size: ``(N,)``.
        landmarks_only: whether the categories are left alone.
    """

    features: Tensor
    labels: Tensor
    points: Tensor
    present: Tensor
    size: Tensor
    landmarks_only: bool


def mirrored(
    features: NDArray[np.float16], points: NDArray[np.float32], present: NDArray[np.int8]
) -> tuple[NDArray[np.float16], NDArray[np.float32], NDArray[np.int8]]:
    """Features, points and presence of the mirrored photos: left and right landmarks change places."""
    turned = points[:, MIRRORED].copy()
    turned[..., 0] = 1 - turned[..., 0]
    return np.ascontiguousarray(features[..., ::-1]), turned, present[:, MIRRORED]


class FeatureMixture(Dataset[FeatureBatch]):
    """The batches of a run: number ``epoch · length + step`` is determined by the recipe's seed.

    Before each step on everything come the recipe's steps on landmarks alone, of photos whose landmarks are known.

    Args:
        recipe: batch size, landmark steps, mirroring, seed.
        sources: photos of each data set.

    Raises:
        InvalidRequest: landmark steps without a photo that has landmarks, or a subsample of more than there are.
    """

    def __init__(self, recipe: FeatureRecipe, sources: list[FeaturePhotos]) -> None:
        self.recipe, self.sources = recipe, sources
        self._index = np.concatenate([[(s, i) for i in range(len(photos))] for s, photos in enumerate(sources)])
        placed = np.concatenate([photos.placed for photos in sources])
        if recipe.subsample is not None:
            if recipe.subsample > len(self._index):
                raise InvalidRequest(f"There are {len(self._index)} training photos, not {recipe.subsample}.")
            kept = np.sort(np.random.default_rng(recipe.seed).permutation(len(self._index))[: recipe.subsample])
            self._index, placed = self._index[kept], placed[kept]
        self._placed = np.flatnonzero(placed)
        if recipe.landmark_steps and not len(self._placed):
            raise InvalidRequest("No training photo has derived landmarks: there is nothing to take landmark steps on.")
        self._rounds = max(1, len(self._index) // recipe.batch)

    def __len__(self) -> int:
        return self._rounds * (1 + self.recipe.landmark_steps)

    @property
    def labels(self) -> NDArray[np.int64]:
        """``(N,)`` categories of the photos that are learned from."""
        return np.array([self.sources[source].labels[photo] for source, photo in self._index], dtype=np.int64)

    def __getitem__(self, number: int) -> FeatureBatch:
        epoch, step = divmod(number, len(self))
        turn, place = divmod(step, 1 + self.recipe.landmark_steps)
        alone = place < self.recipe.landmark_steps
        rng = np.random.default_rng((self.recipe.seed, epoch, step))
        if alone:
            chosen = rng.choice(self._placed, self.recipe.landmark_batch or self.recipe.batch)
        else:
            order = np.random.default_rng((self.recipe.seed, epoch)).permutation(len(self._index))
            chosen = order[turn * self.recipe.batch : (turn + 1) * self.recipe.batch]
        parts = []
        for source, photo in self._index[np.sort(chosen)]:  # in the order of the file
            photos = self.sources[source]
            one = photos.features[photo][None], photos.points[photo][None], photos.present[photo][None]
            if self.recipe.mirror and rng.random() < 0.5:
                one = mirrored(*one)
            parts.append((*one, photos.labels[photo], photos.size[photo]))
        features, points, present, labels, size = zip(*parts, strict=True)
        return _batch(
            np.concatenate(features), np.array(labels), np.concatenate(points), np.concatenate(present),
            np.array(size), landmarks_only=alone,
        )  # fmt: skip


def _batch(
    features: NDArray[np.float16],
    labels: NDArray[np.int64],
    points: NDArray[np.float32],
    present: NDArray[np.int8],
    size: NDArray[np.float32],
    *,
    landmarks_only: bool = False,
) -> FeatureBatch:
    return FeatureBatch(
        torch.from_numpy(features).float(),
        torch.from_numpy(labels),
        torch.from_numpy(points),
        torch.from_numpy(present),
        torch.from_numpy(size),
        landmarks_only,
    )


def in_order(photos: FeaturePhotos, batch: int) -> Iterator[FeatureBatch]:
    """All photos of a split, as they come."""
    for first in range(0, len(photos), batch):
        part = slice(first, first + batch)
        yield _batch(
            np.array(photos.features[part]), photos.labels[part], photos.points[part], photos.present[part],
            photos.size[part],
        )  # fmt: skip
