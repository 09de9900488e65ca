"""Write the README's table of figures from the model cards: `python -m bench.results`. A test keeps them in step."""

from __future__ import annotations

import re
from pathlib import Path

from fashionviz.evaluation.drawing_page import readme_rows
from fashionviz.evaluation.metrics import FIGURES
from fashionviz.models.card import FIGURE_NAMES, load_card
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


def table() -> str:
    """What counts of every trained model as a Markdown table: test, and what its weights were chosen on."""
    rows = ["| model | data set | split | n | measure | value | 95 % interval |", "|---|---|---|---|---|---|---|"]
    for spec in list_models():
        if is_trained(spec.name) and not spec.own:
            # Calibration and the like are on the page of results.
            counts = {
                "tags": TAG_FIGURES,
                "regions": REGION_FIGURES[:1],
                "embedding": _RECALL,
                "boxes": BOX_FIGURES[:2],
            }.get(spec.task.answer, tuple(FIGURES))
            metrics = [m for m in load_card(model_folder(spec.name)).metrics if m.name in counts]
            tested = {m.data_set for m in metrics if m.split == "test"}
            for m in (
                m for m in metrics if m.split == "test" or m.data_set == metrics[0].data_set or m.data_set not in tested
            ):
                low, high = m.ci95
                rows.append(
                    f"| `{spec.name}` | {_set(spec, m.data_set)} | {m.split} | {m.n:,} | "
                    f"{FIGURE_NAMES.get(m.name, m.name)} | **{m.value:.4f}** | {low:.4f} – {high:.4f} |"
                )
    rows += readme_rows()
    return "\n".join(rows) + "\n"


def main() -> None:
    """Replace the block in the README."""
    text = README.read_text()
    README.write_text(BLOCK.sub(lambda found: found[1] + table() + found[2], text))
    print(table())


if __name__ == "__main__":
    main()
