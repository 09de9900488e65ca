"""Confusion matrix: which classes does the model mistake for which, and on which items?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from apps.studio import committed, items, links, parts
from apps.studio.charts import chart
from apps.studio.error_sections import calibration, distribution, entry, item_table, mistakes, per_class
from apps.studio.error_snippets import cell_python
from apps.studio.gallery import gallery, one_page
from apps.studio.item_panel import panel
from fashionviz.evaluation.order import ORDERS, order_classes
from fashionviz.evaluation.report import items_in_cell, load_report
from fashionviz.figures.cells import numbered
from fashionviz.figures.confusion import (
    NUMBERS,
    confusion_figure,
    matrix_numbers,
)
from fashionviz.models.registry import get_model
from fashionviz.results import Report

ANY = "choose a class"
EVERY = "all"
#: Heads the matrix as a table.
TRUE = "true ↓ predicted →"
#: How many of the most mistaken classes can be shown on their own, where there are many.
FEWER = ("the 24 most mistaken", "the 12 most mistaken")


def arrangement(report: Report) -> tuple[str, tuple[int, ...]]:
    """What the numbers are, and which classes stand where; both travel in the address."""
    numbers = st.segmented_control(
        "Numbers", NUMBERS, default=NUMBERS[0], required=True, key="scale", bind="query-params"
    )
    way = st.segmented_control(
        "Order of the classes", ORDERS, default=ORDERS[0], required=True, key="order", bind="query-params"
    )
    which = EVERY
    if not numbered(len(report.classes)):
        which = st.segmented_control(
            "Classes", [EVERY, *FEWER], default=EVERY, required=True, key="classes", bind="query-params"
        )
    order = order_classes(report.confusion, way)
    if which != EVERY:
        off = report.confusion - np.diag(report.confusion.diagonal())
        worst = set(np.argsort(-(off.sum(0) + off.sum(1)), kind="stable")[: int(which.split()[1])].tolist())
        order = tuple(i for i in order if i in worst)
    return numbers, order


def matrix(report: Report, numbers: str, order: tuple[int, ...], chosen: tuple[str, str] | None) -> None:
    """The matrix; a click on a cell chooses it."""
    many = not numbered(len(order))
    with st.container(key="wide_matrix" if many else "matrix_box"):
        labels = [report.classes[i] for i in order]
        shown = matrix_numbers(report.confusion, numbers)[np.ix_(order, order)]
        share = st.column_config.NumberColumn(format="percent" if numbers != NUMBERS[0] else "%d")
        chart(
            confusion_figure(report, numbers, chosen, order),
            "matrix",
            f"{report.model.name}-confusion",
            table=pd.DataFrame(shown, columns=labels).assign(**{TRUE: labels})[[TRUE, *labels]],
            columns=dict.fromkeys(labels, share),
            on_select=_clicked,
            selection_mode="points",
            alt="Confusion matrix; the two lists below choose the same cells by keyboard",
        )
    if many:
        st.caption(f"With {len(order)} classes the numbers stand under the pointer and in the table.")


def _clicked() -> None:
    points: list[dict[str, Any]] = st.session_state["matrix"]["selection"]["points"]
    if points:  # a second click on a cell takes the selection away; its list stays
        st.session_state["true"], st.session_state["predicted"] = points[0]["customdata"][:2]


def cell_choice(report: Report) -> tuple[str, str] | None:
    """The same choice by keyboard; it is what the address carries."""
    options = [ANY, *report.classes]
    for key in ("true", "predicted"):
        parts.choice_from(key, options)
    left, right = st.columns(2)
    true = left.selectbox("True class", options, key="true", bind="query-params")
    predicted = right.selectbox("Predicted class", options, key="predicted", bind="query-params")
    if ANY not in (true, predicted):
        return true, predicted
    item = items.shown()  # a link to an item alone, or a step back to it
    said = committed.said_of(report.model.name, item) if item else None
    return (said.true[0], said.said[0]) if said else None


def cell_items(report: Report, true: str, predicted: str) -> None:
    """The items of a cell, most confident first, with thumbnails where the data set is present."""
    found = items_in_cell(committed.items(report.model.name), true, predicted)
    count = "1 item" if len(found) == 1 else f"{len(found):,} items"
    right = ", right answers" if true == predicted else ""
    st.subheader(f"True {true}, predicted {predicted}: {count}{right}", anchor=False)
    if not found:
        st.info("No item fell into this cell. Choose another one, for example one off the diagonal that is not zero.")
        return
    if not panel(report.model.name, report.data_set, report.split, "Back to the cell") and true != predicted:
        links.link(
            "explain", f"Why {predicted} and not {true}? Ask about the most confident of them", target=predicted,
            against=true, model=report.model.name, item=f"{report.data_set}:{report.split}:{found[0].id}",
        )  # fmt: skip
    shown = found[one_page(len(found), "cell_page")]
    gallery(report.data_set, report.split, [entry(item) for item in shown], "cell")
    item_table(report, shown)


def summary(report: Report) -> None:
    """Accuracy with its interval, n, split and data set."""
    low, high = report.accuracy_ci95
    with st.container(horizontal=True, gap="large"):
        st.metric("Accuracy", f"{report.accuracy:.1%}", help=f"95 % Wilson interval {low:.2%} to {high:.2%}")
        st.metric("Among the first two", f"{report.top2:.1%}")
        st.metric("Macro F1", f"{report.macro_f1:.3f}")
        st.metric("Pictures", f"{report.n:,}")
    st.caption(
        f"Accuracy {report.accuracy:.2%}, 95 % interval {low:.2%} to {high:.2%}, n = {report.n:,}, "
        f"{report.split} split of `{report.data_set}`"
        + (f"; {report.skipped:,} rows without a label this model knows were skipped" if report.skipped else "")
    )


info = parts.model()
with parts.plainly():
    report = load_report(info.name)
scored = f" · {report.split} split of `{report.data_set}`, n = {report.n:,}" if report else ""
parts.header(
    "Confusion matrix",
    "Which classes does the model mistake for which, and on which items?",
    f"Model `{info.name}`{scored}",
    "Each row is a true class, each column what the model said: the diagonal holds the right answers, everything else "
    "is a mistake. Click a cell to see its items, and an item to look into the model with it.",
    "Counts favour the large classes; shares of the true class show how a small class fares, shares of the predicted "
    "class how far an answer can be relied on. Clustered, classes that are taken for each other stand side by side.",
    "The most confident mistakes come first in every list: they are often labels worth a second look.",
    info.note,
)
if get_model(info.name).task.multilabel:
    st.info(f"{info.name} gives tags, not one class, so nothing is mistaken for one thing. Its figures: the Tags page.")
    st.page_link("views/tags.py", label="Tags", icon=":material/label:")
    st.stop()
report = parts.need_report(info, report)
summary(report)
numbers, order = arrangement(report)
above = st.container()  # the matrix stands first and outlines the cell that the lists below it hold
cell = cell_choice(report)
with above:
    matrix(report, numbers, order, cell)
parts.note(info)
if cell is None:
    st.info("Click a cell of the matrix, or choose a true and a predicted class, to see its items.")
else:
    cell_items(report, *cell)
with st.expander("In Python"):
    st.code(cell_python(info.name, cell), language="python", wrap_lines=True)
per_class(report, order)
calibration(report)
mistakes(report)
distribution(report)
