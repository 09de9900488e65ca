"""``fashionviz compare`` and ``fashionviz report``: committed reports as tables; figures in words for a terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from fashionviz.console import JsonOption, plain_errors, print_json, safe
from fashionviz.detect_results import BoxReport
from fashionviz.errors import InvalidRequest
from fashionviz.landmark_results import LandmarkReport
from fashionviz.models.card import FIGURE_NAMES
from fashionviz.results import ModelInfo
from fashionviz.segment_results import RegionReport
from fashionviz.tag_results import TaggingReport


def how_good(info: ModelInfo) -> str:
    """The figure that stands for a model and, on a second line, what it was measured on; a dash without one."""
    m = info.main_metric
    return f"{FIGURE_NAMES[str(m['name'])]} {m['value']:.3f}\n{m['data_set']} {m['split']}, n {m['n']:,}" if m else "–"


def print_tagging(report: TaggingReport, as_json: bool) -> None:
    """Print a tagger's report: a row a tag, then the averages with their intervals."""
    if as_json:
        from fashionviz.serialise import tagging_report_json

        print_json(tagging_report_json(report))
        return
    table = Table(
        "tag", "said from", "precision", "recall", "F1", "average precision", "n",
        title=f"{report.model.name} on {safe(report.data_set)} {safe(report.split)}",
    )  # fmt: skip
    for tag in report.per_tag:
        figures = (tag.threshold, tag.precision, tag.recall, tag.f1, tag.average_precision)
        table.add_row(tag.label, *(f"{v:.3f}" for v in figures), f"{tag.support:,}")
    console = Console()
    console.print(table)
    console.print(
        f"micro F1 {report.micro.f1:.4f} ({_between(report.micro_f1_ci95)}), macro F1 {report.macro.f1:.4f} "
        f"({_between(report.macro_f1_ci95)}), mean average precision {report.mean_average_precision:.4f} "
        f"({_between(report.map_ci95)}), F1 a picture {report.per_image.f1:.4f}, accuracy {report.accuracy:.4f}; "
        f"n {report.n:,}, tags {report.labels}, skipped {report.skipped:,}",
        highlight=False,
    )


def print_landmarks(report: LandmarkReport) -> None:
    """Print how far a network's landmarks are from derived ones: a row a landmark, then all together."""
    table = Table("landmark", "mean error", "detected", "n", title=f"landmarks, {safe(report.data_set)} {report.split}")
    for row in report.each:
        table.add_row(row.label.replace("_", " "), f"{row.error:.4f}", f"{row.rate:.3f}", f"{row.n:,}")
    console = Console()
    console.print(table)
    console.print(
        f"landmark error {report.error:.4f} of the garment's size ({_between(report.error_ci95)}), detected "
        f"{report.rate:.4f} ({_between(report.rate_ci95)}); {report.n:,} landmarks of {report.photos:,} photos. "
        f"{report.note}",
        highlight=False,
    )


def print_regions(report: RegionReport, as_json: bool) -> None:
    """Print a segmenter's report: a row a class, then all together, then what is mixed up."""
    if as_json:
        from fashionviz.region_json import region_report_json

        print_json(region_report_json(report))
        return
    table = Table(
        "class", "IoU", "95 % interval", "precision", "recall", "share of pixels",
        title=f"{report.model.name} on {safe(report.data_set)} {safe(report.split)}",
    )  # fmt: skip
    for row in report.per_class:
        low, high = row.iou_ci95
        table.add_row(
            row.label, f"{row.iou:.4f}", f"{low:.4f} – {high:.4f}", f"{row.precision:.4f}", f"{row.recall:.4f}",
            f"{row.share:.3f}",
        )  # fmt: skip
    console = Console()
    console.print(table)
    console.print(
        f"mean IoU {report.miou:.4f} ({_between(report.miou_ci95)}), pixel accuracy {report.pixel_accuracy:.4f} "
        f"({_between(report.pixel_accuracy_ci95)}); of skin and hair {report.person_as_garment:.2%} are called "
        f"garment, of garments {report.garment_as_person:.2%} skin or hair; n {report.n:,}, skipped "
        f"{report.skipped:,}. {report.note}".rstrip(),
        highlight=False,
    )


