"""Compare errors: where do two models err differently, and on which items?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from apps.studio import committed, parts
from apps.studio.charts import chart
from apps.studio.error_snippets import pair_python
from apps.studio.gallery import Entry, gallery, one_page
from apps.studio.item_panel import panel
from fashionviz.error_results import Pair, PairedItem
from fashionviz.evaluation.order import ORDERS, order_classes
from fashionviz.evaluation.paired import comparable, pair
from fashionviz.evaluation.report import load_report
from fashionviz.figures.cells import numbered
from fashionviz.figures.confusion import NUMBERS, confusion_figure
from fashionviz.figures.difference import difference_figure, matrix_difference
from fashionviz.models.registry import get_model
from fashionviz.results import Report

ANY = "choose a class"
FIRST, SECOND = "the first alone is right", "the second alone is right"


def verdict(found: Pair) -> None:
    """McNemar's table in words and numbers."""
    only, other = len(found.only_name), len(found.only_other)
    with st.container(horizontal=True, gap="large"):
        st.metric("First alone right", f"{only:,}")
        st.metric("Second alone right", f"{other:,}")
        st.metric("Both right", f"{found.both_right:,}")
        st.metric("Both wrong", f"{found.both_wrong:,}")
    more = found.name if only > other else found.other
    said = (
        f"Chance alone would seldom make such a difference: `{more}` is right more often."
        if found.p_value < 0.05
        else "Chance alone makes such a difference often: these pictures do not show which one is right more often."
    )
    st.markdown(
        f"McNemar's exact test on the {only + other:,} pictures that one alone got right: **p = {found.p_value:.3g}**. "
        f"{said}"
    )
    st.caption(f"n = {found.n:,} pictures that both answered, {found.split} split of `{found.data_set}`.")


def _clicked(key: str) -> Callable[[], None]:
    def choose() -> None:
        points: list[dict[str, Any]] = st.session_state[key]["selection"]["points"]
        if points:
            st.session_state["true"], st.session_state["predicted"] = points[0]["customdata"][:2]

    return choose


def matrices(found: Pair, report: Report, chosen: tuple[str, str] | None) -> None:
    """Both matrices and their difference; a click on a cell of any chooses it."""
    numbers = st.segmented_control(
        "Numbers", NUMBERS, default=NUMBERS[0], required=True, key="scale", bind="query-params"
    )
    way = st.segmented_control(
        "Order of the classes", ORDERS, default=ORDERS[0], required=True, key="order", bind="query-params"
    )
    order = order_classes(found.confusion + found.other_confusion, way)
    small = len(order) <= 12
    wide = "wide_" if not numbered(len(order)) else "plain_"
    places = st.columns(2, gap="medium") if small else [st.container(key=f"{wide}{i}") for i in range(2)]
    for place, name, matrix in zip(
        places, (found.name, found.other), (found.confusion, found.other_confusion), strict=True
    ):
        key = f"matrix_{'first' if name == found.name else 'second'}"
        with place:
            chart(
                confusion_figure(replace(report, confusion=matrix, n=found.n), numbers, chosen, order, name),
                key,
                f"{name}-confusion",
                on_select=_clicked(key),
                selection_mode="points",
                alt=f"Confusion matrix of {name}; the two lists below choose the same cells by keyboard",
            )
    with st.container(key=f"{wide}difference"):
        chart(
            difference_figure(found, numbers, chosen, order),
            "matrix_difference",
            f"{found.name}-less-{found.other}",
            table=[],
            on_select=_clicked("matrix_difference"),
            selection_mode="points",
            alt="Difference of the two matrices; the two lists below choose the same cells by keyboard",
        )
    st.caption(
        f"Blue: `{found.name}` puts more there than `{found.other}`; red: fewer. Blue is good on the diagonal only."
    )
    with st.expander("The difference as a table"):
        labels = [found.classes[i] for i in order]
        shown = matrix_difference(found, numbers)[np.ix_(order, order)]
        share = st.column_config.NumberColumn(format="percent" if numbers != NUMBERS[0] else "%+d")
        table = pd.DataFrame(shown, index=pd.Index(labels, name="true ↓ predicted →"), columns=labels)
        st.dataframe(table, column_config=dict.fromkeys(labels, share))


