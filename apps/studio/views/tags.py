"""Tags: how good a tagger is tag by tag, and what a threshold trades."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from apps.studio import parts
from apps.studio.charts import chart
from fashionviz.evaluation.multilabel import threshold_curve
from fashionviz.evaluation.tagging_report import TaggedItems, load_tagged_items, load_tagging_report
from fashionviz.figures.tags import histogram_figure, precision_recall_figure, threshold_figure
from fashionviz.models.registry import get_model, list_models
from fashionviz.models.weights import model_folder
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


@st.cache_data(show_spinner=False, max_entries=2)
def _items(name: str, stamp: float) -> TaggedItems | None:
    """The committed probabilities on the public split. The stamp is the file's time."""
    return load_tagged_items(name)


def curve_of(report: TaggingReport, place: int) -> ThresholdCurve | None:
    """What thresholds do to a tag; ``None`` without stored probabilities."""
    path = model_folder(report.model.name) / "predictions.parquet"
    items = _items(report.model.name, path.stat().st_mtime if path.exists() else 0.0)
    if items is None:
        return None
    where = items.known[:, place]
    return threshold_curve(items.probabilities[where, place], items.true[where, place])


def one_tag(report: TaggingReport) -> None:
    """Choose a tag, move its threshold, see what that trades."""
    labels = [tag.label for tag in report.per_tag]
    frequent = sorted(labels, key=lambda label: -report.per_tag[labels.index(label)].train_count)
    parts.choice_from("tag", frequent)
    label = st.selectbox("Tag", frequent, key="tag", bind="query-params")
    place = labels.index(label)
    tag = report.per_tag[place]
    curve = curve_of(report, place)
    if curve is None or not tag.support:
        st.info(f"No picture of the {report.split} split has the tag {label}. Choose another one.")
        return
    threshold = st.slider(
        "Said from a probability of", 0.0, 1.0, round(tag.threshold, 3), 0.005, key=f"threshold {label}", format="%.3f"
    )
    trade(report, tag, curve, threshold)
    left, right = st.columns(2, gap="large")
    with left:
        chart(precision_recall_figure(curve, threshold), "precision_recall", f"{label}-precision-recall")
    with right:
        chart(threshold_figure(curve, threshold), "by_threshold", f"{label}-thresholds")


def trade(report: TaggingReport, tag: TagReport, curve: ThresholdCurve, threshold: float) -> None:
    """The three figures at the threshold, beside those at the model's own."""
    names = ("Precision", "Recall", "F1")
    with st.container(horizontal=True, gap="large"):
        for name, value, own in zip(names, curve.at(threshold), curve.at(tag.threshold), strict=True):
            change = value - own
            st.metric(name, f"{value:.3f}", f"{change:+.3f}" if abs(change) >= 0.0005 else None)
        st.metric("Items that have it", f"{tag.support:,}")
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
st.subheader("Tag by tag", anchor=False)
table(report)
