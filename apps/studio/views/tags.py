"""Tags: how good a tagger is tag by tag, and what a threshold trades."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from apps.studio import committed, parts
from apps.studio.charts import chart
from apps.studio.error_snippets import threshold_python
from apps.studio.together import together
from fashionviz.error_results import ClassIntervals
from fashionviz.evaluation.class_intervals import tag_intervals
from fashionviz.evaluation.multilabel import threshold_curve
from fashionviz.evaluation.tagging_report import load_tagging_report
from fashionviz.figures.tags import histogram_figure, precision_recall_figure, threshold_figure
from fashionviz.figures.theme import scored_title
from fashionviz.models.registry import get_model, list_models
from fashionviz.tag_results import TaggingReport, TagReport, ThresholdCurve

_SHOWN = 10


def summary(report: TaggingReport) -> None:
    """The averages with their intervals, n, split and data set."""
    with st.container(horizontal=True, gap="large"):
        for title, value, interval in (
            ("Micro F1", report.micro.f1, report.micro_f1_ci95),
            ("Macro F1", report.macro.f1, report.macro_f1_ci95),
            ("Mean average precision", report.mean_average_precision, report.map_ci95),
        ):
            low, high = interval
            st.metric(title, f"{value:.3f}", help=f"95 % interval {low:.3f} to {high:.3f}")
        st.metric("F1 a picture", f"{report.per_image.f1:.3f}")
    st.caption(
        f"{report.split} split of `{report.data_set}`; {report.labels} of {len(report.per_tag)} tags occur in it. "
        f"{report.accuracy:.1%} of all decisions are right, most of them absences, which is why F1 says more."
    )


def one_tag(report: TaggingReport) -> None:
    """Choose a tag, move its threshold, see what that trades."""
    labels = [tag.label for tag in report.per_tag]
    frequent = sorted(labels, key=lambda label: -report.per_tag[labels.index(label)].train_count)
    parts.choice_from("tag", frequent)
    label = st.selectbox("Tag", frequent, key="tag", bind="query-params")
    place = labels.index(label)
    tag = report.per_tag[place]
    data = committed.tagged(report.model.name)
    if data is None or not tag.support:
        st.info(f"No picture of the {report.split} split has the tag {label}. Choose another one.")
        return
    where = data.known[:, place]
    curve = threshold_curve(data.probabilities[where, place], data.true[where, place])
    threshold = chosen_threshold(report, tag)
    trade(report, tag, curve, threshold, tag_intervals(data.probabilities, data.true, data.known, place, threshold))
    left, right = st.columns(2, gap="large")
    with left:
        chart(
            precision_recall_figure(curve, threshold, scored_title(f"{tag.label}: precision and recall", report)),
            "precision_recall",
            f"{label}-precision-recall",
            table=[],
            alt=f"Precision against recall of the tag {label} over all thresholds; the table below holds the numbers",
        )
    with right:
        chart(
            threshold_figure(curve, threshold, scored_title(f"{tag.label}: what a threshold trades", report)),
            "by_threshold",
            f"{label}-thresholds",
            table=[],
            alt=f"Precision, recall and F1 of the tag {label} at each threshold; the table below holds the numbers",
        )
    with st.expander("The curves as a table, and in Python"):
        share = st.column_config.NumberColumn(format="%.3f")
        columns = {"said from": curve.thresholds, "precision": curve.precision, "recall": curve.recall, "F1": curve.f1}
        st.dataframe(pd.DataFrame(columns), hide_index=True, column_config=dict.fromkeys(columns, share))
        st.code(threshold_python(report.model.name, label, threshold), language="python", wrap_lines=True)


def chosen_threshold(report: TaggingReport, tag: TagReport) -> float:
    """The threshold of the slider, which travels in the address; another tag begins at its own."""
    own, asked = round(tag.threshold, 3), (report.model.name, tag.label)
    if st.session_state.get("threshold_of", asked) != asked:
        st.session_state["threshold"] = own
    st.session_state["threshold_of"] = asked
    if "threshold" in st.session_state:  # a default beside a value that is set would be refused
        return st.slider(
            "Said from a probability of", 0.0, 1.0, step=0.005, key="threshold", format="%.3f", bind="query-params"
        )
    return st.slider(
        "Said from a probability of", 0.0, 1.0, own, 0.005, key="threshold", format="%.3f", bind="query-params"
    )


def trade(report: TaggingReport, tag: TagReport, curve: ThresholdCurve, threshold: float, at: ClassIntervals) -> None:
    """The three figures at the threshold with their intervals, beside those at the model's own."""
    names = ("Precision", "Recall", "F1")
    with st.container(horizontal=True, gap="large"):
        for name, value, own in zip(names, curve.at(threshold), curve.at(tag.threshold), strict=True):
            change = value - own
            st.metric(name, f"{value:.3f}", f"{change:+.3f}" if abs(change) >= 0.0005 else None)
        st.metric("Items that have it", f"{tag.support:,}")
    st.caption(
        f"95 % intervals: precision {at.precision.low:.3f} to {at.precision.high:.3f} (of {at.predicted:,} items "
        f"that it is said of), recall {at.recall.low:.3f} to {at.recall.high:.3f} (of {at.support:,} that have it), F1 "
        f"{at.f1.low:.3f} to {at.f1.high:.3f}; Wilson's, of F1 percentiles over resampled pictures."
    )
    st.caption(
        f"On the {report.split} split of `{report.data_set}`. The model says it from {tag.threshold:.3f} on, chosen on "
        "validation; differences are to that."
    )


