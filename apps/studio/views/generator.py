"""Inside the generator: how a drawing forms, its filters, the discriminator's maps, the film of its training."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from apps.studio import drawing, film, intake, parts, state
from apps.studio.charts import chart
from fashionviz import images
from fashionviz.drawing_results import Formation, GeneratorInfo, Judgement, Stage
from fashionviz.figures.drawing_stages import stage_grid, strongest_maps
from fashionviz.figures.filters import columns_for, figure_width, filter_figure, filter_rows
from fashionviz.figures.pictures import filter_grid, unused_filters
from fashionviz.images import encode_png
from fashionviz.results import FilterBank
from fashionviz.take_home import drawing_code

FORMS, FILTERS, JUDGES, FILM = "How it forms", "Filters", "The discriminator", "Its training as a film"
LOOK, POINT, MAPS, STAGE, PART = "look", "point", "maps", "stage", "part"
_TILE = 64


def choose_point() -> str:
    """The point that is drawn; it travels in the address."""
    text = st.text_input("Point", "7", key=POINT, bind="query-params",
                         help="A seed such as 7, or a way such as 7>12@0.3.")  # fmt: skip
    points, bad = drawing.points_of(text)
    for sentence in bad:
        st.error(sentence)
    if not points:
        st.info("Write a seed, for example 7, to see how its drawing forms.")
        st.stop()
    return points[0]


def stage_maps(stages: tuple[Stage, ...], count: int, key: str) -> None:
    """The strongest maps of each stage, each on its own scale."""
    parts.legend_magnitude("lowest of the map", "highest of the map")
    for number, stage in enumerate(stages):
        channels, height, width = stage.maps.shape
        shown = strongest_maps(stage.maps, count)
        with st.container(key=f"{key}_{number}"):
            st.markdown(
                f"**{number + 1}. `{stage.name}`** · {channels} map{'s' if channels > 1 else ''} of {width}×{height}"
                + (f", the {len(shown)} strongest:" if len(shown) < channels else ":")
            )
            st.image(
                stage_grid(stage.maps, shown, columns=8, tile=_TILE), output_format="PNG",
                alt=f"The strongest maps of {stage.name}: channels {', '.join(map(str, shown))}",
            )  # fmt: skip


def how_it_forms(info: GeneratorInfo) -> None:
    """From the latent to the picture."""
    left, right = st.columns([3, 2], gap="medium")
    with left:
        point = choose_point()
    with right:
        label = drawing.label_choice(info)
    count = int(st.select_slider("Maps of each stage", [8, 16, 24, 32, 48], value=16, key=MAPS, bind="query-params"))
    with parts.plainly():
        formed: Formation = state.remember(
            ("formation", info.name, info.sha256, point, label),
            lambda: parts.engine().formation(point, info.name, label=label),
        )
    picture = formed.pixels
    one, two = st.columns([2, 5], gap="large")
    with one:
        st.image(parts.shown(picture, 256), width=256, output_format="PNG",
                 alt=f"The drawing of {drawing.point_words(point)}")  # fmt: skip
        words = drawing.point_words(point) + (f", {formed.label}" if formed.label else "")
        st.caption(f"{words}, {picture.shape[1]}×{picture.shape[0]} px.")
        drawing.draw_link("Open it in Draw", info, label, picks=point)
    with two:
        st.markdown(
            f"{info.latent} numbers become maps of 4×4, and each stage doubles their side: first where something "
            "stands, then its outline, then cloth, edges and colour."
        )
        stage_maps(formed.stages[:-1], count, "formed")
    st.code(drawing_code.formation_python(info.name, point, label), language="python", wrap_lines=True)


def filters(info: GeneratorInfo) -> None:
    """The transposed convolutions' filters, and the discriminator's convolutions."""
    which = ["generator", *(["discriminator"] if info.judged else [])]
    parts.choice_from(PART, which)
    left, right = st.columns(2)
    part = left.selectbox("Network", which, key=PART, bind="query-params")
    with parts.plainly():
        stages = list(parts.engine().drawing_stages(info.name, part))
        parts.choice_from(STAGE, stages)
        last = len(stages) - 1 if part == "generator" else 0
        stage = right.selectbox("Stage", stages, index=last, key=STAGE, bind="query-params")
        bank: FilterBank = parts.engine().drawing_filters(info.name, stage, part)
    count, inputs, height, width = bank.weights.shape
    st.caption(
        f"`{bank.layer}`: {count} filters of {height}×{width} over {inputs} channel{'s' if inputs > 1 else ''}. "
        + ("In colour: what each paints." if bank.first and inputs == 3 else "Shown as the mean over the channels.")
    )
    if not (bank.first and inputs == 3):
        parts.legend_signed("negative", "positive")
    unused = len(unused_filters(bank))
    if unused:
        st.caption(f"{unused} of the {count} filters are unused: training has driven all their weights to about zero.")
    chart(filter_figure(bank), "filters", f"{info.name}-{part}-{stage}-filters", table=filter_rows(bank),
          width=figure_width(count), alt=f"{count} filters of {stage}, index on hover")  # fmt: skip
    st.download_button("Picture (PNG)", encode_png(filter_grid(bank, columns=columns_for(count))),
                       file_name=f"{info.name}-{part}-{stage}-filters.png", mime="image/png", on_click="ignore",
                       icon=":material/download:")  # fmt: skip


def judged_picture(info: GeneratorInfo) -> tuple[NDArray[np.uint8], str]:
    """The drawing of a point, or the session's photo."""
    held = state.held()
    options = ["a drawing", *(["the photo"] if held is not None else [])]
    parts.choice_from("judged", options)
    chosen = st.segmented_control("Judge", options, default=options[0], required=True, key="judged",
                                  bind="query-params")  # fmt: skip
    if held is not None and chosen == "the photo":
        return held.photo.pixels, held.name
    if held is None:
        with st.expander("Judge a photo of your own"):
            intake.chooser("page")
    point = choose_point()
    return drawing.draw(info, point, None).pixels, drawing.point_words(point)


