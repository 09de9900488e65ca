"""Where the tab "Draw" has what: controls, the grid and a closer look, walks, a photo's latent, files and code."""

from __future__ import annotations

from typing import Any

import gradio as gr

from apps.lab import drawing, parts
from apps.lab.layout import KEEP_S, Page, code_box, photo_input
from fashionviz.generate.limits import MAX_STEPS, MAX_TRUNCATION, MIN_STEPS, MIN_TRUNCATION

TAB = "draw"
#: Height of a film and of the picture beside it, in pixels.
HEIGHT = 280
FILM = "The film appears here: pick drawings above and walk between them, or take a random walk."
FIND = (
    "Drop a photo of one garment on a plain ground. The search changes a latent, step by step, until what it draws is "
    "as like the photo as this generator can."
)


def lay_out(engine: Any) -> Page:
    """Place the tab's components; must be called inside its ``gr.Tab``."""
    page = Page()
    for name, empty in (
        ("samples", None),
        ("picks", ()),
        ("basis", None),
        ("current", None),
        ("found", None),
        ("held", None),
    ):
        setattr(page, name, gr.State(empty, time_to_live=KEEP_S))
    page.turn = gr.State(0, time_to_live=KEEP_S)
    gr.HTML(
        '<p class="fv-note">Garments that nobody has made: a network learned from catalogue photos and draws new ones, '
        f"64×64 pixels each. The same seed gives the same picture everywhere. {parts.DEPARTMENT_NOTE}</p>"
    )
    _controls(page, engine)
    _grid(page)
    _walks(page)
    _search(page)
    _details(page)
    return page


def _controls(page: Page, engine: Any) -> None:
    name = drawing.first_choice(engine)
    info = engine.generator(name)
    with gr.Row(equal_height=True):
        page.model = gr.Dropdown(
            drawing.choices(engine), value=name, label="Generator", filterable=False, scale=4, min_width=230,
            elem_id="fv-draw-model",
        )  # fmt: skip
        choices = drawing.class_choices(info)
        page.label = gr.Dropdown(
            choices, value=choices[0], label="Class", filterable=False, scale=3, min_width=200, elem_id="fv-draw-class",
            interactive=bool(info.classes),
        )  # fmt: skip
        page.seed = gr.Number(0, label="Seed", precision=0, minimum=0, scale=2, min_width=110, elem_id="fv-draw-seed")
        page.count = gr.Dropdown(
            list(drawing.COUNTS), value=drawing.COUNT, label="How many", filterable=False, scale=2, min_width=110,
            elem_id="fv-draw-count",
        )  # fmt: skip
    with gr.Row(equal_height=True):
        page.truncation = gr.Slider(
            MIN_TRUNCATION,
            MAX_TRUNCATION,
            drawing.AS_IT_COMES,
            step=0.1,
            label="How far from typical",
            info="Left: the most typical garments, much alike. At the right end: as it comes.",
            scale=6,
            min_width=260,
            elem_id="fv-draw-truncation",
        )
        page.draw = gr.Button("Draw", variant="primary", scale=2, min_width=120, elem_id="fv-draw")
        page.dice = gr.Button("Roll the dice", scale=2, min_width=140, elem_id="fv-draw-dice")


def _gallery(elem_id: str, label: str, **options: Any) -> gr.Gallery:
    return gr.Gallery(
        label=label, show_label=False, object_fit="contain", allow_preview=False, interactive=False, format="png",
        buttons=[], elem_id=elem_id, elem_classes="fv-drawings", **options,
    )  # fmt: skip


def _picture(label: str, elem_id: str, height: int = HEIGHT) -> gr.Image:
    return gr.Image(
        label=label, show_label=False, interactive=False, height=height, min_width=120, format="png", buttons=[],
        elem_id=elem_id, elem_classes="fv-photo", alt_text=label,
    )  # fmt: skip


def _grid(page: Page) -> None:
    with gr.Row(elem_classes="fv-pair"):
        with gr.Column(scale=7, min_width=300):
            page.grid = _gallery("fv-drawn", "Drawings", columns=6, height="auto")
            page.note = gr.HTML(parts.status(drawing.NOTHING), elem_id="fv-draw-note")
        with gr.Column(scale=5, min_width=300, elem_id="fv-close"):
            with gr.Row(elem_classes="fv-twin"):
                page.large = _picture("The drawing picked last, enlarged", "fv-draw-large", 200)
                page.looked = _picture("Where the classifier looked", "fv-draw-looked", 200)
            page.origin = gr.HTML(parts.status(drawing.NO_LOOK), elem_id="fv-draw-origin")
            page.said = gr.HTML("", elem_id="fv-draw-said")
            with gr.Row(equal_height=True):
                page.share = gr.Slider(
                    5, 80, 30, step=5, label="How different, %", min_width=150, elem_id="fv-draw-share"
                )
                page.like = gr.Button("More like this", interactive=False, min_width=130, elem_id="fv-draw-like")
                page.near = gr.Button("Nearest real items", interactive=False, min_width=130, elem_id="fv-draw-near")
            page.real = _gallery("fv-draw-real", "Nearest real items", columns=6, height="auto", visible=False)
            page.real_note = gr.HTML("", elem_id="fv-draw-real-note")


