"""Training curves: loss and scores of training and validation, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from fashionviz.figures.theme import PALETTE, layout
from fashionviz.models.card import FIGURE_NAMES

#: Figures that are shares of right answers, or means of such.
_SHARES = ("accuracy", "department_recall")


def series(history: Sequence[Mapping[str, Any]]) -> tuple[dict[str, str], dict[str, str]]:
    """What a history holds to be drawn, by key with its name for people: the losses, and the figures in 0..1.

    Args:
        history: a row an epoch, as the card's recipe keeps it.
    """
    keys = dict.fromkeys(key for row in history for key in row)
    names = {"train_loss": "training loss", "val_loss": "validation loss"}
    losses = {key: name for key, name in names.items() if key in keys}
    scores = {"train_accuracy": "training accuracy (augmented photos)"} if "train_accuracy" in keys else {}
    for key in keys:
        if key.startswith("val_") and key not in ("val_loss", "val_score"):
            data_set, _, figure = key.removeprefix("val_").partition("_")
            scores[key] = f"validation {FIGURE_NAMES.get(figure, figure.replace('_', ' '))} ({data_set})"
    return losses, scores


def curves_figure(history: Sequence[Mapping[str, Any]], height: int = 380) -> go.Figure:
    """Loss, and the scores beside it, over the epochs counted from 1; training is dotted.

    Args:
        history: a row an epoch with ``epoch`` (from 0) and any figures of the training module.
        height: in pixels.
    """
    losses, scores = series(history)
    right = "Share right" if all(key.endswith(_SHARES) for key in scores) else "Score"
    panels = [(title, found) for title, found in (("Loss", losses), (right, scores)) if found]
    figure = make_subplots(rows=1, cols=max(1, len(panels)), subplot_titles=[title for title, _ in panels])
    for column, (_, found) in enumerate(panels, start=1):
        colours = cycle((PALETTE[0], PALETTE[2], PALETTE[3]))
        for key, name in found.items():
            training = key.startswith("train")
            rows = [row for row in history if key in row]
            figure.add_scatter(
                x=[int(row["epoch"]) + 1 for row in rows],
                y=[row[key] for row in rows],
                name=name,
                mode="lines+markers",
                line={"color": PALETTE[1] if training else next(colours), "dash": "dot" if training else "solid"},
                hovertemplate=f"epoch %{{x}}: %{{y:.4f}}<extra>{name}</extra>",
                row=1,
                col=column,
            )
    figure.update_xaxes(title_text="epoch", dtick=max(1, len(history) // 8))
    figure.update_layout(layout(height, legend={"orientation": "h", "y": -0.22, "x": 0}))
    return figure


def metric_names(histories: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, str]:
    """What can be compared between runs: key and name for people, what most runs logged first.

    Args:
        histories: of each run, by name.
    """
    found: dict[str, str] = {}
    for history in histories.values():
        losses, scores = series(history)
        chosen = {"val_score": "score on validation, by which the epoch is kept"}
        chosen = {key: name for key, name in chosen.items() if any(key in row for row in history)}
        found = {**found, **losses, **chosen, **scores}
        if any("learning_rate" in row for row in history):
            found["learning_rate"] = "learning rate"
    count = {key: sum(any(key in row for row in history) for history in histories.values()) for key in found}
    return dict(sorted(found.items(), key=lambda item: -count[item[0]]))


def runs_figure(histories: Mapping[str, Sequence[Mapping[str, Any]]], metric: str, height: int = 420) -> go.Figure:
    """One figure of several runs over the epochs counted from 1; runs that did not log it are left out.

    Args:
        histories: of each run, by name; a name's place gives its colour.
        metric: a key of :func:`metric_names`.
        height: in pixels.
    """
    figure = go.Figure()
    for place, (name, history) in enumerate(histories.items()):
        rows = [row for row in history if metric in row]
        if rows:
            figure.add_scatter(
                x=[int(row["epoch"]) + 1 for row in rows],
                y=[row[metric] for row in rows],
                name=name,
                mode="lines+markers",
                line={"color": PALETTE[place % len(PALETTE)]},
                marker={"symbol": place % 6, "size": 9},
                hovertemplate=f"epoch %{{x}}: %{{y:.4f}}<extra>{name}</extra>",
            )
    figure.update_layout(
        layout(
            height,
            margin={"l": 8, "r": 16, "t": 8, "b": 8},
            legend={"orientation": "h", "y": -0.2, "x": 0},
            showlegend=True,
        )
    )
    longest = max((len(history) for history in histories.values()), default=1)
    figure.update_xaxes(title="epoch", dtick=max(1, longest // 10))
    figure.update_yaxes(title=metric_names(histories).get(metric, metric), automargin=True)
    return figure
