"""The tab "Gallery": every method on the first tab's photo, a tab each, with a slider between photo and map."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from apps.lab import cards, handlers, maps, parts
from apps.lab.gallery import in_words
from apps.lab.jobs import Jobs
from apps.lab.layout import HEIGHT, Page
from apps.lab.maps import Asked
from apps.lab.trusting import UNCHECKED, check_map
from apps.lab.visitor import Held, Part, session_of
from fashionviz.explain.methods import METHODS
from fashionviz.figures.gallery import SCALES

TAB = "gallery"
#: Gradio puts a tracker of the call in place of this default.
_PROGRESS = gr.Progress()
_NO_PHOTO = "Add a photo in the first tab; model and part of the photo are those chosen there."


def lay_out(engine: Any) -> Page:
    """Place the tab's components; must be called inside its ``gr.Tab``."""
    page = Page(tabs={}, sliders={}, notes={})
    info = engine.model(handlers.default_model(engine))
    gr.HTML(parts.heading("Where it looked, by every method"))
    with gr.Row(equal_height=True):
        page.target = gr.Dropdown(
            [handlers.TOP, *info.classes], value=handlers.TOP, label="Class explained", min_width=200,
            elem_id="fv-maps-target",
        )  # fmt: skip
        page.against = gr.Dropdown(
            [maps.NOTHING, *info.classes], value=maps.NOTHING, label="Why it and not …", min_width=200,
            elem_id="fv-maps-against",
        )  # fmt: skip
        page.scale = gr.Radio(list(SCALES), value=SCALES[0], label="One scale for all maps", elem_id="fv-maps-scale")
    with gr.Row():
        page.ask = gr.Button("Draw the gallery", variant="primary", elem_id="fv-maps-ask")
        page.cancel = gr.Button("Cancel", variant="stop", interactive=False, elem_id="fv-maps-cancel")
    page.note = gr.HTML(parts.status(_NO_PHOTO), elem_id="fv-maps-note")
    with gr.Tabs(elem_id="fv-maps"):
        for name, method in METHODS.items():
            with gr.Tab(method.title, visible=name in info.methods) as page.tabs[name]:
                page.sliders[name] = gr.ImageSlider(
                    label=f"Left the photo, right {method.title}",
                    interactive=False,
                    format="png",
                    height=HEIGHT + 120,
                    buttons=["fullscreen"],
                    elem_id=f"fv-map-{name}",
                )
                page.notes[name] = gr.HTML(parts.status("Appears when the gallery is drawn."))
    with gr.Row(equal_height=True):
        page.method = gr.Dropdown(
            handlers.method_choices(info), value=handlers.default_method(info), label="Can I trust this map?"
        )
        page.check = gr.Button("Check it", elem_id="fv-maps-check")
    page.trust = gr.HTML(UNCHECKED)
    page.link = gr.Textbox(
        label="Link to this view (without the photo)", interactive=False, buttons=["copy"], elem_id="fv-maps-link"
    )
    gr.HTML(
        '<p class="fv-note">Full colour is the 99th percentile of each map\'s own magnitude. Signed: blue spoke for '
        f"the class, red against it. {parts.PRIVACY_SHORT}</p>"
    )
    return page


