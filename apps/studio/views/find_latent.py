"""Find it in latent space: the latent whose drawing is most like the photo, and drawings around it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from apps.studio import drawing, parts
from apps.studio.answered import answered
from apps.studio.cells import Cell, cells
from apps.studio.charts import chart
from apps.studio.drawing_files import save
from apps.studio.state import Held
from fashionviz.drawing_results import GeneratorInfo, Inversion
from fashionviz.figures.drawing_distance import search_figure
from fashionviz.images import encode_png
from fashionviz.results import Box
from fashionviz.take_home import drawing_code

STEPS, BEGUN = "steps", "begun"
FITS_BEST = "the one that fits best"
_SIDE = 320
#: Drawings around what was found, and how far from it they lie.
_AROUND, _SHARE = 12, 0.2


def begin(digest: str) -> None:
    """Start searching for this photo; for callbacks."""
    st.session_state[BEGUN] = digest


def look(point: str, place: int) -> None:
    """Offer the way to a drawing around what was found; for callbacks."""
    st.session_state["near"] = (point, place)


def search(info: GeneratorInfo, held: Held, label: str | None, steps: int, box: Box | None) -> Inversion | None:
    """What was found, from this session or from a job; ``None`` while it runs and where it failed or was stopped."""
    engine = parts.engine()
    return answered(
        ("invert", info.name, info.sha256, held.digest, box, label, steps),
        lambda on_progress, cancel: engine.invert(
            held.photo, info.name, label=label, steps=steps, box=box, on_progress=on_progress, cancel=cancel
        ),
        "Searching latent space",
        stopped="The search was stopped.",
    )


def show(info: GeneratorInfo, found: Inversion) -> None:
    """The photo beside what was found, the way there, and what lies around it."""
    left, right = st.container(key="pair_found").columns(2, gap="large")
    left.image(parts.shown(found.target, _SIDE), width="stretch", output_format="PNG", alt="The photo, made small",
               caption="The photo, as small as a drawing")  # fmt: skip
    right.image(parts.shown(found.pixels, _SIDE), width="stretch", output_format="PNG", alt="The drawing found",
                caption="The nearest drawing that was found")  # fmt: skip
    apart = float(np.square((found.pixels.astype(float) - found.target) / 255).mean())
    st.markdown(
        f"Their pixels differ by **{apart:.4f}** (mean squared difference, colours in 0..1); at the "
        f"beginning of the search by {found.distances[0]:.4f}. {found.timings.compute / 1000:.1f} s."
    )
    chart(search_figure(found), "search", f"{info.name}-search")
    with st.container(horizontal=True, gap="small"):
        drawing.draw_link("Vary it in Draw", info, found.label, icon=":material/brush:", show="More like this",
                          start=found.point, picks=found.point)  # fmt: skip
        save("Found (PNG)", encode_png(found.pixels), f"{info.name}-found.png", "image/png", "save_found")
    st.markdown(f"**Around it**: a fifth of the way to {_AROUND} other seeds")
    around = [drawing.towards(found.point, str(seed), _SHARE) for seed in range(_AROUND)]
    with parts.plainly():
        drawn = drawing.samples(info, around, found.label, None).drawings
    of, near = st.session_state.get("near", ("", 0))
    near = near if of == found.point else None
    cells(
        [Cell(d.pixels, f"Towards seed {seed}", int(near == seed)) for seed, d in enumerate(drawn)],
        "around_cells",
        "Drawings around what was found; press one for the way to it",
        lambda place: look(found.point, place),
        side=96,
    )
    if near is not None:
        drawing.draw_link(f"Open the one towards seed {near} in Draw", info, found.label, picks=around[near])
    st.code(
        drawing_code.invert_python(held.name, info.name, found.label, int(st.session_state[STEPS])),
        language="python",
        wrap_lines=True,
    )


top = st.container()
info = drawing.generator_choice()
with top:
    parts.header(
        "Find it in latent space",
        "Which drawing of the generator is most like your photo, and what lies around it?",
        drawing.generator_label(info),
        "The search begins at the best of several latents and moves it, step by step, towards where the drawing is "
        "more like the photo. It looks at the photo made as small as the drawings are.",
        "What it finds shows what the generator can draw: a photo unlike all that it learned from comes back as the "
        "nearest garment that it knows.",
    )
drawing.note(info)
drawing.need_drawable(info)
held = parts.need_photo("find its like among the drawings")
left, right = st.columns(2, gap="medium")
with left:
    label = drawing.label_choice(info, FITS_BEST)
with right:
    steps = int(st.select_slider("Steps", [50, 100, 200, 400, 800], value=200, key=STEPS, bind="query-params",
                                 help="More steps come nearer and take longer."))  # fmt: skip
box = parts.region_box()
if st.session_state.get(BEGUN) != held.digest:
    st.button("Search", key="search_latent", type="primary", on_click=begin, args=(held.digest,))
    st.stop()
with parts.plainly():
    found = search(info, held, label, steps, box)
if found is not None:
    show(info, found)
