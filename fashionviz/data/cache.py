"""Decode a data set once into a uint8 memory map, so that training never waits for JPEG."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fashionviz import images
from fashionviz.data.sets import ParquetSet, cache_root, image_bytes
from fashionviz.errors import ImageError
from fashionviz.models.preprocess import letterbox
from fashionviz.models.silhouette import crop_to_silhouette

log = logging.getLogger(__name__)


def decoded(
    data: ParquetSet,
    size: tuple[int, int],
    *,
    crop: bool = False,
    folder: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> np.ndarray:
    """Every picture of the set, letterboxed on white, as a read-only memory map.

    Args:
        data: the rows, in order.
        size: height and width in pixels.
        crop: to the box of what stands on white first, at the picture's own resolution.
        folder: where the cache lives; the user's cache by default.
        progress: called with (done, total).

    Returns:
        ``(N, H, W, 3)`` uint8. A picture that cannot be read becomes white and is logged.
    """
    folder = folder or cache_root() / "decoded"
    folder.mkdir(parents=True, exist_ok=True)
    kind = f"{size[0]}x{size[1]}{'-cropped' if crop else ''}"
    target = folder / f"{data.name}-{data.split or 'all'}-{kind}-{data.fingerprint()}.npy"
    if not target.exists():
        partial = target.with_suffix(f".{os.getpid()}.part")
        total = len(data)
        store = np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=(total, *size, 3))
        for i, row in enumerate(data.rows(["image"])):
            try:
                pixels = images.decode(image_bytes(row)).pixels
                store[i] = letterbox(crop_to_silhouette(pixels) if crop else pixels, size)[0]
            except ImageError as error:
                log.warning("%s row %d: %s", data.name, i, error)
                store[i] = 255
            if progress:
                progress(i + 1, total)
        store.flush()
        del store
        partial.replace(target)  # only a complete cache gets the name
    return np.load(target, mmap_mode="r")
