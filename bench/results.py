"""Write the README's table of figures from the model cards: `python -m bench.results`. A test keeps them in step."""

from __future__ import annotations

import re
from pathlib import Path

from fashionviz.evaluation.drawing_page import readme_rows
from fashionviz.evaluation.metrics import FIGURES
from fashionviz.models.card import FIGURE_NAMES, Metric, load_card
from fashionviz.models.registry import ModelSpec, list_models
from fashionviz.models.weights import is_trained, model_folder
from fashionviz.training.feeds import BOX_FIGURES, REGION_FIGURES, TAG_FIGURES

README = Path(__file__).resolve().parents[1] / "README.md"
BLOCK = re.compile(r"(<!-- results -->\n).*?(<!-- /results -->)", re.DOTALL)
SETS = {
    "fpi": "catalogue photos, 60×80 (`fpi`)",
    "fpi-large": "catalogue photos, 168×224 (`fpi-large`)",
    "ccp": "street photos (`ccp`, our labels)",
    "ccp-garments": "garments cut out of street photos (`ccp-garments`)",
    "clothing": "home photos (`clothing`)",
}


#: Of an embedder; recall by other depths and with duplicates counted otherwise is on the page of results.
_RECALL = ("recall_at_1", "recall_at_10", "precision_at_10")


def _set(spec: ModelSpec, data_set: str) -> str:
    if data_set == "ccp" and spec.task.multilabel:
        return "street photos (`ccp`, the publisher's names)"
    if data_set == "ccp" and spec.task.answer == "boxes":
        return "street photos (`ccp`, boxes derived from the publisher's masks)"
    if data_set == "ccp" and spec.task.regions:
        return "street photos (`ccp`, the publisher's masks)"
    return SETS.get(data_set, data_set)


_HEAD = ("| model | data set | split | n | measure | value | 95 % interval |", "|---|---|---|---|---|---|---|")


def table() -> str:
    """One figure of each trained model as a Markdown table, and below a fold what else counts."""
    brief, rest = [*_HEAD], [*_HEAD]
    for spec in list_models():
        if is_trained(spec.name) and not spec.own:
            metrics = _metrics(spec)
            # What stands for a model: its first figure on test, where there is one.
            main = next((m for m in metrics if m.split == "test" and m.name == metrics[0].name), metrics[0])
            for m in metrics:
                (brief if m is main else rest).append(_row(spec, m))
    seen: set[str] = set()
    for row in readme_rows():
        name = row.split("|")[1]
        (rest if name in seen else brief).append(row)
        seen.add(name)
    fold = "<details><summary>Further figures: other data sets, validation, other measures</summary>"
    return "\n".join([*brief, "", fold, "", *rest, "", "</details>", ""])


def _metrics(spec: ModelSpec) -> list[Metric]:
    """What counts of a model: test, and what its weights were chosen on. Calibration is on the page of results."""
    counts = {
        "tags": TAG_FIGURES,
        "regions": REGION_FIGURES[:1],
        "embedding": _RECALL,
        "boxes": BOX_FIGURES[:2],
    }.get(spec.task.answer, tuple(FIGURES))
    metrics = [m for m in load_card(model_folder(spec.name)).metrics if m.name in counts]
    tested = {m.data_set for m in metrics if m.split == "test"}
    return [m for m in metrics if m.split == "test" or m.data_set == metrics[0].data_set or m.data_set not in tested]


def _row(spec: ModelSpec, m: Metric) -> str:
    low, high = m.ci95
    return (
        f"| `{spec.name}` | {_set(spec, m.data_set)} | {m.split} | {m.n:,} | "
        f"{FIGURE_NAMES.get(m.name, m.name)} | **{m.value:.4f}** | {low:.4f} – {high:.4f} |"
    )


def main() -> None:
    """Replace the block in the README."""
    text = README.read_text()
    README.write_text(BLOCK.sub(lambda found: found[1] + table() + found[2], text))
    print(table())


if __name__ == "__main__":
    main()
