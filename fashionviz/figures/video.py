"""A watched video as figures: who wore what when, and where the time of a frame went."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from math import log10
from typing import Any

import plotly.graph_objects as go

from fashionviz.data.garment13 import GARMENT13
from fashionviz.figures.theme import GREY, PALETTE, class_colour, layout
from fashionviz.video.results import BUDGET_MS, Sighting, Watched

#: What the timeline cannot say by itself.
WEARERS = (
    "“Person 1” and so on are numbers for items that move together in the picture. Nobody is recognised: somebody who "
    "leaves and comes back gets a new number."
)
#: Height of a row and of everything that is no row, in pixels.
_ROW, _AROUND = 26, 96
#: Letters of a title in the hover at most.
_LONGEST = 60
_GRID = "rgba(128,128,128,0.2)"
#: Figures of a stage: attribute, name, marker and colour. The shapes tell them apart without colours.
_FIGURES = (
    ("p50", "p50", "circle", PALETTE[0]),
    ("p95", "p95", "triangle-up", PALETTE[1]),
    ("p99", "p99", "square", PALETTE[5]),
    ("mean", "mean a frame", "diamond-open", PALETTE[2]),
)
#: Least value that a logarithmic axis shows, in milliseconds, and where it has numbers.
_LEAST_MS = 0.01
_TICKS = (0.01, 0.1, 1, 10, 100, 1000, 10_000, 100_000)
#: What the markers are.
STAGES = (
    "p50, p95 and p99 are of the frames in which a stage had work: 50, 95 and 99 of 100 took no longer. The mean is of "
    "every frame of the video, so a detector that looks at every third costs a third. Paper 001 "
    "allows a frame 33 ms; the other line is the time that the video itself gives a frame."
)


def colour_of(label: str) -> str:
    """The colour of an item: that of its class in the video itself and in every figure."""
    return class_colour(label, GARMENT13) if label in GARMENT13 else GREY


def titled(sighting: Sighting) -> str:
    """The most alike shop item by name, cut where it is long."""
    if not sighting.matches:
        return "no match"
    title = sighting.matches[0].item.title or sighting.matches[0].item.id
    return title if len(title) <= _LONGEST else f"{title[: _LONGEST - 1].rstrip()}…"


def nearest(sighting: Sighting) -> str:
    """The most alike shop item, and how alike it is, in words."""
    title = titled(sighting)
    if not sighting.matches:
        return title
    best = sighting.matches[0]
    alike = f"similarity {best.score:.3f}"
    return f"{title}, {alike}" if best.probability is None else f"{title}, {best.probability:.0%} probable, {alike}"


def timeline_rows(result: Watched) -> list[dict[str, Any]]:
    """The table behind the timeline: a row an item, by wearer and time."""
    rows = []
    for sighting in _by_wearer(result):
        best = sighting.matches[0] if sighting.matches else None
        rows.append(
            {
                "item": sighting.id,
                "person": sighting.wearer,
                "label": sighting.label,
                "from, s": round(sighting.first_s, 2),
                "to, s": round(sighting.last_s, 2),
                "nearest item": (best.item.title or best.item.id) if best else "",
                "similarity": round(best.score, 4) if best else None,
                "probability": best.probability if best else None,
            }
        )
    return rows


def timeline_figure(result: Watched, *, chosen: int | None = None) -> go.Figure:
    """From when to when each item is in sight, a row an item, under the person whose items move together with it.

    Args:
        result: of a video.
        chosen: number of an item whose name is marked.

    Returns:
        A figure whose bars carry the item's number as custom data.
    """
    figure = go.Figure()
    places: dict[int, float] = {}
    names: list[tuple[float, str]] = []
    place = 0.0
    for wearer in result.wearers:
        own = [s for s in _by_wearer(result) if s.wearer == wearer]
        names.append((place, f"<b>Person {wearer}</b>"))
        place += 1
        for sighting in own:
            places[sighting.id] = place
            words = escape(f"{sighting.id} {sighting.label}")
            names.append((place, f"<b>▸ {words}</b>" if sighting.id == chosen else words))
            place += 1
    for label in sorted({s.label for s in result.sightings}):
        shown = [s for s in _by_wearer(result) if s.label == label]
        figure.add_bar(
            name=escape(label),
            orientation="h",
            y=[places[s.id] for s in shown],
            base=[s.first_s for s in shown],
            x=[_length(s, result) for s in shown],
            width=0.72,
            customdata=[s.id for s in shown],
            text=[_hover(s) for s in shown],
            textposition="none",
            hovertemplate="%{text}<extra></extra>",
            marker={"color": colour_of(label)},
            unselected={"marker": {"opacity": 1}},  # the choice is marked at its name, not by paling all others
        )
    figure.update_layout(
        layout(
            round(_AROUND + _ROW * max(1.0, place)),
            margin={"l": 8, "r": 16, "t": 8, "b": 48},
            barmode="overlay",
            showlegend=False,
            clickmode="event+select",
            dragmode=False,
        )
    )
    figure.update_xaxes(
        title="seconds of the video",
        range=[0, max(result.seconds, 0.1)],
        automargin=True,
        gridcolor=_GRID,
        zeroline=False,
    )
    figure.update_yaxes(
        tickvals=[at for at, _ in names],
        ticktext=[name for _, name in names],
        range=[place - 0.4, -0.6],
        automargin=True,
        showgrid=False,
        zeroline=False,
    )
    return figure


def stage_rows(result: Watched) -> list[dict[str, Any]]:
    """The table behind the time budget: a row a stage, milliseconds."""
    return [
        {
            "stage": time.stage,
            "frames with work": time.n,
            "p50, ms": round(time.p50, 2),
            "p95, ms": round(time.p95, 2),
            "p99, ms": round(time.p99, 2),
            "mean a frame, ms": round(time.mean, 2),
        }
        for time in result.stages
    ]


def stages_figure(result: Watched) -> go.Figure:
    """How long every stage takes, against 33 ms and against the time that the video itself gives a frame.

    Args:
        result: of a video.
    """
    figure = go.Figure()
    stages = [time.stage for time in result.stages]
    shown = [BUDGET_MS, 1000 / result.info.fps]
    for attribute, name, symbol, colour in _FIGURES:
        values = [max(_LEAST_MS, float(getattr(time, attribute))) for time in result.stages]
        shown += values
        figure.add_scatter(
            x=values,
            y=stages,
            mode="markers",
            name=name,
            marker={"symbol": symbol, "size": 11, "color": colour, "line": {"width": 2, "color": colour}},
            customdata=[time.n for time in result.stages],
            hovertemplate=f"%{{y}}, {name}: %{{x:.1f}} ms; work in %{{customdata:,}} frames<extra></extra>",
        )
    own = 1000 / result.info.fps
    lines = [(BUDGET_MS, f"{BUDGET_MS:g} ms", "dash"), (own, f"{own:.0f} ms, video", "dot")]
    # The names stand on both sides: at 30 frames a second the lines all but meet. On a logarithmic axis a line's
    # place is its value, a text's the logarithm of it.
    for (value, words, dash), left in zip(sorted(lines, key=lambda line: line[0]), (True, False), strict=True):
        figure.add_vline(x=value, line={"color": GREY, "width": 2, "dash": dash})
        figure.add_annotation(
            x=log10(value), xref="x", y=1, yref="paper", yanchor="bottom",
            xanchor="right" if left else "left", xshift=-4 if left else 4, text=words, showarrow=False,
            font={"size": 12, "color": GREY},
        )  # fmt: skip
    figure.update_layout(
        layout(
            170 + 32 * max(1, len(stages)),
            margin={"l": 8, "r": 16, "t": 64, "b": 48},
            legend={"orientation": "h", "y": 1.1, "x": 0, "yanchor": "bottom"},
            showlegend=True,
        )
    )
    figure.update_xaxes(
        title="milliseconds (logarithmic)",
        type="log",
        range=[log10(min(shown)) - 0.15, log10(max(shown)) + 0.25],  # else the lines' names would stretch it
        tickvals=_TICKS,
        ticktext=[f"{value:,}" for value in _TICKS],
        tickangle=0,
        automargin=True,
        gridcolor=_GRID,
    )
    figure.update_yaxes(categoryorder="array", categoryarray=stages[::-1], automargin=True, gridcolor=_GRID)
    return figure


def _by_wearer(result: Watched) -> Iterator[Sighting]:
    yield from sorted(result.sightings, key=lambda s: (s.wearer, s.first_s, s.id))


def _length(sighting: Sighting, result: Watched) -> float:
    """Seconds in sight, the frame in which it was last seen included: what was seen once is no bar of no length."""
    return sighting.last_s - sighting.first_s + 1 / result.info.fps


def _hover(sighting: Sighting) -> str:
    """What stands beside the pointer; a stranger's words are text."""
    return (
        f"<b>{sighting.id} {escape(sighting.label)}</b>, person {sighting.wearer}<br>"
        f"{sighting.first_s:.1f} to {sighting.last_s:.1f} s, {sighting.views} views<br>{escape(nearest(sighting))}"
    )
