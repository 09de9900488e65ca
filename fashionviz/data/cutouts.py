"""Catalogue photos cut out of their white ground, and patches of street and home photos to paste them onto.

Made once for a split and kept in the user's cache, as memory maps.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashionviz.data.cache import decoded
from fashionviz.data.sets import ParquetSet, cache_root, data_root, open_set
from fashionviz.errors import DataError
from fashionviz.models.silhouette import GROUND

log = logging.getLogger(__name__)

#: Height and width of cut-outs from the small and from the large catalogue photos, and of patches of ground.
SMALL, LARGE, PATCH = (80, 60), (128, 96), (128, 96)
#: Patches of ground for a split.
PATCHES = 1500
#: Least share of the photo that a cut-out covers: of less, the ground has eaten most of a white garment.
LEAST = 0.04
_VERSION = 1

Bytes = NDArray[np.uint8]


def ground_alpha(pixels: Bytes) -> Bytes:
    """Alpha of a catalogue photo: 0 where near-white is connected to the border, one pixel more, else 255.

    The rule is that of :func:`fashionviz.training.augment.cut_out_alpha`, by SciPy's connected components.

    Args:
        pixels: ``(H, W, 3)``.

    Returns:
        ``(H, W)``.
    """
    from scipy import ndimage

    light = pixels.min(axis=2) >= GROUND * 255
    parts, _ = ndimage.label(light, structure=np.ones((3, 3)))
    edge = np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]])
    ground = np.isin(parts, np.unique(edge[edge > 0]))
    figure = ndimage.binary_erosion(~ground, structure=np.ones((3, 3)), border_value=1)  # the light fringe stays behind
    return figure.astype(np.uint8) * np.uint8(255)


@dataclass(frozen=True)
class CutOuts:
    """The catalogue items of a split, cut out of the sharpest photo that there is of each.

    Attributes:
        ids: ``(N,)``, as the catalogue has them.
        small: ``(N, 80, 60, 4)`` RGB and alpha.
        large: ``(M, 128, 96, 4)`` the same of the items that have a larger photo.
        place: ``(N,)`` row in ``large``, -1 without one.
        boxes: ``(N, 4)`` float32, x0, y0, x1, y1 of what is not ground, 0 to 1 of the photo that is taken.
        usable: ``(N,)`` whether enough was left to make views of.
    """

    ids: NDArray[np.int64]
    small: Bytes
    large: Bytes
    place: NDArray[np.int64]
    boxes: NDArray[np.float32]
    usable: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)


def catalogue_cut_outs(source: str | Path, split: str | None) -> CutOuts:
    """The items of a split of the catalogue, with the larger photos where those are on the machine.

    Args:
        source: the catalogue with its 60×80 photos: ``fpi``, a folder or a file like it.
        split: which.

    Raises:
        DataError: the set is not there, or its ids are no numbers.
    """
    data = open_set(source, split)
    ids = item_ids(data)
    small = _with_alpha(data, SMALL)
    place = np.full(len(ids), -1, np.int64)
    large = np.empty((0, *LARGE, 4), np.uint8)
    try:
        sharper = open_set("fpi-large", split)
    except DataError:
        log.info("fpi-large is not there: all street views are made of the small photos")
    else:
        large = _with_alpha(sharper, LARGE)
        row_of = {int(i): row for row, i in enumerate(item_ids(sharper))}
        place = np.array([row_of.get(int(i), -1) for i in ids], np.int64)
    boxes, usable = _boxes(small)
    if len(large):
        better, fine = _boxes(large)
        boxes[place >= 0], usable[place >= 0] = better[place[place >= 0]], fine[place[place >= 0]]
    return CutOuts(ids, small, large, place, boxes, usable)


def item_ids(data: ParquetSet) -> NDArray[np.int64]:
    """The ids of a catalogue's rows, in order.

    Raises:
        DataError: they are no whole numbers, or missing.
    """
    try:
        return np.array(data.table(["id"]).column("id").to_pylist(), dtype=np.int64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{data.name} has ids that are no whole numbers, as the catalogue's are.") from error


def _with_alpha(data: ParquetSet, size: tuple[int, int]) -> Bytes:
    def make(path: Path) -> None:
        log.info("cutting out %s %s (once)", data.name, data.split)
        pixels = decoded(data, size)
        store = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(len(pixels), *size, 4))
        for i, photo in enumerate(pixels):
            store[i, ..., :3], store[i, ..., 3] = photo, ground_alpha(photo)
        store.flush()

    name = f"{data.name}-{data.split or 'all'}-{size[0]}x{size[1]}-{data.fingerprint()}-{_VERSION}"
    return _kept(name, make)


def _boxes(store: Bytes) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The box of each cut-out, 0 to 1, and whether it covers enough."""
    alpha: NDArray[np.bool_] = np.asarray(store[..., 3]) > 0
    rows, columns = np.asarray(alpha.any(axis=2)), np.asarray(alpha.any(axis=1))
    height, width = alpha.shape[1:]
    edges = (
        columns.argmax(1) / width,
        rows.argmax(1) / height,
        1 - columns[:, ::-1].argmax(1) / width,
        1 - rows[:, ::-1].argmax(1) / height,
    )
    return np.stack(edges, axis=1).astype(np.float32), alpha.mean(axis=(1, 2)) >= LEAST


