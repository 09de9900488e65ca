"""What a shipped classifier makes of small pictures: the class it names, and its features to find likenesses by."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fashionviz.models.preprocess import to_input
from fashionviz.models.registry import ModelSpec, get_model
from fashionviz.models.weights import load_trained

#: Took no part in training any generator.
CLASSIFIER = "mobilenet_v2.gender_category"


@lru_cache(maxsize=1)
def _classifier() -> tuple[ModelSpec, nn.Module]:
    network, _ = load_trained(CLASSIFIER)
    return get_model(CLASSIFIER), network.requires_grad_(False)


def garment_part(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The middle three quarters of the width of square pictures ``(N, H, H, 3)``.

    Catalogue photos are three to four; in a square the rest is the white that they were laid on, which would make
    garments smaller than the classifier knows them.
    """
    width = pixels.shape[2]
    return pixels[:, :, width // 8 : width - width // 8]


def named_by(features: NDArray[np.floating]) -> NDArray[np.int64]:
    """The classes ``(N,)`` that the classifier's last layer names from its features ``(N, D)``."""
    spec, network = _classifier()
    with torch.inference_mode():
        logits = network.get_submodule(spec.head)(torch.from_numpy(np.asarray(features, np.float32)))
    found: NDArray[np.int64] = logits.argmax(dim=1).numpy()
    return found


def classifier_answers(pixels: NDArray[np.uint8], batch: int = 64) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The class that the classifier names, and what its last layer sees.

    Args:
        pixels: ``(N, H, W, 3)`` uint8.
        batch: pictures at a time.

    Returns:
        Class indices ``(N,)`` and features ``(N, D)``.

    Raises:
        ModelNotTrained, WeightsError: the classifier is not installed.
    """
    spec, network = _classifier()
    seen: list[Tensor] = []
    head = network.get_submodule(spec.head)
    handle = head.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach()))
    named = []
    try:
        with torch.inference_mode():
            for start in range(0, len(pixels), batch):
                inputs = [to_input(p, spec.input_size, spec.mean, spec.std)[0] for p in pixels[start : start + batch]]
                named.append(network(torch.stack(inputs).to(memory_format=torch.channels_last)).argmax(dim=1))
    finally:
        handle.remove()
    return torch.cat(named).numpy(), torch.cat(seen).numpy()
