"""Garment and skin: what does each pixel show?"""

from __future__ import annotations

import json

import pandas as pd
import streamlit as st

from apps.lab.snippets import segment_cli, segment_curl
from apps.studio import parts, state
from apps.studio.charts import chart, save_picture
from fashionviz.evaluation.region_report import load_region_report
from fashionviz.figures.regions import label_png, legend, region_picture, shares_figure, with_legend
from fashionviz.images import Photo
from fashionviz.inference.segment import segmenter
from fashionviz.models.registry import get_model
from fashionviz.region_json import segmentation_json
from fashionviz.results import Box, ModelInfo
from fashionviz.segment_results import RegionReport, Segmentation
from fashionviz.take_home.code import segment_python


def how_good(report: RegionReport) -> None:
    """Overlap with the publisher's masks, class by class, and what is mixed up."""
    st.dataframe(
        pd.DataFrame(
            {
                "class": [figure.label for figure in report.per_class],
                "overlap (IoU)": [figure.iou for figure in report.per_class],
                "95 % interval": [f"{low:.3f} to {high:.3f}" for low, high in (f.iou_ci95 for f in report.per_class)],
                "precision": [figure.precision for figure in report.per_class],
                "recall": [figure.recall for figure in report.per_class],
                "share of pixels": [figure.share for figure in report.per_class],
            }
        ),
        hide_index=True,
        column_config=dict.fromkeys(
            ("overlap (IoU)", "precision", "recall", "share of pixels"), st.column_config.NumberColumn(format="%.3f")
        ),
    )
    low, high = report.miou_ci95
    st.caption(
        f"Mean overlap {report.miou:.3f} ({low:.3f} to {high:.3f}) on the {report.split} split of `{report.data_set}`, "
        f"n = {report.n} street photos with masks; {report.pixel_accuracy:.1%} of all pixels are right. Of the pixels "
        f"of skin and hair {report.person_as_garment:.1%} are called garment, of garments "
        f"{report.garment_as_person:.1%} skin or hair. Intervals are 95 %, over resampled photos."
    )


def downloads(result: Segmentation, part: Photo, file: str) -> None:
    """The picture, the class numbers, and everything as JSON."""
    size = (part.height, part.width)
    picture = with_legend(region_picture(result, part.pixels), result)
    facts = json.dumps(segmentation_json(result, file, size), indent=2, ensure_ascii=False)
    save_picture(picture, "regions", "regions", f"Garment, skin and hair, background: {result.model.name}")
    with st.container(horizontal=True):
        for label, data, name, mime in (
            ("Class numbers (PNG)", label_png(result.labels_on(size)), "regions.labels.png", "image/png"),
            ("Shares and labels (JSON)", facts, "regions.json", "application/json"),
        ):
            st.download_button(label, data, file_name=name, mime=mime, on_click="ignore", icon=":material/download:")


def code(file: str, model: str, box: Box | None) -> None:
    """The same call to copy."""
    python, shell, curl = st.tabs(["Python", "Command line", "curl"])
    python.code(segment_python(file, model, box), language="python", wrap_lines=True)
    shell.code(segment_cli(file, model, box), language="bash", wrap_lines=True)
    curl.code(segment_curl(file, model, box), language="bash", wrap_lines=True)


def who_answers(chosen: ModelInfo) -> ModelInfo:
    """The chosen model where it segments, else the default segmenter."""
    return chosen if chosen.answer == "regions" else parts.engine().model(segmenter())


chosen = parts.model()
with parts.plainly():
    info = who_answers(chosen)
parts.header(
    "Garment and skin",
    "Which pixels of the photo show something worn, which show skin or hair, and which neither?",
    parts.model_label(info),
    "Orange pixels are garment: everything worn or carried, so shoes, bags, glasses and jewellery too. Blue ones are "
    "skin and hair. What stays grey is background. White lines are where regions meet.",
    "With these regions the other pages can say where a classifier looks: at the item, at the person who wears it, or "
    "beside both.",
    get_model(info.name).paper,
)
parts.need_weights(info)
if info.name != chosen.name:
    st.caption(f"`{chosen.name}` names what a photo shows; `{info.name}` says what each pixel shows.")
held = parts.need_photo("see which pixels are garment, and which are skin or hair")
with parts.plainly():
    box = parts.region_box()
    result = state.remember(
        ("segment", info.name, info.sha256, held.digest, box),
        lambda: parts.engine().segment(held.photo, info.name, box=box),
    )
    part = held.photo.crop(box) if box else held.photo
left, right = st.columns(2, gap="large")
shares = ", ".join(f"{name} {share:.0%}" for name, share in zip(result.classes, result.shares, strict=True))
with left:
    st.subheader("The photo", anchor=False)
    st.image(part.pixels, width="stretch", alt="The photo, or the part of it that was asked about")
with right:
    st.subheader("Its regions", anchor=False)
    st.image(
        region_picture(result, part.pixels),
        width="stretch",
        output_format="PNG",
        alt=f"The photo in grey, garment in orange, skin and hair in blue: {shares}",
    )
    parts.legend_dots(legend(result))
    st.caption(f"Answered in {result.timings.total:.0f} ms. {result.note}")
st.subheader("How much of the photo", anchor=False)
chart(
    shares_figure(result),
    "shares",
    f"{info.name}-shares",
    table=pd.DataFrame(
        {
            "class": result.classes,
            "share of the photo, %": [100 * share for share in result.shares],
            "pixels, about": [round(share * part.height * part.width) for share in result.shares],
        }
    ),
    columns={"share of the photo, %": st.column_config.NumberColumn(format="%.2f")},
)
downloads(result, part, held.name)
with st.container(horizontal=True):
    for page, label in (("activations", "Watch its layers"), ("filters", "See its filters")):
        st.page_link(f"views/{page}.py", label=label, icon=":material/layers:", query_params={"model": info.name})
st.subheader("How good it is", anchor=False)
with parts.plainly():
    report = load_region_report(info.name)
if report is None:
    st.info(f"There is no report for {info.name} yet.")
else:
    how_good(report)
code(held.name, info.name, box)
