"""Models side by side on the split of their committed reports, with paired differences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from fashionviz.errors import InvalidRequest, ModelNotTrained
from fashionviz.evaluation.paired import mcnemar
from fashionviz.evaluation.report import Item, load_items, load_report
from fashionviz.models.card import load_card
from fashionviz.models.registry import get_model
from fashionviz.models.weights import FILE, model_folder


@dataclass(frozen=True)
class ComparedModel:
    """A model's row of the comparison.

    Attributes:
        name: registry name.
        data_set, split, n: what the report was scored on.
        accuracy, ci95: with its 95 % Wilson interval.
        top2, macro_f1: as in the report; shares.
        ece: expected calibration error on the same split, ``None`` where the card has none.
        parameters: number of weights.
        megabytes: of the weights file, in units of 10^6 bytes.
    """

    name: str
    data_set: str
    split: str
    n: int
    accuracy: float
    ci95: tuple[float, float]
    top2: float
    macro_f1: float
    ece: float | None
    parameters: int
    megabytes: float


@dataclass(frozen=True)
class Difference:
    """Accuracy of one model less that of another on the same pictures.

    Attributes:
        name, other: the two models.
        value: difference of accuracies, positive where ``name`` is better.
        ci95: 95 % interval of paired shares (Newcombe 1998 calls it the Wald interval for paired data).
        only_name, only_other: pictures that one alone got right; McNemar's table.
        n: pictures in common.
        p_value: of McNemar's exact test that both are right equally often; ``None`` where it was not asked for.
    """

    name: str
    other: str
    value: float
    ci95: tuple[float, float]
    only_name: int
    only_other: int
    n: int
    p_value: float | None = None


@dataclass(frozen=True)
class Comparison:
    """The rows, best first, and each model's difference to the first where the pictures are the same."""

    models: tuple[ComparedModel, ...]
    differences: tuple[Difference, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)

    def markdown(self) -> str:
        """The rows as a Markdown table."""
        head = "| model | data set | split | n | accuracy | 95 % interval | top 2 | macro F1 | ECE | parameters | MB |"
        lines = [head, "|---|---|---|---:|---:|---|---:|---:|---:|---:|---:|"]
        for m in self.models:
            ece = "–" if m.ece is None else f"{m.ece:.4f}"
            lines.append(
                f"| `{m.name}` | {m.data_set} | {m.split} | {m.n:,} | **{m.accuracy:.4f}** | "
                f"{m.ci95[0]:.4f} – {m.ci95[1]:.4f} | {m.top2:.4f} | {m.macro_f1:.4f} | {ece} | "
                f"{m.parameters / 1e6:.2f} M | {m.megabytes:.1f} |"
            )
        return "\n".join(lines) + "\n"


def paired_difference(name: str, other: str, mine: Sequence[Item], theirs: Sequence[Item]) -> Difference | None:
    """The difference of two models' accuracies on the pictures that both answered; ``None`` if there are none.

    Pictures are matched by id and row, and count only where both reports give them the same label.
    """
    known = {(i.id, i.row): i for i in theirs}
    only_name = only_other = n = 0
    for item in mine:
        twin = known.get((item.id, item.row))
        if twin is None or twin.label != item.label:
            continue
        n += 1
        right, twin_right = item.predicted == item.label, twin.predicted == twin.label
        only_name += right and not twin_right
        only_other += twin_right and not right
    if not n:
        return None
    return replace(difference(name, other, only_name, only_other, n), p_value=mcnemar(only_name, only_other))


def difference(name: str, other: str, only_name: int, only_other: int, n: int) -> Difference:
    """The difference of accuracies from McNemar's table: of n pictures, how many one alone got right."""
    value = (only_name - only_other) / n
    half = 1.959963984540054 * math.sqrt(max(0.0, (only_name + only_other) / n - value**2) / n)
    return Difference(name, other, value, (value - half, value + half), only_name, only_other, n)


def compare(names: Sequence[str]) -> Comparison:
    """Compare models by their committed reports.

    Args:
        names: registry names, each once.

    Raises:
        InvalidRequest: fewer than one name, or one twice.
        UnknownModel: no such model.
        ModelNotTrained: a model has no report.
    """
    if not names or len(set(names)) < len(names):
        raise InvalidRequest("Name the models to compare, each once.")
    rows = []
    for name in names:
        answer = get_model(name).task.answer
        if answer != "classes":
            raise InvalidRequest(f"{name} gives {answer}, not one class: its figures are no accuracies to compare.")
        report = load_report(name)
        if report is None:
            raise ModelNotTrained(f"{name} has no report yet: it is not trained.")
        card = load_card(model_folder(name))
        ece = card.metric("ece", report.data_set, report.split)
        rows.append(
            ComparedModel(
                name=name,
                data_set=report.data_set,
                split=report.split,
                n=report.n,
                accuracy=report.accuracy,
                ci95=report.accuracy_ci95,
                top2=report.top2,
                macro_f1=report.macro_f1,
                ece=ece.value if ece else None,
                parameters=card.parameters,
                megabytes=(model_folder(name) / FILE).stat().st_size / 1e6,
            )
        )
    rows.sort(key=lambda r: (-r.accuracy, r.name))
    best = rows[0]
    differences = []
    for row in rows[1:]:
        if (row.data_set, row.split) == (best.data_set, best.split):
            found = paired_difference(row.name, best.name, load_items(row.name), load_items(best.name))
            if found:
                differences.append(found)
    return Comparison(tuple(rows), tuple(differences))
