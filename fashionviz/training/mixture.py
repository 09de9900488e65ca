"""Training batches mixed from several sources in fixed proportions, ready for the network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from fashionviz.models.preprocess import normalise
from fashionviz.models.registry import IMAGENET_MEAN, IMAGENET_STD
from fashionviz.training import augment, draws
from fashionviz.training.recipes import Recipe
from fashionviz.training.sources import Source


class Batch(NamedTuple):
    """One training batch (a tuple: Lightning moves tuples to the device, not frozen dataclasses).

    Attributes:
        images: ``(N, 3, H, W)`` float32, normalised.
        allowed: ``(N, K)`` bool; of a multi-label task the labels that are true.
        auxiliary: labels ``(N,)`` int64 of each auxiliary head, -1 where unknown.
        known: of a multi-label task ``(N, K)`` bool, what is known; else ``None``.
    """

    images: Tensor
    allowed: Tensor
    auxiliary: dict[str, Tensor]
    known: Tensor | None = None


def some_of_each(codes: np.ndarray, most: int, seed: int) -> np.ndarray:
    """Positions, in order, of at most so many items of each class, chosen by the seed.

    Args:
        codes: ``(N,)`` class indices.
        most: items of a class at most.
        seed: of the choice.
    """
    order = np.random.default_rng(seed).permutation(len(codes))
    return np.sort(np.concatenate([order[codes[order] == c][:most] for c in np.unique(codes)]))


class Mixture(Dataset[Batch]):
    """Item ``epoch * len + step`` is a batch; it depends on recipe, epoch and step alone, whoever asks for it.

    Args:
        recipe: batch composition, augmentation, resolutions and seed.
        sources: by name, those of ``recipe.batch`` at least.
        ground: ``(M, h, w, 3)`` uint8 patches without a garment; may be empty where nothing is pasted.
        heads: names of the auxiliary heads.
        mean, std: of the model's input.

    ``counts``, ``(K,)``, says how many items of each class fill the epochs.
    """

    def __init__(
        self,
        recipe: Recipe,
        sources: dict[str, Source],
        ground: np.ndarray,
        heads: tuple[str, ...] = (),
        mean: tuple[float, ...] = IMAGENET_MEAN,
        std: tuple[float, ...] = IMAGENET_STD,
    ) -> None:
        self.recipe = recipe
        self.sources = sources
        self.ground = ground
        self.heads = heads
        self.mean, self.std = mean, std
        main = sources[recipe.main]
        # Items of one certain class fill the epoch; the others teach through the sources that are drawn from.
        certain = main.allowed.sum(1) == 1 if main.known is None else main.known.any(1)
        self.certain = np.flatnonzero(certain.numpy())
        if recipe.at_most is not None:
            codes = main.allowed[self.certain].int().argmax(1).numpy()
            self.certain = self.certain[some_of_each(codes, recipe.at_most, recipe.seed)]
        self.counts = main.allowed[self.certain].sum(0)
        weight = (main.allowed[self.certain] / self.counts.clamp(min=1)).sum(1)
        self.balanced = weight / weight.sum()

    def __len__(self) -> int:
        return max(1, len(self.certain) // self.recipe.batch[self.recipe.main])

    def _grounds(self, n: int, g: torch.Generator) -> Tensor:
        return draws.take(self.ground, torch.randint(0, len(self.ground), (n,), generator=g).numpy())

    def _draw(self, name: str, index: np.ndarray, frame: tuple[int, int], g: torch.Generator) -> Tensor:
        source, recipe = self.sources[name], self.recipe
        images = draws.take(source.pixels, index)
        if source.how in ("pasted", "street"):
            assert source.alpha is not None
            alpha = torch.from_numpy(source.alpha[index]).float().div_(255)[:, None]
            place = draws.pasted if source.how == "pasted" else draws.street
            return augment.erase(place(images, alpha, frame, self._grounds, g), 0.15, g)
        warp, light, soften, erase = draws.PHOTOS[source.how]
        if name == recipe.main:
            warp, light = recipe.warp or warp, recipe.light or light
            erase = erase if recipe.erase is None else recipe.erase
            soften = soften if recipe.soften is None else recipe.soften
        images = draws.photo(images, frame, warp, light, soften, g)
        return augment.erase(images, erase, g) if erase else images

    def _choose(self, name: str, n: int, epoch: int, step: int, g: torch.Generator) -> np.ndarray:
        if name != self.recipe.main:
            index = torch.multinomial(self.sources[name].weight, n, replacement=True, generator=g).numpy()
        elif self.recipe.balance:
            index = self.certain[torch.multinomial(self.balanced, n, replacement=True, generator=g).numpy()]
        else:  # each once an epoch
            order = np.random.default_rng(self.recipe.seed + epoch).permutation(self.certain)
            index = order[step * n : (step + 1) * n]
        return np.sort(index)  # read in order from the disk

    def __getitem__(self, number: int) -> Batch:
        recipe = self.recipe
        epoch, step = divmod(number, len(self))
        frame = recipe.frame_at(epoch)
        g = torch.Generator().manual_seed(recipe.seed + epoch * 1_000_003 + step)
        images, allowed, known = [], [], []
        auxiliary: dict[str, list[Tensor]] = {head: [] for head in self.heads}
        for name, n in recipe.batch.items():
            source = self.sources[name]
            index = self._choose(name, n, epoch, step, g)
            images.append(self._draw(name, index, frame, g))
            chosen = torch.from_numpy(index)
            allowed.append(source.allowed[chosen])
            if source.known is not None:
                known.append(source.known[chosen])
            for head, labels in auxiliary.items():
                codes = source.auxiliary.get(head)
                labels.append(torch.full((len(index),), -1) if codes is None else codes[chosen])
        return Batch(
            images=normalise(torch.cat(images), self.mean, self.std),
            allowed=torch.cat(allowed),
            auxiliary={head: torch.cat(labels) for head, labels in auxiliary.items()},
            known=torch.cat(known) if known else None,
        )


class EpochSampler(Sampler[int]):
    """Numbers of an epoch's batches. Lightning calls :meth:`set_epoch`, so that loader processes need no state.

    Args:
        steps: batches of an epoch over all processes.
        rank, world: this process and how many there are; each takes every ``world``-th batch.
    """

    def __init__(self, steps: int, rank: int = 0, world: int = 1) -> None:
        self.steps, self.rank, self.world = steps, rank, world
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch, counted from 0."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        start = self.epoch * self.steps
        return iter(range(start + self.rank, start + self.steps - self.steps % self.world, self.world))

    def __len__(self) -> int:
        return self.steps // self.world
