"""The part of ``docs/results.md`` that is about generators."""

from __future__ import annotations

from fashionviz.drawing_results import DrawingReport, Rate
from fashionviz.evaluation.drawing_report import load_drawing_report
from fashionviz.models.card import FIGURE_NAMES
from fashionviz.models.drawing_card import GeneratorCard, load_generator_card
from fashionviz.models.generators import GeneratorSpec, list_generators
from fashionviz.models.registry import is_registered
from fashionviz.models.weights import is_trained, model_folder

#: What the sets that are measured are called.
SETS = {
    "drawn": "drawn",
    "real": "other photos (the floor)",
    "blurred": "photos blurred to 16 px",
    "shuffled": "photos with shuffled 8×8 patches",
}
_NOTE = (
    "Distances are in the features of MobileNetV2 on ImageNet, not of Inception: none of them may be compared with a "
    "published FID or KID. The floor and the two controls are made of validation photos and measured against the same "
    "test photos. Paper 003 shows pictures and no figures. Men and Women name the department an item is sold in, not a "
    "person."
)


def trained_generators() -> tuple[GeneratorSpec, ...]:
    """The project's generators whose weights are installed."""
    return tuple(s for s in list_generators() if is_trained(s.name) and not is_own(s) and not is_registered(s.name))


def is_own(spec: GeneratorSpec) -> bool:
    """Whether its user trained it on pictures of his own."""
    return "like" in load_generator_card(model_folder(spec.name)).recipe


def drawing_section() -> list[str]:
    """Lines of the page; none where no generator is installed."""
    specs = trained_generators()
    if not specs:
        return []
    lines = ["## Drawing garments", "", _NOTE, "", *_scale(specs), ""]
    for spec in specs:
        lines += _generator(load_generator_card(model_folder(spec.name)), load_drawing_report(spec.name))
    return lines


def _scale(specs: tuple[GeneratorSpec, ...]) -> list[str]:
    """All generators on the scale from floor (0) to shuffled control (1)."""
    lines = [
        "Where they stand between the floor (0) and the shuffled control (1):",
        "",
        "| generator | n | by Fréchet distance | blurred control | by kernel distance | blurred control |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for spec in specs:
        report = load_drawing_report(spec.name)
        if report is not None:
            cells = [f"{v:.3f}" for m in ("frechet", "kernel") for v in (report.on_scale(m), _blurred(report, m))]
            lines.append(f"| `{spec.name}` | {report.n:,} | " + " | ".join(cells) + " |")
    return lines


def _blurred(report: DrawingReport, measure: str) -> float:
    floor, soft, top = (getattr(report.distance(w), measure) for w in ("real", "blurred", "shuffled"))
    return float((soft - floor) / (top - floor))


def _generator(card: GeneratorCard, report: DrawingReport | None) -> list[str]:
    lines = [f"### `{card.name}`", "", f"{card.title}. {card.parameters:,} parameters, stored as {card.dtype}.", ""]
    if report is not None:
        lines += [
            f"Against {report.n:,} {report.data_set} {report.split} photos; seeds from {report.first_seed:,}.",
            "",
            "| set | n | Fréchet distance | 95 % interval | kernel distance | 95 % interval |",
            "|---|---:|---:|---|---:|---|",
        ]
        for row in report.distances:
            lines.append(
                f"| {SETS[row.what]} | {row.n:,} | {row.frechet:.3f} | {row.frechet_ci95[0]:.3f} – "
                f"{row.frechet_ci95[1]:.3f} | {row.kernel:.4f} | {row.kernel_ci95[0]:.4f} – {row.kernel_ci95[1]:.4f} |"
            )
        lines += ["", "| measure | n | value | 95 % interval |", "|---|---:|---:|---|"]
        for title, rate in shares(report):
            lines.append(f"| {title} | {rate.n:,} | {rate.value:.4f} | {rate.ci95[0]:.4f} – {rate.ci95[1]:.4f} |")
        lines += ["", f"Pictures differ {report.spread:.0%} as much as photos do.", ""]
    lines += [f"{warning}" for warning in card.recipe.get("warnings", [])[-1:]]
    history = card.recipe.get("history") or []
    if history:
        names = [k for k in history[0] if k not in ("epoch", "val_score")]
        lines += ["<details><summary>Training history</summary>", ""]
        lines += ["| epoch | " + " | ".join(n.replace("_", " ") for n in names) + " |"]
        lines += ["|---:|" + "---:|" * len(names)]
        for row in history:
            lines.append(f"| {int(row['epoch']) + 1} | " + " | ".join(f"{row[n]:.4f}" for n in names) + " |")
        lines += ["", "</details>", ""]
    return lines


def shares(report: DrawingReport) -> tuple[tuple[str, Rate], ...]:
    """The shares of a report, with words for each."""
    rows = (
        ("drawn pictures that lie where photos do (precision)", report.precision),
        ("photos that lie where drawn pictures do (recall)", report.recall),
        (f"drawn pictures that `{report.judged_by}` names as asked", report.agreement),
        ("photos of the same size that it names right", report.agreement_real),
        (f"pictures of each seed's first latent of {report.tries} that it names as asked", report.agreement_first),
        (f"drawn pictures more like a training item than {report.near_from:.3f}", report.near_copies),
        ("test photos more like one than that", report.near_copies_real),
    )
    return tuple((title, rate) for title, rate in rows if rate is not None)


def readme_rows() -> list[str]:
    """The generators' rows of the README's table."""
    rows = []
    for spec in trained_generators():
        for m in load_generator_card(model_folder(spec.name)).metrics:
            if m.name in ("frechet_distance", "class_agreement"):
                rows.append(
                    f"| `{spec.name}` | catalogue photos, 64×64 (`{m.data_set}`) | {m.split} | {m.n:,} | "
                    f"{FIGURE_NAMES[m.name]} | **{m.value:.4f}** | {m.ci95[0]:.4f} – {m.ci95[1]:.4f} |"
                )
    return rows
