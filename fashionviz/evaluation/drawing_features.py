"""Features in which drawn pictures are compared with photos: those of MobileNetV2 on ImageNet, never of Inception."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from fashionviz.models.preprocess import normalise
from fashionviz.models.registry import IMAGENET_MEAN, IMAGENET_STD
from fashionviz.models.weights import load_initial
from fashionviz.training.backbones import imagenet_file

#: How the features are named wherever a figure rests on them.
IMAGENET = "MobileNetV2 on ImageNet"
#: Pictures are enlarged to so many pixels a side before the network, which was trained on large ones.
SIDE = 128


@lru_cache(maxsize=1)
def _network() -> nn.Module:
    from torchvision.models import mobilenet_v2

    network = mobilenet_v2(weights=None)
    load_initial(imagenet_file("mobilenet_v2"), network)
    return network.features.eval().requires_grad_(False)


def imagenet_features(pixels: NDArray[np.uint8], batch: int = 64) -> NDArray[np.float32]:
    """Pooled features of pictures.

    Args:
        pixels: ``(N, H, W, 3)`` uint8.
        batch: pictures at a time.

    Returns:
        ``(N, 1280)``.

    Raises:
        WeightsError: the ImageNet weights cannot be had; the sentence says how to.
    """
    network, found = _network(), []
    with torch.inference_mode():
        for start in range(0, len(pixels), batch):
            found.append(_pooled(network, torch.from_numpy(np.array(pixels[start : start + batch]))))
    return torch.cat(found).numpy()


def _pooled(network: nn.Module, pixels: Tensor) -> Tensor:
    x = pixels.permute(0, 3, 1, 2).float() / 255
    x = F.interpolate(x, (SIDE, SIDE), mode="bilinear", align_corners=False)
    out: Tensor = network(normalise(x, IMAGENET_MEAN, IMAGENET_STD).to(memory_format=torch.channels_last))
    return out.mean(dim=(2, 3))
