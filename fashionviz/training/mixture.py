"""Training batches mixed from several sources in fixed proportions, ready for the network."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from fashionviz.models.preprocess import normalise
from fashionviz.models.registry import IMAGENET_MEAN, IMAGENET_STD
from fashionviz.training import augment
from fashionviz.training.augment import Light, Warp
from fashionviz.training.recipes import Recipe
from fashionviz.training.sources import Source

#: Catalogue photos are framed alike, and served as they are: more than this costs accuracy on them.
_FRAMED = Warp(zoom=(0.93, 1.12), shift=0.04, rotate=4, aspect=0.05)
_MILD = Light(brightness=0.08, contrast=0.1, saturation=0.12, gamma=0.1, cast=0.02)
_STRONG = Light(brightness=0.3, contrast=0.3, saturation=0.4, gamma=0.3, cast=0.12)


class Batch(NamedTuple):
    """One training batch (a tuple: Lightning moves tuples to the device, not frozen dataclasses).

    Attributes:
        images: ``(N, 3, H, W)`` float32, normalised.
        allowed: ``(N, 6)`` bool.
        article, department: ``(N,)`` int64, -1 where unknown.
    """

    images: Tensor
    allowed: Tensor
    article: Tensor
    department: Tensor


class Mixture(Dataset[Batch]):
    """Item ``i`` is the ``i``-th batch of the current epoch; it depends on recipe, epoch and ``i`` alone."""

    def __init__(self, recipe: Recipe, sources: dict[str, Source], ground: np.ndarray) -> None:
        self.recipe = recipe
        self.sources = sources
        self.ground = ground
        self.epoch = 0
        # Items of one certain class; those of other departments (Unisex, Boys, Girls) are drawn from the large set.
        self.certain = np.flatnonzero((sources["catalogue"].allowed.sum(1) == 1).numpy())

    def __len__(self) -> int:
        return len(self.certain) // self.recipe.batch["catalogue"]

    def _take(self, pixels: np.ndarray, index: np.ndarray) -> Tensor:
        block = np.ascontiguousarray(pixels[np.sort(index)] if len(index) > 64 else pixels[index])
        return torch.from_numpy(block).permute(0, 3, 1, 2).float().div_(255)

    def _white(self, images: Tensor, frame: tuple[int, int], how: Warp, g: torch.Generator) -> Tensor:
        return (augment.warp(images - 1, frame, how, g) + 1).clamp(0, 1)

    def _grounds(self, n: int, g: torch.Generator) -> Tensor:
        return self._take(self.ground, torch.randint(0, len(self.ground), (n,), generator=g).numpy())

    def _draw(self, kind: str, index: np.ndarray, frame: tuple[int, int], g: torch.Generator) -> Tensor:
        source = self.sources[kind]
        images = self._take(source.pixels, index)
        if kind in ("catalogue", "catalogue-large"):
            images = augment.relight(self._white(images, frame, _FRAMED, g), _MILD, g)
            return augment.soften(images, 0.4 if kind == "catalogue-large" else 0.1, g)
        if kind == "pasted":
            assert source.alpha is not None
            alpha = torch.from_numpy(source.alpha[index]).float().div_(255)[:, None]
            how = Warp(zoom=(0.5, 1.3), shift=0.15, rotate=18, aspect=0.15)
            images = augment.paste(torch.cat([images, alpha], 1), self._grounds(len(index), g), frame, how, g)
            return augment.soften(augment.relight(images, _STRONG, g), 0.3, g)
        if kind == "street":
            assert source.alpha is not None
            alpha = torch.from_numpy(source.alpha[index]).float().div_(255)[:, None]
            # A third of the masked people are cut out: onto white (as a transparent picture is), or another street.
            fate = torch.rand((len(index), 1, 1, 1), generator=g)
            masked = alpha.amin(dim=(2, 3), keepdim=True) == 0
            ground = torch.nn.functional.interpolate(self._grounds(len(index), g), images.shape[2:], mode="bilinear")
            white = images * alpha + (1 - alpha)
            moved = images * alpha + ground * (1 - alpha)
            images = torch.where(masked & (fate < 0.25), white, images)
            images = torch.where(masked & (fate >= 0.25) & (fate < 0.4), moved, images)
            near = torch.rand((1,), generator=g) < 0.5
            how = Warp(zoom=(1.2, 1.9) if near else (0.8, 1.3), shift=0.15 if near else 0.08, rotate=8, aspect=0.15)
            images = self._white(images, frame, how, g)
            return augment.soften(augment.relight(images, _STRONG, g), 0.3, g)
        images = self._white(images, frame, Warp(zoom=(0.8, 1.6), shift=0.12, rotate=15, aspect=0.15), g)
        return augment.soften(augment.relight(images, _STRONG, g), 0.2, g)

    def __getitem__(self, step: int) -> Batch:
        if step >= len(self):
            raise IndexError(step)
        recipe = self.recipe
        frame = recipe.frame_at(self.epoch)
        g = torch.Generator().manual_seed(recipe.seed + self.epoch * 1_000_003 + step)
        order = np.random.default_rng(recipe.seed + self.epoch).permutation(self.certain)
        images, chosen = [], []
        for kind, n in recipe.batch.items():
            source = self.sources[kind]
            if kind == "catalogue":  # every item once an epoch
                index = np.sort(order[step * n : (step + 1) * n])
            else:
                index = torch.multinomial(source.weight, n, replacement=True, generator=g).numpy()
            drawn = self._draw(kind, index, frame, g)
            images.append(drawn if kind == "catalogue" else augment.erase(drawn, 0.15, g))
            chosen.append((source, torch.from_numpy(index)))
        return Batch(
            images=normalise(torch.cat(images), IMAGENET_MEAN, IMAGENET_STD),
            allowed=torch.cat([s.allowed[i] for s, i in chosen]),
            article=torch.cat([s.article[i] for s, i in chosen]),
            department=torch.cat([s.department[i] for s, i in chosen]),
        )
