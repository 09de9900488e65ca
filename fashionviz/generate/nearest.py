"""Real items that a drawing resembles most, in the features of the shipped classifier."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from fashionviz.data.sets import open_set
from fashionviz.errors import DataError
from fashionviz.evaluation.drawing_judge import classifier_answers, garment_part
from fashionviz.evaluation.drawings import set_features

#: The photos that generators learned from: a copy would be a copy of one of them.
DATA_SET, SPLIT = "fpi", "train"


@dataclass(frozen=True)
class Nearest:
    """A real item beside a drawing.

    Attributes:
        id: of the item.
        cosine: of the features, -1..1.
    """

    id: str
    cosine: float


def nearest_items(
    pixels: NDArray[np.uint8], k: int = 6, *, tick: Callable[[int, int], None] | None = None
) -> tuple[Nearest, ...]:
    """The training items most like a drawing, most alike first. The first call measures all items, which takes minutes.

    Args:
        pixels: ``(H, H, 3)`` uint8, a drawing.
        k: how many.
        tick: called with (done, total) items while they are measured; may raise to stop.

    Raises:
        DataError: the photos are not here.
        WeightsError: the classifier's weights are damaged.
    """
    data = open_set(DATA_SET, SPLIT)
    if "image" not in data.columns or "id" not in data.columns:
        raise DataError(f"{DATA_SET} holds no pictures here. Fetch them with `fashionviz data fetch {DATA_SET}`.")
    height, width = pixels.shape[:2]
    known = torch.nn.functional.normalize(
        torch.from_numpy(set_features(data, (height, width), "judge", tick=tick)), dim=1
    )
    seen = torch.from_numpy(classifier_answers(garment_part(pixels[None]))[1]).float()
    cosines = known @ torch.nn.functional.normalize(seen, dim=1)[0]
    best = cosines.topk(min(k, len(known)))
    ids = data.table(["id"]).column("id")
    return tuple(
        Nearest(str(ids[int(place)]), float(value)) for value, place in zip(best.values, best.indices, strict=True)
    )
