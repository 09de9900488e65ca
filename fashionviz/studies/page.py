"""``docs/studies/NAME.md`` from the record: every figure measured, none typed."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np

from fashionviz.evaluation.compare import Difference, difference
from fashionviz.studies.record import Record, Result, Score, in_cell
from fashionviz.studies.study import Row, Study

_SETS = {"fpi": "Catalogue photos (`fpi`)", "clothing": "Home photos (`clothing`)"}

_METHOD = (
    "Precision, recall and F1 are averages over the classes. Intervals are 95 %: Wilson for shares, bootstrap over the "
    "photos of each class for averages, of paired shares for differences. They say how far the photos are a sample, "
    "not how far another run would differ: each row was trained once. The last epoch is scored, so nothing was chosen "
    "on these photos; weights are stored in fp16. Seconds are those of training, with the validation of each epoch."
)

#: A row of the study with its result and its score on the photos of a section.
Entry = tuple[Row, Result, Score]


def paired(mine: Entry, theirs: Entry) -> Difference:
    """Accuracy of one row less that of another on the same photos."""
    a, b = mine[2].right_bits(), theirs[2].right_bits()
    return difference(mine[0].title, theirs[0].title, int((a & ~b).sum()), int((b & ~a).sum()), len(a))


def _table(entries: Sequence[Entry]) -> list[str]:
    lines = [
        "| row | training photos | epochs | seconds | n | accuracy | precision | recall | F1 |",
        "|---|---:|---:|---:|---:|---|---|---|---|",
    ]
    for row, result, score in entries:
        figures = " | ".join(in_cell(f, 4) for f in (score.accuracy, score.precision, score.recall, score.f1))
        lines.append(
            f"| {row.title} | {result.photos:,} | {result.epochs} | {result.seconds:,.0f} | {score.n:,} | {figures} |"
        )
    return lines


def _classes(entries: Sequence[Entry]) -> list[str]:
    """Recall of each class, the rarest in training first."""
    last = entries[-1][2].classes
    order = np.argsort([c.train for c in last], kind="stable")
    lines = [
        "| class | photos in train | n | " + " | ".join(row.title for row, _, _ in entries) + " |",
        "|---|---:|---:|" + "---|" * len(entries),
    ]
    for i in order:
        cells = " | ".join(in_cell(score.classes[i].recall) for _, _, score in entries)
        lines.append(f"| {last[i].label} | {last[i].train:,} | {last[i].n:,} | {cells} |")
    return lines


def _section(study: Study, photos: tuple[str, str, bool], entries: Sequence[Entry]) -> list[str]:
    data_set, split, crop = photos
    cropped = ", cropped to the box of what stands on white" if crop else ""
    lines = [f"## {_SETS.get(data_set, f'`{data_set}`')}, {split}{cropped}", "", *_table(entries), ""]
    reference = next((e for e in entries if e[0].name == study.reference), None)
    for entry in entries:
        if reference is not None and entry is not reference:
            d = paired(entry, reference)
            low, high = d.ci95
            lines += [
                f"“{d.name}” less “{d.other}”: {d.value:+.4f} ({low:+.4f} to {high:+.4f}) in accuracy, paired, "
                f"n {d.n:,}; {d.only_name:,} right by the first alone, {d.only_other:,} by the second alone.",
                "",
            ]
    return [*lines, "Recall by class, rarest in training first:", "", *_classes(entries), ""]


def study_page(study: Study, record: Record) -> str:
    """The page as Markdown, from the rows that are finished."""
    lines = [
        f"# {study.title}",
        "",
        f"Written by `fashionviz study {study.name}` with the record `{study.name}.json`; a test keeps it current.",
        "",
    ]
    for paragraph in study.about:
        lines += [paragraph, ""]
    lines += [
        _METHOD,
        "",
    ]
    results = {r.name: r for r in record.rows}
    entries: dict[tuple[str, str, bool], list[Entry]] = {}
    for row in study.rows:
        if row.name in results:
            for score in results[row.name].scores:
                entries.setdefault(score.photos, []).append((row, results[row.name], score))
    for photos, found in entries.items():
        lines += _section(study, photos, found)
    missing = [row.title for row in study.rows if row.name not in results]
    if missing:
        lines += [f"Not finished: {', '.join(missing)}. Run `fashionviz study {study.name}` to go on.", ""]
    lines += [f"Reference: {study.paper}", ""]
    machines = dict.fromkeys(f"{r.machine}, torch {r.torch}" for r in record.rows if r.epochs)
    if machines:
        lines += [f"Trained on: {'; '.join(machines)}.", ""]
    lines += ["<details><summary>Settings of each row</summary>", ""]
    for result in record.rows:
        lines.append(f"- `{result.name}`: `{json.dumps(result.settings, sort_keys=True)}`")
    return "\n".join([*lines, "", "</details>"]) + "\n"
