"""The tab "Every model": one photo, a card for each trained model, filled as the models answer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from apps.lab import cards, every, gallery, handlers, parts, region, snippets
from apps.lab.every import Group, Reply
from apps.lab.intake import Upload, open_photo
from apps.lab.jobs import Jobs
from apps.lab.layout import KEEP_S, Page, code_box, example_row, photo_input
from apps.lab.visitor import Held, session_of, warn
from fashionviz.results import ModelInfo

#: Height of a card's pictures in pixels.
HEIGHT = 150
TAB = "every-model"


def lay_out(engine: Any) -> Page:
    """Place the tab's components; must be called inside its ``gr.Tab``."""
    page = Page(groups=every.groups(engine), cards={})
    page.held = gr.State(None, time_to_live=KEEP_S)
    page.todo = gr.State(None, time_to_live=KEEP_S)
    page.taken = gr.State(None, time_to_live=KEEP_S)
    page.examples_held = gr.State(gallery.sources())
    with gr.Row(elem_classes="fv-pair"):
        with gr.Column(min_width=300):
            page.photo = photo_input("fv-every-photo", "Your photo")
            page.hint = gr.HTML(parts.status("A photo from the first tab is taken along."))
        with gr.Column(min_width=300):
            gr.HTML(parts.over("No photo at hand? Choose an example"))
            page.examples = example_row("fv-every-examples")
            with gr.Row():
                page.ask = gr.Button("Ask every model", variant="primary", interactive=False, elem_id="fv-every-ask")
                page.cancel = gr.Button("Cancel", variant="stop", interactive=False, elem_id="fv-every-cancel")
            page.note = gr.HTML(parts.status(_waits(page.groups)), elem_id="fv-every-note")
    for group in page.groups:
        gr.HTML(cards.group_heading(group))
        with gr.Column(elem_classes="fv-tiles"):
            for info in group.models:
                page.cards[info.name] = _card(info)
    gr.HTML(cards.caution(handlers.default_method(info) for group in page.groups for info in group.models))
    gr.HTML(cards.untrained_line(every.untrained(engine)), elem_id="fv-untrained")
    with gr.Row():
        page.csv = gr.DownloadButton("Answers, CSV", interactive=False, size="sm", min_width=160)
        page.json = gr.DownloadButton("Answers, JSON", interactive=False, size="sm", min_width=160)
    _code(page)
    gr.HTML(f'<p class="fv-note">{parts.PRIVACY_SHORT}</p>')
    return page


def _waits(groups: tuple[Group, ...]) -> str:
    count = len(every.order(groups))
    if not count:
        return "No model is trained yet. Train one with fashionviz train."
    return f"{count} trained {'model waits' if count == 1 else 'models wait'} for a photo."


def _card(info: ModelInfo) -> tuple[gr.HTML, gr.Image, gr.Image]:
    coarse = ["fv-coarse"] if max(info.input_size) <= every.COARSE else []
    with gr.Column(elem_classes="fv-model", min_width=0):
        words = gr.HTML(cards.waiting_tile(info), elem_id=_id(info))
        with gr.Row(elem_classes="fv-twin"):
            seen = _picture(f"The photo as {info.title} receives it", coarse)
            looked = _picture(f"Where {info.title} looked", coarse)
    return words, seen, looked


def _id(info: ModelInfo) -> str:
    return "fv-every-" + info.name.replace(".", "-").replace("_", "-")


def _picture(label: str, classes: list[str]) -> gr.Image:
    return gr.Image(
        label=label,
        show_label=False,
        interactive=False,
        height=HEIGHT,
        min_width=0,
        format="png",
        buttons=["fullscreen"],
        elem_classes=classes,
        alt_text=label,
    )