class MapsEvents:
    """Methods that Gradio calls; they return dictionaries from components to values."""

    def __init__(self, engine: Any, page: Page) -> None:
        self.engine, self.page = engine, page
        self.jobs, self.checks = Jobs(), Jobs()  # a map is checked while others are drawn: neither stops the other

    def opened(
        self,
        held: Held | None,
        model: str | None,
        target: str,
        against: str,
        method: str | None,
        request: gr.Request,
    ) -> dict[Any, Any]:
        """The tab is opened: classes and methods are those of the first tab's model."""
        page, info = self.page, self.engine.model(model)
        targets, others = [handlers.TOP, *info.classes], [maps.NOTHING, *info.classes]
        photo = held and f"{in_words(held.name)}, {held.photo.width}×{held.photo.height} px, by {info.title}."
        return {
            page.target: gr.Dropdown(targets, value=target if target in targets else handlers.TOP),
            page.against: gr.Dropdown(others, value=against if against in others else maps.NOTHING),
            page.method: gr.Dropdown(
                handlers.method_choices(info), value=method if method in info.methods else handlers.default_method(info)
            ),
            page.note: gr.skip() if self.jobs.waiting(session_of(request)) else parts.status(photo or _NO_PHOTO),
            **{tab: gr.Tab(visible=name in info.methods) for name, tab in page.tabs.items()},
        }

    def arrive(self, held: Held | None, model: str | None, method: str | None, request: gr.Request) -> dict[Any, Any]:
        """The page has opened with a link's model: the link may name the class and the one that it is compared with."""
        info, link = self.engine.model(model), dict(request.query_params or {}) if request else {}
        chosen = [link.get("target") or handlers.TOP, link.get("against") or maps.NOTHING]
        for label in chosen:
            if label not in (handlers.TOP, maps.NOTHING, *info.classes):
                gr.Info(f"The link names a class that {info.name} does not have: {label[:80]}.")
        return self.opened(held, model, chosen[0], chosen[1], method, request)

    def _asked(self, held: Held, model: str | None, target: str, against: str, scale: str, *part: Any) -> Asked:
        name = self.engine.model(model).name
        return Asked(held.photo, Part.of(*part).box(held), name, maps.named(target), maps.named(against), scale)

    def run(
        self,
        held: Held | None,
        model: str | None,
        target: str,
        against: str,
        scale: str,
        request: gr.Request,
        *part: Any,
    ) -> Iterator[dict[Any, Any]]:
        """Ask one method after the other, the quick ones first, each shown as soon as it is there."""
        page, session = self.page, session_of(request)
        if held is None:
            yield {page.note: parts.status(_NO_PHOTO)}
            return
        asked, methods = self._asked(held, model, target, against, scale, *part), maps.order(self.engine.model(model))
        self.jobs.announce(session)
        cancel = self.jobs.start(session)
        yield {
            page.ask: gr.Button(interactive=False),
            page.cancel: gr.Button(interactive=True),
            **{page.sliders[name]: None for name in methods},
            **{page.notes[name]: parts.status("Waits for its turn.") for name in methods},
        }
        done = 0
        try:
            for name in methods:
                title = handlers.method_title(name)
                yield {page.note: cards.progress(done, len(methods), f"{done} of {len(methods)} drawn; {title} runs")}
                shown = maps.draw(self.engine, asked, name, None, cancel)
                if cancel.is_set():  # by the button, or because something else is asked now
                    break
                done += 1
                yield {page.sliders[name]: shown.pair, page.notes[name]: shown.note}
            words = f"{done} of {len(methods)} drawn." + (" The rest was cancelled." if cancel.is_set() else "")
            yield {
                page.note: parts.status(words),
                page.ask: gr.Button(interactive=True),
                page.cancel: gr.Button(interactive=self.checks.waiting(session)),
            }
        finally:  # also when the visitor has gone and nobody iterates any more
            self.jobs.finish(session, cancel)

    def check(
        self,
        held: Held | None,
        model: str | None,
        target: str,
        against: str,
        method: str | None,
        request: gr.Request,
        progress: gr.Progress = _PROGRESS,
        *part: Any,
    ) -> str:
        """How far one map can be trusted."""
        if held is None or not method:
            return parts.status(_NO_PHOTO)
        asked = self._asked(held, model, target, against, SCALES[0], *part)
        return check_map(self.engine, self.checks, session_of(request), asked, method, progress)

    def checked(self, request: gr.Request) -> Any:
        """After a check. Returns the cancel button, which stays while maps are drawn."""
        return gr.Button(interactive=self.jobs.waiting(session_of(request)))

    def cancel(self, request: gr.Request) -> Any:
        """Stop at the next pass. Returns the button, pressed once."""
        for jobs in (self.jobs, self.checks):
            jobs.cancel(session_of(request))
        return gr.Button(interactive=False)

    def leave(self, request: gr.Request) -> None:
        """The page was closed: nobody waits for the rest."""
        for jobs in (self.jobs, self.checks):
            jobs.replace(session_of(request))


_LINK = (
    """(model, target, against) => {
  const parts = {tab: 'TAB', model, target: target === 'TOP' ? '' : target, against: against === 'NONE' ? '' : against};
  const query = new URLSearchParams(Object.entries(parts).filter(([, value]) => value));
  return window.location.origin + window.location.pathname + '?' + query;
}""".replace("TAB", TAB)
    .replace("TOP", handlers.TOP)
    .replace("NONE", maps.NOTHING)
)


def wire_link(page: Page, other: Page, events: MapsEvents, opened: Any) -> None:
    """A link's choices, and the link to what is chosen.

    Args:
        page: the tab's.
        other: the first tab's, whose model it is about.
        events: of the tab.
        opened: what happens when the page has opened and the first tab has the link's model.
    """
    hidden: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    named = [other.model, page.target, page.against]
    gr.on([part.change for part in named], None, named, page.link, js=_LINK, **hidden)
    opened.then(events.arrive, [other.held, other.model, page.method], _places(page), **hidden)


def _places(page: Page) -> list[Any]:
    """What depends on the model."""
    return [page.target, page.against, page.method, page.note, *page.tabs.values()]


def wire(page: Page, tab: gr.Tab, other: Page, events: MapsEvents) -> None:
    """Connect the tab's components; ``other`` is the first tab's page."""
    hidden: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    part = [other.region, other.left, other.top, other.right, other.bottom]
    choices = [other.held, other.model, page.target, page.against]
    tab.select(events.opened, [*choices, page.method], _places(page), **hidden)
    answers = [page.note, page.ask, page.cancel, *page.sliders.values(), *page.notes.values()]
    page.ask.click(events.run, [*choices, page.scale, *part], answers, concurrency_limit=4, **hidden)
    armed = page.check.click(lambda: gr.Button(interactive=True), None, page.cancel, **hidden)
    armed.then(
        events.check,
        [*choices, page.method, *part],
        page.trust,
        show_progress="full",
        show_progress_on=[page.trust],
        api_visibility="private",
        concurrency_limit=4,
    ).then(events.checked, None, page.cancel, **hidden)
    page.cancel.click(events.cancel, None, page.cancel, queue=False, **hidden)
