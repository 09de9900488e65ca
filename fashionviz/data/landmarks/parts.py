"""What a pixel of a garment photo shows, and the refusal that stands for "better no landmarks than wrong ones"."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

#: ``(H, W)`` uint8 of :class:`Part`.
PartMap = NDArray[np.uint8]


class Part(IntEnum):
    """A pixel's label."""

    GROUND = 0
    GARMENT = 1
    SKIN = 2
    #: What may lie over the garment and hide a landmark: hair, and in street masks bags, scarves and boots.
    COVER = 3
    #: Other garments and shoes, worn beside, below or above.
    OTHER = 4


class Refused(Exception):
    """No landmarks for this photo. ``str`` is the reason, one of a few, so that reasons can be counted."""