def _code(page: Page) -> None:
    names = [info.name for group in page.groups for info in group.models]
    page.names = names
    with gr.Accordion("Code for this", open=False), gr.Tabs():
        with gr.Tab("Python"):
            page.python = code_box("python", snippets.every_python("photo.jpg"))
        with gr.Tab("Command line"):
            page.shell = code_box("shell", snippets.every_cli("photo.jpg", names))
        with gr.Tab("gradio_client"):
            page.client = code_box("python", snippets.every_client("photo.jpg"))


class EveryEvents:
    """Methods that Gradio calls; they return dictionaries from components to values."""

    def __init__(self, engine: Any, page: Page) -> None:
        self.engine, self.page, self.jobs = engine, page, Jobs()

    # --- the photo --------------------------------------------------------------------------------------------

    def upload(self, upload: Upload | None, request: gr.Request) -> dict[Any, Any]:
        """A photo was dropped, pasted, chosen or snapped."""
        try:
            return self._accepted(Held(open_photo(upload), upload.name if upload else "photo.jpg"), request)
        except Exception as error:
            words = handlers.sentence(error)
            warn(words)
            return {**self._nothing(request), self.page.photo: None, self.page.note: parts.problem(words)}

    def example(self, names: list[str] | None, event: gr.SelectData, request: gr.Request) -> dict[Any, Any]:
        """An example was chosen."""
        names = names or gallery.sources()
        try:
            return self._accepted(Held(*gallery.open_example(names[int(event.index)])), request)
        except Exception as error:
            words = handlers.sentence(error)
            warn(words)
            return {**self._nothing(request), self.page.photo: None, self.page.note: parts.problem(words)}

    def clear(self, request: gr.Request) -> dict[Any, Any]:
        """The photo was taken away."""
        return {**self._nothing(request), self.page.note: parts.status(_waits(self.page.groups))}

    def take_along(self, other: Held | None, taken: Held | None, request: gr.Request) -> dict[Any, Any]:
        """The tab is opened: a photo that is new in the first tab comes along."""
        if other is None or other is taken:
            return {self.page.taken: taken}
        return {**self._accepted(other, request), self.page.taken: other}

    def list_examples(self, held: list[str]) -> dict[Any, Any]:
        """Photos may have been fetched in the first tab."""
        names = gallery.sources()
        if names == held:
            return {self.page.examples_held: names}
        return {self.page.examples: gallery.example_tiles(names), self.page.examples_held: names}

    def again(self, held: Held | None) -> Held | None:
        """The button was pressed."""
        if held is None:
            warn("The photo is no longer here: it is forgotten after fifty minutes. Please add it again.")
        return held

    def _accepted(self, held: Held, request: gr.Request) -> dict[Any, Any]:
        page, photo = self.page, held.photo
        return {
            **self._nothing(request),
            page.held: held,
            page.todo: held,
            page.photo: region.preview(photo, None),
            page.hint: parts.status(f"{photo.width}×{photo.height} px, asked about as a whole."),
            page.python: snippets.every_python(held.name),
            page.shell: snippets.every_cli(held.name, page.names),
            page.client: snippets.every_client(held.name),
        }

    def _nothing(self, request: gr.Request) -> dict[Any, Any]:
        """Stop a run and empty every place of a former answer."""
        self.jobs.replace(session_of(request))
        page = self.page
        off, no_file = gr.Button(interactive=False), gr.DownloadButton(value=None, interactive=False)
        places = {page.held: None, page.todo: None, page.hint: parts.status(), page.ask: off, page.cancel: off}
        return {**places, page.csv: no_file, page.json: no_file, **self._blank()}

    def _blank(self, words: str = "Answers once there is a photo.", *, busy: bool = False) -> dict[Any, Any]:
        out: dict[Any, Any] = {}
        for info in every.order(self.page.groups):
            html, seen, looked = self.page.cards[info.name]
            out |= {html: cards.waiting_tile(info, words, busy=busy), seen: None, looked: None}
        return out

    # --- the answers ------------------------------------------------------------------------------------------

    def run(self, held: Held | None, request: gr.Request) -> Iterator[dict[Any, Any]]:
        """Ask one model after the other, the smallest first; one at a time, so that their times can be compared."""
        page, session = self.page, session_of(request)
        models = every.order(page.groups)
        if held is None or not models:
            yield {page.todo: None}
            return
        self.jobs.announce(session)
        cancel = self.jobs.start(session)
        yield {
            page.todo: None,
            page.ask: gr.Button(interactive=False),
            page.cancel: gr.Button(interactive=True),
            **self._blank("Waits for its turn.", busy=True),
        }
        replies: dict[str, Reply] = {}
        began = time.monotonic()
        try:
            for done, info in enumerate(models):
                left = (time.monotonic() - began) / done * (len(models) - done) if done else None
                words = f"{done} of {len(models)} answered; asking {info.title}{cards.duration(left)}"
                yield {page.note: cards.progress(done, len(models), words)}
                reply = every.ask(self.engine, held.photo, info, cancel)
                if not self.jobs.current(session, cancel):
                    return  # a newer photo has taken the place
                replies[info.name] = reply
                yield self._shown(reply)
            yield self._ended(held, replies)
        finally:  # also when the visitor has gone and nobody iterates any more
            self.jobs.finish(session, cancel)

    def _shown(self, reply: Reply) -> dict[Any, Any]:
        html, seen, looked = self.page.cards[reply.model.name]
        if reply.attribution is None:
            return {html: cards.reply_tile(reply), seen: None, looked: None}
        return {
            html: cards.reply_tile(reply),
            seen: every.seen(reply.attribution),
            looked: every.looked(reply.attribution),
        }

    def _ended(self, held: Held, replies: dict[str, Reply]) -> dict[Any, Any]:
        page = self.page
        ordered = [replies[name] for name in page.names]
        answered = sum(reply.prediction is not None for reply in ordered)
        folder = Path(get_upload_folder())
        return {
            page.note: parts.status(f"{answered} of {len(ordered)} models answered."),
            page.ask: gr.Button(interactive=True),
            page.cancel: gr.Button(interactive=False),
            page.csv: self._file(folder, "every-model.csv", every.table_csv(ordered, held.name)),
            page.json: self._file(folder, "every-model.json", every.table_json(ordered, held.name)),
        }

    @staticmethod
    def _file(folder: Path, name: str, data: bytes) -> gr.DownloadButton:
        return gr.DownloadButton(value=handlers.write_file(folder, name, data), interactive=True)

    def cancel(self, request: gr.Request) -> Any:
        """Stop after the model that is being asked. Returns the button, pressed once."""
        self.jobs.cancel(session_of(request))
        return gr.Button(interactive=False)

    def leave(self, request: gr.Request) -> None:
        """The page was closed: nobody waits for the rest."""
        self.jobs.replace(session_of(request))


def wire(page: Page, tab: gr.Tab, other: Page, events: EveryEvents) -> None:
    """Connect the tab's components; ``other`` is the first tab's page."""
    hidden: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    places = [place for card in page.cards.values() for place in card]
    ending = [page.note, page.ask, page.cancel, page.csv, page.json, *places]
    arrival = [page.held, page.todo, page.photo, page.hint, page.python, page.shell, page.client, *ending]

    def run(after: Any) -> None:
        after(events.run, page.todo, [page.todo, *ending], concurrency_limit=4, trigger_mode="multiple", **hidden)

    run(page.photo.upload(events.upload, page.photo, arrival, **hidden).then)
    run(page.examples.select(events.example, page.examples_held, arrival, **hidden).then)
    page.photo.clear(events.clear, None, arrival, **hidden)
    run(page.ask.click(events.again, page.held, page.todo, **hidden).then)
    page.cancel.click(events.cancel, None, page.cancel, queue=False, **hidden)
    opened = tab.select(events.take_along, [other.held, page.taken], [*arrival, page.taken], **hidden)
    run(opened.then)
    tab.select(events.list_examples, page.examples_held, [page.examples, page.examples_held], **hidden)
