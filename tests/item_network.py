"""A detector that goes by colour, so that the right boxes are known: for tests of what uses it."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from fashionviz.data.garment13 import GARMENT13
from fashionviz.images import encode_png
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from fashionviz.inference.loaded import Loaded
from fashionviz.models.card import Golden, ModelCard
from fashionviz.models.detectors import MOST
from fashionviz.models.registry import get_model
from tests.conftest import make_weights

MODEL = "fasterrcnn_mobilenet_v2_fpn.garment13"
#: Colour, class, score, and the publisher's number of a label of that class.
PAINT = {
    "dress": ((220, 30, 30), 0.9, 14),
    "bag": ((30, 200, 40), 0.7, 2),
    "footwear": ((30, 40, 220), 0.4, 39),
}
GROUND = (20, 20, 30)


class ByColour(torch.nn.Module):
    """One box around all pixels of each colour."""

    def __init__(self) -> None:
        super().__init__()
        spec = get_model(MODEL)
        self.features = torch.nn.Conv2d(3, 3, 1)  # something to look into
        self.register_buffer("mean", torch.tensor(spec.mean)[:, None, None])
        self.register_buffer("std", torch.tensor(spec.std)[:, None, None])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rows = x.new_zeros((len(x), MOST, 6))
        for out, photo in zip(rows, x, strict=True):
            pixels = (photo * self.std + self.mean) * 255
            place = 0
            for name, (colour, score, _) in PAINT.items():
                near = (pixels - torch.tensor(colour, dtype=torch.float32)[:, None, None]).abs().amax(0) < 60
                if near.any():
                    ys, xs = near.any(1).nonzero(), near.any(0).nonzero()
                    box = [int(xs[0]), int(ys[0]), int(xs[-1]) + 1, int(ys[-1]) + 1]
                    out[place] = torch.tensor([*box, score, GARMENT13.index(name)])
                    place += 1
        return rows


def painted(size: tuple[int, int] = (120, 80)) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A photo of a dress, a bag and shoes, and its mask of the publisher's numbers.

    Args:
        size: height and width.
    """
    photo, mask = np.full((*size, 3), GROUND, np.uint8), np.zeros(size, np.uint8)
    for name, box in boxes(size).items():
        x0, y0, x1, y1 = box
        photo[y0:y1, x0:x1], mask[y0:y1, x0:x1] = PAINT[name][0], PAINT[name][2]
    return photo, mask


def boxes(size: tuple[int, int]) -> dict[str, tuple[int, int, int, int]]:
    """Where the items of :func:`painted` are."""
    height, width = size
    return {
        "dress": (width // 4, height // 6, width // 2, height * 2 // 3),
        "bag": (width * 5 // 8, height // 3, width * 7 // 8, height // 2),
        "footwear": (width // 4, height * 3 // 4, width // 2, height * 7 // 8),
    }


def png(mask: NDArray[np.uint8]) -> bytes:
    """A mask as PNG."""
    out = io.BytesIO()
    Image.fromarray(mask).save(out, "PNG")
    return out.getvalue()


def street_rows(sizes: list[tuple[int, int]]) -> list[dict[str, object]]:
    """Rows of a set of street photos with masks."""
    rows: list[dict[str, object]] = []
    for number, size in enumerate(sizes):
        photo, mask = painted(size)
        rows.append({"id": number, "image": {"bytes": encode_png(photo)}, "mask": {"bytes": png(mask)}})
    return rows


def item_engine(weights: Path) -> Engine:
    """An engine in which this network stands for the detector.

    Args:
        weights: a folder for a random default model; nothing of the detector is written.
    """
    like = make_weights(weights)
    spec = get_model(MODEL)
    facts = {
        "name": MODEL, "task": spec.task.name, "classes": spec.task.classes, "input_size": spec.input_size,
        "first_conv": "features", "activation_layer": "features",
        "golden": Golden(kind="golden", seed=1, logits=(0.0,) * len(GARMENT13)),
    }  # fmt: skip
    card = ModelCard.model_validate({**like.model_dump(), **facts})
    engine = Engine(EngineConfig(device="cpu"))
    engine._loaded[MODEL] = Loaded(spec, card, ByColour(), engine.config)
    return engine
