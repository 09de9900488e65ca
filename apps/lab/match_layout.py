"""Where the tab "Find the item" has what: catalogue, photo, matches, why one of them, code."""

from __future__ import annotations

from typing import Any

import gradio as gr

from apps.lab import gallery, matching, parts
from apps.lab.layout import KEEP_S, Page, code_box, example_row, photo_input
from fashionviz.explain.methods import METHODS
from fashionviz.figures.why import OVERLAY, SIGNED
from fashionviz.match.sources import DemoSource
from fashionviz.match.why import METHOD

TAB = "find"
#: Height of the two pictures side by side.
HEIGHT = 320
#: Height of the photo: what is clicked on it must be large enough.
PHOTO = 520
WAITS = "A photo from the first tab is taken along."
NO_WHY = "Choose one of the matches: the parts of both pictures that their similarity rests on appear here."


def lay_out() -> Page:
    """Place the tab's components; must be called inside its ``gr.Tab``."""
    page = Page()
    page.held = gr.State(None, time_to_live=KEEP_S)
    page.taken = gr.State(None, time_to_live=KEEP_S)
    page.shown = gr.State(None, time_to_live=KEEP_S)
    page.item = gr.State(None, time_to_live=KEEP_S)
    page.why = gr.State(None, time_to_live=KEEP_S)
    page.examples_held = gr.State(gallery.sources())
    gr.HTML(
        '<p class="fv-note">Which items of a shop are most like a garment in the photo? A network turns pictures into '
        "vectors; the items whose vectors point most nearly the same way come first.</p>"
    )
    _catalogue(page)
    _photo(page)
    _why(page)
    with gr.Accordion("Code for this", open=False), gr.Tabs():
        for name, language, title in (
            ("python", "python", "Python"),
            ("shell", "shell", "Command line"),
            ("curl", "shell", "curl"),
        ):
            with gr.Tab(title):
                setattr(page, name, code_box(language))
    gr.HTML(f'<p class="fv-note">{parts.PRIVACY_SHORT}</p>')
    return page


def _catalogue(page: Page) -> None:
    every = matching.names()
    with gr.Column(visible=not every) as page.none:
        gr.HTML(matching.no_catalogue())
        page.demo = gr.Button(
            f"Build the demo catalogue: {len(DemoSource())} drawn articles", variant="primary", elem_id="fv-find-demo"
        )
        page.demo_note = gr.HTML(parts.status())
    with gr.Row(equal_height=True, visible=bool(every)) as page.where:
        with gr.Column(scale=3, min_width=180):
            page.catalogue = gr.Dropdown(
                every, value=every[0] if every else None, label="Catalogue", filterable=False,
                elem_id="fv-find-catalogue",
            )  # fmt: skip
        with gr.Column(scale=5, min_width=240):
            page.categories = gr.Dropdown(
                [], value=[], multiselect=True, label="Categories", info="All of them, if none is chosen.",
                elem_id="fv-find-categories",
            )  # fmt: skip
        with gr.Column(scale=4, min_width=240):
            page.narrow = gr.Checkbox(
                True, label="Only items of its kind", info="By what the detector found, or the category's network.",
                elem_id="fv-find-narrow",
            )  # fmt: skip


def _photo(page: Page) -> None:
    with gr.Row(elem_classes="fv-pair"):
        with gr.Column(scale=5, min_width=300):
            page.photo = photo_input("fv-find-photo", "Your photo with its garments framed", PHOTO)
            page.hint = gr.HTML(parts.status(WAITS), elem_id="fv-find-hint")
            page.choice = gr.Radio(
                [(place, place) for place in matching.PLACES], value=None, label="Search for", visible=False,
                elem_id="fv-find-choice",
            )  # fmt: skip
            gr.HTML(parts.over("No photo at hand? Choose an example"))
            page.examples = example_row("fv-find-examples")
        with gr.Column(scale=7, min_width=300):
            gr.HTML(parts.over("Most alike first; choose one to see why"))
            page.category = gr.HTML(
                parts.status("The matches appear with the first photo."), elem_id="fv-find-category"
            )
            page.matches = gr.Gallery(
                label="Matches", show_label=False, columns=4, height="auto", object_fit="contain", allow_preview=False,
                interactive=False, format="png", buttons=[], elem_id="fv-find-matches",
            )  # fmt: skip
            page.times = gr.HTML("", elem_id="fv-find-times")


def _why(page: Page) -> None:
    gr.HTML(parts.heading("Why this item"))
    with gr.Row(equal_height=True):
        page.method = gr.Dropdown(
            [(METHODS[METHOD].title, METHOD)], value=METHOD, label="Method", filterable=False, scale=4, min_width=220,
            elem_id="fv-find-method",
        )  # fmt: skip
        page.style = gr.Radio(
            [OVERLAY, SIGNED], value=OVERLAY, label="Shown as", info="A sign only where it is evidence.", scale=4,
            min_width=240, elem_id="fv-find-style",
        )  # fmt: skip
        page.cancel = gr.Button(
            "Cancel", variant="stop", interactive=False, scale=2, min_width=120, elem_id="fv-find-cancel"
        )
    with gr.Row(elem_classes="fv-twin"):
        page.query = _picture("Your garment", "fv-find-query")
        page.match = _picture("The item", "fv-find-match")
    page.note = gr.HTML(parts.status(NO_WHY, tall=True), elem_id="fv-find-why")
    page.png = gr.DownloadButton("Both pictures, PNG", interactive=False, size="sm", min_width=160)


def _picture(label: str, elem_id: str) -> Any:
    with gr.Column(min_width=120):
        gr.HTML(parts.over(label))
        return gr.Image(
            label=label, show_label=False, interactive=False, height=HEIGHT, min_width=120, format="png", buttons=[],
            elem_id=elem_id, elem_classes="fv-photo", alt_text=label,
        )  # fmt: skip