def table(report: TaggingReport) -> None:
    """Every tag in a table that can be sorted."""
    share = st.column_config.NumberColumn(format="%.3f")
    tags = report.per_tag
    st.dataframe(
        pd.DataFrame(
            {
                "tag": [t.label for t in tags],
                "train items": [t.train_count for t in tags],
                "items (n)": [t.support for t in tags],
                "said of": [t.said for t in tags],
                "said from": [t.threshold for t in tags],
                "precision": [t.precision if t.said else None for t in tags],
                "recall": [t.recall if t.support else None for t in tags],
                "F1": [t.f1 if t.support else None for t in tags],
                "average precision": [t.average_precision if t.support else None for t in tags],
            }
        ),
        hide_index=True,
        column_config=dict.fromkeys(("said from", "precision", "recall", "F1", "average precision"), share),
    )


info = parts.model()
tagger = get_model(info.name).task.multilabel
with parts.plainly():
    report = load_tagging_report(info.name)
scored = f" · {report.split} split of `{report.data_set}`, n = {report.n:,}" if report else ""
parts.header(
    "Tags",
    "How good is the tagger tag by tag, and what does a threshold trade?",
    f"Model `{info.name}`{scored}",
    "A tag is said when its probability reaches its threshold. A higher threshold makes what is said more often right "
    "(precision) and misses more (recall); F1 is their harmonic mean.",
    "Micro F1 counts every decision the same, and so the frequent tags; macro F1 counts every tag the same. Average "
    "precision needs no threshold.",
    "Of tags that occur together, the matrix counts pictures: what is true, what is said, and how far the two differ.",
    info.note,
)
if not tagger:
    names = [spec.name for spec in list_models() if spec.task.multilabel]
    st.info(f"{info.name} gives one class, not tags. Choose a tagger in the sidebar: {', '.join(names)}.")
    st.stop()
report = parts.need_report(info, report)
summary(report)
parts.note(info)
st.subheader("One tag", anchor=False)
one_tag(report)
st.subheader(f"The {min(_SHOWN, len(report.per_tag))} most frequent tags", anchor=False)
chart(histogram_figure(report, _SHOWN), "histogram", f"{report.model.name}-tags")
st.subheader("Tags that occur together", anchor=False)
together(report)
st.subheader("Tag by tag", anchor=False)
table(report)
