"""What frozen layers make of photos, computed once and kept as a memory map in the user's cache."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fashionviz import images
from fashionviz.data.sets import ParquetSet, cache_root, image_bytes
from fashionviz.errors import ImageError
from fashionviz.models.preprocess import to_input
from fashionviz.training.precision import Precision

log = logging.getLogger(__name__)

_BATCH = 32


def cached_features(
    name: str,
    compute: Callable[[Tensor], Tensor],
    data: ParquetSet,
    rows: NDArray[np.int64],
    frame: tuple[int, int],
    mean: tuple[float, float, float],
    std: tuple[float, float, float],
    precision: Precision = "32-true",
    progress: Callable[[int, int], None] | None = None,
) -> NDArray[np.float16]:
    """Frozen features of some rows, as a read-only memory map in the order of the rows.

    Photos come through the visitor's door (decoded, upright, fitted into the model's input). A run that was cut off
    leaves nothing behind that a later one could take for complete.

    Args:
        name: of the frozen layers and their weights; part of the file's name, so that other weights are other files.
        compute: ``(N, 3, H, W)`` normalised RGB to ``(N, …)`` features.
        data: a split.
        rows: which, ascending.
        frame: height and width that photos are fitted into.
        mean, std: of the input.
        precision: of the arithmetic, which is the CPU's, whatever the layers on it are trained on.
        progress: called with (done, total).

    Returns:
        ``(len(rows), …)``. A photo that cannot be read is white, and logged.

    Raises:
        DataError: the data cannot be read.
    """
    chosen = hashlib.sha256(rows.astype(np.int64).tobytes() + repr((mean, std)).encode()).hexdigest()[:12]
    size = f"{frame[0]}x{frame[1]}"
    folder = cache_root() / "features"
    if precision == "bf16-mixed":
        name += "-bf16"
    target = folder / f"{name}-{data.name}-{data.split or 'all'}-{size}-{data.fingerprint()}-{chosen}.npy"
    if target.exists():
        kept: NDArray[np.float16] = np.load(target, mmap_mode="r")
        return kept
    folder.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(f".{os.getpid()}.part")
    store: np.memmap | None = None  # type: ignore[type-arg]
    waiting: list[Tensor] = []
    done = 0
    wanted = set(rows.tolist())
    log.info("computing %s of %s %s, %d photos (once)", name, data.name, data.split, len(rows))
    for number, row in enumerate(data.rows(["image"])):
        if number not in wanted:
            continue
        try:
            pixels = images.decode(image_bytes(row)).pixels
        except ImageError as error:
            log.warning("%s row %d: %s", data.name, number, error)
            pixels = np.full((*frame, 3), 255, np.uint8)
        waiting.append(to_input(pixels, frame, mean, std)[0])
        if len(waiting) < _BATCH and done + len(waiting) < len(rows):
            continue
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16-mixed"):
            found = compute(torch.stack(waiting).to(memory_format=torch.channels_last)).float().contiguous().numpy()
        if store is None:
            shape = (len(rows), *found.shape[1:])
            store = np.lib.format.open_memmap(partial, mode="w+", dtype=np.float16, shape=shape)
        store[done : done + len(found)] = found.astype(np.float16)
        done += len(found)
        waiting.clear()
        if progress:
            progress(done, len(rows))
    assert store is not None
    assert done == len(rows)
    store.flush()
    del store
    partial.replace(target)  # only a complete file gets the name
    kept = np.load(target, mmap_mode="r")
    return kept
