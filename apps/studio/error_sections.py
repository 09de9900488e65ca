"""Sections about a classifier's errors: intervals class by class, reliability, the most confident mistakes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from apps.studio import committed, parts
from apps.studio.charts import chart
from apps.studio.error_snippets import intervals_python, mistakes_python, reliability_python
from apps.studio.gallery import Entry, gallery, one_page
from fashionviz.errors import WeightsError
from fashionviz.evaluation.class_intervals import class_intervals
from fashionviz.evaluation.mistakes import confident_mistakes
from fashionviz.evaluation.reliability import item_scores, reliability
from fashionviz.evaluation.report import Item
from fashionviz.figures.confusion import distribution_figure
from fashionviz.figures.per_class import per_class_figure
from fashionviz.figures.reliability import reliability_figure
from fashionviz.models.card import load_card
from fashionviz.models.weights import model_folder
from fashionviz.results import Report

ALL = "all classes"
_SHARE = st.column_config.NumberColumn(format="%.3f")


def per_class(report: Report, order: tuple[int, ...]) -> None:
    """Precision, recall and F1 of every class with intervals.

    Args:
        report: of the model.
        order: class numbers as the matrix has them.
    """
    st.subheader("Class by class", anchor=False)
    rows = class_intervals(report.confusion, report.classes)
    chart(
        per_class_figure([rows[i] for i in order], report),
        "per_class",
        f"{report.model.name}-per-class",
        table=[],
        alt="Precision, recall and F1 of each class with their 95 % intervals; the table below holds the numbers",
    )
    st.caption(
        "Intervals hold 95 %: Wilson's for precision and recall, percentiles over 1,000 resamplings of the pictures "
        "for F1. A class with few pictures has wide ones; F1 without any mistake has none, which is no certainty."
    )
    data: dict[str, list[object]] = {"class": [row.label for row in rows]}
    for name, key in (("precision", "precision"), ("recall", "recall"), ("F1", "f1")):
        found = [getattr(row, key) for row in rows]
        data[name] = [e.value for e in found]
        data[f"{name} from"], data[f"{name} to"] = [e.low for e in found], [e.high for e in found]
    data |= {"support (n)": [row.support for row in rows], "predicted (n)": [row.predicted for row in rows]}
    shares = [name for name in data if name.split()[0] in ("precision", "recall", "F1")]
    st.dataframe(pd.DataFrame(data), hide_index=True, column_config=dict.fromkeys(shares, _SHARE))
    with st.expander("In Python"):
        st.code(intervals_python(report.model.name), language="python", wrap_lines=True)


def calibration(report: Report) -> None:
    """Reliability diagram as the model is served, and as it was before the temperature."""
    items = committed.items(report.model.name)
    if not items:
        return
    st.subheader("Is it right as often as it says?", anchor=False)
    scores, truth = item_scores(items, report.classes)
    try:
        temperature = load_card(model_folder(report.model.name)).temperature
    except WeightsError:  # a report may be shipped without weights and card
        temperature = 1.0
    found = {"as served": reliability(scores, truth)}
    if temperature != 1.0:
        found["before the temperature"] = reliability(scores, truth, 1 / temperature)
    chart(
        reliability_figure(found, report),
        "reliability",
        f"{report.model.name}-reliability",
        table=[],
        alt="Share of right answers against the probability of the predicted class; the table below holds the numbers",
    )
    errors = ", ".join(f"{name} {bins.ece:.4f}" for name, bins in found.items())
    st.caption(
        f"Expected calibration error over {len(next(iter(found.values())).counts)} bins: {errors}. Below the dashed "
        f"line the model is surer than it is right."
        + (f" Its temperature, {temperature:.3f}, was fitted on validation." if temperature != 1.0 else "")
    )
    with st.expander("The bins as a table"):
        frames = []
        for name, bins in found.items():
            full = np.flatnonzero(bins.counts)
            frames.append(
                pd.DataFrame(
                    {
                        "": name,
                        "confidence from": bins.edges[full],
                        "to": bins.edges[full + 1],
                        "pictures (n)": bins.counts[full],
                        "mean confidence": bins.confidence[full],
                        "share right": bins.accuracy[full],
                        "95 % from": bins.low[full],
                        "95 % to": bins.high[full],
                    }
                )
            )
        table = pd.concat(frames)
        numbers = [c for c in table.columns if c not in ("", "pictures (n)")]
        st.dataframe(table, hide_index=True, column_config=dict.fromkeys(numbers, _SHARE))
        st.code(reliability_python(report.model.name), language="python", wrap_lines=True)


def mistakes(report: Report) -> None:
    """The most confident mistakes, page by page, of all classes or of one."""
    st.subheader("The most confident mistakes", anchor=False)
    options = [ALL, *report.classes]
    parts.choice_from("mistakes", options)
    label = st.selectbox("True or predicted class", options, key="mistakes", bind="query-params")
    chosen = None if label == ALL else label
    found = confident_mistakes(committed.items(report.model.name), chosen)
    if not found:
        st.info("There is no mistake here. Choose another class.")
        return
    st.caption(
        f"{len(found):,} mistakes among {report.n:,} pictures, {report.split} split of `{report.data_set}`, the surest "
        "first. These are often labels worth a second look."
    )
    shown = found[one_page(len(found), "mistakes_page")]
    gallery(report.data_set, report.split, [entry(item) for item in shown], "mistake")
    item_table(report, shown)
    with st.expander("In Python"):
        st.code(mistakes_python(report.model.name, chosen), language="python", wrap_lines=True)


def distribution(report: Report) -> None:
    """Shares of the classes in training and in what is said."""
    st.subheader("What it was trained on, and what it says", anchor=False)
    data: dict[str, list[object]] = {"class": list(report.classes)}
    if report.train_counts:
        data["train (n)"] = list(report.train_counts)
    data[f"{report.split}: true (n)"] = report.confusion.sum(axis=1).tolist()
    data[f"{report.split}: predicted (n)"] = report.confusion.sum(axis=0).tolist()
    name = f"{report.model.name}-distribution"
    chart(distribution_figure(report), "distribution", name, table=pd.DataFrame(data))


def entry(item: Item) -> Entry:
    """An item of a report for a gallery."""
    return Entry(
        item.id,
        f"{item.id[:8]} · {item.probability:.0%}",
        f"Item {item.id}: true {item.label}, predicted {item.predicted} ({item.probability:.0%})",
    )


def item_table(report: Report, shown: tuple[Item, ...]) -> None:
    """Items as rows."""
    numbers = ("probability of the predicted", "probability of the true")
    st.dataframe(
        pd.DataFrame(
            {
                "id": [i.id for i in shown],
                "true": [i.label for i in shown],
                "predicted": [i.predicted for i in shown],
                numbers[0]: [i.probability for i in shown],
                numbers[1]: [i.probabilities[report.classes.index(i.label)] for i in shown],
            }
        ),
        hide_index=True,
        column_config=dict.fromkeys(numbers, _SHARE),
    )
