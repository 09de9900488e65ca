"""How good are the drawings: distances on a scale, classes, near-copies, training, real against drawn."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from apps.studio import drawing, item_photos, links, parts, quiz_questions
from apps.studio.charts import chart
from fashionviz.drawing_results import Copy, DrawingReport, GeneratorInfo, Rate
from fashionviz.errors import FashionvizError
from fashionviz.evaluation.drawing_report import load_drawing_report
from fashionviz.explore_results import Source
from fashionviz.figures.drawings import (
    SETS,
    agreement_figure,
    agreement_rows,
    course_figure,
    scale_figure,
    scale_rows,
)
from fashionviz.models.drawing_card import load_generator_card
from fashionviz.models.weights import model_folder

MEASURE = "measure"
_CHOICES = {"Fréchet": "frechet", "Kernel": "kernel"}
_SIDE, _PAIRS = 128, 8


def reports() -> dict[str, DrawingReport]:
    """The committed report of each trained generator, best first; a damaged one is said in a sentence."""
    found = {}
    for info in parts.engine().generators():
        if not info.trained:
            continue
        try:
            report = load_drawing_report(info.name)
        except FashionvizError as error:
            parts.sentence(error)
            continue
        if report is not None:
            found[info.name] = report
    return dict(sorted(found.items(), key=lambda entry: entry[1].on_scale()))


def on_one_scale(found: dict[str, DrawingReport]) -> None:
    """Every generator between other photos and shuffled ones."""
    st.subheader("On one scale", anchor=False)
    chosen = st.segmented_control(
        "Distance", list(_CHOICES), default="Fréchet", required=True, key=MEASURE, bind="query-params"
    )
    measure = _CHOICES[str(chosen)]
    rows = scale_rows(found, measure)
    number = st.column_config.NumberColumn(format="%.4f")
    chart(
        scale_figure(found, measure),
        "scale",
        f"drawings-{measure}",
        table=rows,
        columns={key: number for key in ("distance", "low", "high", "place", "place_low", "place_high")},
    )
    features = ", ".join(sorted({report.features for report in found.values()}))
    st.caption(
        f"In features of {features}, so these are no FID and no KID and cannot be compared with published ones. Each "
        "generator is measured against test photos of its own classes, and stands on its own scale: 0 is the distance "
        "of other photos, which no generator can be expected to pass, 1 that of photos cut into 8×8 patches and "
        "shuffled. Lines are 95 % intervals."
    )


def rate(value: Rate | None) -> str:
    """A share with its interval and n."""
    if value is None:
        return "not asked"
    return f"{value.value:.1%} ({value.ci95[0]:.1%} to {value.ci95[1]:.1%}), n = {value.n:,}"


def verdicts(report: DrawingReport) -> list[str]:
    """What the numbers say, in words."""
    drawn, blurred, shuffled = (report.distance(what) for what in ("drawn", "blurred", "shuffled"))
    said = []
    if drawn.frechet < blurred.frechet:
        said.append("The drawings are nearer to photos than photos blurred to 16 px are.")
    elif drawn.frechet < shuffled.frechet:
        said.append("The drawings are nearer to photos than shuffled photos are, but not nearer than blurred ones.")
    else:
        said.append("The drawings are no nearer to photos than photos with shuffled patches: that is a weak generator.")
    if report.spread < 0.5:
        said.append(f"**Collapse**: the drawings differ only {report.spread:.0%} as much as photos do.")
    else:
        said.append(f"The drawings differ {report.spread:.0%} as much as photos do: no sign of a collapse.")
    if report.near_copies.ci95[0] > report.near_copies_real.ci95[1]:
        said.append("More drawings than test photos are near-copies of training items: some may be copied.")
    else:
        said.append("Drawings are near-copies of training items no more often than test photos are.")
    return said


def figures(report: DrawingReport) -> None:
    """Every number with what it is about."""
    for sentence in verdicts(report):
        st.markdown(f"- {sentence}")
    rows = [
        {
            "pictures": SETS[d.what][0],
            "n": f"{d.n:,}",
            "Fréchet distance": f"{d.frechet:.3f}",
            "its 95 % interval": f"{d.frechet_ci95[0]:.3f} to {d.frechet_ci95[1]:.3f}",
            "kernel distance": f"{d.kernel:.4f}",
            "its 95 % interval ": f"{d.kernel_ci95[0]:.4f} to {d.kernel_ci95[1]:.4f}",
        }
        for d in report.distances
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True)
    last = report.first_seed + report.n - 1
    st.caption(
        f"Against the {report.split} split of `{report.data_set}`, n = {report.n:,} photos; as many drawings, seeds "
        f"{report.first_seed:,} to {last:,}. Features: {report.features}. On the scale at {report.on_scale():.3f} "
        f"(Fréchet) and {report.on_scale('kernel'):.3f} (kernel)."
    )
    chosen = report.tries > 1
    shares: dict[str, Rate | None] = {
        "precision: drawings that lie where photos do": report.precision,
        "recall: photos that lie where drawings do": report.recall,
        f"class agreement: drawings that {report.judged_by} takes for the class asked for": report.agreement,
        "the same of photos of that size: the ceiling": report.agreement_real,
        **({"the same of drawings from each seed's first latent": report.agreement_first} if chosen else {}),
        f"near-copies: drawings more like a training item than {report.near_from:.3f} (cosine)": report.near_copies,
        "the same of test photos": report.near_copies_real,
    }
    st.dataframe(
        pd.DataFrame({"share": list(shares), "value (95 % interval)": [rate(v) for v in shares.values()]}),
        hide_index=True,
    )
    if chosen:
        st.caption(
            f"A seed gives {report.tries} latents. The network that judged the generator while it learned keeps the "
            "one whose picture it is most sure shows the class asked for, here as everywhere in the suite."
        )


def agreement(info: GeneratorInfo, report: DrawingReport) -> None:
    """What the classifier names by the class asked for."""
    if not report.asked:
        return
    st.subheader("Does it draw what it is asked for?", anchor=False)
    asked = info.classes or info.learns
    chart(agreement_figure(report, asked), "agreement", f"{info.name}-classes", table=agreement_rows(report, asked))
    st.caption(f"Judged by `{report.judged_by}`, which took no part in training it.")
    drawing.note(info)


def copies(info: GeneratorInfo, report: DrawingReport) -> None:
    """The drawings that are most like a training item, beside it."""
    st.subheader("Does it copy?", anchor=False)
    st.markdown(
        "The drawings most like a training item, each beside it. A near-copy is more like one than "
        f"{report.near_from:.3f} (cosine of the classifier's features): 5 % of the test photos are, by chance and "
        "since shops show variants."
    )
    shown = report.nearest[:_PAIRS]
    source = Source(report.data_set, "train", len(shown))
    photos = item_photos.photos_or_offer(source, tuple(copy.item for copy in shown))
    with parts.plainly():
        drawn = {copy.seed: drawing.draw(info, str(copy.seed), copy.label if info.classes else None) for copy in shown}
    with st.container(horizontal=True, gap="medium"):
        for number, copy in enumerate(shown):
            with st.container(width=2 * _SIDE + 8, gap="xsmall", key=f"copy_{number}"):
                pictures = [item_photos.square(drawn[copy.seed].pixels, 2 * _SIDE)]
                words = [f"drawn, seed {copy.seed}"]
                if copy.item in photos:
                    pictures.append(item_photos.square(photos[copy.item], 2 * _SIDE))
                    words.append(f"training item {copy.item}")
                st.image(pictures, width=_SIDE, caption=words, alt=words, output_format="PNG")
                st.caption(f"cosine {copy.cosine:.3f}")
                copy_link(info, copy)


def copy_link(info: GeneratorInfo, copy: Copy) -> None:
    """To the drawing on the page Draw."""
    drawing.draw_link("Open it in Draw", info, copy.label if info.classes else None, picks=str(copy.seed))


def course(info: GeneratorInfo) -> None:
    """Training epoch by epoch, with warnings in words."""
    with parts.plainly():
        card = load_generator_card(model_folder(info.name))
    history = card.recipe.get("history") or []
    if not history or "val_kernel_distance" not in history[0]:
        return
    st.subheader("How it was trained", anchor=False)
    chart(course_figure(history), "course", f"{info.name}-training", table=history)
    warnings = card.recipe.get("warnings") or []
    for sentence in warnings:
        st.warning(str(sentence))
    if not warnings:
        st.caption("No epoch gave a warning of a collapse.")
    with st.expander("Recipe"):
        st.code(card.command, language="bash", wrap_lines=True)
        st.json({key: value for key, value in card.recipe.items() if key != "history"})
    links.link("generator", "Its training as a film", gen=info.name, look="Its training as a film")


def side_by_side(info: GeneratorInfo) -> None:
    """Photos and drawings of the same classes, taken as they come."""
    st.subheader("Real against drawn", anchor=False)
    with parts.plainly():
        drawn = drawing.labelled(info, range(2 * _PAIRS))
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Drawn**, the first seeds as they come")
        st.image([parts.shown(d.pixels, 128) for d in drawn], width=84, output_format="PNG",
                 alt=[drawing.drawing_words(d) for d in drawn])  # fmt: skip
    with right:
        st.markdown("**Real**, test photos as they come, at the same size")
        found = quiz_questions.first_photos(info, tuple(d.label for d in drawn))
        if not found:
            st.info("The photos of the test split are not on this machine. Whoever runs it can fetch them:")
            st.code("fashionviz data fetch fpi", language="bash")
        else:
            st.image([parts.shown(pixels, 128) for _, pixels in found], width=84, output_format="PNG",
                     alt=[f"Photo of item {name}" for name, _ in found])  # fmt: skip
    links.link("real-or-drawn", "Can you tell them apart? The quiz", gen=info.name)


top = st.container()
info = drawing.generator_choice()
with top:
    parts.header(
        "How good are the drawings",
        "How near are the drawings to photos, do they show what was asked for, and are any copied?",
        drawing.generator_label(info),
        "A distance alone says nothing, so three other sets of pictures are measured beside the drawings: other "
        "photos, which are the floor, photos blurred to 16 pixels, and photos with shuffled patches.",
        "Precision asks whether each drawing lies among photos, recall whether all kinds of photos lie among "
        "drawings: a generator that draws one perfect shirt has the first and not the second.",
    )
drawing.need_drawable(info)
found = reports()
if found:
    on_one_scale(found)
report = found.get(info.name)
st.subheader(info.name, anchor=False)
if report is None:
    st.info(f"There is no report for {info.name} yet. Measure it:")
    st.code(f"fashionviz evaluate {info.name}", language="bash")
else:
    figures(report)
    agreement(info, report)
    copies(info, report)
side_by_side(info)
course(info)
