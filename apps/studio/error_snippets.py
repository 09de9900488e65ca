"""The calls behind the pages about errors as code to copy: Python in at most five lines."""

from __future__ import annotations

from fashionviz.data.items import ItemRef


def item_python(model: str, item: ItemRef, target: str | None) -> str:
    """An item's photo and where the model looked on it.

    Args:
        model: registry name.
        item: which item.
        target: class or tag to explain; the most probable one if ``None``.
    """
    chosen = f", target={target!r}" if target else ""
    return "\n".join(
        [
            "from fashionviz.data.items import item_photo, parse_item",
            "from fashionviz.inference.engine import shared_engine",
            f"photo = item_photo(parse_item({str(item)!r}))",
            "engine = shared_engine()",
            f'print(engine.predict(photo, {model!r}).top, engine.explain(photo, {model!r}, "gradient"{chosen}))',
        ]
    )


def cell_python(model: str, cell: tuple[str, str] | None) -> str:
    """The matrix, and the items of one of its cells."""
    true, predicted = cell or ("…", "…")
    lines = [
        "from fashionviz.evaluation.report import items_in_cell, load_items, load_report",
        f"print(load_report({model!r}).confusion)  # true class by row",
    ]
    if cell:
        lines += [
            f"for item in items_in_cell(load_items({model!r}), {true!r}, {predicted!r}):",
            "    print(item.id, item.probability)",
        ]
    return "\n".join(lines)


def intervals_python(model: str) -> str:
    """Precision, recall and F1 with their intervals."""
    return "\n".join(
        [
            "from fashionviz.evaluation.class_intervals import class_intervals",
            "from fashionviz.evaluation.report import load_report",
            f"report = load_report({model!r})",
            "for row in class_intervals(report.confusion, report.classes):",
            "    print(row.label, row.precision, row.recall, row.f1)",
        ]
    )


def reliability_python(model: str) -> str:
    """Bins of confidence and the calibration error."""
    return "\n".join(
        [
            "from fashionviz.evaluation.reliability import item_scores, reliability",
            "from fashionviz.evaluation.report import load_items, load_report",
            f"scores, truth = item_scores(load_items({model!r}), load_report({model!r}).classes)",
            "found = reliability(scores, truth)",
            "print(found.ece, found.counts, found.accuracy)",
        ]
    )


def mistakes_python(model: str, label: str | None) -> str:
    """The most confident mistakes."""
    chosen = f", {label!r}" if label else ""
    return "\n".join(
        [
            "from fashionviz.evaluation.mistakes import confident_mistakes",
            "from fashionviz.evaluation.report import load_items",
            f"for item in confident_mistakes(load_items({model!r}){chosen})[:24]:",
            "    print(item.id, item.label, item.predicted, item.probability)",
        ]
    )


def cooccurrence_python(model: str) -> str:
    """Pictures that have two tags together."""
    return "\n".join(
        [
            "from fashionviz.evaluation.cooccurrence import cooccurrence",
            "from fashionviz.evaluation.tagging_report import load_tagged_items, load_tagging_report",
            f"data, tags = load_tagged_items({model!r}), load_tagging_report({model!r}).per_tag",
            "found = cooccurrence(data.probabilities, data.true, data.known, "
            "[t.threshold for t in tags], [t.label for t in tags])",
            "print(found.labels, found.true, found.said)",
        ]
    )


def threshold_python(model: str, label: str, threshold: float) -> str:
    """A tag's precision, recall and F1 at a threshold, with intervals."""
    return "\n".join(
        [
            "from fashionviz.evaluation.class_intervals import tag_intervals",
            "from fashionviz.evaluation.tagging_report import load_tagged_items, load_tagging_report",
            f"data, tags = load_tagged_items({model!r}), load_tagging_report({model!r}).per_tag",
            f"place = [t.label for t in tags].index({label!r})",
            f"print(tag_intervals(data.probabilities, data.true, data.known, place, {threshold:g}))",
        ]
    )


def pair_python(model: str, other: str) -> str:
    """Two models on the same pictures."""
    return "\n".join(
        [
            "from fashionviz.evaluation.paired import pair",
            f"found = pair({model!r}, {other!r})",
            "print(found.p_value, found.confusion - found.other_confusion)",
            "for item in found.only_other:  # the first is wrong, the second right",
            "    print(item.id, item.label, item.predicted)",
        ]
    )
