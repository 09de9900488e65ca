"""The pictures that assurance is fitted, chosen and measured on: garments of every kind, and pictures without one.

Three stages that share no picture: *fit*, *choose* (thresholds) and *measure*. Photos of the three stages come from the
train, validation and test splits; home photos have no test split here, so that a fifth of train serves for choosing.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from fashionviz import images
from fashionviz.data.cache import decoded
from fashionviz.data.examples import KINDS, draw
from fashionviz.data.patterns import FITTED, UNSEEN, patterns
from fashionviz.data.samples import sample_photos
from fashionviz.data.sets import ParquetSet, open_set
from fashionviz.errors import DataError, ImageError
from fashionviz.evaluation.evaluate import label_rule
from fashionviz.models.preprocess import letterbox
from fashionviz.models.registry import ModelSpec
from fashionviz.training.sources import Source, backgrounds, street_masks

log = logging.getLogger(__name__)

Pixels = NDArray[np.uint8]
#: What counts as a garment in the catalogue, for tasks that its labels do not serve.
GARMENTS = ("Apparel", "Accessories", "Footwear")


@dataclass(frozen=True)
class Sizes:
    """How many pictures of a kind at most, by stage; catalogue photos for choosing and measuring are more."""

    fit: int = 1000
    choose: int = 400
    measure: int = 400
    catalogue: int = 2500


SIZES = Sizes()
#: For networks with so many operations that the whole of it would take two cores half an hour.
FEW = Sizes(fit=300, choose=200, measure=200, catalogue=600)
#: Floating-point operations a photo from which a network counts as one of those.
HEAVY = 6e9


def sizes_for(spec: ModelSpec, network: nn.Module) -> Sizes:
    """How many pictures a network can be asked about in reasonable time; the same on every machine.

    Args:
        spec: whose input.
        network: in evaluation mode.
    """
    device = next(network.parameters()).device
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, 3, *spec.input_size, device=device))
    return FEW if counter.get_total_flops() >= HEAVY else SIZES


@dataclass(frozen=True)
class Album:
    """Pictures of one kind, as the network receives them.

    Attributes:
        title: what they are, in words.
        data_set, split: where they come from.
        garments: whether they show garments.
        pixels: ``(N, H, W, 3)`` uint8.
        truth: class names, or ``None`` without labels.
        by_department: whether an answer is right when its department is (street photos).
        rows: row numbers in the split, empty for drawn pictures.
    """

    title: str
    data_set: str
    split: str
    garments: bool
    pixels: Pixels = field(repr=False)
    truth: tuple[str, ...] | None = None
    by_department: bool = False
    rows: tuple[int, ...] = ()


def _rng(seed: int, *words: str) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32("/".join(words).encode())])


def _boxed(pictures: list[Pixels], spec: ModelSpec) -> Pixels:
    if not pictures:
        return np.empty((0, *spec.input_size, 3), dtype=np.uint8)
    return np.stack([letterbox(p, spec.input_size)[0] for p in pictures])


def _labelled(spec: ModelSpec, data: ParquetSet) -> tuple[list[int], list[str] | None]:
    """The rows that show garments, with their classes where the task's rule gives any."""
    try:
        rule, columns = label_rule(spec, data)
    except DataError:
        names: list[str | None] = []
    else:
        names = [rule(row) for row in data.table(columns).to_pylist()]
    known = [i for i, name in enumerate(names) if name in spec.task.classes]
    if known:
        return known, [str(names[i]) for i in known]
    if "masterCategory" in data.columns:
        column = data.table(["masterCategory"]).column("masterCategory").to_pylist()
        return [i for i, category in enumerate(column) if category in GARMENTS], None
    return list(range(len(data))), None


def part_of(picture: Pixels, rng: np.random.Generator, least: float = 0.55) -> Pixels:
    """A random part of a picture, at least that share of either side: visitors ask about parts of a photo too."""
    height, width = picture.shape[:2]
    h, w = (max(8, round(side * rng.uniform(least, 1))) for side in (height, width))
    y, x = int(rng.integers(0, max(1, height - h + 1))), int(rng.integers(0, max(1, width - w + 1)))
    return picture[y : y + h, x : x + w]


def garment_photos(
    spec: ModelSpec,
    data_set: str,
    split: str,
    title: str,
    *,
    limit: int,
    seed: int,
    keep: Callable[[int], bool] = lambda row: True,
    parts: float = 0.0,
) -> Album:
    """Photos of a split that show garments.

    Args:
        spec: whose input and classes.
        data_set, split, title: what.
        limit: at most so many, chosen by the seed.
        seed: of the choice.
        keep: which rows.
        parts: share of the photos of which only a part is taken.

    Raises:
        DataError: the split is not there.
    """
    data = open_set(data_set, split)
    rng = _rng(seed, data_set, split)
    rows, names = _labelled(spec, data)
    places = [i for i, row in enumerate(rows) if keep(row)]
    chosen = sorted(int(i) for i in rng.permutation(places)[:limit])
    encoded = data.images([rows[i] for i in chosen])
    pictures, kept = [], []
    for i in chosen:
        try:
            picture = images.decode(encoded[rows[i]]).pixels
        except ImageError as error:
            log.warning("%s %s row %d: %s", data_set, split, rows[i], error)
            continue
        pictures.append(part_of(picture, rng) if rng.random() < parts else picture)
        kept.append(i)
    return Album(
        title,
        data_set,
        split,
        True,
        _boxed(pictures, spec),
        None if names is None else tuple(names[i] for i in kept),
        by_department=data_set == "ccp" and spec.task.name == "gender_category",
        rows=tuple(rows[i] for i in kept),
    )


