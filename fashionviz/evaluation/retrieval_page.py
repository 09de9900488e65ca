"""What the page of results says of an embedder beside its card's figures."""

from __future__ import annotations

from fashionviz.embed_results import DEPTHS, Recall, RetrievalReport
from fashionviz.models.card import MatchCurve


def _row(label: str, found: Recall) -> str:
    shares = " | ".join(
        f"{value:.4f} ({low:.4f} – {high:.4f})" for value, (low, high) in zip(found.at, found.ci95, strict=True)
    )
    return f"| {label} | {found.n:,} | {shares} | {found.median_rank:g} |"


def retrieval_lines(report: RetrievalReport, match: MatchCurve | None) -> list[str]:
    """Recall by category, what counts as the same item, and what a similarity is worth."""
    twice = report.duplicates
    lines = [
        f"By shop category, {report.data_set} {report.split}: {report.views} synthetic street views of each of "
        f"{report.items:,} items, looked for among {report.gallery:,} ({report.skipped:,} items could not be cut out).",
        "",
        "| items | n | " + " | ".join(f"recall@{k}" for k in DEPTHS) + " | median rank |",
        "|---|---:|" + "---|" * len(DEPTHS) + "---:|",
        _row("all", report.recall),
        _row("all, an equal photo counting as another item", report.strict),
        _row("all, a nearly equal photo counting as right", report.near),
        *(_row(row.category, row.recall) for row in report.per_category),
        "",
        f"In the catalogue {twice['exact_items']:,} items have an equal photo ({twice['exact_groups']:,} groups), "
        f"{twice['near_items']:,} one that is nearly equal, and {twice['variant_items']:,} the shape of another in "
        "other colours, which stays an item of its own.",
        "",
    ]
    if match is not None:
        lines += [
            f"The match probability is 1 / (1 + exp(−({match.slope:.2f} · similarity {match.intercept:+.2f}))), fitted "
            f"on {match.n:,} queries of {match.data_set} {match.split}; it supposes that the item is in the catalogue.",
            "",
        ]
    return lines
