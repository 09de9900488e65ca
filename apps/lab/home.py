"""Beside the answer: the report on the photo as one HTML file to take home, the same that the studio makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from apps.lab import handlers, parts
from apps.lab.jobs import Jobs
from apps.lab.layout import Page
from apps.lab.visitor import Held, Part, session_of
from fashionviz.errors import Cancelled
from fashionviz.results import Progress
from fashionviz.take_home.gather import take_home
from fashionviz.take_home.page import report_html
from fashionviz.take_home.result import METHODS, Wish

#: Gradio puts a tracker of the call in place of this default.
_PROGRESS = gr.Progress()
_NO_PHOTO = "Add a photo first; the report is about it."
_WHAT = (
    "One HTML file without a script: prediction, maps and how far they can be trusted, layers, weights and code. It "
    "takes a while."
)


def lay_out() -> Page:
    """Place the buttons; must be called inside the answer's column."""
    page = Page()
    with gr.Row():
        page.make = gr.Button("Take it home", interactive=False, min_width=140, elem_id="fv-home-make")
        page.cancel = gr.Button(
            "Cancel", variant="stop", visible=False, interactive=False, min_width=100, elem_id="fv-home-cancel"
        )
        page.file = gr.DownloadButton(
            "Download the report", visible=False, interactive=False, min_width=180, elem_id="fv-home-file"
        )
    page.note = gr.HTML(parts.status(_WHAT), elem_id="fv-home-note")
    return page


def wish(engine: Any, model: str | None, method: str | None, target: str | None, held: Held, *part: Any) -> Wish:
    """The chosen model, class and part; beside the usual methods the one that the page shows."""
    info = engine.model(model)
    methods = dict.fromkeys(name for name in (*METHODS, method or "") if name in info.methods)
    chosen = target if target in info.classes else None
    return Wish((info.name,), tuple(methods), chosen, Part.of(*part).box(held))


class HomeEvents:
    """Methods that Gradio calls; they return dictionaries from components to values."""

    def __init__(self, engine: Any, page: Page) -> None:
        self.engine, self.page, self.jobs = engine, page, Jobs()

    def begin(self, held: Held | None, request: gr.Request) -> dict[Any, Any]:
        """The button was pressed: from now on it can be cancelled."""
        page = self.page
        if held is None:
            return {page.note: parts.status(_NO_PHOTO)}
        self.jobs.announce(session_of(request))
        return {
            page.make: gr.Button(interactive=False),
            page.cancel: gr.Button(visible=True, interactive=True),
            page.file: gr.DownloadButton(value=None, visible=False, interactive=False),
            page.note: parts.status("Asking the model …"),
        }

    def make(
        self,
        held: Held | None,
        model: str | None,
        method: str | None,
        target: str | None,
        request: gr.Request,
        progress: gr.Progress = _PROGRESS,
        *part: Any,
    ) -> dict[Any, Any]:
        """Make the report. Nothing is shown of one that a newer photo or question has made pointless."""
        page, session = self.page, session_of(request)
        if held is None:
            return {page.note: parts.status(_NO_PHOTO)}
        cancel = self.jobs.start(session)

        def on_progress(step: Progress) -> None:
            left = f", about {max(1, round(step.seconds_left))} s left" if step.seconds_left else ""
            progress((step.done, step.total), desc=f"Making the report{left}")

        made: dict[Any, Any] = {}
        try:
            asked = wish(self.engine, model, method, target, held, *part)
            found = take_home(self.engine, held.photo, held.name, asked, on_progress=on_progress, cancel=cancel)
            data = report_html(found).encode("utf-8", errors="replace")
            # Of a fixed name: the photo's was chosen by a visitor, and names a file on the server here.
            path = handlers.write_file(Path(get_upload_folder()), "report.html", data)
            missing = " ".join(sentence for part_ in found.parts for sentence in part_.missing)
            made[page.file] = gr.DownloadButton(value=path, visible=True, interactive=True)
            made[page.note] = parts.status(f"The report is there, {len(data) / 1e6:.1f} MB. {missing}".strip())
        except Cancelled:
            made[page.note] = parts.status("Stopped before it was done.")
        except Exception as error:
            made[page.note] = parts.problem(handlers.sentence(error))
        if not self.jobs.current(session, cancel):
            return {page.note: gr.skip()}
        self.jobs.finish(session, cancel)
        return made | self._idle(ready=True)

    def _idle(self, *, ready: bool) -> dict[Any, Any]:
        page = self.page
        return {page.make: gr.Button(interactive=ready), page.cancel: gr.Button(visible=False, interactive=False)}

    def follow(self, held: Held | None, answer: str | None, request: gr.Request) -> dict[Any, Any]:
        """Another photo, answer or question: what was made is about the former one."""
        self.jobs.replace(session_of(request))
        page = self.page
        gone = gr.DownloadButton(value=None, visible=False, interactive=False)
        ready = held is not None and answer != parts.working_card()
        return {**self._idle(ready=ready), page.file: gone, page.note: parts.status(_WHAT)}

    def cancel(self, request: gr.Request) -> Any:
        """Stop at the next pass. Returns the button, pressed once."""
        self.jobs.cancel(session_of(request))
        return gr.Button(interactive=False)

    def leave(self, request: gr.Request) -> None:
        """The page was closed: nobody waits for the rest."""
        self.jobs.replace(session_of(request))


def wire(page: Page, other: Page, events: HomeEvents) -> None:
    """Connect the buttons; ``other`` is the tab's page."""
    hidden: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    places = [page.make, page.cancel, page.file, page.note]
    part = [other.region, other.left, other.top, other.right, other.bottom]
    armed = page.make.click(events.begin, other.held, places, **hidden)
    armed.then(
        events.make,
        [other.held, other.model, other.method, other.target, *part],
        places,
        show_progress="full",
        show_progress_on=[page.note],
        api_visibility="private",
        concurrency_limit=2,
        trigger_mode="multiple",
    )
    page.cancel.click(events.cancel, None, page.cancel, queue=False, **hidden)
    # The photo itself cannot be watched: Gradio would hash it, and arrays have no hash. Its answer changes with it.
    gr.on(
        [other.answer.change, other.model.input, other.method.input, other.target.input],
        events.follow,
        [other.held, other.answer],
        places,
        **hidden,
    )
