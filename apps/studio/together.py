"""The section about tags that occur together: a matrix of pictures, and the items behind a cell."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from apps.studio import committed, parts
from apps.studio.charts import chart
from apps.studio.error_snippets import cooccurrence_python
from apps.studio.gallery import Entry, gallery, one_page
from apps.studio.item_panel import panel
from fashionviz.error_results import Cooccurrence
from fashionviz.evaluation.cooccurrence import (
    KINDS,
    clustered_tags,
    cooccurrence,
    frequent,
    pictures_of,
    rows_with_both,
)
from fashionviz.evaluation.tagging_report import TaggedItems
from fashionviz.figures.cells import numbered
from fashionviz.figures.cooccurrence import cooccurrence_figure
from fashionviz.models.registry import get_model
from fashionviz.tag_results import TaggingReport

ANY = "choose a tag"
EVERY = "every group"
ORDERS = ("by frequency", "clustered")
MOST = ("10", "20", "40", "all")


def _groups(report: TaggingReport) -> dict[str, tuple[int, ...]]:
    """Tags of each group by its title, and all of them together."""
    count = len(report.per_tag)
    groups = get_model(report.model.name).task.groups
    named = {group.title: tuple(range(group.start, group.stop)) for group in groups}
    return named if len(groups) == 1 else {**named, EVERY: tuple(range(count))}


def arrangement(report: TaggingReport, found: Cooccurrence) -> tuple[str, tuple[int, ...], tuple[int, ...]]:
    """Which tags stand where, and what is counted; all of it travels in the address."""
    groups = _groups(report)
    titles = list(groups)
    kind = st.segmented_control("Pictures of", KINDS, default=KINDS[0], required=True, key="pairs", bind="query-params")
    way = st.segmented_control("Order", ORDERS, default=ORDERS[0], required=True, key="tag_order", bind="query-params")
    most = st.segmented_control(
        "Most frequent tags", MOST, default="20", required=True, key="most", bind="query-params"
    )
    rows_of, columns_of = titles[0], titles[min(1, len(titles) - 1)]
    if len(titles) > 1:
        for key in ("rows", "columns"):
            parts.choice_from(key, titles)
        left, right = st.columns(2)
        rows_of = left.selectbox("Rows", titles, index=0, key="rows", bind="query-params")
        columns_of = right.selectbox("Columns", titles, index=1, key="columns", bind="query-params")
    limit = len(report.per_tag) if most == "all" else int(most)
    rows, columns = (frequent(found, groups[title], limit) for title in (rows_of, columns_of))
    if way == ORDERS[1]:
        rows, columns = clustered_tags(found, rows, columns)
    return kind, rows, columns


@st.cache_resource(show_spinner=False, max_entries=2)
def _counted(_report: TaggingReport, _data: TaggedItems, since: tuple[str, float]) -> Cooccurrence:
    """Counted once, not at every move of a slider; the file's name and time say what of."""
    thresholds = np.array([tag.threshold for tag in _report.per_tag])
    labels = [tag.label for tag in _report.per_tag]
    return cooccurrence(_data.probabilities, _data.true, _data.known, thresholds, labels)


def _clicked() -> None:
    points: list[dict[str, Any]] = st.session_state["together"]["selection"]["points"]
    if points:
        st.session_state["first"], st.session_state["second"] = points[0]["customdata"][:2]


def together(report: TaggingReport) -> None:
    """Matrix, table, the choice of a cell, and its items."""
    data = committed.tagged(report.model.name)
    if data is None:
        st.info("The answers on single pictures are not here, so that nothing can be said of pairs of tags.")
        return
    labels = [tag.label for tag in report.per_tag]
    thresholds = np.array([tag.threshold for tag in report.per_tag])
    found = _counted(report, data, committed.stamp(report.model.name))
    kind, rows, columns = arrangement(report, found)
    above = st.container()
    pair = _pair(labels)
    with above:
        _matrix(report, found, kind, rows, columns, pair)
    if pair is None:
        if not panel(report.model.name, report.data_set, report.split):
            st.info("Click a cell, or choose two tags, to see the items that have both.")
    else:
        _items(report, data, thresholds, (labels.index(pair[0]), labels.index(pair[1])), kind)
    with st.expander("In Python"):
        st.code(cooccurrence_python(report.model.name), language="python", wrap_lines=True)


def _pair(labels: list[str]) -> tuple[str, str] | None:
    """The chosen cell; by keyboard through two lists."""
    options = [ANY, *labels]
    for key in ("first", "second"):
        parts.choice_from(key, options)
    left, right = st.columns(2)
    first = left.selectbox("A tag", options, key="first", bind="query-params")
    second = right.selectbox("And another one", options, key="second", bind="query-params")
    return None if ANY in (first, second) else (first, second)


def _matrix(
    report: TaggingReport,
    found: Cooccurrence,
    kind: str,
    rows: tuple[int, ...],
    columns: tuple[int, ...],
    pair: tuple[str, str] | None,
) -> None:
    many = not numbered(max(len(rows), len(columns)))
    with st.container(key="wide_together" if many else "together_box"):
        chart(
            cooccurrence_figure(found, kind, rows, columns, report, pair),
            "together",
            f"{report.model.name}-together",
            table=[],
            on_select=_clicked,
            selection_mode="points",
            alt="How many pictures have two tags together; the two lists below choose the same cells by keyboard",
        )
    st.caption(
        "Counted over the pictures of which both tags are known; a tag is said from its own threshold on."
        + (" Numbers stand under the pointer and in the table." if many else "")
    )
    with st.expander("The matrix as a table"):
        shown = pictures_of(found, kind)[np.ix_(rows, columns)]
        down, across = ([found.labels[i] for i in places] for places in (rows, columns))
        st.dataframe(pd.DataFrame(shown, index=pd.Index(down, name=kind), columns=across))


def _items(
    report: TaggingReport, data: TaggedItems, thresholds: NDArray[np.float64], pair: tuple[int, int], kind: str
) -> None:
    """The pictures of a cell, the most certain first."""
    first, second = (report.per_tag[i].label for i in pair)
    rows = rows_with_both(data.probabilities, data.true, data.known, thresholds, pair, kind)
    what = {KINDS[0]: "both true", KINDS[1]: "both said", KINDS[2]: "both said or both true, but not both of these"}[
        kind
    ]
    st.subheader(f"{first} and {second}, {what}: {len(rows):,} item{'' if len(rows) == 1 else 's'}", anchor=False)
    if not len(rows):
        st.info("No picture fell into this cell. Choose another one.")
        return
    panel(report.model.name, report.data_set, report.split, "Back to the items")
    shown = rows[one_page(len(rows), "pair_page")]
    entries = []
    for row in shown:
        one, other = (float(data.probabilities[row, i]) for i in pair)
        alt = f"Item {data.ids[row]}: {first} {one:.0%}, {second} {other:.0%}"
        entries.append(Entry(data.ids[row], f"{data.ids[row][:8]} · {min(one, other):.0%}", alt))
    gallery(report.data_set, report.split, entries, "pair")
    st.dataframe(
        pd.DataFrame(
            {
                "id": [data.ids[row] for row in shown],
                f"{first}: probability": data.probabilities[shown, pair[0]],
                f"{first}: true": data.true[shown, pair[0]],
                f"{second}: probability": data.probabilities[shown, pair[1]],
                f"{second}: true": data.true[shown, pair[1]],
            }
        ),
        hide_index=True,
    )
