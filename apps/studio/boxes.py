"""A photo with things found in it, each a button over the place where it lies: by pointer, finger or keyboard."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from apps.studio.drawing_files import data_url
from fashionviz.boxes import shares_of
from fashionviz.figures.labels import corners, layers
from fashionviz.results import Box

_HERE = Path(__file__).parent
_STYLE = """
figure { position: relative; margin: 0; line-height: 0; border-radius: 6px; overflow: hidden; }
img { width: 100%; height: auto; display: block; }
button {
  position: absolute; padding: 0; margin: 0; min-width: 28px; min-height: 28px; cursor: pointer; background: none;
  border: 2px solid #fff; border-radius: 4px; box-shadow: 0 0 0 1px #0009, inset 0 0 0 1px #0009;
}
button:hover { background: #fff3; }
button[aria-pressed=true] { border: 4px solid #3b5bdb; box-shadow: 0 0 0 2px #fff, inset 0 0 0 1px #fff; }
button:focus-visible { outline: 4px solid #ffbf00; outline-offset: 2px; }
b {
  position: absolute; white-space: nowrap; padding: 0 .35rem; border-radius: 3px; background: #000c; color: #fff;
  font: 600 13px/20px var(--st-font, sans-serif);
}
b span { font-weight: 400; }
button[aria-pressed=true] b { background: #3b5bdb; }
b[data-down=top] { top: 0; }
b[data-down=bottom] { bottom: 0; }
b[data-down=above] { bottom: 100%; }
b[data-down=below] { top: 100%; }
b[data-across=left] { left: 0; }
b[data-across=right] { right: 0; }
button:not([aria-pressed=true], :hover, :focus-visible) b span { display: none; }
"""


@dataclass(frozen=True)
class Spot:
    """A thing in the photo.

    Attributes:
        box: in pixels of the photo.
        name: short, as it stands beside the number: ``dress``.
        more: what stands behind it where there is room: ``93 %``.
    """

    box: Box
    name: str
    more: str = ""

    def words(self, place: int) -> str:
        """All of it, for who hovers over it or hears it.

        Args:
            place: of the thing, from 1.
        """
        return f"{place}. {self.name}" + (f", {self.more}" if self.more else "")


def _mount(**mounted: Any) -> None:
    """The component is registered anew with each run, since sessions come and go."""
    script = (_HERE / "boxes.js").read_text(encoding="utf-8")
    html = '<figure role="group"><img></figure>'
    st.components.v2.component("fashionviz_boxes", html=html, css=_STYLE, js=script)(**mounted)


def boxes(
    picture: NDArray[np.uint8],
    size: tuple[int, int],
    spots: Sequence[Spot],
    chosen: int,
    *,
    key: str,
    label: str,
    alt: str,
    on_choose: Callable[[int], None],
) -> None:
    """Draw the photo and its buttons.

    Args:
        picture: the photo as it is shown, ``(h, w, 3)``: it may be smaller than the photo.
        size: width and height of the photo, in whose pixels the boxes are.
        spots: the things, in order.
        chosen: place of the one that is chosen, from 0.
        key: of the element; unique on the page.
        label: what the buttons are, for who hears them.
        alt: what the photo is.
        on_choose: called with the place of a thing that was pressed, before the page runs again.
    """

    def pressed() -> None:
        place = st.session_state[key].get("chosen")
        if isinstance(place, int) and 0 <= place < len(spots):  # it comes from a browser
            on_choose(place)

    out = io.BytesIO()
    Image.fromarray(picture).save(out, "JPEG", quality=88)
    places = [shares_of(spot.box, size) for spot in spots]
    listed = [
        {
            "left": 100 * place.left, "top": 100 * place.top, "width": 100 * place.width, "height": 100 * place.height,
            "layer": layer, "down": down, "across": across, "number": number, "name": spot.name, "more": spot.more,
            "words": spot.words(number), "chosen": number == chosen + 1,
        }
        for number, (spot, place, layer, (down, across)) in enumerate(
            zip(spots, places, layers(places), corners(places), strict=True), start=1
        )
    ]  # fmt: skip
    data = {
        "picture": data_url(out.getvalue(), "image/jpeg"), "width": picture.shape[1], "height": picture.shape[0],
        "alt": alt, "label": label, "boxes": listed,
    }  # fmt: skip
    _mount(key=key, data=data, on_chosen_change=pressed)