def windows(spec: ModelSpec, split: str, *, count: int, seed: int) -> Album:
    """Windows of street photos outside the person's mask, of several shapes.

    The masks leave passers-by out, so that some windows show one. Corners of home photos, which serve as backgrounds
    in training, are not taken: garments reach into half of them.

    Args:
        spec: whose input.
        split: of ``ccp``.
        count: how many.
        seed: of the choice.

    Raises:
        DataError: the split is not there, or has no photo with a mask.
    """
    size = (240, 160)
    data = open_set("ccp", split)
    n = len(data)
    unknown, even = torch.ones(n, 1, dtype=torch.bool), torch.full((n,), 1 / n)
    street = Source(decoded(data, size), unknown, "street", even, alpha=street_masks(data, size))
    rng = _rng(seed, "windows", split)
    pictures = [part_of(p, rng) for p in backgrounds(street, None, count, seed)]
    return Album("street windows without a person", "ccp", split, False, _boxed(pictures, spec))


def drawn_patterns(spec: ModelSpec, kinds: tuple[str, ...], title: str, *, count: int, first: int) -> Album:
    """Drawn pictures that show no garment, with the seeds from ``first`` on."""
    return Album(title, "drawn", f"seeds from {first:,}", False, _boxed(patterns(kinds, count, first), spec))


def drawn_garments(spec: ModelSpec, *, seeds: range) -> Album:
    """The example garments of our own."""
    pictures = [draw(kind, seed) for seed in seeds for kind in KINDS]
    return Album("drawn example garments", "drawn", f"seeds from {seeds.start:,}", True, _boxed(pictures, spec))


def samples(spec: ModelSpec) -> Album:
    """scikit-image's sample photos.

    Raises:
        DataError: scikit-image is not installed.
    """
    photos = list(sample_photos().values())
    if not photos:
        raise DataError("scikit-image is not installed: its sample photos are not measured.")
    return Album("scikit-image's sample photos", "skimage", "all", False, _boxed(photos, spec))


Builder = Callable[[], Album]
#: First seed of the drawn pictures of each stage.
_FIRST = {"fit": 0, "choose": 100_000, "measure": 200_000}


def _held(row: int) -> bool:
    """Home photos of train that are kept for choosing."""
    return row % 5 == 0


def catalogue_of(spec: ModelSpec) -> str:
    """The catalogue that a model is asked about: that of its task where it has one, at its size, else the small one."""
    return spec.task.data_set if spec.task.data_set.startswith("fpi") else "fpi"


def to_fit(spec: ModelSpec, seed: int, sizes: Sizes) -> tuple[Builder, ...]:
    """What the logistic regression learns from."""
    n, first = sizes.fit, _FIRST["fit"]
    return (
        lambda: garment_photos(spec, catalogue_of(spec), "train", "catalogue photos", limit=n, seed=seed),
        lambda: garment_photos(
            spec, "clothing", "train", "home photos", limit=n, seed=seed, keep=lambda row: not _held(row), parts=0.5
        ),
        lambda: garment_photos(spec, "ccp", "train", "street photos", limit=n, seed=seed, parts=0.5),
        lambda: drawn_garments(spec, seeds=range(1000, 1000 + max(1, n // 250))),
        lambda: windows(spec, "train", count=n, seed=seed),
        lambda: drawn_patterns(spec, FITTED, "drawn patterns", count=n, first=first + seed),
    )


def to_choose(spec: ModelSpec, seed: int, sizes: Sizes) -> tuple[Builder, ...]:
    """What penalty and thresholds are chosen on."""
    n, first = sizes.choose, _FIRST["choose"]
    return (
        lambda: garment_photos(
            spec, catalogue_of(spec), "validation", "catalogue photos", limit=sizes.catalogue, seed=seed
        ),
        lambda: garment_photos(spec, "clothing", "train", "home photos", limit=n, seed=seed, keep=_held, parts=0.5),
        lambda: garment_photos(spec, "ccp", "validation", "street photos", limit=n, seed=seed, parts=0.5),
        lambda: windows(spec, "validation", count=n, seed=seed),
        lambda: drawn_patterns(spec, FITTED, "drawn patterns", count=n, first=first + seed),
    )


def to_measure(spec: ModelSpec, seed: int, sizes: Sizes) -> tuple[Builder, ...]:
    """What the card reports."""
    n, first = sizes.measure, _FIRST["measure"]
    return (
        lambda: garment_photos(spec, catalogue_of(spec), "test", "catalogue photos", limit=sizes.catalogue, seed=seed),
        lambda: garment_photos(spec, "clothing", "validation", "home photos", limit=n, seed=seed),
        lambda: garment_photos(spec, "ccp", "test", "street photos", limit=n, seed=seed),
        lambda: drawn_garments(spec, seeds=range(2)),
        lambda: windows(spec, "test", count=n, seed=seed),
        lambda: drawn_patterns(spec, FITTED, "drawn patterns of the fitted kinds", count=n, first=first + seed),
        lambda: drawn_patterns(spec, UNSEEN, "drawn patterns of other kinds", count=n, first=first + seed),
        lambda: samples(spec),
    )


def present(builders: tuple[Builder, ...]) -> Iterator[Album]:
    """The albums whose pictures are there, one in memory at a time; those that are missing are logged."""
    for build in builders:
        try:
            album = build()
        except DataError as error:
            log.warning("Left out: %s", error)
            continue
        if len(album.pixels):
            yield album
