"""``docs/results.md``: every figure from the committed cards and reports, none typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from fashionviz.data.labels import TASKS, Task
from fashionviz.data.regions import DERIVED_NOTE
from fashionviz.detect_results import BoxReport
from fashionviz.embed_results import RetrievalReport
from fashionviz.evaluation.box_report import load_box_report
from fashionviz.evaluation.compare import Comparison, compare
from fashionviz.evaluation.drawing_page import drawing_section
from fashionviz.evaluation.region_report import load_region_report
from fashionviz.evaluation.report import load_report
from fashionviz.evaluation.retrieval_page import retrieval_lines
from fashionviz.evaluation.retrieval_report import load_retrieval_report
from fashionviz.evaluation.tagging_report import load_tagging_report
from fashionviz.models.card import FIGURE_NAMES, AssuranceCard, ModelCard, Share, load_card
from fashionviz.models.registry import list_models
from fashionviz.models.weights import is_trained, model_folder
from fashionviz.results import Report
from fashionviz.segment_results import RegionReport
from fashionviz.tag_results import TaggingReport

#: What the papers report, on their own data: references, never rows of the same table.
REFERENCES: dict[str, str] = {
    "gender_category": (
        "Paper 003 reports train 0.9326, validation 0.9126 and test 0.9175 for a ResNet-152 with a split of its own of "
        "the same catalogue."
    ),
    "clothing10": (
        "Paper 002 reports 0.67 (VGG16), 0.70 (ResNet50) and 0.74 (ResNet50v2) on ten classes of DeepFashion. A "
        "published Xception has 0.898 on the official test split of this data set, which is held out here."
    ),
    "category11": (
        "Paper 001 reports validation 0.75 (28×28 grey) and 0.77 (64×64), top 2 0.85 and 0.87, on street photos of "
        "Street2Shop."
    ),
    "item": (
        "Paper 001 found 0.015 % of its street photos' items in Street2Shop; the study that it cites 0.156 of dresses "
        "first and 0.335 among ten. Those are real street photos: another, harder task than synthetic street views."
    ),
    "tags": ("Paper 000 reports F1 0.453 and accuracy 0.973 on the 228 labels of iMaterialist Fashion 2018."),
    "garment13": (
        "Paper 001 reports AP 0.351, 0.393 and 0.407 for Faster R-CNN on ResNet-50, ResNet-101 and ResNeXt-101 on the "
        "thirteen classes of DeepFashion2, which are others."
    ),
    "category5": (
        "Paper 001 reports validation 0.85 and test 0.83, top 2 0.95 and 0.93, on street photos of Street2Shop."
    ),
}


def _metrics(card: ModelCard) -> list[str]:
    lines = ["| measure | data set | split | n | value | 95 % interval |", "|---|---|---|---:|---:|---|"]
    for m in card.metrics:
        lines.append(
            f"| {FIGURE_NAMES.get(m.name, m.name)} | {m.data_set} | {m.split} | {m.n:,} | {m.value:.4f} | "
            f"{m.ci95[0]:.4f} – {m.ci95[1]:.4f} |"
        )
    return lines


def _classes(report: Report) -> list[str]:
    lines = [
        "| class | precision | recall | F1 | train items | items | predicted |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for i, c in enumerate(report.per_class):
        trained = f"{report.train_counts[i]:,}" if report.train_counts else "–"
        lines.append(
            f"| {c.label} | {c.precision:.4f} | {c.recall:.4f} | {c.f1:.4f} | {trained} | {c.support:,} | "
            f"{c.predicted:,} |"
        )
    return lines


def _share(share: Share | None) -> str:
    if share is None or not share.n:
        return "–"
    return f"{share.value:.4f} ({share.ci95[0]:.4f} – {share.ci95[1]:.4f})"


def _assurance(facts: AssuranceCard) -> list[str]:
    lines = [
        "How often it says so, on pictures that nothing was fitted on (95 % Wilson intervals):",
        "",
        "| pictures | data set | split | n | “not a garment” | “not sure” | right when sure | right when not sure |",
        "|---|---|---|---:|---|---|---|---|",
    ]
    for row in facts.sets:
        lines.append(
            f"| {row.title} | {row.data_set} | {row.split} | {row.n:,} | {_share(row.not_a_garment)} | "
            f"{_share(row.unsure)} | {_share(row.right_sure)} | {_share(row.right_unsure)} |"
        )
    return [*lines, "", facts.note]


def _history(history: Sequence[Mapping[str, Any]]) -> list[str]:
    names = [k for k in dict.fromkeys(k for row in history for k in row) if k != "epoch"]
    lines = [
        "| epoch | " + " | ".join(n.replace("_", " ") for n in names) + " |",
        "|---:|" + "---:|" * len(names),
    ]
    for row in history:
        cells = [f"{row[n]:.4f}" if n in row else "–" for n in names]
        lines.append(f"| {int(row['epoch']) + 1} | " + " | ".join(cells) + " |")
    return lines


def _opening(card: ModelCard) -> list[str]:
    """How every model's section begins: its name, size and figures."""
    facts = f"{card.title}. {card.parameters:,} parameters, stored as {card.dtype}."
    return [f"### `{card.name}`", "", facts, "", *_metrics(card), ""]


