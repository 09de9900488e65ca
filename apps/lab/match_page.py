"""The tab "Find the item": a garment of the photo, the shop items most like it, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from apps.lab import cards, gallery, handlers, match_snippets, matching, parts, region
from apps.lab.intake import Upload, open_photo
from apps.lab.jobs import Jobs
from apps.lab.layout import Page
from apps.lab.match_layout import NO_WHY, WAITS
from apps.lab.matching import Question, Shown
from apps.lab.visitor import Held, session_of, warn
from fashionviz.errors import Cancelled, FashionvizError
from fashionviz.explain.methods import METHODS
from fashionviz.figures.pictures import enlarge
from fashionviz.figures.why import OVERLAY, SIGNED, styles_of, why_picture, why_pictures
from fashionviz.images import encode_png
from fashionviz.match.catalogue import open_catalogue
from fashionviz.match.demo import DEMO, build_demo
from fashionviz.match.errors import CatalogueBusy
from fashionviz.match.why import METHOD, Why, methods_of, why_match
from fashionviz.results import Progress

#: Gradio puts a tracker of the call in place of this default.
_PROGRESS = gr.Progress()
_GONE = "The photo is no longer here: it is forgotten after fifty minutes. Please add it again."
_BESIDE = "There is no garment at that place. Click inside a frame, or choose a part below."


class MatchEvents:
    """Methods that Gradio calls; they return dictionaries from components to values."""

    def __init__(self, engine: Any, page: Page) -> None:
        self.engine, self.page, self.jobs = engine, page, Jobs()

    # --- catalogues -------------------------------------------------------------------------------------------

    def opened(self, chosen: str | None) -> dict[Any, Any]:
        """The tab is opened: catalogues may have come or gone."""
        every = matching.names()
        if chosen in every:  # what is chosen there stays, and may be a link's that is on its way
            return {self.page.catalogue: gr.Dropdown(every)}
        return self._catalogues(None, [])

    def arrive(self, request: gr.Request) -> dict[Any, Any]:
        """The page opens: a link's catalogue wins."""
        link = dict(request.query_params or {}) if request else {}
        wanted, every = link.get("catalogue"), matching.names()
        if wanted and wanted not in every:
            gr.Info(f"The link names a catalogue that is not here: {wanted[:80]}.")
        return self._catalogues(wanted if wanted in every else None, [])

    def _catalogues(self, chosen: str | None, categories: list[str]) -> dict[Any, Any]:
        page, every = self.page, matching.names()
        name = chosen or (every[0] if every else None)
        return {
            page.none: gr.Column(visible=not every),
            page.where: gr.Row(visible=bool(every)),
            page.catalogue: gr.Dropdown(every, value=name),
            **self.choose(name, categories),
        }

    def choose(self, name: str | None, categories: list[str]) -> dict[Any, Any]:
        """Another catalogue: its categories, and the methods that its network can serve."""
        page = self.page
        if name is None:
            return {page.category: gr.skip()}
        try:
            catalogue = open_catalogue(name)
            info, methods = catalogue.info(), self._methods(name)
        except Exception as error:
            return {page.category: parts.problem(handlers.sentence(error))}
        narrow = matching.can_narrow(self.engine, info)
        words = [(f"{label} ({count:,})", label) for label, count in info.categories.items()]
        kept = [label for label in categories if label in info.categories]
        return {
            page.categories: gr.Dropdown(words, value=kept, multiselect=True, interactive=bool(words)),
            page.narrow: gr.Checkbox(interactive=narrow) if narrow else gr.Checkbox(value=False, interactive=False),
            page.method: gr.Dropdown(methods, value=METHOD),
        }

    @staticmethod
    def _methods(name: str) -> list[tuple[str, str]]:
        try:
            found = methods_of(open_catalogue(name))
        except FashionvizError:  # its network is none of ours; the search will say so
            found = (METHOD,)
        return [(METHODS[m].title + (" (slow)" if METHODS[m].slow else ""), m) for m in found]

    def demo(self, progress: gr.Progress = _PROGRESS) -> dict[Any, Any]:
        """Build the demo catalogue."""

        def on_progress(step: Progress) -> None:
            progress((step.done, step.total), desc="Embedding the drawn articles")

        try:
            build_demo(self.engine, on_progress)
        except CatalogueBusy as error:
            return {self.page.demo_note: parts.status(f"{error} It will be here in a moment: open this tab again.")}
        except Exception as error:
            return {self.page.demo_note: parts.problem(handlers.sentence(error))}
        return self._catalogues(DEMO, [])

    # --- the photo --------------------------------------------------------------------------------------------

    def upload(self, upload: Upload | None, request: gr.Request) -> dict[Any, Any]:
        """A photo was dropped, pasted, chosen or snapped."""
        try:
            return self._accepted(Held(open_photo(upload), upload.name if upload else "photo.jpg"), request)
        except Exception as error:
            return self._refused(error, request)

    def example(self, names: list[str] | None, event: gr.SelectData, request: gr.Request) -> dict[Any, Any]:
        """An example was chosen."""
        names = names or gallery.sources()
        try:
            return self._accepted(Held(*gallery.open_example(names[int(event.index)])), request)
        except Exception as error:
            return self._refused(error, request)

    def take_along(self, other: Held | None, taken: Held | None, request: gr.Request) -> dict[Any, Any]:
        """The tab is opened: a photo that is new in the first tab comes along."""
        if other is None or other is taken:
            return {self.page.taken: taken}
        return {**self._accepted(other, request), self.page.taken: other}

    def clear(self, request: gr.Request) -> dict[Any, Any]:
        """The photo was taken away."""
        return {**self._nothing(request), self.page.held: None, self.page.hint: parts.status(WAITS)}

    def _accepted(self, held: Held, request: gr.Request) -> dict[Any, Any]:
        page = self.page
        busy = "Looking for garments…" if matching.names() else "There is no catalogue yet: build the demo above."
        return {
            **self._nothing(request),
            page.held: held,
            page.photo: region.preview(held.photo, None),
            page.hint: parts.status(f"{held.photo.width}×{held.photo.height} px."),
            page.category: parts.status(busy),
        }

    def _refused(self, error: Exception, request: gr.Request) -> dict[Any, Any]:
        words = handlers.sentence(error)
        warn(words)
        return {
            **self._nothing(request), self.page.held: None, self.page.photo: None, self.page.hint: parts.problem(words),
        }  # fmt: skip

    def _nothing(self, request: gr.Request) -> dict[Any, Any]:
        """Empty every place of a former answer."""
        page = self.page
        return {
            page.shown: None,
            page.choice: gr.Radio(value=None, visible=False),
            page.category: parts.status("The matches appear with the first photo."),
            page.matches: gr.Gallery([], selected_index=None),
            page.times: "",
            page.python: "",
            page.shell: "",
            page.curl: "",
            **self._no_why(request),
        }

    def _no_why(self, request: gr.Request) -> dict[Any, Any]:
        page = self.page
        self.jobs.replace(session_of(request))
        return {
            page.item: None,
            page.why: None,
            page.query: None,
            page.match: None,
            page.note: parts.status(NO_WHY, tall=True),
            page.png: gr.DownloadButton(value=None, interactive=False),
            page.cancel: gr.Button(interactive=False),
        }

    # --- the search -------------------------------------------------------------------------------------------

    def search(
        self,
        held: Held | None,
        name: str | None,
        categories: list[str],
        narrow: bool,
        choice: str | None,
        shown: Shown | None,
        request: gr.Request,
    ) -> dict[Any, Any]:
        """Find the garments, and the items most like one of them, or like another part of the photo."""
        page = self.page
        if held is None or name is None:
            return {page.shown: None}
        asked = Question(name, tuple(categories or ()), bool(narrow))
        try:
            found = matching.find(self.engine, held, asked, choice, shown)
            catalogue = open_catalogue(name)
            info, tiles = catalogue.info(), matching.tiles(catalogue, found.part.matches)
        except Exception as error:
            return {**self._nothing(request), page.category: parts.problem(handlers.sentence(error))}
        code = (held.name, name, found.box, asked.categories, asked.narrow)
        return {
            **self._no_why(request),
            page.shown: found,
            page.photo: matching.photo_with_frames(held, found),
            page.hint: parts.status(self._said(held, found)),
            page.choice: gr.Radio(matching.choices(found), value=found.choice, visible=True),
            page.category: matching.category_line(found),
            page.matches: gr.Gallery(tiles, selected_index=None),
            page.times: matching.times_line(found, info),
            page.python: match_snippets.match_python(*code),
            page.shell: match_snippets.match_cli(*code),
            page.curl: match_snippets.match_curl(*code),
        }

    @staticmethod
    def _said(held: Held, shown: Shown) -> str:
        size = f"{held.photo.width}×{held.photo.height} px."
        if shown.garments:
            return f"{size} {len(shown.garments)} found. Click one on the photo, or choose below."
        if shown.detected is not None:
            return f"{size} No garment was found. Choose a part of the photo below."
        return f"{size} No detector is trained, so garments are not found by themselves: choose a part below."

    def click(self, held: Held | None, shown: Shown | None, event: gr.SelectData) -> dict[Any, Any]:
        """The photo was clicked: the smallest garment around that place is chosen."""
        if held is None or shown is None or not shown.garments:
            return {self.page.choice: gr.skip()}
        x, y = (float(v) for v in event.index)
        choice = matching.clicked(held, shown, x, y)
        if choice is None:
            return {self.page.hint: parts.status(_BESIDE)}
        return {self.page.choice: choice}

    # --- why --------------------------------------------------------------------------------------------------

    def pick(self, shown: Shown | None, event: gr.SelectData) -> dict[Any, Any]:
        """A match was chosen. Its id is what is explained."""
        if shown is None or int(event.index) >= len(shown.part.matches):
            warn(_GONE)
            return {self.page.item: None}
        return {self.page.item: shown.part.matches[int(event.index)].item.id}

    def begin(self, held: Held | None, item: str | None, method: str, request: gr.Request) -> dict[Any, Any]:
        """Before an explanation, which can be cancelled from now on."""
        if held is None or item is None:
            return {self.page.item: item}
        self.jobs.announce(session_of(request))
        words = f"{METHODS[method].title} on both pictures: working…"
        return {self.page.cancel: gr.Button(interactive=True), self.page.note: parts.status(words, tall=True)}

    def explain(
        self,
        held: Held | None,
        shown: Shown | None,
        item: str | None,
        method: str,
        style: str,
        request: gr.Request,
        progress: gr.Progress = _PROGRESS,
    ) -> dict[Any, Any]:
        """What the similarity with the chosen match rests on."""
        page, session = self.page, session_of(request)
        if held is None or shown is None or item is None:
            return {page.why: None}
        cancel = self.jobs.start(session)

        def on_progress(step: Progress) -> None:
            progress((step.done, step.total), desc=f"{METHODS[method].title}{cards.duration(step.seconds_left)}")

        try:
            result = why_match(
                held.photo, open_catalogue(shown.question.catalogue), item, self.engine, box=shown.box, method=method,
                on_progress=on_progress, cancel=cancel,
            )  # fmt: skip
            said = self._explained(held, result, style)
        except Cancelled as error:
            said = self._unexplained(parts.status(str(error), tall=True))
        except Exception as error:
            said = self._unexplained(parts.problem(handlers.sentence(error), tall=True))
        if not self.jobs.current(session, cancel):
            return {page.why: gr.skip()}  # a newer question has taken the place
        self.jobs.finish(session, cancel)
        return said

    def end(self, request: gr.Request) -> Any:
        """After an explanation. Returns the cancel button, which stays while a newer one runs."""
        return gr.Button(interactive=self.jobs.waiting(session_of(request)))

    def _unexplained(self, words: str) -> dict[Any, Any]:
        page = self.page
        off = gr.DownloadButton(value=None, interactive=False)
        return {page.why: None, page.query: None, page.match: None, page.note: words, page.png: off}

    def _explained(self, held: Held, result: Why, style: str) -> dict[Any, Any]:
        page, found = self.page, result.explanation
        style = style if style in styles_of(found.method) else OVERLAY
        query, match = (enlarge(picture, handlers.PICTURE) for picture in why_pictures(found, style))
        alt = f"{METHODS[found.method].title}: what the similarity of {found.similarity:.3f} rests on"
        png = handlers.write_file(Path(get_upload_folder()), "why.png", encode_png(why_picture(found, style)))
        code = (held.name, result.catalogue, result.item.id, result.box, found.method)
        return {
            page.why: result,
            page.query: gr.Image(value=query, alt_text=f"{alt}, on your garment"),
            page.match: gr.Image(value=match, alt_text=f"{alt}, on {result.item.title or result.item.id}"),
            page.note: matching.why_caption(result, style),
            page.png: gr.DownloadButton(value=png, interactive=True),
            page.python: match_snippets.why_python(*code),
            page.shell: match_snippets.why_cli(*code),
            page.curl: match_snippets.why_curl(*code),
        }

    def restyle(self, held: Held | None, why: Why | None, style: str) -> dict[Any, Any]:
        """The same maps shown in another way."""
        if held is None or why is None:
            return {self.page.why: why}
        if style == SIGNED and SIGNED not in styles_of(why.explanation.method):
            gr.Info(f"{METHODS[why.explanation.method].title} says how much a place counts, not for or against.")
        return self._explained(held, why, style)

    def cancel(self, request: gr.Request) -> Any:
        """Stop at the next pass. Returns the button, pressed once."""
        self.jobs.cancel(session_of(request))
        return gr.Button(interactive=False)

    def leave(self, request: gr.Request) -> None:
        """The page was closed: nobody waits for the rest."""
        self.jobs.replace(session_of(request))