def discriminator(info: GeneratorInfo) -> None:
    """What the network that was trained to tell photos from drawings makes of a picture."""
    if not info.judged:
        st.info(f"No discriminator is installed with {info.name}. Those of DCGAN are: choose one of them above.")
        return
    count = int(st.select_slider("Maps of each stage", [8, 16, 24, 32, 48], value=16, key=MAPS, bind="query-params"))
    with parts.plainly():
        pixels, words = judged_picture(info)
        found: Judgement = state.remember(
            ("judge", info.name, info.sha256, state.digest_of(pixels)),
            lambda: parts.engine().judge(images.from_pixels(pixels), info.name),
        )
    one, two = st.columns([2, 5], gap="large")
    with one:
        st.image(parts.shown(found.pixels, 256), width=256, output_format="PNG",
                 alt=f"What the discriminator sees of {words}")  # fmt: skip
        st.metric("Logit", f"{found.logit:+.2f}", f"taken for {'real' if found.logit > 0 else 'drawn'}",
                  delta_color="off", delta_arrow="off")  # fmt: skip
        st.caption(
            f"{found.probability:.0%} real by its own reckoning, which nobody has calibrated: it learned while the "
            "drawings were changing, and on these photos alone."
        )
    with two:
        stage_maps(tuple(s for s in found.stages if s.maps.shape[1:] != (1, 1)), count, "judged_maps")


info_place = st.container()
info = drawing.generator_choice()
with info_place:
    parts.header(
        "Inside the generator",
        "How does a drawing form, and what does the network that judged it look at?",
        drawing.generator_label(info),
        "Each tile is the output of one channel of a stage, on its own scale: bright where it answers strongly. The "
        "stages stand in order, from the latent to the picture.",
        "The filters of the last stage paint: each is a small stroke in colour. Those before it lay out where "
        "strokes go.",
        "The film shows the first latents of the same 36 seeds after every epoch of training.",
    )
drawing.need_drawable(info)
looks = [FORMS, FILTERS, JUDGES, FILM]
look = st.segmented_control("Look at", looks, default=FORMS, required=True, key=LOOK, bind="query-params")
{FORMS: how_it_forms, FILTERS: filters, JUDGES: discriminator, FILM: film.show}[look](info)
