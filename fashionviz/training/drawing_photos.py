"""What a generator learns from: decoded photos, letterboxed on white, with their classes; batches by epoch and step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from fashionviz.data.cache import decoded
from fashionviz.data.labels import TASKS
from fashionviz.data.sets import ParquetSet, open_set
from fashionviz.errors import DataError
from fashionviz.models.generators import GeneratorSpec
from fashionviz.training.drawing_module import PhotoBatch
from fashionviz.training.drawing_recipes import DrawingRecipe

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Photos:
    """Photos that a generator learns from or is measured against.

    Attributes:
        pixels: ``(N, H, W, 3)`` uint8.
        classes: ``(N,)`` int64, index among the generator's classes; 0 where it has none.
        rows: ``(N,)`` int64, where they stand in the set.
        data: the set; ``None`` of a folder of pictures.
    """

    pixels: NDArray[np.uint8]
    classes: NDArray[np.int64]
    rows: NDArray[np.int64]
    data: ParquetSet | None

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def known(self) -> ParquetSet:
        """The set.

        Raises:
            DataError: they are of none.
        """
        if self.data is None:
            raise DataError("These pictures are of no data set.")
        return self.data


def photos_for(
    spec: GeneratorSpec, split: str | None, *, source: str = "fpi", progress: Progress | None = None
) -> Photos:
    """The photos of a split that a generator is about.

    Args:
        spec: of the generator.
        split: ``train``, ``validation`` or ``test``; all rows if ``None``.
        source: data set, folder or Parquet file.
        progress: called with (done, total) while photos are decoded.

    Raises:
        DataError: the set is missing, or none of its photos has one of the labels.
    """
    data = open_set(source, split)
    pixels = decoded(data, spec.size, progress=progress)
    if not spec.learns:
        rows = np.arange(len(data))
        return Photos(np.asarray(pixels), np.zeros(len(rows), np.int64), rows, data)
    task = TASKS["gender_category"]
    labels = [task.label_of(row) for row in data.table(task.columns).to_pylist()]
    rows = np.flatnonzero([label in spec.learns for label in labels])
    if not len(rows):
        raise DataError(f"{data.name} has no photos of {', '.join(spec.learns)}.")
    classes = np.array([spec.classes.index(str(labels[i])) if spec.classes else 0 for i in rows], np.int64)
    return Photos(np.asarray(pixels)[rows], classes, rows, data)


class DrawingBatches(Dataset[PhotoBatch]):
    """Item ``epoch * len + step`` is a batch; it depends on recipe, epoch and step alone, whoever asks for it.

    Args:
        recipe: how it is trained.
        spec: of the generator.
        photos: to learn from; a batch of them at least.

    Raises:
        DataError: too few photos.
    """

    def __init__(self, recipe: DrawingRecipe, spec: GeneratorSpec, photos: Photos) -> None:
        if len(photos) < recipe.batch:
            raise DataError(f"{len(photos)} photos are too few to learn from; {recipe.batch} are needed at least.")
        self.recipe, self.spec, self.photos = recipe, spec, photos

    def __len__(self) -> int:
        return min(self.recipe.per_epoch or len(self.photos), len(self.photos)) // self.recipe.batch

    def __getitem__(self, number: int) -> PhotoBatch:
        recipe = self.recipe
        epoch, step = divmod(number, len(self))
        order = np.random.default_rng(recipe.seed + epoch).permutation(len(self.photos))
        index = np.sort(order[step * recipe.batch : (step + 1) * recipe.batch])
        g = torch.Generator().manual_seed(recipe.seed + epoch * 1_000_003 + step)
        images = torch.from_numpy(self.photos.pixels[index]).permute(0, 3, 1, 2).float() / 127.5 - 1
        mirrored = torch.rand((len(index), 1, 1, 1), generator=g) < recipe.flip
        images = torch.where(mirrored, images.flip(3), images)
        asked = torch.randint(0, len(self.photos), (len(index),), generator=g).numpy()  # as often as they occur
        return PhotoBatch(
            images=images.contiguous(memory_format=torch.channels_last),
            classes=torch.from_numpy(self.photos.classes[index]),
            z=torch.randn((len(index), self.spec.latent), generator=g),
            asked=torch.from_numpy(self.photos.classes[asked]),
        )
