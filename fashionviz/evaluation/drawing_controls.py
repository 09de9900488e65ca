"""Photos spoiled on purpose, to know what a distance means."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

Pictures = NDArray[np.uint8]


def blurred(pixels: Pictures, side: int = 16) -> Pictures:
    """Averaged down to so many pixels a side and enlarged again, ``(N, H, W, 3)`` uint8."""
    x = torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2).float()
    small = F.adaptive_avg_pool2d(x, side)
    large = F.interpolate(small, x.shape[2:], mode="bilinear", align_corners=False)
    return large.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()


def shuffled(pixels: Pictures, patch: int = 8, seed: int = 0) -> Pictures:
    """Cut into square patches that are laid out in another order, each picture in its own, ``(N, H, W, 3)`` uint8.

    Args:
        pixels: height and width are multiples of the patch.
        patch: side in pixels.
        seed: of the orders.
    """
    n, height, width, _ = pixels.shape
    down, across = height // patch, width // patch
    cut = pixels.reshape(n, down, patch, across, patch, 3).transpose(0, 1, 3, 2, 4, 5).reshape(n, -1, patch, patch, 3)
    rng = np.random.default_rng(seed)
    mixed = np.stack([one[rng.permutation(len(one))] for one in cut])
    back = mixed.reshape(n, down, across, patch, patch, 3).transpose(0, 1, 3, 2, 4, 5)
    return np.ascontiguousarray(back.reshape(n, height, width, 3))
