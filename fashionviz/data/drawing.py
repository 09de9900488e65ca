"""A small drawing table for the example pictures: curves, soft shadows, cloth with folds and patterns.

Outlines are rasterised by Pillow without anti-aliasing at three times the size and averaged down; everything after
that is NumPy arithmetic. So a picture hardly depends on the version of a library.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

HEIGHT, WIDTH = 480, 360
_SCALE = 3

Array = NDArray[np.float64]
Colour = tuple[float, float, float]
#: A point ``(x, y)`` of a smooth curve, or ``(x, y, 1)`` for a corner.
Point = tuple[float, ...]


def rgb(code: str) -> Colour:
    """``"#c0ffee"`` to three numbers in 0..1."""
    return tuple(int(code[i : i + 2], 16) / 255 for i in (1, 3, 5))  # type: ignore[return-value]


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """``a`` with a share of ``b``."""
    return tuple(x + (y - x) * share for x, y in zip(a, b, strict=True))  # type: ignore[return-value]


def mirrored(half: Sequence[Point], centre: float = WIDTH / 2) -> list[Point]:
    """A closed outline from its right half, given from top to bottom with x relative to the centre line."""
    right = [(centre + p[0], *p[1:]) for p in half]
    left = [(centre - p[0], *p[1:]) for p in reversed(half) if p[0] != 0]
    return right + left


def curve(points: Sequence[Point], *, closed: bool = True, steps: int = 12) -> list[tuple[float, float]]:
    """A smooth line through the points (cubic Hermite, Catmull-Rom tangents); corners stay sharp."""
    count = len(points)
    segments = count if closed else count - 1
    out: list[tuple[float, float]] = []
    for i in range(segments):
        p, q = points[i], points[(i + 1) % count]
        before = points[i - 1] if closed or i else p
        after = points[(i + 2) % count] if closed or i + 2 < count else q
        chord = (q[0] - p[0], q[1] - p[1])
        start = chord if len(p) > 2 else ((q[0] - before[0]) / 2, (q[1] - before[1]) / 2)
        end = chord if len(q) > 2 else ((after[0] - p[0]) / 2, (after[1] - p[1]) / 2)
        for step in range(steps):
            t = step / steps
            a, b = 2 * t**3 - 3 * t**2 + 1, t**3 - 2 * t**2 + t
            c, d = 3 * t**2 - 2 * t**3, t**3 - t**2
            out.append(
                (
                    a * p[0] + b * start[0] + c * q[0] + d * end[0],
                    a * p[1] + b * start[1] + c * q[1] + d * end[1],
                )
            )
    if not closed:
        out.append((points[-1][0], points[-1][1]))
    return out


def ellipse(cx: float, cy: float, rx: float, ry: float) -> list[Point]:
    """A smooth outline with eight points; ``curve`` rounds it."""
    k = 0.70710678
    return [
        (cx + rx * x, cy + ry * y) for x, y in ((1, 0), (k, k), (0, 1), (-k, k), (-1, 0), (-k, -k), (0, -1), (k, -k))
    ]


def _reduced(image: Image.Image) -> Array:
    """The large drawing averaged down; only the part that was drawn on is touched."""
    out = np.zeros((HEIGHT, WIDTH))
    box = image.getbbox()
    if box:
        left, top = box[0] // _SCALE, box[1] // _SCALE
        right, bottom = -(-box[2] // _SCALE), -(-box[3] // _SCALE)
        part = np.asarray(image.crop((left * _SCALE, top * _SCALE, right * _SCALE, bottom * _SCALE)), dtype=np.float64)
        blocks = part.reshape(bottom - top, _SCALE, right - left, _SCALE)
        out[top:bottom, left:right] = blocks.mean(axis=(1, 3)) / 255
    return out


def window(values: Array, margin: int) -> tuple[slice, slice]:
    """Rows and columns where values are not zero, with a margin: most things drawn are small."""
    rows, columns = np.flatnonzero(values.any(axis=1)), np.flatnonzero(values.any(axis=0))
    if not len(rows):
        return slice(0, 1), slice(0, 1)
    return (
        slice(max(0, int(rows[0]) - margin), int(rows[-1]) + margin + 1),
        slice(max(0, int(columns[0]) - margin), int(columns[-1]) + margin + 1),
    )


def area(*outlines: Sequence[Point]) -> Array:
    """Coverage ``(H, W)`` in 0..1 of one or more smooth closed outlines."""
    image = Image.new("L", (WIDTH * _SCALE, HEIGHT * _SCALE))
    pen = ImageDraw.Draw(image)
    for outline in outlines:
        pen.polygon([(round(x * _SCALE), round(y * _SCALE)) for x, y in curve(outline)], fill=255)
    return _reduced(image)


def stroke(points: Sequence[Point], width: float, *, closed: bool = False, dashes: int = 0) -> Array:
    """Coverage of a smooth line of a width in pixels, with round ends; ``dashes`` > 0 makes a seam of that stitch."""
    image = Image.new("L", (WIDTH * _SCALE, HEIGHT * _SCALE))
    pen = ImageDraw.Draw(image)
    line = [(round(x * _SCALE), round(y * _SCALE)) for x, y in curve(points, closed=closed)]
    if closed:
        line.append(line[0])
    thick = max(1, round(width * _SCALE))
    run = 0.0
    for (x0, y0), (x1, y1) in pairwise(line):
        if not dashes or int(run / (dashes * _SCALE)) % 2 == 0:
            pen.line((x0, y0, x1, y1), fill=255, width=thick)
            if thick > 3:
                r = thick // 2
                for x, y in ((x0, y0), (x1, y1)):
                    pen.ellipse((x - r, y - r, x + r, y + r), fill=255)
        run += ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
    return _reduced(image)


def blur(values: Array, radius: int) -> Array:
    """Three box blurs, close to a Gaussian; edges are continued."""
    if radius < 1:
        return values
    out = np.zeros_like(values)
    place = window(values, 3 * radius + 2)
    values, size = values[place], 2 * radius + 1
    for _ in range(3):
        for axis in (0, 1):
            pad = [(0, 0), (0, 0)]
            pad[axis] = (radius + 1, radius)
            total = np.cumsum(np.pad(values, pad, mode="edge"), axis=axis)
            upper = total[size:] if axis == 0 else total[:, size:]
            lower = total[:-size] if axis == 0 else total[:, :-size]
            values = (upper - lower) / size
    out[place] = values
    return out


@cache
def grid() -> tuple[Array, Array]:
    """y and x of every pixel, each ``(H, W)``."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)
    return y, x


