"""A sweep's page and pictures, from its record alone: nothing is typed, and a test keeps them current."""

from __future__ import annotations

from pathlib import Path

from fashionviz.figures.sweep import curves_picture, order_picture, step_picture
from fashionviz.sweeps.record import Row, StepRecord, SweepRecord, Trial, load_record


def files_of(record: SweepRecord) -> dict[str, str]:
    """The files that are made from a record, by name: the page and its pictures."""
    files = {f"{record.study}.md": page(record)}
    for step in record.steps:
        files[f"{record.study}-{step.name}.svg"] = step_picture(record, step)
    files[f"{record.study}-trials.svg"] = order_picture(record)
    files[f"{record.study}-curves.svg"] = curves_picture(record)
    return files


def write(record: SweepRecord, folder: Path) -> Path:
    """Write record, page and pictures; the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{record.study}.json").write_text(record.text(), encoding="utf-8")
    for name, text in files_of(record).items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder / f"{record.study}.md"


def out_of_date(folder: Path) -> list[str]:
    """Names of files in a folder of records that are not what the records say, or belong to none.

    Raises:
        DataError: a record is damaged.
    """
    expected: dict[str, str] = {}
    for path in sorted(folder.glob("*.json")):
        record = load_record(path)
        expected |= {path.name: record.text(), **files_of(record)}
    present = {p.name: p.read_text(encoding="utf-8") for p in folder.iterdir() if p.suffix in (".json", ".md", ".svg")}
    return sorted(n for n in expected.keys() | present.keys() if expected.get(n) != present.get(n))


def told_apart(winner: Trial, other: Trial) -> bool:
    """Whether the winner's accuracy lies above the other's 95 % interval; if not, chance may have chosen."""
    assert winner.accuracy is not None
    assert other.ci95 is not None
    return winner.accuracy > other.ci95[1]


def page(record: SweepRecord) -> str:
    """The page as Markdown: one table a step, the winner, and what could as well have won."""
    frames = ", ".join(f"{h}×{w}" for h, w in record.frames)
    took = _duration(sum(t.seconds or 0.0 for t in record.trials))
    finished = [t for t in record.trials if t.state == "finished"]
    machines = "; ".join(sorted({t.machine for t in record.trials if t.machine})) or "no machine yet"
    versions = ", ".join(f"{name} {version}" for name, version in record.versions.items())
    lines = [
        f"# {record.title}",
        "",
        f"Written by `{record.command}` from [{record.study}.json]({record.study}.json); a test keeps it current.",
        "",
        record.note,
        "",
        f"- Model `{record.model}`; {record.photos:,} of {record.photos_of:,} training photos, drawn by class with "
        f"seed {record.seed}; {record.epochs} epochs at {frames} pixels (height×width).",
        f"- Scored on {record.data_set} {record.split} at {record.scored_at[0]}×{record.scored_at[1]} pixels, "
        f"n {record.n:,}, at the best epoch of each trial; nothing was scored on test. Intervals are 95 % (Wilson).",
        f"- {len(finished)} finished trials, {took} of training on {machines}; {versions}.",
        "- One seed: how much a trial changes with another seed was not measured. All trials are scored on the same "
        "photos, of which the best is chosen: the winner's accuracy is a little too high as an estimate.",
        "",
    ]
    if not record.complete:
        lines += ["**The search is not finished**: what follows is how far it is.", ""]
    for number, step in enumerate(record.steps, 1):
        lines += _step(record, step, number)
    lines += _outcome(record)
    lines += [f"![Trials in their order]({record.study}-trials.svg)", ""]
    lines += [f"![Winners by epoch]({record.study}-curves.svg)", ""]
    lines += _failures(record)
    return "\n".join(lines).rstrip() + "\n"


def _step(record: SweepRecord, step: StepRecord, number: int) -> list[str]:
    title = " × ".join(step.dimensions)
    lines = [
        f"## {number}. {title[0].upper()}{title[1:]}",
        "",
        "| " + " | ".join(step.dimensions) + " | accuracy | 95 % interval | n | best epoch | seconds | trial |",
        "|---|" + "---|" * (len(step.dimensions) - 1) + "---:|---|---:|---:|---:|---:|",
    ]
    lines += [_row(record, row, i == step.winner, step.name) for i, row in enumerate(step.rows)]
    lines += ["", *_verdict(record, step), "", f"![{title}]({record.study}-{step.name}.svg)", ""]
    return lines


def _row(record: SweepRecord, row: Row, won: bool, step: str) -> str:
    trial = record.trial(row.trial)
    names = [f"**{v}**" if won else v for v in row.choices.values()]
    if trial is None:
        cells = ["not run yet", "–", "–", "–", "–", "–"]
    elif trial.accuracy is None or trial.ci95 is None:
        cells = ["failed", "–", "–", "–", f"{trial.seconds or 0:.0f}", str(trial.number)]
    else:
        accuracy = f"**{trial.accuracy:.4f}**" if won else f"{trial.accuracy:.4f}"
        kept = "" if trial.step == step else f" (of {trial.step})"
        cells = [
            accuracy, f"{trial.ci95[0]:.4f} – {trial.ci95[1]:.4f}", f"{trial.n:,}", str(trial.epoch),
            f"{trial.seconds or 0:.0f}", f"{trial.number}{kept}",
        ]  # fmt: skip
    return "| " + " | ".join([*names, *cells]) + " |"


def _name(row: Row) -> str:
    return " with ".join(f"{k} {v}" for k, v in row.choices.items())


def _verdict(record: SweepRecord, step: StepRecord) -> list[str]:
    if step.winner is None:
        waiting = any(row.trial is None for row in step.rows)
        return ["No winner yet." if waiting else "Every trial of this step failed, so the search cannot go on."]
    best = record.trial(step.rows[step.winner].trial)
    assert best is not None
    others = [(row, record.trial(row.trial)) for i, row in enumerate(step.rows) if i != step.winner]
    scored = [(row, trial) for row, trial in others if trial is not None and trial.ci95 is not None]
    close = [_name(row) for row, trial in scored if not told_apart(best, trial)]
    said = f"Winner: **{_name(step.rows[step.winner])}**."
    if close:
        return [f"{said} It differs by less than the interval from: {'; '.join(close)}. Chance may have chosen."]
    return [f"{said} Its accuracy lies above the interval of every other choice." if scored else said]


def _outcome(record: SweepRecord) -> list[str]:
    if not record.complete:
        return []
    chosen: dict[str, str] = {}
    last = None
    for step in record.steps:
        assert step.winner is not None
        row = step.rows[step.winner]
        chosen |= row.choices
        last = record.trial(row.trial)
    assert last is not None
    assert last.ci95 is not None
    first = next(t for t in record.trials if t.state == "finished")
    lines = [
        "## Outcome",
        "",
        "| dimension | chosen |",
        "|---|---|",
        *(f"| {k} | {v} |" for k, v in chosen.items()),
        "",
        f"Accuracy {last.accuracy:.4f} ({last.ci95[0]:.4f} – {last.ci95[1]:.4f}, n {last.n:,}), trial {last.number}; "
        f"the first trial had {first.accuracy:.4f}. The recipe stands in the record under `best`.",
        "",
    ]
    return lines


def _failures(record: SweepRecord) -> list[str]:
    failed = [t for t in record.trials if t.state == "failed"]
    stopped = [t for t in record.trials if t.state == "interrupted"]
    lines = []
    if failed:
        lines += ["## Failed trials", "", *(f"- Trial {t.number} ({t.step}): {t.sentence}" for t in failed), ""]
    if stopped:
        lines += [f"Interrupted and run again: trial {', '.join(str(t.number) for t in stopped)}.", ""]
    return lines


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{seconds:.0f} s" if seconds < 90 else f"{minutes} min" if minutes < 90 else f"{minutes / 60:.1f} h"
