"""An embedder's report in words for a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from fashionviz.console import print_json, safe
from fashionviz.embed_results import DEPTHS, CategoryReport, Recall, RetrievalReport


def _row(label: str, found: Recall) -> tuple[str, ...]:
    low, high = found.ci95[0]
    shares = (f"{v:.4f}" for v in found.at)
    return label, *shares, f"{low:.4f} – {high:.4f}", f"{found.median_rank:g}", f"{found.n:,}"


def print_retrieval(report: RetrievalReport | CategoryReport, as_json: bool) -> None:
    """Print recall by category, or category precision, and what was looked in."""
    if as_json:
        from fashionviz.retrieval_json import retrieval_report_json

        print_json(retrieval_report_json(report))
        return
    title = f"{report.model.name} on {safe(report.data_set)} {safe(report.split)}"
    console = Console()
    if isinstance(report, CategoryReport):
        table = Table("category", "precision@10", "95 % interval", "n", title=title)
        for row in report.per_category:
            low, high = row.ci95
            table.add_row(row.category, f"{row.value:.4f}", f"{low:.4f} – {high:.4f}", f"{row.n:,}")
        console.print(table)
        low, high = report.precision_at_10_ci95
        console.print(
            f"Of the first ten of {report.gallery:,} items, {report.precision_at_10:.4f} are of the photo's category "
            f"(95 % interval {low:.4f} to {high:.4f}; by chance {report.chance:.4f}), mean over the categories "
            f"{report.macro_precision_at_10:.4f}; n {report.n:,}, skipped {report.skipped:,}",
            highlight=False,
        )
        return
    table = Table("items", *(f"recall@{k}" for k in DEPTHS), "95 % interval of @1", "median rank", "n", title=title)
    table.add_row(*_row("all", report.recall))
    table.add_row(*_row("all, equal photos counted apart", report.strict))
    table.add_row(*_row("all, nearly equal photos right too", report.near), end_section=True)
    for category in report.per_category:
        table.add_row(*_row(category.category, category.recall))
    console.print(table)
    ece = "" if report.match_ece is None else f" Match probability off by {report.match_ece:.4f} on average."
    console.print(
        f"{report.views} views of each of {report.items:,} items among {report.gallery:,}; {report.skipped:,} items "
        f"could not be cut out.{ece} These are {report.note}.",
        highlight=False,
    )