def _walks(page: Page) -> None:
    gr.HTML(parts.heading("From one to the next"))
    page.chosen = _gallery("fv-picks", "Your picks", columns=8, height="auto", visible=False)
    page.picked = gr.HTML(parts.status(drawing.picked(())), elem_id="fv-picked")
    with gr.Row(equal_height=True):
        page.steps = gr.Slider(
            MIN_STEPS, MAX_STEPS, 12, step=1, label="Pictures from one to the next", scale=4, min_width=200
        )
        page.walk = gr.Button(
            "Walk between them", variant="primary", interactive=False, scale=2, min_width=150, elem_id="fv-walk"
        )
        page.wander = gr.Button("Random walk", scale=2, min_width=120, elem_id="fv-wander")
        page.forget = gr.Button("Clear picks", scale=2, min_width=110, interactive=False, elem_id="fv-forget")
        page.stop = gr.Button(
            "Cancel", variant="stop", interactive=False, scale=1, min_width=90, elem_id="fv-walk-stop"
        )
    page.walk_note = gr.HTML(parts.status(FILM), elem_id="fv-walk-note")
    with gr.Row(elem_classes="fv-pair"):
        with gr.Column(min_width=280):
            page.film = _picture("The walk as a film", "fv-film")
        with gr.Column(min_width=280):
            page.mix = _picture("The first two picks, mixed", "fv-mix", HEIGHT - 86)
            page.mixing = gr.Slider(0, 100, 50, step=5, label="Mix of the first two picks, %", elem_id="fv-mixing")
    page.strip = _picture("The walk, picture by picture", "fv-strip", 76)
    page.mixed = gr.State(None, time_to_live=KEEP_S)
    with gr.Row():
        page.gif = gr.DownloadButton("Film, GIF", interactive=False, size="sm", min_width=120, elem_id="fv-gif")
        page.mp4 = gr.DownloadButton("Film, MP4", interactive=False, size="sm", min_width=120, elem_id="fv-mp4")
        page.strip_file = gr.DownloadButton("Strip, PNG", interactive=False, size="sm", min_width=120)
        page.keep_mix = gr.Button("Pick the mix", interactive=False, size="sm", min_width=120, elem_id="fv-keep-mix")


def _search(page: Page) -> None:
    gr.HTML(parts.heading("Find your own garment in it"))
    with gr.Row(elem_classes="fv-pair"):
        with gr.Column(min_width=280):
            page.photo = photo_input("fv-draw-photo", "The photo whose latent is searched")
        with gr.Column(min_width=280):
            with gr.Row(elem_classes="fv-twin"):
                page.target = _picture("The photo as it is compared", "fv-target", 190)
                page.reached = _picture("What the latent found draws", "fv-reached", 190)
            page.search_note = gr.HTML(parts.status(FIND, tall=True), elem_id="fv-search-note")
            page.depth = gr.Slider(50, 600, 200, step=50, label="Steps of the search")
            with gr.Row():
                page.search = gr.Button(
                    "Find it", variant="primary", interactive=False, min_width=110, elem_id="fv-search"
                )
                page.vary = gr.Button("Vary it", interactive=False, min_width=110, elem_id="fv-vary")
                page.halt = gr.Button(
                    "Cancel", variant="stop", interactive=False, min_width=90, elem_id="fv-search-stop"
                )


def _details(page: Page) -> None:
    with gr.Accordion("Downloads", open=False, elem_id="fv-draw-files"):
        with gr.Row():
            page.one = gr.DownloadButton("The picked drawing, PNG", interactive=False, size="sm", min_width=160)
            page.png = gr.DownloadButton("All, one PNG", interactive=False, size="sm", min_width=130)
            page.archive = gr.DownloadButton(
                "All, ZIP with manifest", interactive=False, size="sm", min_width=160, elem_id="fv-zip"
            )
        gr.HTML(
            '<p class="fv-note">The manifest says of each file which seed or point, class, truncation and weights it '
            "comes from, with the command that draws it again. Files are kept for less than an hour.</p>"
        )
    with gr.Accordion("Code for this", open=False, elem_id="fv-draw-code"):
        page.link = gr.Textbox(
            label="Link to these drawings", interactive=False, buttons=["copy"], elem_id="fv-draw-link"
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
    gr.HTML(f'<p class="fv-note">{parts.PRIVACY_SHORT}</p>')
