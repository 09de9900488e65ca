"""Shop items to learn from: each as its catalogue photo and as synthetic street views of it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from fashionviz.data.cutouts import Bytes, CutOuts, catalogue_cut_outs, ground_patches
from fashionviz.data.item_groups import item_groups
from fashionviz.data.sets import open_set
from fashionviz.data.street_views import street_views
from fashionviz.errors import InvalidRequest
from fashionviz.models.preprocess import normalise
from fashionviz.models.registry import ModelSpec
from fashionviz.training import draws
from fashionviz.training.augment import Light, Warp, relight
from fashionviz.training.item_recipes import ItemRecipe

log = logging.getLogger(__name__)

#: Catalogue photos are served as they are: hardly more than another crop, never mirrored (a watch is not its mirror).
_FRAMED = Warp(zoom=(0.95, 1.08), shift=0.03, rotate=3, aspect=0.03, flip=0.0)
_LIGHT = Light(brightness=0.05, contrast=0.05, saturation=0.08, gamma=0.05, cast=0.01)


@dataclass(frozen=True)
class ItemMaterial:
    """Items of a split.

    Attributes:
        items: cut out of their photos; the small photos are what a catalogue shows.
        grounds: patches that views are pasted onto.
        labels: ``(N,)`` a number for each product: items with nearly equal photos have one.
        kinds: ``(N,)`` a number for each article type.
    """

    items: CutOuts
    grounds: Bytes
    labels: NDArray[np.int64]
    kinds: NDArray[np.int64]


def item_material(split: str) -> ItemMaterial:
    """The catalogue's items of a split.

    Raises:
        DataError: the catalogue is not there, or nothing to paste onto.
    """
    data = open_set("fpi", split)
    articles = data.table(["articleType"]).column("articleType").to_pylist()
    kinds = np.unique([str(a) for a in articles], return_inverse=True)[1]
    return ItemMaterial(catalogue_cut_outs("fpi", split), ground_patches(split), item_groups([data]).near, kinds)


class ItemBatch(NamedTuple):
    """Pictures of one step.

    Attributes:
        images: ``(N, 3, H, W)`` float32, normalised: catalogue photos, then street views.
        labels: ``(N,)`` int64, the product.
        photos: ``(N,)`` bool, which are catalogue photos.
    """

    images: Tensor
    labels: Tensor
    photos: Tensor


class ItemPairs(Dataset[ItemBatch]):
    """Item ``epoch * len + step`` is a batch; it depends on recipe, epoch and step alone, whoever asks for it.

    Args:
        recipe: batch, resolutions and seed.
        spec: mean and deviation of the input.
        material: the train split.

    Raises:
        InvalidRequest: a subsample of more items than there are.
    """

    def __init__(self, recipe: ItemRecipe, spec: ModelSpec, material: ItemMaterial) -> None:
        self.recipe, self.spec, self.material = recipe, spec, material
        self.rows = np.flatnonzero(material.items.usable)
        if recipe.subsample is not None:
            if recipe.subsample > len(self.rows):
                raise InvalidRequest(f"There are {len(self.rows):,} items, not {recipe.subsample:,}.")
            self.rows = np.sort(np.random.default_rng(recipe.seed).permutation(self.rows)[: recipe.subsample])
        self.many = min(recipe.items, len(self.rows))  # a small catalogue is one step
        self._order: tuple[int, NDArray[np.int64]] | None = None

    def __len__(self) -> int:
        return max(1, len(self.rows) // max(1, self.many))

    def order(self, epoch: int) -> NDArray[np.int64]:
        """Items of an epoch ``(steps, items)``: each once but for those left over, some steps of one article type."""
        if self._order is None or self._order[0] != epoch:
            rng = np.random.default_rng([self.recipe.seed, epoch])
            shuffled = rng.permutation(self.rows)
            many, steps = self.many, len(self)
            alike = round(self.recipe.alike * steps)
            first, rest = shuffled[: alike * many], shuffled[alike * many : steps * many]
            first = first[np.argsort(self.material.kinds[first], kind="stable")]  # in runs of one type
            blocks = np.concatenate([first, rest]).reshape(-1, many)
            self._order = epoch, blocks[rng.permutation(len(blocks))]
        return self._order[1]

    def __getitem__(self, number: int) -> ItemBatch:
        recipe, material = self.recipe, self.material
        epoch, step = divmod(number, len(self))
        rows, frame = self.order(epoch)[step], recipe.frame_at(epoch)
        g = torch.Generator().manual_seed(recipe.seed + epoch * 1_000_003 + step)
        photos = draws.take(material.items.small[..., :3], rows)
        photos = relight(draws.on_white(photos, frame, _FRAMED, g), _LIGHT, g)
        seen = np.repeat(rows, recipe.views)
        numbers = [epoch * recipe.views + view for _ in rows for view in range(recipe.views)]
        views = street_views(
            material.items, seen, material.grounds, seed=recipe.seed, views=numbers, frame=frame,
        )  # fmt: skip
        labels = torch.from_numpy(material.labels[np.concatenate([rows, seen])])
        return ItemBatch(
            normalise(torch.cat([photos, views]), self.spec.mean, self.spec.std),
            labels,
            torch.arange(len(labels)) < len(rows),
        )
