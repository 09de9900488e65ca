"""A small catalogue of drawn garments with street and home photos, on the disk as the real sets are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from fashionviz.data.examples import KINDS, draw
from fashionviz.images import encode_png

#: Article types of the drawn kinds; the second is in none of the eleven shop categories.
ARTICLES = ("Tshirts", "Watches", "Jeans", "Dresses")


def garment(number: int, size: tuple[int, int] = (80, 60)) -> np.ndarray:
    """A drawn garment on white, ``(h, w, 3)``; every number is another one."""
    drawn = Image.fromarray(draw(KINDS[number % len(KINDS)], number))
    return np.asarray(drawn.resize(size[::-1], Image.Resampling.BILINEAR))


def street(number: int, size: tuple[int, int] = (120, 80)) -> np.ndarray:
    """A made-up photo without white."""
    rng = np.random.default_rng(number)
    coarse = rng.integers(20, 200, (6, 4, 3)).astype(np.uint8)
    return np.asarray(Image.fromarray(coarse).resize(size[::-1], Image.Resampling.BILINEAR))


def write(path: Path, rows: list[dict[str, object]]) -> None:
    """Rows as a Parquet file of a split."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path)


def item_house(root: Path, train: int = 8, other: int = 4) -> None:
    """``fpi`` (the last test item is the first one of train again), ``fpi-large``, ``ccp`` and ``clothing``."""
    start = 0
    for split, count in (("train", train), ("validation", other), ("test", other)):
        name = f"{split}-00000-of-00001.parquet"
        numbers = list(range(start, start + count))
        start += count
        if split == "test":
            numbers[-1] = 0
        small = [
            {"id": 100 + start - count + i, "articleType": ARTICLES[n % 4], "image": {"bytes": encode_png(garment(n))}}
            for i, n in enumerate(numbers)
        ]
        write(root / "fpi" / name, small)
        large = [
            row | {"image": {"bytes": encode_png(garment(n, (224, 168)))}}
            for row, n in list(zip(small, numbers, strict=True))[::2]
        ]
        write(root / "fpi-large" / name, large)
        write(root / "ccp" / name, [{"id": n, "image": {"bytes": encode_png(street(start + n))}} for n in range(3)])
        home = [
            {"label": "T-Shirt", "label10": "t-shirt", "image": {"bytes": encode_png(street(start + 9 + n))}}
            for n in range(2)
        ]
        if split != "test":
            write(root / "clothing" / name, home)
