"""A network that finds the landmarks of one drawn photo where they are, or beside them: for tests of what uses it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import torch

from fashionviz.data.landmarks.derive import from_photo
from fashionviz.data.landmarks.kinds import LANDMARKS, Kind
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from fashionviz.inference.loaded import Loaded
from fashionviz.models.card import Metric, load_card
from fashionviz.models.landmark_answer import LandmarkAnswer
from fashionviz.models.preprocess import placement
from fashionviz.models.registry import get_model
from tests.conftest import MODEL as DEFAULT
from tests.conftest import make_weights
from tests.data.test_landmarks_catalogue import person

MODEL = "ropanet.category50"
SIDE = 299


class Knows(torch.nn.Module):
    """Says of every photo what is true of the drawn person in a shirt, moved to the right by a share of the frame."""

    frozen: tuple[str, ...] = ()

    def __init__(self, aside: float = 0.0) -> None:
        super().__init__()
        self.anchor = torch.nn.Parameter(torch.zeros(1))
        worn = from_photo(person(), Kind.UPPER)
        self.known = np.isfinite(worn.points).all(axis=1)
        self.points = np.nan_to_num(placement((224, 168), (SIDE, SIDE)).in_frame(worn.points)) + np.array([aside, 0])

    def features(self, x: torch.Tensor) -> torch.Tensor:
        return x

    def logits(self, features: torch.Tensor) -> torch.Tensor:
        return torch.zeros(len(features), 50)

    forward = logits

    def gate_of(self, features: torch.Tensor) -> torch.Tensor:
        return torch.linspace(0, 1, 64).view(1, 1, 8, 8).expand(len(features), 4, 8, 8)

    def landmarks(self, features: torch.Tensor, where: object = None) -> tuple[torch.Tensor, torch.Tensor]:
        maps = torch.full((len(features), len(LANDMARKS), SIDE, SIDE), -30.0)
        for i, (x, y) in enumerate(self.points):
            maps[:, i, int(y * SIDE), min(SIDE - 1, int(x * SIDE))] = 30.0
        present = torch.from_numpy(np.where(self.known, 3.0, -3.0)).float()
        return maps, present.expand(len(features), -1)

    def answer(self, features: torch.Tensor, where: object = None) -> LandmarkAnswer:
        return LandmarkAnswer(self.logits(features), *self.landmarks(features))


def landmark_engine(weights: Path) -> Engine:
    """An engine in which this network stands for RopaNet.

    Args:
        weights: a folder for the random default model, whose card is taken for RopaNet's but for what must differ.
    """
    spec = get_model(MODEL)
    card = make_weights(weights).model_copy(
        update={"name": MODEL, "classes": spec.task.classes, "input_size": spec.input_size, "golden": None}
    )
    engine = Engine(EngineConfig(device="cpu"))
    engine._loaded[MODEL] = Loaded(spec, card, Knows(), engine.config)
    return engine


def install_card(weights: Path, metrics: tuple[Metric, ...] = ()) -> None:
    """Make RopaNet look trained: a card with these figures, and weights that nobody loads.

    Args:
        weights: the folder of :func:`landmark_engine`.
        metrics: of the card.
    """
    default = weights / DEFAULT
    card = load_card(default).model_copy(update={"name": MODEL, "metrics": metrics})
    shutil.copytree(default, weights / MODEL)
    card.save(weights / MODEL / "card.json")