def wire(blocks: gr.Blocks, page: Page, tab: gr.Tab, other: Page, events: MatchEvents) -> None:
    """Connect the tab's components; ``other`` is the first tab's page."""
    hidden: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    where = [page.none, page.where, page.catalogue, page.categories, page.narrow, page.method, page.category]
    why = [page.item, page.why, page.query, page.match, page.note, page.png, page.cancel]
    code = [page.python, page.shell, page.curl]
    answer = [page.shown, page.photo, page.hint, page.choice, page.category, page.matches, page.times, *code, *why]
    arrival = [page.held, *answer]
    asked = [page.held, page.catalogue, page.categories, page.narrow, page.choice, page.shown]

    def search(after: Any) -> Any:
        return after(
            events.search, asked, answer, show_progress="minimal", show_progress_on=[page.matches],
            api_visibility="private", concurrency_limit=4, trigger_mode="always_last",
        )  # fmt: skip

    # where to search
    search(blocks.load(events.arrive, None, where, **hidden).then)
    page.demo.click(
        events.demo, None, [*where, page.demo_note], show_progress_on=[page.demo_note], api_visibility="private",
        concurrency_limit=1,
    ).success(events.search, asked, answer, **hidden)  # fmt: skip
    search(page.catalogue.input(events.choose, [page.catalogue, page.categories], where[3:], **hidden).then)
    search(page.categories.input)
    search(page.narrow.input)

    # what to search for
    search(page.photo.upload(events.upload, page.photo, arrival, **hidden).then)
    search(page.examples.select(events.example, page.examples_held, arrival, **hidden).then)
    page.photo.clear(events.clear, None, arrival, **hidden)
    opened = tab.select(events.opened, page.catalogue, where, **hidden)
    along = opened.then(events.take_along, [other.held, page.taken], [*arrival, page.taken], **hidden)
    search(along.then)
    search(page.choice.input)
    search(page.photo.select(events.click, [page.held, page.shown], [page.choice, page.hint], **hidden).then)

    # why one of them
    shown = [page.why, page.query, page.match, page.note, page.png, *code]

    def explain(after: Any) -> None:
        armed = after(events.begin, [page.held, page.item, page.method], [page.item, page.cancel, page.note], **hidden)
        armed.then(
            events.explain, [page.held, page.shown, page.item, page.method, page.style], shown, show_progress="full",
            show_progress_on=[page.query], api_visibility="private", concurrency_limit=4, trigger_mode="multiple",
        ).then(events.end, None, page.cancel, **hidden)  # fmt: skip

    explain(page.matches.select(events.pick, page.shown, page.item, **hidden).then)
    explain(page.method.input)
    page.style.input(events.restyle, [page.held, page.why, page.style], shown, **hidden)
    page.cancel.click(events.cancel, None, page.cancel, queue=False, **hidden)
