"""Where the tab "Annotate" has what: photos and models, progress, the table in pages, code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from apps.lab import handlers, parts, snippets
from apps.lab.desk import MOST_BYTES, MOST_PHOTOS, Desk
from apps.lab.intake import untouched_list
from apps.lab.layout import KEEP_S, Page, code_box

TAB = "annotate"
#: Rows on one page of the table: each has a picture and a list of classes.
ROWS = 12
EMPTY = "Add photos to begin. A damaged one gets a row that says so."
PRIVACY = (
    "Your photos lie in a private folder of this server, so that another model can be asked about them; they are "
    "deleted within the hour, or at once with the button. The table, with names and answers, stays in memory for your "
    "page alone and is forgotten fifty minutes after your last change: download the CSV to keep it."
)
#: In place of a class: the model's own answer stands.
AS_IS = "as the model says"


@dataclass(frozen=True)
class Slot:
    """The components of one row on the page."""

    row: gr.Row
    picture: gr.Image
    words: gr.HTML
    choice: gr.Dropdown

    @property
    def places(self) -> tuple[Any, ...]:
        """All of them, as outputs."""
        return (self.row, self.picture, self.words, self.choice)


def _forget(desk: Desk | None) -> None:
    if desk is not None:
        desk.clear()


def lay_out(engine: Any) -> Page:
    """Place the tab's components; must be called inside its ``gr.Tab``."""
    page = Page()
    page.desk = gr.State(None, time_to_live=KEEP_S, delete_callback=_forget)
    page.keys = gr.State((), time_to_live=KEEP_S)
    page.start = gr.State(0, time_to_live=KEEP_S)
    _photos_and_models(page, engine)
    _table(page)
    chosen = [name for name in [handlers.default_model(engine)] if name]
    with gr.Accordion("Code for this", open=False), gr.Tabs():
        with gr.Tab("Python"):
            page.python = code_box("python", snippets.annotate_python(chosen))
        with gr.Tab("Command line"):
            page.shell = code_box("shell", snippets.annotate_cli(chosen))
        with gr.Tab("gradio_client"):
            page.client = code_box("python", snippets.annotate_client(chosen))
    with gr.Accordion("Your photos and your privacy", open=False):
        gr.HTML(f'<p class="fv-note">{PRIVACY}</p>')
    gr.HTML(f'<p class="fv-note">{parts.PRIVACY_SHORT}</p>')
    return page


def _photos_and_models(page: Page, engine: Any) -> None:
    # The table has a place for one class.
    trained = handlers.told_apart([m for m in engine.models() if m.trained and m.answer == "classes"])
    default = handlers.default_model(engine)
    with gr.Row(elem_classes="fv-pair"):
        with gr.Column(min_width=300):
            page.files = untouched_list(
                gr.File(
                    label=f"Photos (at most {MOST_PHOTOS}, {MOST_BYTES // 1048576} MB), and the CSV of an earlier run",
                    file_count="multiple",
                    height=190,
                    elem_id="fv-many",
                )
            )
            page.hint = gr.HTML(parts.status(EMPTY), elem_id="fv-many-hint")
        with gr.Column(min_width=300):
            page.models = gr.CheckboxGroup(
                trained,
                value=[name for _, name in trained if name == default],
                label="Models",
                info="Each gives every photo a row of its own.",
                elem_id="fv-many-models",
            )
            with gr.Row():
                page.ask = gr.Button("Annotate", variant="primary", interactive=False, elem_id="fv-many-ask")
                page.cancel = gr.Button("Cancel", variant="stop", interactive=False, elem_id="fv-many-cancel")
            page.remove = gr.Button("Delete the photos and the table", size="sm", interactive=False)
            page.note = gr.HTML(parts.status(), elem_id="fv-many-note")


def _table(page: Page) -> None:
    gr.HTML(parts.heading("Answers"))
    with gr.Row(equal_height=False):
        page.below = gr.Slider(
            5,
            100,
            100,
            step=5,
            label="Show answers below this probability, %",
            info="100 shows every row; less shows the least sure first, without those you have corrected.",
            scale=6,
            min_width=280,
            elem_id="fv-many-below",
        )
        page.csv = gr.DownloadButton("Table, CSV", interactive=False, scale=2, min_width=160, elem_id="fv-many-csv")
    page.count = gr.HTML(parts.status("No answers yet."), elem_id="fv-many-count")
    page.slots = [_slot(number) for number in range(ROWS)]
    with gr.Row():
        page.back = gr.Button("Previous rows", interactive=False, size="sm", min_width=140)
        page.on = gr.Button("Next rows", interactive=False, size="sm", min_width=140)


def _slot(number: int) -> Slot:
    with gr.Row(visible=False, elem_classes="fv-entry", elem_id=f"fv-entry-{number}") as row:
        picture = gr.Image(
            show_label=False,
            interactive=False,
            height=96,
            min_width=96,
            format="png",
            buttons=[],
            elem_classes="fv-photo",
            alt_text="",
        )
        with gr.Column(scale=5, min_width=200):
            words = gr.HTML("")
        with gr.Column(scale=3, min_width=200):
            choice = gr.Dropdown([AS_IS], value=AS_IS, label="Corrected class", interactive=True)
    return Slot(row, picture, words, choice)
