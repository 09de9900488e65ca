"""How the pictures of each kind of source are framed, lit and placed in a training batch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from fashionviz.training import augment
from fashionviz.training.augment import Light, Warp

#: Catalogue photos are framed alike, and served as they are: more than this costs accuracy on them.
FRAMED = Warp(zoom=(0.93, 1.12), shift=0.04, rotate=4, aspect=0.05)
HANDHELD = Warp(zoom=(0.8, 1.6), shift=0.12, rotate=15, aspect=0.15)
PASTED = Warp(zoom=(0.5, 1.3), shift=0.15, rotate=18, aspect=0.15)
MILD = Light(brightness=0.08, contrast=0.1, saturation=0.12, gamma=0.1, cast=0.02)
STRONG = Light(brightness=0.3, contrast=0.3, saturation=0.4, gamma=0.3, cast=0.12)

#: Patches without a garment, ``(n, generator) -> (n, 3, h, w)`` in 0..1.
Grounds = Callable[[int, torch.Generator], Tensor]


def take(pixels: np.ndarray, index: np.ndarray) -> Tensor:
    """``(N, 3, h, w)`` float32 in 0..1 of rows of a uint8 array."""
    block = np.ascontiguousarray(pixels[index])
    return torch.from_numpy(block).permute(0, 3, 1, 2).float().div_(255)


def on_white(images: Tensor, frame: tuple[int, int], how: Warp, g: torch.Generator) -> Tensor:
    """Warp, with white outside."""
    return (augment.warp(images - 1, frame, how, g) + 1).clamp(0, 1)


def photo(
    images: Tensor, frame: tuple[int, int], warp: Warp, light: Light, soften: float, g: torch.Generator
) -> Tensor:
    """A whole photo: warped on white, relit, now and then sent through a lower resolution."""
    images = augment.relight(on_white(images, frame, warp, g), light, g)
    return augment.soften(images, soften, g) if soften else images


def pasted(images: Tensor, alpha: Tensor, frame: tuple[int, int], grounds: Grounds, g: torch.Generator) -> Tensor:
    """Catalogue cut-outs pasted onto street and room backgrounds."""
    images = augment.paste(torch.cat([images, alpha], 1), grounds(len(images), g), frame, PASTED, g)
    return augment.soften(augment.relight(images, STRONG, g), 0.3, g)


def street(images: Tensor, alpha: Tensor, frame: tuple[int, int], grounds: Grounds, g: torch.Generator) -> Tensor:
    """Street photos, near and far; a third of the masked people on white, as a transparent picture is, or elsewhere."""
    fate = torch.rand((len(images), 1, 1, 1), generator=g)
    masked = alpha.amin(dim=(2, 3), keepdim=True) == 0
    ground = F.interpolate(grounds(len(images), g), images.shape[2:], mode="bilinear")
    white = images * alpha + (1 - alpha)
    moved = images * alpha + ground * (1 - alpha)
    images = torch.where(masked & (fate < 0.25), white, images)
    images = torch.where(masked & (fate >= 0.25) & (fate < 0.4), moved, images)
    near = torch.rand((1,), generator=g) < 0.5
    how = Warp(zoom=(1.2, 1.9) if near else (0.8, 1.3), shift=0.15 if near else 0.08, rotate=8, aspect=0.15)
    return photo(images, frame, how, STRONG, 0.3, g)


#: Warp, light, probability of softening, and of erasing, of kinds that are whole photos.
PHOTOS: dict[str, tuple[Warp, Light, float, float]] = {
    "plain": (Warp((1, 1), 0, 0, 0, 0), Light(0, 0, 0, 0, 0), 0.0, 0.0),
    "catalogue": (FRAMED, MILD, 0.1, 0.0),
    "catalogue-large": (FRAMED, MILD, 0.4, 0.15),
    "home": (HANDHELD, STRONG, 0.2, 0.15),
}
