"""Signatures of catalogue photos that survive another encoding or margin: a 64-bit shape hash, a coarse colour map.

A catalogue photo is mostly white paper, and a hash of all of it would mostly say where the paper is. So each picture is
first framed by the moments of its ink (what is darker than near-white paper). Unlike a bounding box, they hardly move
when JPEG noise or a soft shadow adds a row. The shape hash is a pHash: the signs of the lowest cosine frequencies of
the framed luminance (Zauner, Implementation and benchmarking of perceptual image hash functions, 2010), without those
that are constant along an axis, which here only repeat that the garment is darker than the paper.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

#: Frequencies along each axis, 1 to 8: 8 × 8 signs are the 64 bits.
_BITS = 8
#: Cells along each axis from which the frequencies are computed.
_CELLS = 16
#: Cells along each axis of the colour map.
_COLOURS = 8
#: Paper is at least this light (its darkest channel, the median along the picture's border); else there is no paper.
_LEAST_PAPER = 200.0
#: Ink begins this much below the paper and is full that much below it: a soft step forgives shadows and JPEG noise.
_INK_FROM, _INK_FULL = 25.0, 140.0
#: The frame's half sides in standard deviations of the ink; a filled rectangle has its edges at 1.73.
_REACH = 1.8
#: With less ink than this share of the picture (a white garment on white) the frame is the whole picture.
_LEAST_INK = 0.002
#: A picture of less contrast than this standard deviation (of 255) shows nothing.
_LEAST_CONTRAST = 2.0
_LUMA = np.array([0.299, 0.587, 0.114])
#: Linear sRGB to XYZ over the D65 white (IEC 61966-2-1).
_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = _XYZ.sum(axis=1)


@dataclass(frozen=True)
class Signatures:
    """What is compared of N pictures.

    Attributes:
        hashes: ``(N,)`` uint64, the shape.
        colours: ``(N, 8, 8, 3)`` float32, CIE L*a*b* of the frame's cells, row by row.
        blank: ``(N,)`` bool, pictures that show nothing; their hashes and colours mean nothing.
    """

    hashes: NDArray[np.uint64] = field(repr=False)
    colours: NDArray[np.float32] = field(repr=False)
    blank: NDArray[np.bool_] = field(repr=False)

    def __len__(self) -> int:
        return len(self.hashes)


def signatures(
    pixels: NDArray[np.uint8], *, chunk: int = 256, progress: Callable[[int], None] | None = None
) -> Signatures:
    """Compute the signatures of pictures of one size.

    Args:
        pixels: ``(N, H, W, 3)`` uint8, RGB; a memory map is read a chunk at a time.
        chunk: pictures at once; at 80 × 60 pixels a picture takes about 300 kB.
        progress: called with the number of pictures done.
    """
    parts = []
    for start in range(0, len(pixels), chunk):
        parts.append(_signatures(np.asarray(pixels[start : start + chunk])))
        if progress:
            progress(min(start + chunk, len(pixels)))
    if not parts:
        empty = np.zeros((0, _COLOURS, _COLOURS, 3), dtype=np.float32)
        return Signatures(np.zeros(0, dtype=np.uint64), empty, np.zeros(0, dtype=np.bool_))
    return Signatures(*(np.concatenate(values) for values in zip(*parts, strict=True)))


def hamming(a: NDArray[np.uint64], b: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Bits in which hashes differ, 0 to 64; shapes broadcast."""
    return np.bitwise_count(np.bitwise_xor(a, b))


def colour_distance(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float64]:
    """Root mean square over the cells of the colour difference ΔE*ab (CIE 1976); about 2 is just noticeable.

    Args:
        a, b: ``(..., 8, 8, 3)`` L*a*b*; leading shapes broadcast.
    """
    squares = (a.astype(np.float64) - b) ** 2
    return np.sqrt(squares.sum(axis=-1).mean(axis=(-1, -2)))


