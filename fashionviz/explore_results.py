"""Frozen results about a whole split: a channel's top items, class averages, a map of embeddings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fashionviz.results import ModelRef, ModelView, Timings


@dataclass(frozen=True)
class Source:
    """The items that something was made from.

    Attributes:
        data_set, split: where they come from.
        n: how many.
        limit: items of each class at most; ``None`` where all were taken.
    """

    data_set: str
    split: str
    n: int
    limit: int | None = None

    @property
    def words(self) -> str:
        """In words, for a caption."""
        most = f", at most {self.limit} of each class" if self.limit is not None else ""
        return f"{self.n:,} items of the {self.split} split of {self.data_set}{most}"


@dataclass(frozen=True)
class TopItem:
    """An item that excites a channel.

    Attributes:
        id: in its data set.
        value: the largest value of the channel's map for it.
    """

    id: str
    value: float


@dataclass(frozen=True)
class TopItems:
    """The items of a split that excite a channel most, strongest first.

    Attributes:
        model: name and weight hash.
        layer, channel: whose.
        source: the items that were looked at.
        items: nine, or as many as there are.
    """

    model: ModelRef
    layer: str
    channel: int
    source: Source
    items: tuple[TopItem, ...]


@dataclass(frozen=True)
class ChannelAttribution:
    """Which pixels excite a channel.

    Attributes:
        model: name and weight hash.
        layer, channel: whose.
        method: ``guided-backprop``, or ``gradient`` where the network has no ReLUs.
        explained: what of the channel's map was walked back: its ``maximum``; where a ReLU6 clips it, so that nothing
            flows back from it, the ``unclipped maximum`` before that ReLU6 or, where the layer does not end in one, the
            map's ``mean``; ``value`` where the layer has no height and width.
        activation: the maximum (before clipping, where that is explained), or the value.
        place: row and column of the maximum in the map, or ``None``.
        values: ``(3, H, W)`` float32, signed, on the model's normalised input.
        view: the photo as the model receives it.
        timings: decode, queue, compute.
    """

    model: ModelRef
    layer: str
    channel: int
    method: str
    explained: Literal["maximum", "unclipped maximum", "mean", "value"]
    activation: float
    place: tuple[int, int] | None
    values: NDArray[np.float32] = field(repr=False)
    view: ModelView
    timings: Timings


@dataclass(frozen=True)
class ClassAverages:
    """The average photo and the average attribution of every class.

    Attributes:
        model: name and weight hash.
        classes: in the order of the arrays.
        method: for the class itself, ``guided-backprop`` or ``gradient``.
        right_only: whether only rightly answered items count.
        source: the items that were looked at.
        counts: ``(K,)`` items of each class.
        photos: ``(K, h, w, 3)`` uint8, mean of the photos as the model receives them.
        signed: ``(K, 3, h, w)`` float32, mean of the signed attributions.
        magnitude: ``(K, h, w)`` float32, mean of the largest magnitude over the colour channels.
    """

    model: ModelRef
    classes: tuple[str, ...]
    method: str
    right_only: bool
    source: Source
    counts: NDArray[np.int64] = field(repr=False)
    photos: NDArray[np.uint8] = field(repr=False)
    signed: NDArray[np.float32] = field(repr=False)
    magnitude: NDArray[np.float32] = field(repr=False)


@dataclass(frozen=True)
class EmbeddingMap:
    """A map of a split in two dimensions: what lies close together looks alike to the model.

    Attributes:
        model: name and weight hash.
        source: the items.
        method: how it was made, in words; axes have no unit.
        ids: of the items.
        xy: ``(N, 2)`` float32.
    """

    model: ModelRef
    source: Source
    method: str
    ids: tuple[str, ...]
    xy: NDArray[np.float32] = field(repr=False)
