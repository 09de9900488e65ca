"""Sweeps: the grid of a step with intervals, the trials in their order, and the curves of the winners. All SVG."""

from __future__ import annotations

from itertools import accumulate

from fashionviz.figures import svg
from fashionviz.figures.theme import ACCENT, LIGHT, PALETTE
from fashionviz.sweeps.record import StepRecord, SweepRecord, Trial

WIDTH = 760
_ROW = 28
_COLUMNS = 4


def step_picture(record: SweepRecord, step: StepRecord) -> str:
    """The points of a step's grid: accuracy on validation with its 95 % interval, the winner in the accent colour.

    Args:
        record: whose trials the rows name.
        step: one of its steps; rows that have not been run or failed say so.
    """
    rows = [(" · ".join(row.choices.values()), record.trial(row.trial)) for row in step.rows]
    left = 24 + svg.LETTER * max(len(label) for label, _ in rows)
    ends = [end for _, trial in rows if trial and trial.ci95 for end in trial.ci95]
    low, high, ticks = svg.round_range(ends or [0.0, 1.0])
    x = svg.Scale(low, high, left, WIDTH - 150)
    bottom = 16 + _ROW * len(rows)
    parts = _ticks_below(x, ticks, 12, bottom)
    for i, (label, trial) in enumerate(rows):
        y = 12 + _ROW * (i + 0.5)
        won = i == step.winner
        parts.append(svg.text(left - 12, y + 4, label, "end", bold=won))
        if trial is None or trial.accuracy is None or trial.ci95 is None:
            parts.append(svg.text(left + 8, y + 4, "failed" if trial else "not run yet", colour=LIGHT.muted))
            continue
        colour = ACCENT if won else LIGHT.muted
        parts.append(svg.line(x(trial.ci95[0]), y, x(trial.ci95[1]), y, colour, 2))
        parts.append(svg.dot(x(trial.accuracy), y, colour, f"{label}: {_said(trial)}"))
        parts.append(svg.text(WIDTH - 138, y + 4, f"{trial.accuracy:.4f}" + (" chosen" if won else ""), bold=won))
    below = f"{_measured(record)}; lines: 95 % intervals"
    parts.append(svg.text((x.start + x.end) / 2, bottom + 40, below, "middle", LIGHT.muted))
    return svg.picture(WIDTH, bottom + 54, f"{' × '.join(step.dimensions)}: {below}", parts)


def order_picture(record: SweepRecord) -> str:
    """Every finished trial in the order they were run, the best so far as a line, the steps named below."""
    done = [(t, t.accuracy) for t in record.trials if t.accuracy is not None]
    low, high, ticks = svg.round_range([accuracy for _, accuracy in done] or [0.0, 1.0])
    y = svg.Scale(low, high, 260, 20)
    x = svg.Scale(-0.5, max(len(done), 1) - 0.5, 70, WIDTH - 20)
    parts = _ticks_left(y, ticks, x)
    best = list(accumulate((accuracy for _, accuracy in done), max))
    stairs = [(x(i), y(v)) for i in range(len(best)) for v in (best[max(0, i - 1)], best[i])]
    if stairs:
        parts.append(svg.polyline([*stairs, (x.end, y(best[-1]))], LIGHT.muted, 1))
    colours = _colours(record)
    for i, (trial, accuracy) in enumerate(done):
        words = f"trial {trial.number}, {', '.join(f'{k} {v}' for k, v in trial.choices.items())}: {_said(trial)}"
        parts.append(svg.dot(x(i), y(accuracy), colours.get(trial.step, LIGHT.muted), words))
    below = "finished trials in the order they were run; line: the best so far"
    parts.append(svg.text((x.start + x.end) / 2, 286, below, "middle", LIGHT.muted))
    for i, step in enumerate(record.steps):
        left, top = 78 + (i % _COLUMNS) * 165, 316 + 20 * (i // _COLUMNS)
        parts += [svg.dot(left, top, colours[step.name], step.name), svg.text(left + 12, top + 4, step.name)]
    height = 320 + 20 * -(-len(record.steps) // _COLUMNS)
    return svg.picture(WIDTH, height, f"Trials: {_measured(record)}", parts)


def curves_picture(record: SweepRecord) -> str:
    """Accuracy on validation by epoch of the trial that won each step."""
    figure = f"val_{record.data_set}_accuracy"
    curves: dict[int, tuple[str, Trial]] = {}
    for step in record.steps:
        trial = None if step.winner is None else record.trial(step.rows[step.winner].trial)
        if trial is not None and all(figure in row for row in trial.history):
            curves.setdefault(trial.number, (step.name, trial))  # a winner may stay the winner of later steps
    values = [row[figure] for _, trial in curves.values() for row in trial.history]
    low, high, ticks = svg.round_range(values or [0.0, 1.0])
    y = svg.Scale(low, high, 260, 20)
    x = svg.Scale(1, max(record.epochs, 2), 70, WIDTH - 230)
    parts = _ticks_left(y, ticks, x)
    parts += [svg.text(x(e), 280, str(e), "middle", LIGHT.muted) for e in range(1, record.epochs + 1)]
    for i, (name, trial) in enumerate(curves.values()):
        colour, top = _colours(record)[name], 30 + 22 * i
        points = [(x(row["epoch"] + 1), y(row[figure]), row[figure]) for row in trial.history]
        parts.append(svg.polyline([(px, py) for px, py, _ in points], colour))
        parts += [svg.dot(px, py, colour, f"{name}: {value:.4f}", 3) for px, py, value in points]
        parts.append(svg.dot(WIDTH - 200, top, colour, name))
        parts.append(svg.text(WIDTH - 188, top + 4, f"{name} (trial {trial.number})"))
    parts.append(svg.text((x.start + x.end) / 2, 302, "epoch", "middle", LIGHT.muted))
    return svg.picture(WIDTH, max(316, 40 + 22 * len(curves)), f"Winners by epoch: {_measured(record)}", parts)


def _colours(record: SweepRecord) -> dict[str, str]:
    return {step.name: PALETTE[i % len(PALETTE)] for i, step in enumerate(record.steps)}


def _measured(record: SweepRecord) -> str:
    return f"accuracy on {record.data_set} {record.split}, n {record.n:,}"


def _said(trial: Trial) -> str:
    assert trial.ci95 is not None
    return f"{trial.accuracy:.4f} ({trial.ci95[0]:.4f} – {trial.ci95[1]:.4f}, n {trial.n:,})"


def _ticks_below(x: svg.Scale, ticks: tuple[float, ...], top: float, bottom: float) -> list[str]:
    grid = [svg.line(x(t), top, x(t), bottom, LIGHT.border) for t in ticks]
    return grid + [svg.text(x(t), bottom + 18, _share(t, ticks), "middle", LIGHT.muted) for t in ticks]


def _ticks_left(y: svg.Scale, ticks: tuple[float, ...], x: svg.Scale) -> list[str]:
    grid = [svg.line(x.start, y(t), x.end, y(t), LIGHT.border) for t in ticks]
    return grid + [svg.text(x.start - 10, y(t) + 4, _share(t, ticks), "end", LIGHT.muted) for t in ticks]


def _share(value: float, ticks: tuple[float, ...]) -> str:
    return f"{value:.1%}" if ticks[1] - ticks[0] < 0.01 else f"{value:.0%}"