def _signatures(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint64], NDArray[np.float32], NDArray[np.bool_]]:
    darkest = pixels.min(axis=-1).astype(np.float32)
    border = np.concatenate([darkest[:, 0], darkest[:, -1], darkest[:, :, 0], darkest[:, :, -1]], axis=1)
    paper = np.median(border, axis=1)
    begin = np.where(paper >= _LEAST_PAPER, paper, 255.0)[:, None, None] - _INK_FROM
    ink = np.clip((begin - darkest) / (_INK_FULL - _INK_FROM), 0.0, 1.0)
    ink[ink.mean(axis=(1, 2)) < _LEAST_INK] = 1.0
    (top, bottom), (left, right) = _reach(ink.sum(axis=2)), _reach(ink.sum(axis=1))
    cells = _cells(pixels, top, bottom, left, right, _CELLS)
    side = _CELLS // _COLOURS
    coarse = cells.reshape(-1, _COLOURS, side, _COLOURS, side, 3).mean(axis=(2, 4))
    return (
        _phash(cells @ _LUMA),
        _lab(coarse).astype(np.float32),
        pixels.mean(axis=-1).std(axis=(1, 2)) < _LEAST_CONTRAST,
    )


def _reach(ink: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both ends of the frame along an axis, in pixels; they may lie outside the picture.

    Args:
        ink: ``(N, L)`` ink of each row or column.
    """
    share = ink / ink.sum(axis=1, keepdims=True)
    place = np.arange(ink.shape[1]) + 0.5
    mean = share @ place
    spread = np.sqrt((share * (place - mean[:, None]) ** 2).sum(axis=1) + 1 / 12)  # a pixel is itself one wide
    half = _REACH * np.maximum(spread, 1.0)
    return mean - half, mean + half


def _cells(
    pixels: NDArray[np.uint8],
    top: NDArray[np.float64],
    bottom: NDArray[np.float64],
    left: NDArray[np.float64],
    right: NDArray[np.float64],
    n: int,
) -> NDArray[np.float64]:
    """Mean colours ``(N, n, n, 3)`` of the cells of each picture's frame, from integral images.

    What is summed is the distance from white, so that the part of a frame outside its picture counts as paper.
    """
    count, height, width, _ = pixels.shape
    total = np.zeros((count, height + 1, width + 1, 3), dtype=np.int32)  # whole for up to 8 million pixels
    np.cumsum(255 - pixels, axis=1, dtype=np.int32, out=total[:, 1:, 1:])
    np.cumsum(total[:, 1:, 1:], axis=2, out=total[:, 1:, 1:])
    steps = np.arange(n + 1) / n
    picture, edge = np.arange(count)[:, None], np.arange(n + 1)[None, :, None]

    y = np.clip(top[:, None] + (bottom - top)[:, None] * steps, 0, height)
    row = np.minimum(y.astype(np.intp), height - 1)
    part = (y - row)[..., None, None]
    rows = total[picture, row] * (1 - part) + total[picture, row + 1] * part

    x = np.clip(left[:, None] + (right - left)[:, None] * steps, 0, width)
    column = np.minimum(x.astype(np.intp), width - 1)
    part = (x - column)[:, None, :, None]
    here, column = picture[:, :, None], column[:, None, :]
    corners = rows[here, edge, column] * (1 - part) + rows[here, edge, column + 1] * part

    area = (bottom - top) * (right - left) / (n * n)
    return 255 - np.diff(np.diff(corners, axis=1), axis=2) / area[:, None, None, None]


def _phash(luma: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Signs of the cosine frequencies 1 to 8 along both axes of ``(N, n, n)`` luminance, as 64 bits."""
    n = luma.shape[-1]
    frequency = np.arange(1, _BITS + 1)[:, None]
    waves = np.cos(np.pi * (2 * np.arange(n)[None] + 1) * frequency / (2 * n))
    strength = waves @ luma @ waves.T
    # Above rounding errors: what is exactly symmetric has no strength here, and its bits must not be chance.
    bits = strength.reshape(len(luma), _BITS * _BITS) > 1e-6
    return np.packbits(bits, axis=1).view(">u8")[:, 0].astype(np.uint64)


def _lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """sRGB 0..255 to CIE L*a*b* over D65 (CIE 15:2004)."""
    share = np.clip(rgb / 255, 0.0, 1.0)
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    ratio = linear @ _XYZ.T / _WHITE
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)
