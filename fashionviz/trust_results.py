"""Results of asking how far an attribution can be trusted. Plain numbers and NumPy arrays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fashionviz.results import Attribution, Timings

Level = Literal["good", "caution", "poor"]


@dataclass(frozen=True)
class Randomised:
    """The same method on the same network with random parameters (Adebayo et al. 2018, all layers at once).

    Attributes:
        values: the attribution that it gives, ``(3, H, W)`` float32.
        spearman: rank correlation of the two maps' magnitudes over the photo, -1..1; 1 means that the parameters do not
            matter to the map. 0 where one of the maps is the same everywhere.
        ssim: structural similarity of the magnitudes as they are shown, -1..1.
    """

    values: NDArray[np.float32] = field(repr=False)
    spearman: float
    ssim: float


@dataclass(frozen=True)
class Curve:
    """The class's probability while pixels are taken away, or brought in, by the map's order (Petsiuk et al. 2018).

    Attributes:
        probabilities: ``(n,)``, 0..1, at equal shares of the photo's pixels from none to all.
        control: the same for the map moved to other places: the mean of several.
        auc: mean height of the curve, 0..1.
        control_auc: of the control.
    """

    probabilities: NDArray[np.float64] = field(repr=False)
    control: NDArray[np.float64] = field(repr=False)
    auc: float
    control_auc: float


@dataclass(frozen=True)
class RegionShare:
    """How much of the map lies on one kind of thing.

    Attributes:
        region: ``garment``, ``skin and hair`` or ``background``.
        saliency: share of the map's magnitude, 0..1.
        pixels: share of the photo's pixels, 0..1.
    """

    region: str
    saliency: float
    pixels: float

    @property
    def lift(self) -> float | None:
        """How many times as much as an even map would have there; ``None`` of no pixels."""
        return self.saliency / self.pixels if self.pixels else None


@dataclass(frozen=True)
class Trust:
    """How far an attribution can be trusted.

    Attributes:
        attribution: the map in question.
        randomised: whether it needs the network's parameters.
        deletion: what becomes of the class without the pixels that the map ranks first; a low curve is good.
        insertion: how soon the class is there with them alone; a high curve is good.
        shares: where the map lies, or ``None`` where nobody could tell.
        shares_note: why there are none, or who told.
        level: the verdict.
        sentence: the verdict in plain words.
        timings: decode, queue, compute.
    """

    attribution: Attribution
    randomised: Randomised
    deletion: Curve
    insertion: Curve
    shares: tuple[RegionShare, ...] | None
    shares_note: str
    level: Level
    sentence: str
    timings: Timings
