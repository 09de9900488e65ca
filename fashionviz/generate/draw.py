"""From latents to pixels with a generator in memory; the engine and training share it."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fashionviz.models.generators import Generator, GeneratorSpec


def to_pixels(images: Tensor) -> NDArray[np.uint8]:
    """``(N, 3, H, W)`` in -1..1 to ``(N, H, W, 3)`` uint8."""
    values = ((images.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return values.permute(0, 2, 3, 1).contiguous().cpu().numpy()


def draw_pixels(
    generator: Generator, latents: NDArray[np.float32], classes: NDArray[np.int64] | None, *, batch: int = 64
) -> NDArray[np.uint8]:
    """Draw.

    Args:
        generator: in evaluation mode.
        latents: ``(N, latent)``.
        classes: ``(N,)`` indices, of a conditional generator.
        batch: pictures at a time.

    Returns:
        ``(N, H, W, 3)`` uint8.
    """
    device = next(generator.parameters()).device
    found = []
    with torch.inference_mode():
        for start in range(0, len(latents), batch):
            z = torch.from_numpy(latents[start : start + batch]).to(device)
            asked = None if classes is None else torch.from_numpy(classes[start : start + batch]).to(device)
            found.append(to_pixels(generator(z, asked)))
    return np.concatenate(found)


def draw_classes(spec: GeneratorSpec, n: int) -> NDArray[np.int64] | None:
    """So many classes in turn, or nothing where the generator knows none."""
    return np.arange(n, dtype=np.int64) % len(spec.classes) if spec.classes else None
