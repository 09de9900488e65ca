"""Batched augmentation on tensors: warp, relight, blur, erase, and paste cut-outs onto other backgrounds.

Every function takes a ``torch.Generator``: the same seed gives the same batch, so that a resumed run keeps its curve.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from fashionviz.data.light import lit


@dataclass(frozen=True)
class Warp:
    """Ranges of a random similarity transform.

    Attributes:
        zoom: lowest and highest scale relative to fitting the frame.
        shift: largest shift as a share of the frame.
        rotate: largest rotation in degrees.
        aspect: largest change of width against height, as a share.
        flip: probability of a mirror image.
        shear: largest lean: how far a picture's row moves sideways, as a share of its distance from the middle.
    """

    zoom: tuple[float, float] = (0.85, 1.25)
    shift: float = 0.08
    rotate: float = 8.0
    aspect: float = 0.1
    flip: float = 0.5
    shear: float = 0.0


@dataclass(frozen=True)
class Light:
    """Largest relative change of brightness, contrast and saturation, gamma, and the colour of the light."""

    brightness: float = 0.15
    contrast: float = 0.15
    saturation: float = 0.25
    gamma: float = 0.15
    cast: float = 0.05


def uniform(shape: tuple[int, ...], low: float, high: float, generator: torch.Generator) -> Tensor:
    """Uniform random numbers in [low, high)."""
    return torch.rand(shape, generator=generator) * (high - low) + low


def warp(images: Tensor, frame: tuple[int, int], how: Warp, generator: torch.Generator) -> Tensor:
    """Randomly scale, shift, rotate, stretch and mirror; what lies outside becomes zero.

    Args:
        images: ``(N, C, h, w)``. Subtract the fill value first, or premultiply by alpha.
        frame: height and width of the result; zoom 1 fits the whole picture into it.
        how: the ranges.
        generator: the source of randomness.

    Returns:
        ``(N, C, H, W)``.
    """
    n, _, h, w = images.shape
    height, width = frame
    fit = min(height / h, width / w)
    if fit < 0.8:  # shrink with antialiasing first: grid_sample alone would alias
        size = [round(h * fit * 1.15), round(w * fit * 1.15)]
        images = F.interpolate(images, size, mode="bilinear", antialias=True)
    zoom = torch.exp(
        uniform((n,), float(torch.tensor(how.zoom[0]).log()), float(torch.tensor(how.zoom[1]).log()), generator)
    )
    stretch = 1 + uniform((n,), -how.aspect, how.aspect, generator)
    mirror = torch.where(torch.rand((n,), generator=generator) < how.flip, -1.0, 1.0)
    angle = torch.deg2rad(uniform((n,), -how.rotate, how.rotate, generator))
    dx, dy = uniform((2, n), -how.shift, how.shift, generator)
    # Work in units of the frame's half height, so that rotation does not shear.
    ratio = width / height
    cos, sin = torch.cos(angle) / zoom, torch.sin(angle) / zoom
    in_x, in_y = height / (w * fit), height / (h * fit)
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0] = mirror * cos * ratio * in_x / stretch
    theta[:, 0, 1] = mirror * sin * in_x / stretch
    theta[:, 0, 2] = mirror * (-2 * dx * ratio * cos - 2 * dy * sin) * in_x / stretch
    theta[:, 1, 0] = -sin * ratio * in_y
    theta[:, 1, 1] = cos * in_y
    theta[:, 1, 2] = (2 * dx * ratio * sin - 2 * dy * cos) * in_y
    if how.shear:  # drawn only where it is asked for: the numbers of other recipes stay the same
        lean = uniform((n,), -how.shear, how.shear, generator)
        theta[:, 0] += (mirror * lean * in_x / stretch / in_y)[:, None] * theta[:, 1]
    grid = F.affine_grid(theta, [n, images.shape[1], height, width], align_corners=False)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def relight(images: Tensor, how: Light, generator: torch.Generator) -> Tensor:
    """Change brightness, contrast, saturation, gamma and the colour of the light of ``(N, 3, H, W)`` in 0..1."""
    n = images.shape[0]

    def draw(span: float) -> Tensor:
        return uniform((n, 1, 1, 1), -span, span, generator)

    return lit(  # drawn in this order
        images,
        gamma=torch.exp(draw(how.gamma)),
        brightness=1 + draw(how.brightness),
        cast=1 + uniform((n, 3, 1, 1), -how.cast, how.cast, generator),
        contrast=1 + draw(how.contrast),
        saturation=1 + draw(how.saturation),
    )


def soften(images: Tensor, probability: float, generator: torch.Generator) -> Tensor:
    """Send some pictures through a lower resolution, as small thumbnails are."""
    chosen = torch.rand((images.shape[0],), generator=generator) < probability
    if not chosen.any():
        return images
    factor = float(uniform((1,), 0.35, 0.7, generator))
    size = [max(8, round(s * factor)) for s in images.shape[2:]]
    low = F.interpolate(images[chosen], size, mode="bilinear", antialias=True)
    images = images.clone()
    images[chosen] = F.interpolate(low, images.shape[2:], mode="bilinear").clamp(0, 1)
    return images


def erase(images: Tensor, probability: float, generator: torch.Generator) -> Tensor:
    """Cover a random rectangle of some pictures with a random colour (random erasing, Zhong et al. 2017)."""
    n, _, h, w = images.shape
    images = images.clone()
    for i in torch.nonzero(torch.rand((n,), generator=generator) < probability).flatten().tolist():
        eh = int(uniform((1,), 0.1, 0.4, generator) * h)
        ew = int(uniform((1,), 0.1, 0.4, generator) * w)
        y = int(torch.randint(0, h - eh + 1, (1,), generator=generator))
        x = int(torch.randint(0, w - ew + 1, (1,), generator=generator))
        images[i, :, y : y + eh, x : x + ew] = torch.rand((3, 1, 1), generator=generator)
    return images


def cut_out_alpha(images: Tensor, threshold: float = 0.93, steps: int = 160) -> Tensor:
    """Alpha of catalogue photos on white: 0 where near-white is connected to the border, else 1.

    A flood fill from the border, as repeated dilation within the near-white region, for the whole batch at once.

    Args:
        images: ``(N, 3, H, W)`` in 0..1.
        threshold: the darkest channel value that still counts as ground.
        steps: most dilation steps.

    Returns:
        ``(N, 1, H, W)`` float, 0 or 1.
    """
    light = (images.amin(dim=1, keepdim=True) >= threshold).float()
    reached = light.clone()
    reached[:, :, 1:-1, 1:-1] = 0
    for _ in range(steps):
        grown = F.max_pool2d(reached, 3, 1, 1) * light
        if torch.equal(grown, reached):
            break
        reached = grown
    return 1 - reached


def paste(
    cut_outs: Tensor, backgrounds: Tensor, frame: tuple[int, int], how: Warp, generator: torch.Generator
) -> Tensor:
    """Paste cut-outs onto backgrounds (copy-paste augmentation, Ghiasi et al. 2021).

    Args:
        cut_outs: ``(N, 4, h, w)``: RGB in 0..1 and alpha.
        backgrounds: ``(N, 3, hb, wb)`` in 0..1.
        frame: height and width of the result.
        how: how the cut-out is warped.
        generator: the source of randomness.

    Returns:
        ``(N, 3, H, W)`` in 0..1.
    """
    alpha = cut_outs[:, 3:]
    moved = warp(torch.cat([cut_outs[:, :3] * alpha, alpha], dim=1), frame, how, generator)
    ground = warp(backgrounds, frame, Warp(zoom=(1.9, 2.6), shift=0.1, rotate=5), generator)
    return (moved[:, :3] + ground * (1 - moved[:, 3:])).clamp(0, 1)