def cell_choice(found: Pair) -> tuple[str, str] | None:
    """A cell by keyboard; it is what the address carries."""
    options = [ANY, *found.classes]
    for key in ("true", "predicted"):
        parts.choice_from(key, options)
    left, right = st.columns(2)
    true = left.selectbox("True class", options, key="true", bind="query-params")
    predicted = right.selectbox("Predicted class", options, key="predicted", bind="query-params")
    return None if ANY in (true, predicted) else (true, predicted)


def items(found: Pair, cell: tuple[str, str] | None) -> None:
    """Pictures on which the two differ: in a cell, or those that one alone got right."""
    if cell:
        true, predicted = cell
        by_first, by_second = found.in_cell(true, predicted)
        lists = {f"{predicted} by the first alone": by_first, f"{predicted} by the second alone": by_second}
        st.subheader(f"True {true}, predicted {predicted} by one of them alone", anchor=False)
    else:
        lists = {FIRST: found.only_name, SECOND: found.only_other}
        st.subheader("Items on which one alone is right", anchor=False)
    panel(found.name, found.data_set, found.split, "Back to the items", others=(found.other,))
    named = {f"{words} ({len(rows):,})": rows for words, rows in lists.items()}
    parts.choice_from("which", list(named))
    which = st.segmented_control(
        "Items", list(named), default=next(iter(named)), required=True, key="which", bind="query-params"
    )
    rows = named[which]
    if not rows:
        st.info("There is no such item. Choose the other list, or another cell.")
        return
    shown = rows[one_page(len(rows), "which_page")]
    gallery(found.data_set, found.split, [_entry(item) for item in shown], "pair")
    share = st.column_config.NumberColumn(format="%.3f")
    columns = (f"probability by {found.name}", f"probability by {found.other}")
    st.dataframe(
        pd.DataFrame(
            {
                "id": [i.id for i in shown],
                "true": [i.label for i in shown],
                f"said by {found.name}": [i.predicted for i in shown],
                columns[0]: [i.probability for i in shown],
                f"said by {found.other}": [i.other for i in shown],
                columns[1]: [i.other_probability for i in shown],
            }
        ),
        hide_index=True,
        column_config=dict.fromkeys(columns, share),
    )


def _entry(item: PairedItem) -> Entry:
    return Entry(
        item.id,
        item.id[:10],
        f"Item {item.id}: true {item.label}, the first said {item.predicted} ({item.probability:.0%}), the second "
        f"{item.other} ({item.other_probability:.0%})",
    )


@st.cache_resource(show_spinner="Pairing the answers…", max_entries=4)
def _pair(name: str, other: str, stamps: tuple[object, ...]) -> Pair:
    return pair(name, other)


info = parts.model()
parts.header(
    "Compare errors",
    "Where do two models err differently, and on which items?",
    f"Model `{info.name}` is the first; the second is chosen below",
    "Both models answered the same pictures, so the pictures on which they differ tell more than two accuracies do. "
    "McNemar's test asks whether one is right more often than a coin would make it.",
    "In the difference blue cells hold more pictures of the first model, red ones more of the second.",
    info.note,
)
if get_model(info.name).task.multilabel:
    st.info(f"{info.name} gives tags, not one class. Choose a model of one class in the sidebar.")
    st.stop()
with parts.plainly():
    report = parts.need_report(info, load_report(info.name))
    options = list(comparable(info.name))
if not options:
    st.info(
        f"No other model was scored on the {report.split} split of {report.data_set} with these classes. Choose "
        "another model in the sidebar."
    )
    st.stop()
parts.choice_from("other", options)
other = st.selectbox("Second model", options, key="other", bind="query-params")
with parts.plainly():
    found = _pair(info.name, other, (committed.stamp(info.name), committed.stamp(other)))
verdict(found)
above = st.container()
cell = cell_choice(found)
with above:
    matrices(found, report, cell)
parts.note(info)
items(found, cell)
with st.expander("In Python"):
    st.code(pair_python(found.name, found.other), language="python", wrap_lines=True)
