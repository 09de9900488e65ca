"""Frozen results about regions: what each pixel of a photo shows, and how well a network tells on a split."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashionviz.results import Box, ModelRef, ModelView, Timings


def labels_at(probabilities: NDArray[np.floating], size: tuple[int, int]) -> NDArray[np.uint8]:
    """The most probable class of each pixel of a picture of another size.

    Probabilities are interpolated, not labels: borders stay smooth.

    Args:
        probabilities: ``(K, h, w)``.
        size: height and width of the picture.

    Returns:
        ``(height, width)`` uint8 class indices.
    """
    if probabilities.shape[1:] == size:
        scaled = np.asarray(probabilities)
    else:
        layers = (Image.fromarray(np.asarray(layer, np.float32)) for layer in probabilities)
        resized = (layer.resize(size[::-1], Image.Resampling.BILINEAR) for layer in layers)
        scaled = np.stack([np.asarray(layer) for layer in resized])
    return scaled.argmax(axis=0).astype(np.uint8)


@dataclass(frozen=True)
class Segmentation:
    """What each pixel of a photo shows.

    Attributes:
        model: name and weight hash.
        classes: by index: background, garment, skin and hair.
        labels: ``(H, W)`` uint8 class indices at the pixels of ``view``; the padding is background.
        probabilities: ``(K, H, W)`` float32 at the same pixels; they sum to 1.
        view: what the network received.
        timings: decode, queue, compute.
        note: words that must stand beside the classes.
        box: the region asked about, or ``None``.
    """

    model: ModelRef
    classes: tuple[str, ...]
    labels: NDArray[np.uint8] = field(repr=False)
    probabilities: NDArray[np.float32] = field(repr=False)
    view: ModelView
    timings: Timings
    note: str = ""
    box: Box | None = None

    def labels_on(self, size: tuple[int, int]) -> NDArray[np.uint8]:
        """The labels at the pixels of the photo, or of the region that was asked about; the padding is cut away.

        Args:
            size: height and width of it, ``(h, w)``.

        Returns:
            ``(h, w)`` uint8 class indices.
        """
        return labels_at(self.view.placement.cut(self.probabilities), size)

    @property
    def shares(self) -> tuple[float, ...]:
        """Share of the photo, or of the region, that each class covers, in the order of ``classes``; they sum to 1."""
        labels = self.view.placement.cut(self.labels)
        return tuple(float((labels == i).mean()) for i in range(len(self.classes)))


@dataclass(frozen=True)
class RegionFigure:
    """One class on a split, counted in pixels of all its photos together.

    Attributes:
        label: its name.
        iou, iou_ci95: intersection over union and its 95 % interval over resampled photos.
        precision, recall: shares of its pixels, 0..1.
        share: of all pixels that are truly of it.
    """

    label: str
    iou: float
    iou_ci95: tuple[float, float]
    precision: float
    recall: float
    share: float


@dataclass(frozen=True)
class RegionReport:
    """How well a network tells regions apart on a split, in pixels of the photos at their own sizes.

    Attributes:
        model: name and weight hash.
        data_set, split: what it was scored on.
        classes: in the order of the matrix.
        n: photos scored; ``skipped`` had no mask, or could not be read.
        miou, miou_ci95: mean of the classes' intersection over union, 95 % interval over resampled photos.
        pixel_accuracy, pixel_accuracy_ci95: share of pixels that are right, likewise.
        person_as_garment, person_as_garment_ci95: share of the pixels of skin and hair that are called garment.
        garment_as_person, garment_as_person_ci95: the other way round.
        per_class: in the order of ``classes``.
        confusion: ``(K, K)`` counts of pixels, true class by row.
        note: where the masks come from, where nobody drew them.
    """

    model: ModelRef
    data_set: str
    split: str
    classes: tuple[str, ...]
    n: int
    skipped: int
    miou: float
    miou_ci95: tuple[float, float]
    pixel_accuracy: float
    pixel_accuracy_ci95: tuple[float, float]
    person_as_garment: float
    person_as_garment_ci95: tuple[float, float]
    garment_as_person: float
    garment_as_person_ci95: tuple[float, float]
    per_class: tuple[RegionFigure, ...]
    confusion: NDArray[np.int64] = field(repr=False)
    note: str = ""
