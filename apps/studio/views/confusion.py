"""Confusion matrix: which classes does the model mistake for which, and on which items?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from apps.studio import parts
from apps.studio.charts import chart
from fashionviz import images
from fashionviz.data.sets import open_set
from fashionviz.errors import DataError, FashionvizError
from fashionviz.evaluation.report import Item, items_in_cell, load_items, load_report
from fashionviz.figures.confusion import confusion_figure, distribution_figure
from fashionviz.models.registry import get_model
from fashionviz.models.weights import model_folder
from fashionviz.results import Report

ANY = "choose a class"
_PAGE = 24
_SIDE = 96


def matrix(report: Report, chosen: tuple[str, str] | None) -> None:
    """The matrix with its toggle; a click on a cell chooses it."""
    st.segmented_control(
        "Numbers", ["counts", "shares of the true class"], default="counts", required=True, key="scale",
        bind="query-params",
    )  # fmt: skip
    chart(
        confusion_figure(report, normalise=st.session_state["scale"] != "counts", chosen=chosen),
        "matrix",
        f"{report.model.name}-confusion",
        table=counts_table(report),
        on_select=_clicked,
        selection_mode="points",
        alt="Confusion matrix; the two lists below choose the same cells by keyboard",
    )


def counts_table(report: Report) -> pd.DataFrame:
    """The counts as they stand in the matrix: true classes by row."""
    return (
        pd.DataFrame(report.confusion, columns=list(report.classes))
        .assign(true=report.classes)
        .pipe(lambda frame: frame[["true", *report.classes]])
    )


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
    return None if ANY in (true, predicted) else (true, predicted)


@st.cache_data(show_spinner=False, max_entries=4)
def _items(name: str, stamp: float) -> tuple[Item, ...]:
    """The committed predictions on the public split: no visitor's photo is among them. The stamp is the file's time."""
    return load_items(name)


def cell_items(report: Report, true: str, predicted: str) -> None:
    """The items of a cell, most confident first, with thumbnails where the data set is present."""
    path = model_folder(report.model.name) / "predictions.parquet"
    found = items_in_cell(_items(report.model.name, path.stat().st_mtime if path.exists() else 0.0), true, predicted)
    count = "1 item" if len(found) == 1 else f"{len(found):,} items"
    right = ", right answers" if true == predicted else ""
    st.subheader(f"True {true}, predicted {predicted}: {count}{right}", anchor=False)
    if not found:
        st.info("No item fell into this cell. Choose another one, for example one off the diagonal that is not zero.")
        return
    pages = -(-len(found) // _PAGE)
    page = 1
    if pages > 1:
        page = int(st.number_input(f"Page, 1 to {pages}", 1, pages, key=f"page_{true}_{predicted}", width=160))
    shown = found[(page - 1) * _PAGE : page * _PAGE]
    thumbnails(report, shown)
    st.dataframe(
        pd.DataFrame(
            {
                "id": [i.id for i in shown],
                "true": [i.label for i in shown],
                "predicted": [i.predicted for i in shown],
                "probability of the predicted": [i.probability for i in shown],
                "probability of the true": [i.probabilities[report.classes.index(i.label)] for i in shown],
            }
        ),
        hide_index=True,
        column_config={
            "probability of the predicted": st.column_config.NumberColumn(format="%.3f"),
            "probability of the true": st.column_config.NumberColumn(format="%.3f"),
        },
    )


def thumbnails(report: Report, items: tuple[Item, ...]) -> None:
    """The items' pictures, or how to fetch them."""
    try:
        pictures = _pictures(report.data_set, report.split, tuple(i.id for i in items))
    except DataError:
        st.info("The pictures of these items are not on this machine. Whoever runs it can fetch them:")
        st.code(f"fashionviz data fetch {report.data_set}", language="bash")
        return
    seen = [i for i in items if i.id in pictures]
    st.image(
        [pictures[i.id] for i in seen],
        caption=[f"{i.id} · {i.probability:.0%}" for i in seen],
        width=_SIDE,
        alt=[f"Item {i.id}: true {i.label}, predicted {i.predicted}" for i in seen],
    )


@st.cache_data(show_spinner="Reading the items' pictures…", max_entries=32)
def _pictures(data_set: str, split: str, ids: tuple[str, ...]) -> dict[str, NDArray[np.uint8]]:
    """Pictures of a public data set on squares of one size, so that the grid stays aligned.

    Looked up by id: another edition of the set may hold other rows.
    """
    pictures = {}
    data_here = open_set(data_set, split)
    wanted = set(ids)
    places = {row: str(i) for row, i in enumerate(data_here.table(["id"]).column("id").to_pylist()) if str(i) in wanted}
    if not places:
        raise DataError(f"None of these items is in this edition of {data_set}.")
    for row, data in data_here.images(list(places)).items():
        try:
            picture = Image.fromarray(images.decode(data, max_side=512).pixels)
        except FashionvizError:
            continue  # an unreadable picture is left out of the grid; its row stays in the table
        scale = 2 * _SIDE / max(picture.size)
        picture = picture.resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale))))
        square = Image.new("RGB", (2 * _SIDE, 2 * _SIDE), "#FFFFFF")
        square.paste(picture, ((square.width - picture.width) // 2, (square.height - picture.height) // 2))
        pictures[places[row]] = np.asarray(square)
    return pictures


def per_class(report: Report) -> None:
    """Precision, recall, F1 and support of every class."""
    st.subheader("Class by class", anchor=False)
    share = st.column_config.NumberColumn(format="%.3f")
    st.dataframe(
        pd.DataFrame(
            {
                "class": [c.label for c in report.per_class],
                "precision": [c.precision for c in report.per_class],
                "recall": [c.recall for c in report.per_class],
                "F1": [c.f1 for c in report.per_class],
                "support (n)": [c.support for c in report.per_class],
                "predicted (n)": [c.predicted for c in report.per_class],
            }
        ),
        hide_index=True,
        column_config={"precision": share, "recall": share, "F1": share},
    )


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
    "is a mistake. Click a cell to see its items.",
    "Counts favour the large classes; shares of the true class show how a small class fares. The most confident "
    "mistakes come first in the list: they are often labels worth a second look.",
    info.note,
)
if get_model(info.name).task.multilabel:
    st.info(f"{info.name} gives tags, not one class, so nothing is mistaken for one thing. Its figures: the Tags page.")
    st.page_link("views/tags.py", label="Tags", icon=":material/label:")
    st.stop()
report = parts.need_report(info, report)
summary(report)
above = st.container()  # the matrix stands first and outlines the cell that the lists below it hold
cell = cell_choice(report)
with above:
    matrix(report, cell)
parts.note(info)
if cell is None:
    st.info("Click a cell of the matrix, or choose a true and a predicted class, to see its items.")
else:
    cell_items(report, *cell)
per_class(report)
st.subheader("What it was trained on, and what it says", anchor=False)
chart(distribution_figure(report), "distribution", f"{report.model.name}-distribution")
