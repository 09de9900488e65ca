"""Example pictures of our own: drawn garments, free of anybody's rights, the same at every call.

``draw`` makes pictures for people to try; ``golden_picture`` makes one from integer arithmetic alone, bit for bit the
same everywhere, which the server's self-test runs through every model.
"""

from __future__ import annotations

import random
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from fashionviz.data import accessories, street_scenes  # noqa: F401  (they register their drawers)
from fashionviz.data.drawing import Table
from fashionviz.data.garments import DRAWERS
from fashionviz.errors import InvalidRequest

#: What can be drawn: single items on a near-white ground, then outfits in a street.
KINDS: tuple[str, ...] = tuple(DRAWERS)


def draw(kind: str, seed: int = 0) -> NDArray[np.uint8]:
    """Draw an example picture.

    Args:
        kind: one of :data:`KINDS`.
        seed: chooses colours, pattern and proportions.

    Returns:
        ``(480, 360, 3)`` uint8, RGB.

    Raises:
        InvalidRequest: no such kind.
    """
    if kind not in DRAWERS:
        raise InvalidRequest(f"There is no example of a {kind!r}; there are {', '.join(KINDS)}.")
    return _drawn(kind, seed).copy()


@lru_cache(maxsize=32)  # half a mebibyte each; a tenth of a second to draw, and pages ask for the same ones
def _drawn(kind: str, seed: int) -> NDArray[np.uint8]:
    table = Table(random.Random(f"{kind}/{seed}"))
    table.studio()
    DRAWERS[kind](table)
    return table.result()


def golden_picture(seed: int = 0) -> NDArray[np.uint8]:
    """A striped T-shirt on a near-white ground, from integer arithmetic only: bit-exact on every platform.

    Args:
        seed: chooses the colours and the stripes.

    Returns:
        ``(240, 180, 3)`` uint8, RGB.
    """
    height, width = 240, 180
    y, x = np.mgrid[0:height, 0:width].astype(np.int64)
    off = np.abs(2 * x - (width - 1))  # twice the distance from the centre line
    slope = 36 + off // 8 + off * off // 900  # the upper edge: shoulders that fall off into the sleeves
    body = (y >= slope) & (y < 205) & (off < 92 + (y - 50) // 20)
    sleeves = (off >= 60) & (off < 158) & (y >= slope) & (y < slope + 88 - off // 4)
    neck = off * off + 4 * (y - 36) * (y - 36) < 40 * 40
    shirt = (body | sleeves) & ~neck

    base = np.array([40 + seed * 37 % 150, 60 + seed * 53 % 130, 150 - seed * 29 % 110], dtype=np.int64)
    stripe = ((y // (8 + seed % 5)) % 2)[..., None] * (60 + seed * 11 % 30)
    light = (off * 50) // width + ((x * 7 + y * 3) % 11)  # falls off to the sides, with a regular weave
    cloth = np.clip(base + stripe - light[..., None], 0, 255)
    ground = np.clip(250 - (y * 14) // height - (off * 5) // width, 0, 255)[..., None]
    ground = np.repeat(ground, 3, axis=2)
    return np.where(shirt[..., None], cloth, ground).astype(np.uint8)
