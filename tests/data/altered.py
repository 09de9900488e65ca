"""Drawn garments, and the same pictures saved again, moved, recoloured."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashionviz.data.examples import KINDS, draw

GARMENTS = tuple(k for k in KINDS if not k.startswith("street"))
Pixels = NDArray[np.uint8]


def jpeg(pixels: Pixels, quality: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=quality)
    return out.getvalue()


def png(pixels: Pixels) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def small(pixels: Pixels) -> Pixels:
    """A drawing of 480 × 360 at the size of the catalogue."""
    return np.asarray(Image.fromarray(pixels).reduce(6))


def resaved(pixels: Pixels) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(jpeg(pixels, 75))).convert("RGB"))


def moved(pixels: Pixels) -> Pixels:
    """A tenth smaller and off centre, on the same ground."""
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    paper = Image.new("RGB", (360, 480), tuple(int(v) for v in np.median(edge, axis=0)))
    paper.paste(Image.fromarray(pixels).resize((324, 432)), (30, 12))
    return np.asarray(paper)


def recoloured(pixels: Pixels) -> Pixels:
    return pixels[..., [1, 2, 0]]


def garments() -> dict[str, Pixels]:
    """One drawing of 480 × 360 of each kind."""
    return {kind: draw(kind, 0) for kind in GARMENTS}


def naive_hamming(a: int, b: int) -> int:
    return sum((a >> bit & 1) != (b >> bit & 1) for bit in range(64))
