"""The page's components in order: controls, photo and answer, where it looked, layers, details."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import gradio as gr

from apps.lab import handlers, landmarks, parts, region
from apps.lab.gallery import example_tiles
from apps.lab.intake import untouched
from apps.lab.trusting import UNCHECKED

#: How long a session keeps its photo in memory, in seconds.
KEEP_S = 3000
#: Height of the photo and of every picture beside another, in pixels.
HEIGHT = 380


class Page(SimpleNamespace):
    """Components by name, and what a session holds."""


def _session(page: Page) -> None:
    """The session's own values: never shared with another visitor, forgotten after fifty minutes."""
    page.held = gr.State(None, time_to_live=KEEP_S)
    page.attribution = gr.State(None, time_to_live=KEEP_S)
    page.order = gr.State((), time_to_live=KEEP_S)
    page.found = gr.State(None, time_to_live=KEEP_S)
    page.corner = gr.State(None, time_to_live=KEEP_S)
    page.examples_held = gr.State(None)
    # Choices only, no photo: encrypting them would protect nothing, so the key is fixed and survives a restart.
    page.remembered = gr.BrowserState({}, storage_key="fashionviz-lab", secret="choices")


def lay_out(engine: Any) -> Page:
    """Place every component; must be called inside ``gr.Blocks``."""
    page = Page()
    _session(page)
    _controls(page, engine)
    _photo_and_answer(page)
    _examples(page)
    _saliency(page, engine)
    _layers(page)
    landmarks.lay_out(page, engine, _picture)
    _details(page)
    return page


def _controls(page: Page, engine: Any) -> None:
    with gr.Row(equal_height=True):
        page.model = gr.Dropdown(
            handlers.model_choices(engine),
            value=handlers.default_model(engine),
            label="Model",
            info="Only trained models answer.",
            filterable=False,
            scale=4,
            min_width=260,
            elem_id="fv-model",
        )
        page.region = gr.Radio(
            list(region.CHOICES),
            value=region.WHOLE,
            label="Part of the photo to ask about",
            info="A whole outfit is no single class: choose a part, or click two opposite corners on the photo.",
            scale=6,
            min_width=300,
            elem_id="fv-region",
        )
    with gr.Row(visible=False, elem_id="fv-edges") as page.edges_row:
        page.left = gr.Slider(0, 100, 0, step=1, label="Left edge, %", min_width=150)
        page.right = gr.Slider(0, 100, 100, step=1, label="Right edge, %", min_width=150)
        page.top = gr.Slider(0, 100, 0, step=1, label="Top edge, %", min_width=150)
        page.bottom = gr.Slider(0, 100, 100, step=1, label="Bottom edge, %", min_width=150)


def _photo_and_answer(page: Page) -> None:
    with gr.Row(elem_classes="fv-pair"):
        with gr.Column(min_width=300):
            page.photo = photo_input("fv-photo", "Your photo, with the part that is asked about outlined")
            page.hint = gr.HTML(parts.status())
        with gr.Column(min_width=300):
            page.answer = gr.HTML(parts.empty_card(), elem_id="fv-answer")
            page.ask = gr.Button("Ask again", variant="primary", interactive=False, elem_id="fv-ask")
            page.beside = gr.Column(min_width=0)


def photo_input(elem_id: str, alt_text: str, height: int = HEIGHT) -> gr.Image:
    """Where a photo is dropped, pasted, chosen or snapped; its bytes reach us untouched."""
    return untouched(
        gr.Image(
            label="Your photo",
            show_label=False,
            type="filepath",
            sources=["upload", "clipboard", "webcam"],
            webcam_options=gr.WebcamOptions(mirror=False),
            interactive=True,
            height=height,
            buttons=["fullscreen"],
            placeholder="Drop a photo here, paste one, or click to choose\nJPEG, PNG or WebP, at most 25 MB",
            elem_id=elem_id,
            alt_text=alt_text,
        )
    )


def example_row(elem_id: str) -> gr.Gallery:
    """The examples as tiles; what they show is in :func:`apps.lab.gallery.sources`."""
    return gr.Gallery(
        example_tiles(),
        label="Examples",
        show_label=False,
        columns=15,
        height="auto",
        object_fit="contain",
        allow_preview=False,
        interactive=False,
        format="png",
        buttons=[],
        elem_id=elem_id,
        elem_classes="fv-examples",
    )


def _examples(page: Page) -> None:
    with gr.Row(equal_height=False):
        with gr.Column(scale=10, min_width=300):
            gr.HTML(parts.over("No photo at hand? Choose an example"))
            page.examples = example_row("fv-examples")
        with gr.Column(scale=2, min_width=190):
            page.fetch = gr.Button("Fetch a few CC0 photos", size="sm", elem_id="fv-fetch")
            page.fetched = gr.HTML(
                parts.status("Real photos from their publisher, in the public domain. The drawn ones stay.")
            )