def _curve(card: ModelCard) -> list[str]:
    """How it ends: the training history, below a fold, where there is one."""
    history = card.recipe.get("history") or []
    if not history:
        return []
    return ["<details><summary>Training history</summary>", "", *_history(history), "", "</details>", ""]


def _model(card: ModelCard, report: Report) -> list[str]:
    lines = _opening(card)
    lines += [f"By class, {report.data_set} {report.split}, n {report.n:,}:", "", *_classes(report), ""]
    if card.assurance:
        lines += [*_assurance(card.assurance), ""]
    return lines + _curve(card)


def _tagger(model: ModelSection) -> list[str]:
    """A tagger: its figures, then every tag that the scored split has."""
    card, report = model.card, model.tagging
    lines = _opening(card)
    if report is not None:
        lines += [f"By tag, {report.data_set} {report.split}, n {report.n:,}:", "", *_tags(report), ""]
    return lines + _curve(card)


def _segmenter(model: ModelSection) -> list[str]:
    """A segmenter: its figures, then every class of pixels."""
    card, report = model.card, model.regions
    lines = _opening(card)
    if report is not None:
        lines += [
            f"By class of pixel, {report.data_set} {report.split}, n {report.n:,} photos:",
            "",
            "| class | intersection over union | 95 % interval | precision | recall | share of pixels |",
            "|---|---:|---|---:|---:|---:|",
        ]
        for c in report.per_class:
            lines.append(
                f"| {c.label} | {c.iou:.4f} | {c.iou_ci95[0]:.4f} – {c.iou_ci95[1]:.4f} | {c.precision:.4f} | "
                f"{c.recall:.4f} | {c.share:.4f} |"
            )
        lines.append("")
    if any(m.data_set != TASKS["garment"].data_set for m in card.metrics):
        lines += [f"Of catalogue photos: {DERIVED_NOTE[0].lower()}{DERIVED_NOTE[1:]}", ""]
    return lines + _curve(card)


def _embedder(model: ModelSection) -> list[str]:
    """An embedder: its figures, then recall by category."""
    found = [] if model.retrieval is None else retrieval_lines(model.retrieval, model.card.match)
    return [*_opening(model.card), *found, *_curve(model.card)]


def _detector(model: ModelSection) -> list[str]:
    """A detector: its figures, then every class of items."""
    card, report = model.card, model.boxes
    lines = _opening(card)
    if report is not None:
        lines += [
            f"By class, {report.data_set} {report.split}, n {report.n:,} photos with {report.boxes:,} boxes:",
            "",
            "| class | AP50 | 95 % interval | AP | items |",
            "|---|---:|---|---:|---:|",
        ]
        for c in report.per_class:
            low, high = c.ap50_ci95
            shown = f"{c.ap50:.4f} | {low:.4f} – {high:.4f} | {c.ap:.4f}" if c.ap is not None else "– | – | –"
            lines.append(f"| {c.label} | {shown} | {c.support:,} |")
        lines.append("")
    return lines + _curve(card)


