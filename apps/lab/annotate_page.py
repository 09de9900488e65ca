"""The tab "Annotate": what happens when photos arrive, models are asked, rows are corrected."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from gradio.utils import get_upload_folder

from apps.lab import cards, handlers, parts, snippets
from apps.lab.annotate_layout import AS_IS, EMPTY, ROWS, Slot
from apps.lab.desk import Desk, Key, Receipt
from apps.lab.intake import Upload
from apps.lab.jobs import Jobs
from apps.lab.layout import Page
from apps.lab.visitor import session_of, warn
from fashionviz.annotate.row import Annotation, printable
from fashionviz.annotate.run import AnnotationRun
from fashionviz.annotate.table import CHECK_BELOW, below
from fashionviz.errors import FashionvizError
from fashionviz.results import Progress

GONE = "The table is no longer here: it is forgotten after fifty minutes. Please add the photos and your CSV again."
#: Refusals named one by one; the rest are counted.
NAMED = 8
#: Least time between two messages to the page, in seconds.
PACE_S = 0.25
_BLANK = np.full((96, 96, 3), 236, np.uint8)


def steps(
    desk: Desk, engine: Any, models: Sequence[str], cancel: threading.Event
) -> Iterator[Progress | AnnotationRun]:
    """Annotate in a thread of its own and give the progress as it comes, the result last.

    Raises:
        FashionvizError: what :meth:`Desk.annotate` raises.
    """
    told: queue.SimpleQueue[Progress | AnnotationRun | Exception] = queue.SimpleQueue()

    def work() -> None:
        try:
            told.put(desk.annotate(engine, models, told.put, cancel))
        except Exception as error:
            told.put(error)

    threading.Thread(target=work, name="lab-annotate", daemon=True).start()
    try:
        while True:
            step = told.get()
            while isinstance(step, Progress) and not told.empty():
                step = told.get()  # the newest is enough
            if isinstance(step, Exception):
                raise step
            yield step
            if not isinstance(step, Progress):
                return
            time.sleep(PACE_S)
    finally:  # also when the visitor has gone and nobody iterates any more
        cancel.set()


def without_places(words: str, desk: Desk) -> str:
    """A sentence without our folder in it: the visitor knows the photos by their names."""
    return words.replace(f"{desk.root}/", "").replace(str(desk.root), "here").replace(f"{desk.folder}/", "")


class AnnotateEvents:
    """Methods that Gradio calls; they return dictionaries from components to values."""

    def __init__(self, engine: Any, page: Page) -> None:
        self.engine, self.page, self.jobs = engine, page, Jobs()

    # --- what comes in ----------------------------------------------------------------------------------------

    def upload(
        self, uploads: tuple[Upload, ...], desk: Desk | None, percent: float, request: gr.Request
    ) -> dict[Any, Any]:
        """Photos, or an earlier table, were dropped or chosen: they join what is here."""
        desk = desk or Desk(Path(get_upload_folder()))
        try:
            receipt = desk.receive(uploads or ())
        except Exception as error:
            words = handlers.sentence(error)
            warn(words)
            return {self.page.files: None, self.page.desk: desk, self.page.hint: parts.problem(words)}
        return {
            self.page.files: None,
            self.page.hint: _received(desk, receipt),
            **self._controls(desk, running=self.jobs.waiting(session_of(request))),
            **self._table(desk, percent, 0),
        }

    def remove(self, desk: Desk | None, percent: float, request: gr.Request) -> dict[Any, Any]:
        """Everything is deleted at once."""
        self.jobs.replace(session_of(request))
        if desk is not None:
            desk.clear()
        fresh = Desk(Path(get_upload_folder()))
        said = parts.status("The photos and the table are deleted.")
        return {self.page.hint: said, self.page.note: parts.status(), **self._controls(fresh),
                **self._table(fresh, percent, 0)}  # fmt: skip

    def _controls(self, desk: Desk, *, running: bool = False) -> dict[Any, Any]:
        page, something = self.page, bool(desk.photos or desk.rows)
        return {
            page.desk: desk,
            page.ask: gr.Button(interactive=bool(desk.photos) and not running),
            page.cancel: gr.Button(interactive=running),
            page.remove: gr.Button(interactive=something),
        }

    # --- the work ---------------------------------------------------------------------------------------------

    def begin(self, desk: Desk | None, request: gr.Request) -> dict[Any, Any]:
        """The button was pressed: from now on it can be cancelled, also while others are served first."""
        if desk is None:
            warn(GONE)
            return {self.page.note: parts.problem(GONE)}
        self.jobs.announce(session_of(request))
        said = cards.progress(0, 1, "Waiting for a turn: one collection is annotated at a time.")
        return {self.page.note: said, **self._controls(desk, running=True)}

    def run(
        self, desk: Desk | None, models: list[str], percent: float, request: gr.Request
    ) -> Iterator[dict[Any, Any]]:
        """Ask the chosen models about every photo that the table does not answer yet."""
        if desk is None:
            yield {self.page.desk: None}
            return
        page, session = self.page, session_of(request)
        cancel = self.jobs.start(session)
        said, wanted = parts.status(), True
        try:
            yield {page.note: cards.progress(0, 1, "Loading the models…")}
            for step in steps(desk, self.engine, models, cancel):
                if isinstance(step, Progress):
                    words = f"{step.done} of {step.total} rows{cards.duration(step.seconds_left)}"
                    yield {page.note: cards.progress(step.done, step.total, words)}
                else:
                    said = _finished(step)
        except Exception as error:
            said = parts.problem(without_places(handlers.sentence(error), desk))
        finally:
            wanted = self.jobs.current(session, cancel)
            self.jobs.finish(session, cancel)
        if wanted:  # not where the visitor has deleted everything meanwhile
            yield {page.note: said, **self._controls(desk), **self._table(desk, percent, 0)}

    def cancel(self, request: gr.Request) -> Any:
        """Stop; what was answered stays. Returns the button, pressed once."""
        self.jobs.cancel(session_of(request))
        return gr.Button(interactive=False)

    def leave(self, request: gr.Request) -> None:
        """The page was closed: nobody waits for the rest."""
        self.jobs.replace(session_of(request))

    # --- the table --------------------------------------------------------------------------------------------

    def turn(self, desk: Desk | None, percent: float, start: int, by: int) -> dict[Any, Any]:
        """Another page of the table, or another threshold (``by`` 0)."""
        if desk is None:
            return {self.page.start: 0}
        return self._table(desk, percent, start + by * ROWS if by else 0)

    def correct(self, place: int, desk: Desk | None, keys: tuple[Key, ...], choice: str) -> dict[Any, Any]:
        """A class was chosen for the row at a place of the page. The row stays where it is until the next page."""
        page = self.page
        if desk is None or place >= len(keys):
            warn(GONE)
            return {page.count: parts.problem(GONE)}
        try:
            desk.correct(self.engine, keys[place], None if choice == AS_IS else choice)
        except Exception as error:
            words = handlers.sentence(error)
            warn(words)
            return {page.count: parts.problem(words)}
        return {page.desk: desk, page.count: parts.status(_count(desk.rows)), page.csv: self._file(desk)}

    def _table(self, desk: Desk, percent: float, start: int) -> dict[Any, Any]:
        """Every place of the table, from row ``start`` on."""
        page, rows = self.page, desk.shown(percent)
        start = max(0, min(start, (len(rows) - 1) // ROWS * ROWS))
        here = rows[start : start + ROWS]
        out: dict[Any, Any] = {
            page.desk: desk,
            page.start: start,
            page.keys: tuple(row.key for row in here),
            page.count: parts.status(self._counted(desk, rows, start, percent)),
            page.back: gr.Button(interactive=start > 0),
            page.on: gr.Button(interactive=start + ROWS < len(rows)),
            page.csv: self._file(desk),
        }
        for number, slot in enumerate(page.slots):
            out |= self._slot(slot, desk, here[number] if number < len(here) else None)
        return out

    @staticmethod
    def _counted(desk: Desk, rows: Sequence[Annotation], start: int, percent: float) -> str:
        if not desk.rows:
            return "No answers yet."
        if not rows:
            return f"No uncorrected answer is below {percent:.0f} %. {_count(desk.rows)}"
        return f"Rows {start + 1} to {min(start + ROWS, len(rows))} of {len(rows):,}. {_count(desk.rows)}"

    def _slot(self, slot: Slot, desk: Desk, row: Annotation | None) -> dict[Any, Any]:
        if row is None:
            return {slot.row: gr.Row(visible=False), slot.picture: None, slot.words: ""}
        name, small = printable(row.file), desk.thumbnail(row.file)
        try:
            info = self.engine.model(row.model)
            title, classes = info.title, info.classes
        except FashionvizError:
            title, classes = f"{row.model} (not here)", ()
        alt = f"Photo {name}" if small is not None else f"No picture of {name}"
        kept = (row.corrected,) if row.corrected and row.corrected not in classes else ()
        return {
            slot.row: gr.Row(visible=True),
            slot.picture: gr.Image(value=_BLANK if small is None else small, alt_text=alt),
            slot.words: cards.annotation_row(row, title, classes),
            slot.choice: gr.Dropdown(
                [AS_IS, *classes, *kept],
                value=row.corrected or AS_IS,
                label=f"Corrected class of {name}",
                interactive=bool(classes),
            ),
        }

    @staticmethod
    def _file(desk: Desk) -> gr.DownloadButton:
        if not desk.rows:
            return gr.DownloadButton(value=None, interactive=False)
        path = handlers.write_file(Path(get_upload_folder()), "labels.csv", desk.csv())
        return gr.DownloadButton(value=path, interactive=True)

    @staticmethod
    def code(models: list[str]) -> tuple[str, str, str]:
        """Other models were chosen. Returns the three snippets."""
        return snippets.annotate_python(models), snippets.annotate_cli(models), snippets.annotate_client(models)


def _received(desk: Desk, receipt: Receipt) -> str:
    here = desk.photos
    said = [f"{len(here)} {'photo' if len(here) == 1 else 'photos'} here, {desk.size / 1048576:.1f} MB."]
    if receipt.rows:
        said.append(f"{receipt.rows:,} rows of your CSV are kept; only what they do not answer is asked.")
    if not here and not receipt.rows and not receipt.refused:
        said = [EMPTY]
    if not receipt.refused:
        return cards.lines(said)
    more = len(receipt.refused) - NAMED
    rest = [f"{more} more files were left out."] if more > 0 else []
    return cards.lines(said) + cards.lines([*receipt.refused[:NAMED], *rest], alarm=True)


def _finished(run: AnnotationRun) -> str:
    words = f"{run.new:,} new, {run.kept:,} kept, {run.failed:,} failed."
    said = [f"Done: {len(run.rows):,} rows, {words}"]
    if run.changed:
        names = ", ".join(printable(name) for name in run.changed[:NAMED])
        said.append(f"These photos have changed since they were corrected; please look again: {names}.")
    return cards.lines(said)


def _count(rows: Sequence[Annotation]) -> str:
    corrected = sum(row.corrected is not None for row in rows)
    failed = sum(row.error is not None for row in rows)
    unsure = len(below(rows))
    done = f"{len(rows):,} in all: {corrected:,} corrected, {failed:,} failed"
    return f"{done}, {unsure:,} below {CHECK_BELOW:.0%} to check."


def wire(page: Page, events: AnnotateEvents) -> None:
    """Connect the tab's components."""
    hidden: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    controls = [page.desk, page.ask, page.cancel, page.remove]
    slots = [place for slot in page.slots for place in slot.places]
    table = [page.start, page.keys, page.count, page.back, page.on, page.csv, *slots]
    page.files.upload(
        events.upload,
        [page.files, page.desk, page.below],
        [page.files, page.hint, *controls, *table],
        api_visibility="private",
        show_progress="minimal",
        show_progress_on=[page.hint],
    )
    page.remove.click(events.remove, [page.desk, page.below], [page.hint, page.note, *controls, *table], **hidden)
    armed = page.ask.click(events.begin, page.desk, [page.note, *controls], **hidden)
    armed.then(
        events.run,
        [page.desk, page.models, page.below],
        [page.note, *controls, *table],
        concurrency_limit=1,
        concurrency_id="annotate",
        **hidden,
    )
    page.cancel.click(events.cancel, None, page.cancel, queue=False, **hidden)
    turned = [page.desk, *table]
    for button, by in ((page.back, -1), (page.on, 1)):
        button.click(partial(events.turn, by=by), [page.desk, page.below, page.start], turned, **hidden)
    page.below.input(  # not release, which the keyboard does not cause
        partial(events.turn, by=0),
        [page.desk, page.below, page.start],
        turned,
        trigger_mode="always_last",
        **hidden,
    )
    for place, slot in enumerate(page.slots):
        slot.choice.input(
            partial(events.correct, place),
            [page.desk, page.keys, slot.choice],
            [page.desk, page.count, page.csv],
            **hidden,
        )
    page.models.input(events.code, page.models, [page.python, page.shell, page.client], **hidden)
