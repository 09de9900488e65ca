"""What ``fashionviz evaluate`` prints of a generator."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from fashionviz.console import bar, plain_errors, print_json
from fashionviz.drawing_results import DrawingReport, Rate
from fashionviz.evaluation.drawing_page import SETS, shares

out = Console()


def evaluate_generator(model: str, data: str, split: str | None, as_json: bool) -> None:
    """Measure a generator against photos and print it."""
    from fashionviz.evaluation.drawing_report import drawing_report_json
    from fashionviz.evaluation.drawings import evaluate_drawings

    with plain_errors(), bar(f"{model} beside {data}") as tick:
        report = evaluate_drawings(model, data, split, progress=tick)
    if as_json:
        print_json(flat(report, drawing_report_json(report)))
        return
    table = Table("set", "n", "Fréchet distance", "kernel distance", title=f"{model} beside {report.n} photos")
    for row in report.distances:
        low, high = row.frechet_ci95
        below, above = row.kernel_ci95
        table.add_row(
            SETS[row.what],
            str(row.n),
            f"{row.frechet:.3f} ({low:.3f} to {high:.3f})",
            f"{row.kernel:.4f} ({below:.4f} to {above:.4f})",
        )
    out.print(table)
    out.print(
        f"Features of {report.features}; seeds from {report.first_seed}. On the scale from floor (0) to shuffled "
        f"control (1): {report.on_scale():.3f}.",
        highlight=False,
    )
    for title, rate in shares(report):
        out.print(f"{title}: {_rate(rate)}", highlight=False)


def flat(report: DrawingReport, facts: dict[str, object]) -> dict[str, object]:
    """The report with what scripts ask for first at the top."""
    drawn = report.distance("drawn")
    return {
        "model": report.model.name,
        "n": report.n,
        "skipped": 0,
        "frechet_distance": drawn.frechet,
        "frechet_distance_ci95": list(drawn.frechet_ci95),
        "kernel_distance": drawn.kernel,
        "kernel_distance_ci95": list(drawn.kernel_ci95),
        **{k: v for k, v in facts.items() if k not in ("model", "n")},
        "sha256": report.model.sha256,
    }


def _rate(rate: Rate) -> str:
    return f"{rate.value:.3f} ({rate.ci95[0]:.3f} to {rate.ci95[1]:.3f}), n {rate.n}"