def _saliency(page: Page, engine: Any) -> None:
    name = handlers.default_model(engine)
    info = engine.model(name) if name else None
    gr.HTML(parts.heading("Where it looked"))
    with gr.Row(equal_height=True):
        page.method = gr.Dropdown(
            handlers.method_choices(info) if info else [],
            value=handlers.default_method(info),
            label="Method",
            filterable=False,
            scale=4,
            min_width=220,
            elem_id="fv-method",
        )
        page.target = gr.Dropdown(
            [handlers.TOP, *(info.classes if info else ())],
            value=handlers.TOP,
            label="Class explained",
            filterable=False,
            scale=4,
            min_width=220,
            elem_id="fv-target",
        )
        page.style = gr.Radio(
            list(parts.STYLES), value="Colour", label="Shown as", scale=4, min_width=260, elem_id="fv-style"
        )
    with gr.Row(elem_classes="fv-pair"):
        with gr.Column(min_width=300):
            page.seen = _picture("The photo as the model receives it", "fv-seen")
            with gr.Row():
                page.explain = gr.Button("Explain again", interactive=False, min_width=120, elem_id="fv-explain")
                page.cancel = gr.Button("Cancel", variant="stop", interactive=False, min_width=120, elem_id="fv-cancel")
            page.check = gr.Button("Can I trust this map?", interactive=False, elem_id="fv-check")
            page.trust = gr.HTML(UNCHECKED, elem_id="fv-trust")
        with gr.Column(min_width=300):
            page.saliency = _picture("What spoke for the class, and what against it", "fv-saliency")
            page.saliency_note = gr.HTML(parts.status("Appears with the first answer.", tall=True), elem_id="fv-why")


def _layers(page: Page) -> None:
    gr.HTML(parts.heading("What its layers see"))
    with gr.Row(equal_height=True):
        page.layer = gr.Dropdown(
            [(handlers.CARD_LAYER, "")],
            value="",
            label="Layer",
            scale=5,
            min_width=280,
            elem_id="fv-layer",
        )
        page.channel = gr.Number(
            0, label="Channel enlarged", precision=0, minimum=0, scale=2, min_width=140, elem_id="fv-number"
        )
        page.view = gr.Radio(
            ["Over the photo", "Alone"], value="Over the photo", label="Enlarged", scale=4, min_width=240
        )
    with gr.Row(elem_classes="fv-pair"):
        with gr.Column(min_width=300):
            gr.HTML(parts.over("Strongest channels"))
            page.channels = gr.Gallery(
                label="Strongest channels",
                show_label=False,
                columns=6,
                height=HEIGHT,
                object_fit="contain",
                allow_preview=False,
                interactive=False,
                format="png",
                buttons=[],
                elem_id="fv-channels",
            )
            page.channels_note = gr.HTML(parts.status("Appear with the first answer."))
        with gr.Column(min_width=300):
            page.large = _picture("One channel", "fv-channel")
            page.large_note = gr.HTML(parts.status())


def _picture(label: str, elem_id: str) -> gr.Image:
    gr.HTML(parts.over(label))
    return gr.Image(
        label=label,
        show_label=False,
        interactive=False,
        height=HEIGHT,
        format="png",
        buttons=["fullscreen"],
        elem_id=elem_id,
        alt_text=label,
    )


def _details(page: Page) -> None:
    with gr.Accordion("Downloads", open=False):
        with gr.Row():
            page.json_file = gr.DownloadButton("Prediction, JSON", interactive=False, size="sm", min_width=160)
            page.png_file = gr.DownloadButton("Attribution, PNG", interactive=False, size="sm", min_width=160)
            page.npy_file = gr.DownloadButton("Attribution, NPY", interactive=False, size="sm", min_width=160)
        gr.HTML(
            '<p class="fv-note">The NPY file holds the raw values, (3, H, W) float32, on the model\'s normalised '
            "input. Files are kept for less than an hour.</p>"
        )
    with gr.Accordion("Code for this", open=False, elem_id="fv-code"):
        page.link = gr.Textbox(
            label="Link to this view (without the photo)", interactive=False, buttons=["copy"], elem_id="fv-link"
        )
        with gr.Tabs():
            with gr.Tab("Python"):
                page.python = code_box("python")
            with gr.Tab("Command line"):
                page.shell = code_box("shell")
            with gr.Tab("curl"):
                page.curl = code_box("shell")
            with gr.Tab("gradio_client"):
                page.client = code_box("python")
    with gr.Accordion("Your photo and your privacy", open=False):
        gr.HTML(f'<p class="fv-note">{parts.PRIVACY}</p>')
    gr.HTML(f'<p class="fv-note">{parts.PRIVACY_SHORT}</p>')


def code_box(language: Any, value: str = "") -> gr.Code:
    """Code to copy."""
    return gr.Code(
        value,
        language=language,
        interactive=False,
        show_label=False,
        wrap_lines=True,
        show_line_numbers=False,
        buttons=["copy"],
    )
