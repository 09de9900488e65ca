"""Pictures that show no garment, drawn by ourselves: noise, textures, shapes, text and the like, by seed.

What tells garments from other pictures is fitted on :data:`FITTED` and judged on :data:`UNSEEN` too: kinds of pictures
that it never met say more than new pictures of known kinds.
"""

from __future__ import annotations

import string
import zlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Array = NDArray[np.float64]
Rng = np.random.Generator
#: Height and width in pixels: upright, lying, square.
_SHAPES = ((200, 150), (150, 200), (180, 180), (160, 240))


def _colours(rng: Rng, count: int) -> Array:
    """Colours ``(count, 3)`` in 0..1: grey, muted or any."""
    found = rng.random((count, 3))
    mood = rng.integers(4)
    if mood == 0:
        found[:] = found[:, :1]
    elif mood == 1:
        found = found * 0.3 + rng.random() * 0.7
    return found


def _axes(shape: tuple[int, int]) -> tuple[Array, Array]:
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float64)
    return y / max(shape), x / max(shape)


def _mapped(values: Array, rng: Rng) -> Array:
    """Values ``(H, W)`` of any range through a ramp of two to four colours."""
    ramp = _colours(rng, int(rng.integers(2, 5)))
    span = float(values.max() - values.min())
    place = (values - values.min()) / (span or 1.0) * (len(ramp) - 1)
    low = np.minimum(place.astype(int), len(ramp) - 2)
    return ramp[low] + (ramp[low + 1] - ramp[low]) * (place - low)[..., None]


def _cloudy(shape: tuple[int, int], rng: Rng, power: float) -> Array:
    """Noise ``(H, W)`` whose amplitude falls with frequency as ``f ** -power``."""
    fy, fx = np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])[None]
    size = np.sqrt(fy * fy + fx * fx)
    size[0, 0] = np.inf
    wave = rng.normal(size=size.shape) + 1j * rng.normal(size=size.shape)
    return np.asarray(np.fft.irfft2(wave / size**power, s=shape))


def _canvas(shape: tuple[int, int], rng: Rng) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """An empty picture, white or coloured, and a pen."""
    ground = (255, 255, 255) if rng.random() < 0.5 else _ink(rng)
    image = Image.new("RGB", (shape[1], shape[0]), ground)
    return image, ImageDraw.Draw(image)


def _ink(rng: Rng) -> tuple[int, int, int]:
    r, g, b = (int(v * 255) for v in _colours(rng, 1)[0])
    return r, g, b


def _values(image: Image.Image) -> Array:
    return np.asarray(image, dtype=np.float64) / 255