def _tags(report: TaggingReport) -> list[str]:
    lines = [
        f"<details><summary>{len(report.per_tag)} tags</summary>",
        "",
        "| tag | said from | precision | recall | F1 | average precision | train items | items | said of |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for t in report.per_tag:
        figures = f"{t.precision:.4f} | {t.recall:.4f} | {t.f1:.4f} | {t.average_precision:.4f}"
        lines.append(
            f"| {t.label} | {t.threshold:.4f} | {figures if t.support else '– | – | – | –'} | {t.train_count:,} | "
            f"{t.support:,} | {t.said:,} |"
        )
    return [*lines, "", "</details>"]


@dataclass(frozen=True)
class ModelSection:
    """What the page says of one model: its card and the report of its kind."""

    card: ModelCard
    report: Report | None = None
    tagging: TaggingReport | None = None
    regions: RegionReport | None = None
    retrieval: RetrievalReport | None = None
    boxes: BoxReport | None = None


@dataclass(frozen=True)
class TaskSection:
    """What the page says of one task.

    Attributes:
        task: the task.
        models: trained ones, by name.
        comparison: of classifiers; taggers and segmenters have no accuracies to compare.
        reference: what its paper reports, on other data; may be empty.
    """

    task: Task
    models: tuple[ModelSection, ...]
    comparison: Comparison | None
    reference: str


def result_sections() -> tuple[TaskSection, ...]:
    """Everything that the page shows, task by task, for whoever shows it otherwise.

    Raises:
        WeightsError: a card is damaged.
    """
    trained = [spec for spec in list_models() if is_trained(spec.name) and not spec.own]
    trained.sort(key=lambda s: (list(TASKS).index(s.task.name), s.name))
    sections = []
    for name, group in groupby(trained, key=lambda s: s.task.name):
        task, names = TASKS[name], [spec.name for spec in group]
        models = tuple(
            ModelSection(
                load_card(model_folder(model)),
                report=load_report(model) if task.answer == "classes" else None,
                tagging=load_tagging_report(model) if task.answer == "tags" else None,
                regions=load_region_report(model) if task.answer == "regions" else None,
                retrieval=load_retrieval_report(model),
                boxes=load_box_report(model) if task.answer == "boxes" else None,
            )
            for model in names
        )
        comparison = compare(names) if task.answer == "classes" else None
        sections.append(TaskSection(task, models, comparison, REFERENCES.get(name, "")))
    return tuple(sections)


def results_page() -> str:
    """The page as Markdown.

    Raises:
        WeightsError: a card is damaged.
    """
    lines = [
        "# Results",
        "",
        "Written by `fashionviz report` from the cards and reports in `weights/`; a test keeps it current. Intervals",
        "are 95 % (Wilson for shares, bootstrap for calibration errors). Weights were chosen on validation, nothing on",
        "test. The papers worked on other data: their figures are references.",
        "",
    ]
    for section in result_sections():
        lines += [f"## {section.task.title}", ""]
        if section.task.note:
            lines += [section.task.note, ""]
        reference = [f"Reference: {section.reference}", ""] if section.reference else []
        described = {"regions": _segmenter, "boxes": _detector, "embedding": _embedder}.get(section.task.answer)
        if described is not None:
            for model in section.models:
                lines += described(model)
            lines += reference
            continue
        if section.comparison is None:
            for model in section.models:
                lines += _tagger(model)
            lines += reference
            continue
        lines += [section.comparison.markdown()]
        for d in section.comparison.differences:
            low, high = d.ci95
            lines.append(f"`{d.name}` less `{d.other}`: {d.value:+.4f} ({low:+.4f} to {high:+.4f}), paired, n {d.n:,}.")
        if section.comparison.differences:
            lines.append("")
        lines += reference
        for model in section.models:
            if model.report is not None:
                lines += _model(model.card, model.report)
    lines += drawing_section()
    return "\n".join(lines).rstrip() + "\n"
