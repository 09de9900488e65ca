"""A classifier's mistakes, the most confident first."""

from __future__ import annotations

from collections.abc import Sequence

from fashionviz.evaluation.report import Item


def confident_mistakes(items: Sequence[Item], label: str | None = None) -> tuple[Item, ...]:
    """Items that were given a wrong class, the surest first: often labels that are worth a second look.

    Args:
        items: of a committed report.
        label: only those whose true or predicted class it is; all if ``None``.
    """
    wrong = [i for i in items if i.predicted != i.label and label in (None, i.label, i.predicted)]
    return tuple(sorted(wrong, key=lambda i: (-i.probability, i.row)))
