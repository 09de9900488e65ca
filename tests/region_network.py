"""A segmenter that goes by colour, so that the right answer is known: for tests of what uses it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from fashionviz.inference.loaded import Loaded
from fashionviz.models.card import Metric
from fashionviz.models.registry import get_model
from tests.conftest import make_weights

MODEL = "lraspp_mobilenet_v2.garment"
#: Of background, garment, skin and hair.
PAINT = np.array([[20, 20, 30], [220, 30, 30], [30, 200, 40]], np.uint8)


class ByColour(torch.nn.Module):
    """Says garment of red pixels, skin and hair of green ones, background of all others."""

    def __init__(self) -> None:
        super().__init__()
        spec = get_model(MODEL)
        layer = torch.nn.Conv2d(3, 3, 1)
        weight = torch.tensor([[0.0, 0, 0], [1, -1, 0], [-1, 1, 0]]) * 60
        mean, std = torch.tensor(spec.mean), torch.tensor(spec.std)
        with torch.no_grad():  # of normalised RGB
            layer.weight.copy_((weight * std)[:, :, None, None])
            layer.bias.copy_(weight @ mean + torch.tensor([20.0, 0, 0]))
        self.features = torch.nn.Sequential(torch.nn.Sequential(layer))  # it has the name of the real one's first

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.features(x)


def painted(size: tuple[int, int] = (120, 60)) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A photo of a head above a dress, and its regions.

    Args:
        size: height and width.
    """
    height, width = size
    regions = np.zeros(size, np.uint8)
    regions[height // 3 : height * 5 // 6, width // 4 : width * 3 // 4] = 1
    regions[height // 8 : height // 3, width * 3 // 8 : width * 5 // 8] = 2
    return PAINT[regions], regions


def region_engine(weights: Path) -> Engine:
    """An engine in which this network stands for the segmenter.

    Args:
        weights: a folder for a random default model and a card of the segmenter.
    """
    make_weights(weights)
    card = make_weights(weights, MODEL).model_copy(update={"golden": None})
    engine = Engine(EngineConfig(device="cpu"))
    engine._loaded[MODEL] = Loaded(get_model(MODEL), card, ByColour(), engine.config)
    return engine


def figure(name: str, value: float) -> Metric:
    """A figure of a card, made up."""
    return Metric(
        name=name, value=value, ci95=(value - 0.1, value + 0.1), n=9, data_set="ccp", split="test", command="none"
    )