def _kept(name: str, make: Callable[[Path], None]) -> Bytes:
    """A memory map of the cache, made on first use; only a complete one gets the name."""
    folder = cache_root() / "cutouts"
    path = folder / f"{name}.npy"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        make(part)
        part.replace(path)
    return np.load(path, mmap_mode="r")


#: What the street views of each split are pasted onto: photos of that split where it has its own.
_GROUND_SPLITS = {"train": ("train", "train"), "validation": ("validation", "validation")}


def ground_patches(split: str | None) -> Bytes:
    """Patches of street photos (``ccp``) and of home photos (``clothing``) for the views of a split.

    What a network is scored on is pasted onto photos that it was not trained on.

    Returns:
        ``(M, 128, 96, 3)``, every third from a home photo, people and garments in them as they come.

    Raises:
        DataError: neither set is there.
    """
    street, home = _GROUND_SPLITS.get(split or "", ("test", "validation"))
    photos = []
    for name, part, size in (("ccp", street, (240, 160)), ("clothing", home, (224, 168))):
        try:
            data = open_set(name, part)
        except DataError as error:
            log.info("%s Its photos are no ground for street views.", error)
            continue
        photos.append((data, size))
    if not photos:
        raise DataError(f"There are neither street nor home photos in {data_root()} to paste street views onto.")
    prints = "-".join(data.fingerprint() for data, _ in photos)

    def make(path: Path) -> None:
        arrays = [decoded(data, size) for data, size in photos]
        with path.open("wb") as handle:
            np.save(handle, _patches(arrays, np.random.default_rng(0)))

    return _kept(f"ground-{street}-{home}-{prints}-{PATCHES}-{_VERSION}", make)


def _patches(arrays: list[Bytes], rng: np.random.Generator) -> Bytes:
    out = np.empty((PATCHES, *PATCH, 3), np.uint8)
    filled = tried = 0
    while filled < PATCHES:
        photos = arrays[1] if len(arrays) > 1 and filled % 3 == 2 else arrays[0]
        photo = photos[rng.integers(len(photos))]
        h = int(photo.shape[0] * rng.uniform(0.35, 0.9))
        w = int(h * PATCH[1] / PATCH[0])
        tried += 1
        if w > photo.shape[1]:
            continue
        y, x = int(rng.integers(photo.shape[0] - h + 1)), int(rng.integers(photo.shape[1] - w + 1))
        patch = photo[y : y + h, x : x + w]
        if tried < 20 * PATCHES and (patch > 250).all(axis=2).mean() > 0.25:  # the margin of a letterboxed photo
            continue
        resized = Image.fromarray(np.ascontiguousarray(patch)).resize(PATCH[::-1], Image.Resampling.BILINEAR)
        out[filled] = np.asarray(resized)
        filled += 1
    return out
