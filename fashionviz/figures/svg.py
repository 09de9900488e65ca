"""Small SVG pictures as text, for committed pages: plotly's static export would need a browser.

They have a white ground of their own, since a page that shows them may be dark.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from fashionviz.figures.theme import FONT, LIGHT

#: Width of a letter at 13 pixels, a little more than most are.
LETTER = 7.2


@dataclass(frozen=True)
class Scale:
    """A linear scale from values to pixels.

    Attributes:
        low, high: ends of the values.
        start, end: their pixels; ``start`` may be the larger one.
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The pixel of a value."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def round_range(values: Sequence[float], most: int = 7) -> tuple[float, float, tuple[float, ...]]:
    """Round ends around some shares, and ticks between them.

    Args:
        values: finite, at least one.
        most: how many intervals between ticks at most.

    Returns:
        Low end, high end, and the ticks, both ends included.
    """
    low, high = min(values), max(values)
    step = next(s for s in (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, math.inf) if high - low <= s * (most - 2))
    if not math.isfinite(step):
        raise ValueError("these are no shares")
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    last = max(last, first + 1)
    ticks = tuple(i * step for i in range(first, last + 1))
    return ticks[0], ticks[-1], ticks


def text(x: float, y: float, words: str, anchor: str = "start", colour: str = LIGHT.text, bold: bool = False) -> str:
    """A line of words whose baseline is at ``y``."""
    weight = ' font-weight="600"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"{weight}>{escape(words)}</text>'


def line(x0: float, y0: float, x1: float, y1: float, colour: str, width: float = 1.0) -> str:
    """A straight line."""
    return f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" stroke="{colour}" stroke-width="{width:g}"/>'


def polyline(points: Sequence[tuple[float, float]], colour: str, width: float = 2.0) -> str:
    """A line through points."""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width:g}"/>'


def dot(x: float, y: float, colour: str, words: str, radius: float = 5.0) -> str:
    """A dot that says its words when the mouse rests on it."""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{colour}"><title>{escape(words)}</title></circle>'


def picture(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    """A whole file.

    Args:
        width, height: pixels.
        title: what it shows, for those who cannot see it.
        parts: elements, drawn in this order.
    """
    font = FONT.replace("'", "")
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" role="img" font-family="{font}" font-size="13">'
    )
    ground = f'<rect width="{width:g}" height="{height:g}" fill="{LIGHT.background}"/>'
    return "\n".join([head, f"<title>{escape(title)}</title>", ground, *parts, "</svg>"]) + "\n"