def print_boxes(report: BoxReport, as_json: bool) -> None:
    """Print a detector's report: a row a class, then all together."""
    if as_json:
        from fashionviz.serialise_detections import box_report_json

        print_json(box_report_json(report))
        return
    table = Table(
        "class", "AP50", "95 % interval", "AP", "items",
        title=f"{report.model.name} on {safe(report.data_set)} {safe(report.split)}",
    )  # fmt: skip
    for row in report.per_class:
        low, high = row.ap50_ci95
        shown = (f"{row.ap50:.4f}", f"{low:.4f} – {high:.4f}", f"{row.ap:.4f}") if row.ap is not None else ("–",) * 3
        table.add_row(row.label, *shown, f"{row.support:,}")
    console = Console()
    console.print(table)
    console.print(
        f"AP50 {report.ap50:.4f} ({_between(report.ap50_ci95)}), AP {report.ap:.4f} ({_between(report.ap_ci95)}), AP75 "
        f"{report.ap75:.4f} ({_between(report.ap75_ci95)}), recall {report.ar:.4f} ({_between(report.ar_ci95)}); "
        f"n {report.n:,} photos, {report.boxes:,} boxes, skipped {report.skipped:,}. {report.note}".rstrip(),
        highlight=False,
    )


def _between(interval: tuple[float, float]) -> str:
    return f"95 % interval {interval[0]:.4f} to {interval[1]:.4f}"


def compare(
    models: Annotated[list[str], typer.Argument(help="Registry names, two or more.")],
    as_json: JsonOption = False,
    save: Annotated[
        Path | None, typer.Option("--out", "-o", help="Save as .md (table), .json, or .html (figure).")
    ] = None,
) -> None:
    """Compare models by their committed reports: accuracy, intervals, paired differences."""
    from fashionviz.evaluation.compare import compare as run

    with plain_errors():
        if save and save.suffix not in (".md", ".json", ".html"):
            raise InvalidRequest(f"--out must end in .md, .json or .html, not {save.suffix or 'nothing'!r}.")
        found = run(models)
        if save:
            if save.suffix == ".html":
                from fashionviz.figures.comparison import comparison_chart

                save.write_text(comparison_chart(found).to_html(include_plotlyjs=True))
            else:
                save.write_text(found.markdown() if save.suffix == ".md" else json.dumps(found.as_dict(), indent=2))
        if as_json:
            print_json(found.as_dict())
            return
        table = Table(Column("model", no_wrap=True), "scored on", "n", "accuracy", "95 % interval", "macro F1", "MB")
        for m in found.models:
            table.add_row(
                m.name,
                f"{m.data_set} {m.split}",
                f"{m.n:,}",
                f"{m.accuracy:.4f}",
                f"{m.ci95[0]:.4f} – {m.ci95[1]:.4f}",
                f"{m.macro_f1:.4f}",
                f"{m.megabytes:.1f}",
            )
        console = Console()
        console.print(table)
        for d in found.differences:
            low, high = d.ci95
            console.print(
                f"{d.name} less {d.other}: {d.value:+.4f} ({low:+.4f} to {high:+.4f}), n {d.n:,}; "
                f"{d.only_name} right by the first alone, {d.only_other} by the second alone"
                + (f", McNemar's exact test p = {d.p_value:.3g}" if d.p_value is not None else ""),
                highlight=False,
            )


def report(
    out: Annotated[Path, typer.Option("--out", "-o", help="The page to write.")] = Path("docs/results.md"),
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail if the page is out of date.")] = False,
) -> None:
    """Write the page of results from the committed cards and reports."""
    from fashionviz.evaluation.results_page import results_page

    with plain_errors():
        text = results_page()
        if check:
            if not out.is_file() or out.read_text() != text:
                raise InvalidRequest(f"{out} is out of date: run `fashionviz report`.")
            return
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text)
        Console().print(f"Wrote {out}.", highlight=False)
