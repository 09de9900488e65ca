"""An embedding map as a scatter whose points can be picked, lassoed and boxed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np
import plotly.graph_objects as go

from fashionviz.explain.map_items import FALSE, FOUND, MISSED, NEITHER, RIGHT, UNKNOWN, WRONG, MapItem
from fashionviz.explore_results import EmbeddingMap
from fashionviz.figures.theme import ACCENT, GREY, PALETTE, class_colour, layout

#: Colours that do not depend on the model; what is as expected stays in the background.
FIXED = {
    RIGHT: PALETTE[4], WRONG: PALETTE[5], UNKNOWN: GREY,
    FOUND: PALETTE[0], MISSED: PALETTE[1], FALSE: PALETTE[5], NEITHER: "#B9BECC",
}  # fmt: skip
#: Classes with a colour of their own; the rarer ones share grey, since the palette would repeat.
COLOURED = len(PALETTE)
OTHERS = "other classes"
_MARKS = {WRONG: "x", MISSED: "diamond", FALSE: "x"}


def colour_names(labels: Sequence[str], classes: tuple[str, ...]) -> dict[str, str]:
    """The colour of every name in a legend, most frequent first; of many classes the frequent ones have their own."""
    counts = Counter(labels)
    names = [name for name, _ in counts.most_common()]
    if set(names) <= set(FIXED) | {""}:
        return {name: FIXED.get(name, GREY) for name in names}
    if len(classes) <= COLOURED:
        return {name: class_colour(name, classes) if name in classes else GREY for name in names}
    own = [name for name in names if name in classes][:COLOURED]
    return {name: PALETTE[own.index(name)] if name in own else GREY for name in names}


def map_figure(
    made: EmbeddingMap,
    items: Sequence[MapItem],
    classes: tuple[str, ...],
    *,
    by: str = "label",
    chosen: Collection[int] = (),
) -> go.Figure:
    """The map, a trace a colour, the point's place in the map as its custom data.

    Args:
        made: the map.
        items: what is known of each, in the same order.
        classes: of the model, in the order of its logits.
        by: ``label`` or ``verdict``.
        chosen: places that are ringed.
    """
    names = [(item.label if by == "label" else item.verdict) or UNKNOWN for item in items]
    colours = colour_names(names, classes)
    many = len(classes) > COLOURED and by == "label" and not set(colours) <= set(FIXED)
    shown = {name: OTHERS if many and colour == GREY else name for name, colour in colours.items()}
    figure = go.Figure()
    for title in dict.fromkeys(shown.values()):
        places = [place for place, name in enumerate(names) if shown[name] == title]
        colour = next(colours[name] for name in colours if shown[name] == title)
        figure.add_trace(
            go.Scatter(
                x=made.xy[places, 0],
                y=made.xy[places, 1],
                mode="markers",
                name=f"{title} ({len(places):,})",
                customdata=places,
                text=[_words(items[place]) for place in places],
                hovertemplate="%{text}<extra></extra>",
                marker={"color": colour, "size": 6, "opacity": 0.75, "symbol": _MARKS.get(title, "circle")},
            )
        )
    if chosen:
        ringed = np.array(sorted(chosen))
        figure.add_trace(
            go.Scatter(
                x=made.xy[ringed, 0], y=made.xy[ringed, 1], mode="markers", name=f"chosen ({len(ringed):,})",
                hoverinfo="skip", marker={"color": "rgba(0,0,0,0)", "size": 9, "line": {"color": GREY, "width": 0.8}},
            )
        )  # fmt: skip
    bar = {"bgcolor": "rgba(0,0,0,0)", "color": GREY, "activecolor": ACCENT}
    figure.update_layout(layout(620, dragmode="lasso", legend={"orientation": "h", "y": -0.02}, modebar=bar))
    hidden = {"visible": False}
    figure.update_xaxes(**hidden)
    figure.update_yaxes(**hidden, scaleanchor="x")
    return figure


def _words(item: MapItem) -> str:
    said = f"<br>said {item.said}" if item.said else ""
    return f"{item.id}<br>{item.label or UNKNOWN}{said}"
