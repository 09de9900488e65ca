"""Which of the garments found in a photo is looked at: chosen on the photo itself or in a list, kept in the address."""

from __future__ import annotations

import math

import streamlit as st

from apps.lab.region import preview
from apps.studio.boxes import Spot, boxes
from apps.studio.state import Held
from fashionviz.match.results import MatchedItem, Matches
from fashionviz.results import Box

#: Key of the list, and the parameter of the address, in which the first garment needs no number.
KEY = "garment"


def spot_of(item: MatchedItem) -> Spot:
    """A garment as a button on the photo."""
    sure = "" if item.score is None else f"{100 * item.score:.0f} %"
    return Spot(item.box, item.label or item.category or "garment", sure)


def rounded(box: Box) -> Box:
    """A box in whole pixels, as code and addresses have it: the garment and its edge are in it."""
    return math.floor(box[0]), math.floor(box[1]), math.ceil(box[2]), math.ceil(box[3])


def which(result: Matches, held: Held) -> int | None:
    """Place of the chosen garment, from 0, with the list to choose from; ``None`` where none was found.

    Args:
        result: of the photo.
        held: the photo. A number belongs to one photo: with another one the choice begins anew.
    """
    if not result.items:
        st.info("No garment was found in the photo. Choose the part of it yourself.")
        return None
    if st.session_state.get("garments_of") != held.digest:
        linked = st.query_params.get(KEY, "") if "garments_of" not in st.session_state else ""
        st.session_state["garments_of"] = held.digest
        st.session_state["garment_place"] = int(linked) if linked.isdecimal() and len(linked) < 4 else 1
    place = min(max(1, st.session_state["garment_place"]), len(result.items))
    _hold(place)
    st.session_state[KEY] = place
    st.segmented_control(
        "Garment", range(1, len(result.items) + 1), required=True, key=KEY, on_change=_listed,
        format_func=lambda number: spot_of(result.items[number - 1]).words(number),
        help="Or choose it on the photo.",
    )  # fmt: skip
    return place - 1


def on_photo(result: Matches, held: Held, chosen: int) -> None:
    """The photo with a button over every garment."""
    boxes(
        preview(held.photo, None),
        (held.photo.width, held.photo.height),
        [spot_of(item) for item in result.items],
        chosen,
        key="garment_boxes",
        label="Garments in your photo",
        alt="Your photo",
        on_choose=lambda place: choose(place + 1),
    )


def choose(place: int) -> None:
    """Look at this garment, numbered from 1; for callbacks."""
    _hold(place)
    st.query_params.pop("why", None)  # it was asked about the other garment


def _listed() -> None:
    choose(int(st.session_state[KEY]))


def _hold(place: int) -> None:
    st.session_state["garment_place"] = place
    if place > 1:
        if st.query_params.get(KEY) != str(place):
            st.query_params[KEY] = str(place)
    else:
        st.query_params.pop(KEY, None)
