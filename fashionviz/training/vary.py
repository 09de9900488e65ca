"""Differentiable augmentation: what the discriminator sees is varied, drawn pictures and photos alike.

After Zhao et al. (arXiv:2006.10738): the generator is not taught the variations, since both kinds of pictures have
them, and the discriminator cannot learn photos by heart.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def vary(images: Tensor, shift: float = 0.1, light: float = 0.2) -> Tensor:
    """Brightness, saturation, and a shift onto white, each drawn anew for every picture.

    Args:
        images: ``(N, 3, H, W)`` in -1..1, white is 1.
        shift: at most, as a share of the side.
        light: span of the brightness, in the pictures' unit.

    Returns:
        ``(N, 3, H, W)``, through which gradients flow.
    """
    n, _, height, width = images.shape
    grey = images.mean(dim=1, keepdim=True)
    images = grey + (images - grey) * (torch.rand(n, 1, 1, 1, device=images.device) + 0.5)
    images = images + (torch.rand(n, 1, 1, 1, device=images.device) - 0.5) * light
    most = max(1, int(shift * height))
    padded = F.pad(images, (most, most, most, most), value=1.0)
    down = torch.randint(0, 2 * most + 1, (n,)).tolist()
    right = torch.randint(0, 2 * most + 1, (n,)).tolist()
    return torch.stack(
        [p[:, y : y + height, x : x + width] for p, y, x in zip(padded, down, right, strict=True)]
    ).contiguous(memory_format=torch.channels_last)