@lru_cache(maxsize=4)
def grain(seed: int) -> Array:
    """Noise in -1..1 ``(H, W)`` from integer hashing, the same everywhere."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.uint32)
    h = x * np.uint32(374761393) + y * np.uint32(668265263) + np.uint32(seed % 65521 * 2246822519 % 2**32)
    h = (h ^ (h >> np.uint32(13))) * np.uint32(1274126177)
    return ((h ^ (h >> np.uint32(16))) & np.uint32(0xFFFF)).astype(np.float64) / 32767.5 - 1


class Table:
    """A picture being drawn: ``pixels`` ``(H, W, 3)`` in 0..1 and a source of chance."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.pixels = np.ones((HEIGHT, WIDTH, 3))

    def studio(self) -> None:
        """A near-white studio ground, a little darker towards the floor and the corners."""
        y, x = grid()
        tone = self.chance.uniform(0.955, 0.985)
        fall = ((x / WIDTH - 0.45) ** 2 + (y / HEIGHT - 0.4) ** 2) * 0.09
        self.pixels = np.repeat((tone - fall)[..., None], 3, axis=2) * np.array([1.0, 1.0, 0.995])

    def paint(self, mask: Array, colour: Colour | Array, strength: float = 1.0) -> None:
        """Lay a colour (one, or one a pixel) over the picture where the mask is."""
        place = window(mask, 0)
        share = (mask[place] * strength)[..., None]
        value = np.asarray(colour)
        self.pixels[place] = self.pixels[place] * (1 - share) + (value[place] if value.ndim == 3 else value) * share

    def shadow(self, mask: Array, dx: int = 7, dy: int = 10, soft: int = 8, strength: float = 0.33) -> None:
        """A soft shadow of the mask on what is there."""
        moved = np.zeros_like(mask)
        moved[max(0, dy) :, max(0, dx) :] = mask[: HEIGHT - max(0, dy), : WIDTH - max(0, dx)]
        self.paint(blur(moved, soft), (0.18, 0.18, 0.22), strength)

    def folds(self, lines: Sequence[Sequence[Point]], width: float = 9, soft: int = 4) -> Array:
        """Ridges along lines as a height map in 0..1."""
        height = np.zeros((HEIGHT, WIDTH))
        for line in lines:
            height = np.maximum(height, stroke(line, width))
        return blur(height, soft)

    def cloth(
        self,
        mask: Array,
        colour: Colour,
        *,
        pattern: str = "plain",
        second: Colour = (1, 1, 1),
        height: Array | None = None,
        volume: int = 9,
        gloss: float = 0.0,
        turn: float = 0.0,
        edge: float = 0.35,
    ) -> None:
        """Fill a mask with lit cloth.

        Args:
            mask: coverage in 0..1.
            colour, second: of the ground and of the pattern.
            pattern: ``plain``, ``stripes``, ``pinstripes``, ``checks``, ``dots``, ``melange`` or ``denim``.
            height: folds, as a height map in 0..1.
            volume: how far from its edge the cloth bends away, in pixels.
            gloss: 0 for cotton, 1 for patent leather.
            turn: slant of the pattern, in pixels of y for each pixel of x.
            edge: how much darker the rim is.
        """
        place = window(mask, 8)
        relief: Array = blur(mask, volume)[place] * 7
        if height is not None:
            relief = relief + height[place] * 3.2
        gy, gx = (np.asarray(g) for g in np.gradient(relief))
        light: Array = gx * 0.55 + gy * 0.35  # the lamp stands at the upper left
        field = self._pattern(pattern, np.asarray(colour), np.asarray(second), relief, turn, place)
        shade: Array = np.clip(light, -0.5, 0.5) * 0.62 + 0.97
        shade += grain(self.chance.randrange(65521))[place] * 0.012
        inner = np.clip((blur(mask, 2)[place] - 0.5) * 2, 0, 1)
        shade -= (1 - inner) * edge * 0.45
        lit = field * shade[..., None]
        if gloss:
            spot = np.clip(blur(np.clip(light - 0.10, 0, 1), 2) * 4, 0, 1) * gloss
            lit = lit * (1 - spot[..., None]) + spot[..., None]
        share = mask[place][..., None]
        self.pixels[place] = self.pixels[place] * (1 - share) + np.clip(lit, 0, 1) * share

    @staticmethod
    def _pattern(
        name: str, colour: Array, second: Array, relief: Array, turn: float, place: tuple[slice, slice]
    ) -> Array:
        y, x = (axis[place] for axis in grid())
        v, u = y + turn * (x - WIDTH / 2) + relief * 0.9, x - turn * y + relief * 0.9  # cloth carries its pattern along
        share: Array = np.zeros_like(relief)
        if name == "stripes":
            share = ((v % 34) < 15).astype(np.float64)
        elif name == "pinstripes":
            share = np.where((u % 15) < 1.8, 0.75, 0.0)
        elif name == "checks":
            share = ((u % 36) < 16) * np.float64(0.38) + ((v % 36) < 16) * np.float64(0.38)
            share = np.maximum(share, np.where(((u + 10) % 36 < 2) | ((v + 10) % 36 < 2), 0.8, 0.0))
        elif name == "dots":
            row = np.floor(v / 17)
            share = ((((u + row % 2 * 11) % 22) - 11) ** 2 + ((v % 17) - 8.5) ** 2 < 17).astype(np.float64)
        elif name == "melange":
            share = np.clip(grain(7)[place] * 0.22 + blur(grain(9), 1)[place] * 0.5 + 0.22, 0, 0.5)
        elif name == "denim":
            share = np.where(((u + v) % 3) < 1.2, 0.20, 0.0) + np.clip(blur(grain(11), 3)[place] * 1.2, 0, 0.15)
        share = blur(share, 1) if name in ("stripes", "dots") else share
        return colour + (second - colour) * share[..., None]

    def result(self) -> NDArray[np.uint8]:
        """The picture as ``(H, W, 3)`` uint8."""
        return np.clip(np.floor(self.pixels * 255 + 0.5), 0, 255).astype(np.uint8)
