"""Which part of the photo is asked about: the choice on the pages that offer it."""

from __future__ import annotations

import streamlit as st

from apps.lab.region import CHOICES, CUSTOM, WHOLE
from apps.studio import state


def choose_region() -> None:
    """Which part of the photo to ask about: a whole outfit is no single garment. :func:`state.region` reads it."""
    st.segmented_control("Part of the photo", CHOICES, default=WHOLE, required=True, key="region", bind="query-params")
    if st.session_state["region"] == CUSTOM:
        across, down = st.columns(2)
        across.slider("From left to right, % of the width", 0, 100, state.SPAN, key="across", bind="query-params")
        down.slider("From top to bottom, % of the height", 0, 100, state.SPAN, key="down", bind="query-params")
