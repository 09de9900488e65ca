"""Real items that are most like a drawing, in the features of the shipped classifier."""

from __future__ import annotations

import streamlit as st

from apps.studio import item_photos, state
from apps.studio.answered import answered
from apps.studio.gallery import SIDE
from fashionviz.data.items import ItemRef, item_bytes
from fashionviz.drawing_results import Drawing, GeneratorInfo

COUNT = 6


def nearest_real(info: GeneratorInfo, drawn: Drawing) -> None:
    """The items that the drawing resembles most: whether it copies one, anybody can see."""
