"""Photos with items, read once and kept: street photos and catalogue cut-outs.

A photo and its items are one array: red, green, blue, and the number of the item that a pixel belongs to.
"""

from __future__ import annotations

import hashlib
import inspect
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashionviz.data import cut_outs13, garment13
from fashionviz.data.cut_outs13 import class_of, cut_out
from fashionviz.data.garment13 import GARMENT13
from fashionviz.data.landmarks.kept import rule_version
from fashionviz.data.landmarks.parts import Refused
from fashionviz.data.regions import PERSON, street_regions
from fashionviz.data.sets import ParquetSet, cache_root
from fashionviz.data.street_items import photo_with_items
from fashionviz.errors import DataError, ImageError
from fashionviz.models.preprocess import letterbox
from fashionviz.training.segment_material import letterbox_regions

log = logging.getLogger(__name__)

#: Sizes that photos and cut-outs are kept at: about their own.
STREET, CUT_OUT = (512, 336), (144, 144)
#: In the fourth channel: nothing, items from 1 on, skin and hair.
NOTHING, SKIN = 0, 255


@dataclass(frozen=True)
class ItemPhotos:
    """Photos of one kind.

    Attributes:
        pixels: ``(N, h, w, 4)`` uint8: RGB, and the number of the item from 1 on, 0 where there is none; of cut-outs
            alpha.
        labels: ``(N, ROOM)`` uint8: of item n at n - 1 the place in :data:`~fashionviz.data.garment13.GARMENT13`; of
            cut-outs ``(N, 1)``.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.pixels)


def _kept(stem: str, make: Callable[[], tuple[list[NDArray[np.uint8]], list[list[int]]]]) -> ItemPhotos:
    """What was made once, from the user's cache.

    Raises:
        DataError: nothing could be made.
    """
    folder = cache_root() / "items"
    path, named = folder / f"{stem}.npy", folder / f"{stem}.labels.npy"
    if not path.exists():
        pixels, labels = make()
        if not pixels:
            raise DataError("No photo has items to learn from.")
        table = np.zeros((len(labels), max(len(row) for row in labels)), np.uint8)
        for row, of in zip(table, labels, strict=True):
            row[: len(of)] = of
        folder.mkdir(parents=True, exist_ok=True)
        for file, values in ((named, table), (path, np.stack(pixels))):  # the photos last: with them it is complete
            part = file.with_suffix(f".{os.getpid()}.part")
            with part.open("wb") as handle:
                np.save(handle, values)
            part.replace(file)
    return ItemPhotos(np.load(path, mmap_mode="r"), np.load(named))


def _version(*sources: object) -> str:
    """Changes with the rules that make items."""
    return hashlib.sha256("".join(inspect.getsource(s) for s in sources).encode()).hexdigest()[:12]  # type: ignore[arg-type]


def street_items(data: ParquetSet) -> ItemPhotos:
    """The photos of a split that show items, made once and kept in the cache.

    Raises:
        DataError: it has no masks, or no photo shows an item.
    """
    if "mask" not in data.columns:
        raise DataError(f"{data.name} has no masks to derive boxes from.")

    def make() -> tuple[list[NDArray[np.uint8]], list[list[int]]]:
        log.info("reading the items of %s %s (once)", data.name, data.split)
        pixels, labels = [], []
        for number, row in enumerate(data.rows(["image", "mask"])):
            try:
                photo, mask, found = photo_with_items(row)
            except (ImageError, DataError) as error:
                log.debug("%s row %d: %s", data.name, number, error)
                continue
            if not found:
                continue
            numbers = np.where(street_regions(mask) == PERSON, SKIN, NOTHING).astype(np.uint8)
            for place, item in enumerate(found, start=1):
                numbers[item.mask] = place
            boxed = letterbox(photo, STREET)[0]
            pixels.append(np.dstack([boxed, letterbox_regions(numbers, STREET, NOTHING)]))
            labels.append([item.label for item in found])
        return pixels, labels

    size = f"{STREET[0]}x{STREET[1]}"
    return _kept(f"{data.name}-{data.split}-{size}-{data.fingerprint()}-{_version(garment13)}", make)


def catalogue_cut_outs(data: ParquetSet, most: int, seed: int) -> ItemPhotos:
    """Cut-outs of a catalogue split, made once and kept in the cache.

    Args:
        data: with ``articleType``.
        most: of each class, drawn by the seed.
        seed: of the drawing.

    Raises:
        DataError: there are none.
    """

    def make() -> tuple[list[NDArray[np.uint8]], list[list[int]]]:
        log.info("cutting items out of %s %s (once)", data.name, data.split)
        classes = [class_of(article) for article in data.table(["articleType"])["articleType"].to_pylist()]
        order = np.random.default_rng(seed).permutation(len(classes)).tolist()
        chosen: set[int] = set()
        for name in GARMENT13:
            chosen |= set([place for place in order if classes[place] == name][:most])
        pixels, labels = [], []
        for number, row in enumerate(data.rows(["image", "articleType"])):
            if number not in chosen:
                continue
            try:
                photo, mask, label = cut_out(row)
            except (ImageError, Refused) as error:
                log.debug("%s row %d: %s", data.name, number, error)
                continue
            boxed = letterbox(photo, CUT_OUT)[0]
            pixels.append(np.dstack([boxed, letterbox_regions(mask.astype(np.uint8) * 255, CUT_OUT, 0)]))
            labels.append([label])
        return pixels, labels

    rule = f"{_version(cut_outs13)}-{rule_version()}"
    return _kept(f"{data.name}-{data.split}-{most}of{seed}-{CUT_OUT[0]}-{data.fingerprint()}-{rule}", make)
