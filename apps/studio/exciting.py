"""What excites a channel: the visitor's photo and the nine test items, each with guided backprop from the channel."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from apps.studio import item_photos, parts
from apps.studio.answered import answered
from apps.studio.charts import save_picture
from fashionviz import images
from fashionviz.errors import Cancelled
from fashionviz.explore_results import ChannelAttribution, TopItems
from fashionviz.figures.channels import channel_photo, channel_signed
from fashionviz.inference.engine import Engine
from fashionviz.results import Progress

SIDE = 132


@dataclass(frozen=True)
class Asked:
    """One layer's channel of one model.

    Attributes:
        model, sha256: whose weights.
        layer, channel: which.
    """

    model: str
    sha256: str
    layer: str
    channel: int

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What answers about it depend on."""
        return (self.model, self.sha256, self.layer, self.channel)


def explain_items(
    engine: Engine,
    asked: Asked,
    photos: dict[str, NDArray[np.uint8]],
    on_progress: Callable[[Progress], None],
    cancel: threading.Event,
) -> dict[str, ChannelAttribution]:
    """Guided backprop from a channel for some items, one after the other.

    Raises:
        Cancelled: ``cancel`` was set.
        Overloaded: too many explanations are waiting.
    """
    found: dict[str, ChannelAttribution] = {}
    began = time.monotonic()
    for identifier, pixels in photos.items():
        if cancel.is_set():
            raise Cancelled("Stopped before it was done.")
        photo = images.from_pixels(pixels)
        found[identifier] = engine.explain_channel(photo, asked.model, asked.layer, asked.channel, cancel=cancel)
        spent = (time.monotonic() - began) / len(found)
        on_progress(Progress(len(found), len(photos), spent * (len(photos) - len(found))))
    return found


def _explained(asked: Asked, photos: dict[str, NDArray[np.uint8]]) -> dict[str, ChannelAttribution]:
    """The items' attributions, from this session or from a job in the background; empty while that runs."""
    key = ("excite", *asked.key, tuple(photos))
    engine = parts.engine()
    found = answered(
        key,
        lambda report, cancel: explain_items(engine, asked, photos, report, cancel),
        "Guided backprop from this channel",
        step="item",
    )
    return found or {}


def own_photo(asked: Asked, result: ChannelAttribution, *, cut: bool) -> None:
    """The visitor's photo and what of it excites the channel."""
    words = {
        "maximum": "walked back from the strongest place of its map",
        "unclipped maximum": "walked back from the strongest place of its map before ReLU6 clips it",
        "mean": "walked back from the mean of its map, since its strongest place is clipped by ReLU6",
        "value": "walked back from its value",
    }[result.explained]
    left, right = st.columns(2, gap="large")
    photo, heat = channel_photo(result, cut=cut), channel_signed(result, cut=cut)
    part = "What the channel saw of your photo" if cut else "Your photo as the model received it"
    with left:
        st.image(parts.shown(photo, 420), width="stretch", output_format="PNG", alt=part)
        st.caption(f"{part}, {photo.shape[1]}×{photo.shape[0]} px.")
    with right:
        name = "Guided backprop" if result.method == "guided-backprop" else "Gradient"
        st.image(
            parts.shown(heat, 420), width="stretch", output_format="PNG",
            alt=f"{name} from channel {asked.channel} of {asked.layer} on your photo",
        )  # fmt: skip
        place = f" at row {result.place[0]}, column {result.place[1]}" if result.place else ""
        st.caption(
            f"{name}, {words}. The channel answers {result.activation:.4g} at most{place}; "
            f"{result.timings.compute:.0f} ms."
        )
    if not result.values.any():
        st.info("This channel does not answer to your photo: nothing flows back from it.")
    stem = f"{asked.model}-{asked.layer}-{asked.channel}"
    title = f"From channel {asked.channel} of {asked.layer}, {asked.model}"
    save_picture(parts.shown(heat, 640), "channel", stem, title)


def top_nine(asked: Asked, top: TopItems, *, cut: bool) -> None:
    """The items in order, each with its picture, what of it excites the channel, and a way to it."""
    labels = item_photos.item_labels(asked.model)
    ids = tuple(item.id for item in top.items)
    photos = item_photos.photos_or_offer(top.source, ids)
    # Strongest first, also after the data set gave them back in its own order.
    photos = {identifier: photos[identifier] for identifier in ids if identifier in photos}
    found = _explained(asked, photos) if photos else {}
    if photos:
        with st.container(horizontal=True, gap="small"):
            for rank, item in enumerate(top.items, start=1):
                _item(asked, top, rank, item.id, item.value, labels.get(item.id, ""), photos, found, cut=cut)
        parts.legend_signed("inhibits the channel", "excites the channel")
    table(top, labels)


def _item(
    asked: Asked,
    top: TopItems,
    rank: int,
    identifier: str,
    value: float,
    label: str,
    photos: dict[str, NDArray[np.uint8]],
    found: dict[str, ChannelAttribution],
    *,
    cut: bool,
) -> None:
    if identifier not in photos:
        return
    with st.container(width=SIDE, gap="xsmall", key=f"top_{rank}"):
        result = found.get(identifier)
        pixels = channel_photo(result, cut=cut) if result else photos[identifier]
        what = f"Item {identifier}{', ' + label if label else ''}"
        st.image(item_photos.square(pixels, 2 * SIDE), width=SIDE, alt=what, output_format="PNG")
        if result:
            st.image(
                item_photos.square(channel_signed(result, cut=cut), 2 * SIDE),
                width=SIDE,
                alt=f"What of item {identifier} excites channel {asked.channel}",
                output_format="PNG",
            )
        st.caption(f"{rank}. {value:.4g}" + (f" · {label}" if label else ""))
        st.page_link(
            "views/layers.py",
            label=f"Item {identifier}",
            query_params={
                "model": asked.model, "layer": asked.layer, "channel": str(asked.channel),
                "item": item_photos.address(top.source, identifier),
            },
        )  # fmt: skip


def table(top: TopItems, labels: dict[str, str]) -> None:
    """The same in numbers."""
    with st.expander("Table of the top items"):
        st.dataframe(
            pd.DataFrame(
                {
                    "rank": range(1, len(top.items) + 1),
                    "id": [item.id for item in top.items],
                    "value": [item.value for item in top.items],
                    "true": [labels.get(item.id, "") for item in top.items],
                }
            ),
            hide_index=True,
            column_config={"value": st.column_config.NumberColumn(format="%.4g")},
        )


def code(asked: Asked, indexed: Sequence[str]) -> None:
    """The same in Python and in a terminal."""
    with st.expander("The same in code"):
        lines = [
            "from pathlib import Path",
            "from fashionviz import images",
            "from fashionviz.inference.engine import shared_engine",
            "photo = images.decode(Path('photo.jpg').read_bytes())",
            f"result = shared_engine().explain_channel(photo, {asked.model!r}, {asked.layer!r}, {asked.channel})",
        ]
        st.code("\n".join(lines), language="python", wrap_lines=True)
        if asked.layer in indexed:
            st.code(
                f"fashionviz channels {asked.model} --layer {asked.layer} --channel {asked.channel} --json",
                language="bash",
                wrap_lines=True,
            )
