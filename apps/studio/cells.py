"""Pictures in a grid, each a button: by pointer, finger or keyboard. What a picture stands for is the page's affair."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from apps.studio.drawing_files import data_url
from fashionviz.images import encode_png

_HERE = Path(__file__).parent
_STYLE = """
[role=group] {
  display: grid; gap: 4px;
  grid-template-columns: repeat(auto-fill, minmax(min(var(--side), calc(25% - 4px)), 1fr));
}
button {
  position: relative; padding: 0; border: 0; border-radius: 6px; overflow: hidden; cursor: pointer;
  background: #fff; aspect-ratio: 1; line-height: 0; outline: 1px solid var(--st-border-color, #8884);
}
img { width: 100%; height: 100%; object-fit: cover; }
button:hover { outline: 2px solid var(--st-primary-color); }
button:focus-visible { outline: 3px solid var(--st-primary-color); z-index: 1; }
button[aria-pressed=true] { outline: 3px solid var(--st-primary-color); z-index: 1; }
b {
  position: absolute; top: 4px; left: 4px; min-width: 1.25rem; padding: 0 .3rem; box-sizing: border-box;
  border-radius: 1rem; font: 600 .8rem/1.25rem var(--st-font, sans-serif); text-align: center;
  color: #fff; background: #3b5bdb;
}
b:empty { display: none; }
"""


@dataclass(frozen=True)
class Cell:
    """A picture of a grid.

    Attributes:
        pixels: ``(H, W, 3)`` uint8.
        words: what it is, for who hovers over it or hears it.
        number: its place among the picked ones, from 1; 0 where it is not picked.
    """

    pixels: NDArray[np.uint8]
    words: str
    number: int = 0


def _mount(**mounted: Any) -> None:
    """The component is registered anew with each run, since sessions come and go."""
    script = (_HERE / "cells.js").read_text(encoding="utf-8")
    st.components.v2.component("fashionviz_cells", html='<div role="group"></div>', css=_STYLE, js=script)(**mounted)


def cells(shown: Sequence[Cell], key: str, label: str, on_choose: Callable[[int], None], side: int = 112) -> None:
    """Draw the grid.

    Args:
        shown: the pictures, in order.
        key: of the element; unique on the page.
        label: what the grid is, for who hears it.
        on_choose: called with the place of a picture that was pressed, before the page runs again.
        side: of a picture in pixels, at least; on a narrow screen four stand in a row.
    """

    def chosen() -> None:
        place = st.session_state[key].get("chosen")
        if isinstance(place, int) and 0 <= place < len(shown):  # it comes from a browser
            on_choose(place)

    listed = [
        {"picture": data_url(encode_png(c.pixels), "image/png"), "words": c.words, "number": c.number} for c in shown
    ]
    _mount(key=key, data={"cells": listed, "label": label, "side": side}, on_chosen_change=chosen)