def _noise(shape: tuple[int, int], rng: Rng) -> Array:
    block = int(rng.choice([1, 2, 4, 9]))
    channels = int(rng.choice([1, 3]))
    small = (-(-shape[0] // block), -(-shape[1] // block), channels)
    values = rng.random(small) if rng.random() < 0.6 else rng.normal(0.5, rng.uniform(0.05, 0.3), small)
    large = values.repeat(block, axis=0).repeat(block, axis=1)[: shape[0], : shape[1]]
    return np.broadcast_to(large, (*shape, 3))


def _clouds(shape: tuple[int, int], rng: Rng) -> Array:
    return _mapped(_cloudy(shape, rng, rng.uniform(0.6, 2.2)), rng)


def _flat(shape: tuple[int, int], rng: Rng) -> Array:
    return _colours(rng, 1)[0] + rng.normal(0, rng.choice([0, 0.01, 0.03]), (*shape, 3))


def _gradient(shape: tuple[int, int], rng: Rng) -> Array:
    y, x = _axes(shape)
    if rng.random() < 0.5:
        angle = rng.uniform(0, 2 * np.pi)
        return _mapped(x * np.cos(angle) + y * np.sin(angle), rng)
    return _mapped(np.hypot(x - rng.random(), y - rng.random()), rng)


def _grating(shape: tuple[int, int], rng: Rng) -> Array:
    y, x = _axes(shape)
    waves = np.zeros(shape)
    for _ in range(int(rng.integers(1, 3))):
        angle, lines = rng.uniform(0, np.pi), rng.uniform(3, 40)
        waves = waves + np.sin(2 * np.pi * lines * (x * np.cos(angle) + y * np.sin(angle)))
    return _mapped(np.sign(waves) if rng.random() < 0.5 else waves, rng)


def _tiles(shape: tuple[int, int], rng: Rng) -> Array:
    high, wide = int(rng.integers(8, 50)), int(rng.integers(8, 70))
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    row = y // high
    column = (x + (row % 2) * (wide // 2) * int(rng.integers(2))) // wide
    shade = rng.random((row.max() + 1, column.max() + 1)) if rng.random() < 0.6 else np.indices((99, 99)).sum(0) % 2
    picture = _mapped(shade[row, column].astype(np.float64), rng)
    joint = (y % high < rng.integers(3)) | (x % wide < 1)
    return np.where(joint[..., None], rng.random(), picture)


def _shapes(shape: tuple[int, int], rng: Rng) -> Array:
    image, pen = _canvas(shape, rng)
    for _ in range(int(rng.integers(1, 18))):
        x, y = rng.uniform(0, shape[1]), rng.uniform(0, shape[0])
        w, h = rng.uniform(8, shape[1] * 0.5, 2)
        form = rng.integers(3)
        if form == 0:
            pen.rectangle((x, y, x + w, y + h), fill=_ink(rng))
        elif form == 1:
            pen.ellipse((x - w / 2, y - h / 2, x + w / 2, y + h / 2), fill=_ink(rng))
        else:
            pen.polygon([(x + rng.uniform(-w, w), y + rng.uniform(-h, h)) for _ in range(4)], fill=_ink(rng))
    return _values(image)


def _text(shape: tuple[int, int], rng: Rng) -> Array:
    image, pen = _canvas(shape, rng)
    size, ink = int(rng.integers(8, 32)), _ink(rng)
    font = ImageFont.load_default(size)
    letters = np.array(list(string.ascii_letters + string.digits + "     .,"))
    left = int(rng.integers(0, 20))
    for y in range(int(rng.integers(0, 20)), shape[0], int(size * rng.uniform(1.1, 2))):
        line = "".join(rng.choice(letters, int(rng.integers(3, 60))))
        pen.text((left, y), line, fill=ink, font=font)
    return _values(image)


def _scribble(shape: tuple[int, int], rng: Rng) -> Array:
    image, pen = _canvas(shape, rng)
    for _ in range(int(rng.integers(1, 8))):
        steps = np.cumsum(rng.normal(0, 0.5, (120, 2)).cumsum(axis=0) * 0.6, axis=0)
        path = steps + rng.random(2) * (shape[1], shape[0])
        pen.line([(float(x), float(y)) for x, y in path], fill=_ink(rng), width=int(rng.integers(1, 7)))
    return _values(image)


def _horizon(shape: tuple[int, int], rng: Rng) -> Array:
    y, _ = _axes(shape)
    sky = _mapped(y + 0.1 * _cloudy(shape, rng, 1.8), rng)
    ridge = _cloudy((1, shape[1]), rng, 1.5)[0]
    edge = rng.uniform(0.3, 0.7) * y.max() + ridge / (np.abs(ridge).max() or 1) * rng.uniform(0.02, 0.2)
    ground = _mapped(_cloudy(shape, rng, 1.2) + y, rng)
    return np.where((y > edge[None])[..., None], ground, sky)


def _cells(shape: tuple[int, int], rng: Rng) -> Array:
    y, x = _axes(shape)
    seeds = rng.random((int(rng.integers(6, 60)), 2))
    far = np.hypot(y[..., None] - seeds[:, 0], x[..., None] - seeds[:, 1])
    if rng.random() < 0.4:
        near = np.sort(far, axis=2)
        return _mapped(near[..., 1] - near[..., 0], rng)
    return _colours(rng, len(seeds))[far.argmin(axis=2)]


def _modules(shape: tuple[int, int], rng: Rng) -> Array:
    """Black and white squares with three corner marks, as a QR code."""
    count = int(rng.integers(17, 34))
    code = rng.integers(0, 2, (count, count)).astype(np.float64)
    mark = np.pad(np.pad(np.zeros((3, 3)), 1, constant_values=1), 1)
    for top, left in ((0, 0), (0, count - 7), (count - 7, 0)):
        code[top : top + 7, left : left + 7] = mark
    side = min(shape) // count
    large = np.pad(code, 2, constant_values=1).repeat(side, axis=0).repeat(side, axis=1)
    out = np.ones(shape)
    h, w = min(shape[0], large.shape[0]), min(shape[1], large.shape[1])
    top, left = (shape[0] - h) // 2, (shape[1] - w) // 2
    out[top : top + h, left : left + w] = large[:h, :w]
    return np.broadcast_to(out[..., None], (*shape, 3))


def _rings(shape: tuple[int, int], rng: Rng) -> Array:
    y, x = _axes(shape)
    waves = np.zeros(shape)
    for _ in range(int(rng.integers(1, 4))):
        waves = waves + np.sin(2 * np.pi * rng.uniform(4, 30) * np.hypot(x - rng.random(), y - rng.random()))
    return _mapped(waves, rng)


def _lights(shape: tuple[int, int], rng: Rng) -> Array:
    """Discs of light out of focus on a dark ground."""
    image = Image.new("RGB", (shape[1], shape[0]), tuple(v // 6 for v in _ink(rng)))
    for _ in range(int(rng.integers(5, 40))):
        layer = Image.new("L", image.size)
        x, y, r = rng.uniform(0, shape[1]), rng.uniform(0, shape[0]), rng.uniform(3, 28)
        ImageDraw.Draw(layer).ellipse((x - r, y - r, x + r, y + r), fill=int(rng.integers(60, 220)))
        image.paste(_ink(rng), mask=layer)
    return _values(image.filter(ImageFilter.GaussianBlur(float(rng.uniform(1, 5)))))


def _chart(shape: tuple[int, int], rng: Rng) -> Array:
    image = Image.new("RGB", (shape[1], shape[0]), (255, 255, 255))
    pen = ImageDraw.Draw(image)
    left, floor, count = 18, shape[0] - 16, int(rng.integers(3, 14))
    heights = rng.uniform(0.05, 0.95, count) * (floor - 8)
    step = (shape[1] - left - 6) / count
    if rng.random() < 0.5:
        ink = _ink(rng)
        for i, height in enumerate(heights):
            pen.rectangle((left + i * step + 2, floor - height, left + (i + 1) * step - 2, floor), fill=ink)
    else:
        points = [(left + (i + 0.5) * step, float(floor - height)) for i, height in enumerate(heights)]
        pen.line(points, fill=_ink(rng), width=int(rng.integers(1, 5)))
    pen.line([(left, 6), (left, floor), (shape[1] - 6, floor)], fill=(40, 40, 40), width=1)
    font = ImageFont.load_default(9)
    for i in range(count):
        pen.text((left + i * step, floor + 2), str(int(rng.integers(100))), fill=(40, 40, 40), font=font)
    return _values(image)


_DRAWERS: dict[str, Callable[[tuple[int, int], Rng], Array]] = {
    "noise": _noise,
    "clouds": _clouds,
    "flat": _flat,
    "gradient": _gradient,
    "grating": _grating,
    "tiles": _tiles,
    "shapes": _shapes,
    "text": _text,
    "scribble": _scribble,
    "horizon": _horizon,
    "cells": _cells,
    "modules": _modules,
    "rings": _rings,
    "lights": _lights,
    "chart": _chart,
}
#: Kinds kept for judging.
UNSEEN = ("cells", "modules", "rings", "lights", "chart")
#: Kinds to fit on.
FITTED = tuple(kind for kind in _DRAWERS if kind not in UNSEEN)


def _cut_to_white(picture: Array, rng: Rng) -> Array:
    """A part of the picture alone on white: a white ground does not make a garment."""
    h, w = picture.shape[:2]
    y, x = np.mgrid[0:h, 0:w]
    across = np.abs(x - w / 2) / (w * rng.uniform(0.2, 0.48))
    down = np.abs(y - h / 2) / (h * rng.uniform(0.2, 0.48))
    inside = np.maximum(across, down) < 1 if rng.random() < 0.5 else across**2 + down**2 < 1
    return np.where(inside[..., None], picture, 1.0)


def pattern(kind: str, seed: int) -> NDArray[np.uint8]:
    """Draw a picture that shows no garment.

    Args:
        kind: one of :data:`FITTED` or :data:`UNSEEN`.
        seed: chooses everything else, the size too.

    Returns:
        ``(H, W, 3)`` uint8, RGB, 150 to 240 pixels a side; the same at every call.
    """
    rng = np.random.default_rng([zlib.crc32(kind.encode()), seed])
    shape = _SHAPES[int(rng.integers(len(_SHAPES)))]
    picture = _DRAWERS[kind](shape, rng)
    if rng.random() < 0.25:
        picture = _cut_to_white(picture, rng)
    return np.clip(np.round(picture * 255), 0, 255).astype(np.uint8)


def patterns(kinds: tuple[str, ...], count: int, first: int) -> list[NDArray[np.uint8]]:
    """``count`` pictures, the kinds in turn, with the seeds ``first``, ``first + 1``, …."""
    return [pattern(kinds[i % len(kinds)], first + i // len(kinds)) for i in range(count)]
