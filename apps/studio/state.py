"""What a session holds: the visitor's decoded photo, the chosen region and the latest answers about them.

A public item, where one is chosen (:mod:`apps.studio.items`), stands before the visitor's own photo.

Everything lives in ``st.session_state``, which belongs to one browser tab and goes when it closes. Nothing is cached
across sessions and nothing is written to disk.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from apps.lab.region import CUSTOM, PRESETS, WHOLE, edges_to_box
from fashionviz import images
from fashionviz.errors import FashionvizError
from fashionviz.images import Photo
from fashionviz.results import Box

T = TypeVar("T")

#: Answers kept for one photo, so that moving between pages does not ask again.
KEPT = 8
#: Key and query parameter of the field that names a public item.
ITEM = "item"
#: Where the sliders of a region of one's own stand at first, in percent.
SPAN = (10, 90)


@dataclass(frozen=True)
class Held:
    """The session's photo: its pixels, a digest that names them, and the name the visitor gave it."""

    photo: Photo
    digest: str
    name: str


def held() -> Held | None:
    """The session's photo: a public item that was chosen, else the visitor's own."""
    return st.session_state.get("item_held") or st.session_state.get("held")


def problem() -> str:
    """Why the last photo could not be used, or an empty string."""
    return str(st.session_state.get("problem", ""))


def take_bytes(data: bytes, name: str) -> None:
    """Bring in an uploaded photo through the only door; on failure keep the sentence and drop what was there."""
    _take(lambda: images.decode(data), name)


def take_pixels(pixels: NDArray[np.uint8], name: str) -> None:
    """Bring in a picture that we drew."""
    _take(lambda: images.from_pixels(pixels), name)


def _take(read: Callable[[], Photo], name: str) -> None:
    forget()
    try:
        photo = read()
    except FashionvizError as error:
        st.session_state["problem"] = str(error)
        return
    digest = digest_of(photo.pixels)
    st.session_state["held"] = Held(photo, digest, name)


def digest_of(pixels: NDArray[np.uint8]) -> str:
    """A name for pixels: the same for the same."""
    return hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()[:16]


def forget() -> None:
    """Drop the photo, a public item before it, and everything said about them; for callbacks."""
    job = st.session_state.pop("job", None)
    if job is not None:
        job.cancel()
    for key in ("held", "problem", "answers", "item_held", "item_problem"):
        st.session_state.pop(key, None)
    if st.session_state.get(ITEM):
        st.session_state[ITEM] = ""


def answer(key: tuple[Hashable, ...]) -> Any | None:
    """An answer kept in this session, or ``None``."""
    kept: OrderedDict[tuple[Hashable, ...], Any] = st.session_state.get("answers", OrderedDict())
    return kept.get(key)


def keep(key: tuple[Hashable, ...], value: T) -> T:
    """Keep an answer in this session; the oldest goes when there are more than :data:`KEPT`."""
    kept: OrderedDict[tuple[Hashable, ...], Any] = st.session_state.setdefault("answers", OrderedDict())
    kept[key] = value
    while len(kept) > KEPT:
        kept.popitem(last=False)
    return value


def remember(key: tuple[Hashable, ...], ask: Callable[[], T]) -> T:
    """An answer of this session, asked for once.

    Args:
        key: everything the answer depends on, the photo's digest among it.
        ask: called when it is not known yet; what it raises is not kept.
    """
    known = answer(key)
    return known if known is not None else keep(key, ask())


def region() -> tuple[str, Box | None]:
    """The part of the photo that is asked about: its name and its box in pixels, ``None`` for all of it.

    The choice is made on the Predict page and travels in the address, so that a link to any page carries it.
    """
    photo = held()
    if photo is None:
        return WHOLE, None
    choice = st.session_state.get("region") or st.query_params.get("region", WHOLE)
    if choice == CUSTOM:
        (left, right), (top, bottom) = _span("across"), _span("down")
        return CUSTOM, edges_to_box(photo.photo, (left, top, right, bottom))
    if choice not in PRESETS:
        choice = WHOLE
    return choice, edges_to_box(photo.photo, PRESETS[choice])


def _span(name: str) -> tuple[float, float]:
    """A pair of percentages from its slider or the address; the slider's default where there is no such pair."""
    try:
        low, high = sorted(float(v) for v in st.session_state.get(name) or st.query_params.get_all(name))
    except ValueError:
        return SPAN
    return (low, high) if 0 <= low < high <= 100 else SPAN
