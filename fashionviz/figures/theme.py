"""One look: colours, fonts and scales shared by the portal, the lab, the studio and every figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from fashionviz.results import ClassScore, TagGroup

#: One accent; text on it is white (contrast 5.9:1).
ACCENT = "#3B5BDB"
FONT = "Inter, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


@dataclass(frozen=True)
class Scheme:
    """Colours of one mode."""

    background: str
    surface: str
    border: str
    text: str
    muted: str


LIGHT = Scheme("#FFFFFF", "#F6F7FB", "#DFE3EE", "#1B2033", "#5B6478")
DARK = Scheme("#12141C", "#1B1E2A", "#323749", "#EEF0F7", "#A3ABC0")

#: Okabe and Ito's palette without its yellow and black, and five colours that are as far from these and from each other
#: in CIELAB, also as people with protanopia, deuteranopia and tritanopia see them (Machado et al. 2009).
PALETTE = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#7300E6", "#734D26", "#990073", "#994DE6",
    "#E6264D",
)  # fmt: skip
#: Beside the palette, for what is no class.
GREY = "#555B6E"

#: Magnitudes (viridis) and signed values (red, white, blue, centred on zero).
MAGNITUDE = "Viridis"
SIGNED = ((0.0, "#B2182B"), (0.25, "#EF8A62"), (0.5, "#FFFFFF"), (0.75, "#67A9CF"), (1.0, "#2166AC"))


def class_colour(label: str, classes: tuple[str, ...]) -> str:
    """The colour of a class: the same on every page, from its place among the model's classes."""
    return PALETTE[classes.index(label) % len(PALETTE)]


def tag_colour(tag: ClassScore, groups: Sequence[TagGroup]) -> str:
    """The colour of a tag: that of its group, the same on every page, from the group's place among the tagger's.

    Args:
        tag: one of a group's.
        groups: of the prediction.
    """
    place = next(number for number, group in enumerate(groups) if tag in group.tags)
    return PALETTE[place % len(PALETTE)]


class Scored(Protocol):
    """What is said of pictures of a split: a report, or a pair of models."""

    @property
    def data_set(self) -> str:
        """The data set's name."""

    @property
    def split(self) -> str:
        """The split."""

    @property
    def n(self) -> int:
        """Pictures."""


def scored_title(what: str, scored: Scored) -> dict[str, object]:
    """A figure's title, with the data set, the split and the number of pictures below it: it travels with the picture.

    Args:
        what: what the figure shows, in a few words.
        scored: what it is about.
    """
    return {
        "text": f"{what}<br><sup>{scored.data_set} {scored.split}, n = {scored.n:,}</sup>",
        "x": 0,
        "xref": "container",
        "y": 1,
        "yref": "container",
        "yanchor": "top",
        "pad": {"t": 18, "l": 8},
        "font": {"size": 14},
    }


def layout(height: int, **changes: object) -> go.Layout:
    """Plotly layout in the house style; transparent, so that it suits light and dark pages."""
    base: dict[str, object] = {
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 32, "b": 8},
        "font": {"family": FONT, "size": 13},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hoverlabel": {"font": {"family": FONT}},
    }
    return go.Layout(**{**base, **changes})


def _ramp(values: NDArray[np.float64], stops: tuple[tuple[float, str], ...]) -> NDArray[np.uint8]:
    places = [s[0] for s in stops]
    rgb = np.array([[int(s[1][i : i + 2], 16) for i in (1, 3, 5)] for s in stops], dtype=np.float64)
    channels = [np.interp(values, places, rgb[:, c]) for c in range(3)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


_VIRIDIS = tuple(
    (i / 10, colour)
    for i, colour in enumerate(
        (
            "#440154", "#482576", "#414487", "#35608D", "#2A788E", "#21908C",
            "#22A884", "#43BF71", "#7AD151", "#BBDF27", "#FDE725",
        )
    )
)  # fmt: skip


def viridis(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Values in 0..1 to ``(..., 3)`` uint8 in viridis."""
    return _ramp(np.clip(np.asarray(values, dtype=np.float64), 0, 1), _VIRIDIS)


def signed(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Values in -1..1 to ``(..., 3)`` uint8: red negative, white zero, blue positive."""
    return _ramp((np.clip(np.asarray(values, dtype=np.float64), -1, 1) + 1) / 2, SIGNED)
