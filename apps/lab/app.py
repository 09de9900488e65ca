"""The lab, tabs of a page: a photo and what models see in it, shop items like it, many photos, drawings, a video."""

from __future__ import annotations

import os

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read when Gradio is imported

from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from apps.lab import (
    annotate_layout,
    annotate_page,
    drawing_layout,
    drawing_wiring,
    every_page,
    handlers,
    home,
    maps_page,
    match_layout,
    match_page,
    parts,
    style,
    video_layout,
    video_page,
)
from apps.lab.drawing_endpoints import add_drawing_endpoints
from apps.lab.drawing_page import DrawEvents
from apps.lab.drawing_walks import SearchEvents, WalkEvents
from apps.lab.endpoints import add_endpoints
from apps.lab.events import Events
from apps.lab.guard import NoForeignAddresses, shut_side_doors
from apps.lab.layout import Page, lay_out
from apps.lab.storage import EVERY_S, OLDEST_S, look_after, private_folder
from apps.middleware import MAX_VIDEO
from fashionviz.inference.engine import shared_engine

#: Sessions held at most; each may hold a photo of up to 12 MB.
SESSIONS = 128

_LINK = """(model, method, target, layer) => {
  const parts = {model, method, target: target === 'TOP' ? '' : target, layer};
  const query = new URLSearchParams(Object.entries(parts).filter(([, value]) => value));
  return window.location.origin + window.location.pathname + '?' + query;
}""".replace("TOP", handlers.TOP)

_FIRST = "one-photo"
_OTHERS = (
    maps_page.TAB,
    every_page.TAB,
    match_layout.TAB,
    video_layout.TAB,
    annotate_layout.TAB,
    drawing_layout.TAB,
)
# Gradio selects the first tab as the page opens: that must not take the link's own tab away before it is read.
_ADDRESS = """() => {
  const opening = !window.fashionvizOpened;
  window.fashionvizOpened = true;
  if (opening && !'TAB') return;
  const here = new URL(window.location.href);
  here.searchParams.delete('tab');
  if ('TAB') here.searchParams.set('tab', 'TAB');
  window.history.replaceState(window.history.state, '', here);
}"""


def mount_options() -> dict[str, Any]:
    """What ``gr.mount_gradio_app`` needs beside the blocks; in Gradio 6 the look belongs to the mount."""
    return {
        "theme": style.theme(),
        "css": style.CSS,
        "head": style.HEAD,
        "footer_links": ["api", "settings"],
        # A little above our own cap for a video, so that a file just over it gets our sentence. Photos have a lower cap
        # of their own, which is looked at before they are read.
        "max_file_size": MAX_VIDEO + 8 * 1024 * 1024,
        "run_history": False,
        "show_error": True,
        "ssr_mode": False,
        "app_kwargs": {"middleware": [Middleware(NoForeignAddresses)]},
    }


def build_lab(engine: Any = None) -> gr.Blocks:
    """Build the page.

    Args:
        engine: answers the questions; the process's shared engine by default.

    Returns:
        Blocks to mount or launch with :func:`mount_options`.
    """
    engine = engine or shared_engine()
    folder = private_folder()
    with gr.Blocks(title="fashionviz lab", analytics_enabled=False, delete_cache=(EVERY_S, OLDEST_S)) as blocks:
        gr.HTML(parts.header())
        with gr.Tabs(elem_id="fv-tabs") as tabs:
            with gr.Tab("One photo", id=_FIRST) as first:
                page = lay_out(engine)
                with page.beside:
                    report = home.lay_out()
            with gr.Tab("Gallery", id=maps_page.TAB) as shelf:
                gallery = maps_page.lay_out(engine)
            with gr.Tab("Every model", id=every_page.TAB) as second:
                every = every_page.lay_out(engine)
            with gr.Tab("Find the item", id=match_layout.TAB) as shop:
                shopped = match_layout.lay_out()
            with gr.Tab("Video", id=video_layout.TAB) as fifth:
                film = video_layout.lay_out()
            with gr.Tab("Annotate", id=annotate_layout.TAB) as third:
                many = annotate_layout.lay_out(engine)
            with gr.Tab("Draw", id=drawing_layout.TAB) as fourth:
                drawn = drawing_layout.lay_out(engine)
        add_endpoints(engine)  # first: the names of the page's own events give way to these
        add_drawing_endpoints(engine)
        opened = _wire(blocks, page, Events(engine))
        asks, annotates = every_page.EveryEvents(engine, every), annotate_page.AnnotateEvents(engine, many)
        draws, takes = maps_page.MapsEvents(engine, gallery), home.HomeEvents(engine, report)
        maps_page.wire(gallery, shelf, page, draws)
        home.wire(report, page, takes)
        every_page.wire(every, second, page, asks)
        annotate_page.wire(many, annotates)
        matches = match_page.MatchEvents(engine, shopped)
        match_page.wire(blocks, shopped, shop, page, matches)
        drawings = DrawEvents(engine, drawn)
        finds = SearchEvents(engine, drawn, drawings)
        drawing_wiring.wire(blocks, drawn, fourth, drawings, WalkEvents(engine, drawn), finds)
        watches = video_page.VideoEvents(engine, film)
        video_page.wire(film, fifth, watches)
        for leave in (takes.leave, draws.leave, asks.leave, annotates.leave, matches.leave, watches.leave):
            blocks.unload(leave)
        maps_page.wire_link(gallery, page, draws, opened)
        every_tab = (first, shelf, second, shop, fifth, third, fourth)
        _wire_tabs(blocks, tabs, dict(zip((_FIRST, *_OTHERS), every_tab, strict=True)))
    blocks.state_session_capacity = SESSIONS
    blocks.queue(max_size=64, default_concurrency_limit=8, api_open=False)
    shut_side_doors(blocks)
    look_after(blocks, folder)
    return blocks


def chosen_tab(request: gr.Request) -> Any:
    """The page opens: a link may name a tab; one that compares two classes can mean the gallery alone."""
    link = dict(request.query_params or {}) if request else {}
    wanted = link.get("tab") or (maps_page.TAB if link.get("against") else None)
    wanted = drawing_layout.TAB if "draw" in link else wanted
    return gr.Tabs(selected=wanted) if wanted in _OTHERS else gr.skip()


def _wire_tabs(blocks: gr.Blocks, tabs: gr.Tabs, all_tabs: dict[str, gr.Tab]) -> None:
    """The address says which tab is open, so that it can be kept and sent."""
    hidden: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    blocks.load(chosen_tab, None, tabs, **hidden)
    for name, tab in all_tabs.items():
        tab.select(None, None, None, js=_ADDRESS.replace("TAB", "" if name == _FIRST else name), **hidden)


def _wire(blocks: gr.Blocks, page: Page, events: Events) -> Any:
    """Connect the first tab's components. Returns what happens when the page has opened."""
    part = [page.region, page.left, page.top, page.right, page.bottom]
    answers = [
        page.corner, page.attribution, page.seen, page.saliency, page.saliency_note,
        page.order, page.channels, page.channels_note, page.large, page.large_note,
        page.found, page.dots, page.dots_note, page.heat,
        page.json_file, page.png_file, page.npy_file, page.ask, page.explain,
    ]  # fmt: skip
    arrival = [page.held, page.photo, page.hint, page.answer, *answers]
    hidden: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    shown: dict[str, Any] = {"api_visibility": "private", "show_progress": "minimal"}

    explain_inputs = [page.held, page.model, page.method, page.target, page.style, *part]
    explain_outputs = [
        page.attribution, page.seen, page.saliency, page.saliency_note, page.png_file, page.npy_file,
    ]  # fmt: skip

    def explain(after: Any) -> Any:
        armed = after(events.begin, [page.held, page.method], [page.cancel, page.saliency_note], **hidden)
        ran = armed.then(
            events.explain,
            explain_inputs,
            explain_outputs,
            show_progress="full",
            show_progress_on=[page.saliency],
            api_visibility="private",
            concurrency_limit=4,
            trigger_mode="multiple",
        )
        done = ran.then(events.end, None, page.cancel, **hidden)
        return done.then(events.unchecked, page.held, [page.trust, page.check], **hidden)

    layer_outputs = [
        page.order, page.channels, page.channels_note, page.channel, page.large, page.large_note,
    ]  # fmt: skip

    def layers(after: Any) -> Any:
        inputs = [page.held, page.model, page.layer, page.view, *part]
        return after(events.layers, inputs, layer_outputs, show_progress_on=[page.channels], **shown)

    def landmarks(after: Any) -> Any:
        inputs = [page.held, page.model, page.landmark, *part]
        outputs = [page.found, page.dots, page.dots_note, page.heat]
        return after(events.landmarks, inputs, outputs, show_progress_on=[page.dots], **shown)

    def code(after: Any) -> Any:
        inputs = [page.held, page.model, page.method, page.target, page.layer, page.style, *part]
        outputs = [page.python, page.shell, page.curl, page.client, page.remembered]
        done = after(events.code, inputs, outputs, **hidden)
        link = [page.model, page.method, page.target, page.layer]
        return done.then(None, link, page.link, js=_LINK, **hidden)

    def everything(after: Any) -> Any:
        outputs = [page.answer, page.json_file, page.ask, page.explain]
        asked = after(events.predict, [page.held, page.model, *part], outputs, **hidden)
        return code(landmarks(layers(explain(asked.then).then).then).then)

    # a photo arrives, or leaves
    everything(page.photo.upload(events.upload, [page.photo, *part], arrival, **hidden).then)
    everything(page.examples.select(events.example, [page.examples_held, *part], arrival, **hidden).then)
    cleared = page.photo.clear(events.clear, None, arrival, **hidden)
    cleared.then(events.unchecked, page.held, [page.trust, page.check], **hidden)

    # a part of it is chosen
    part_outputs = [page.photo, page.hint, page.corner, page.edges_row]
    part_inputs = [page.held, *part]
    everything(page.region.input(events.part, part_inputs, part_outputs, **hidden).then)
    sliders = [page.left, page.top, page.right, page.bottom]
    moved = gr.on([s.release for s in sliders], events.part, part_inputs, part_outputs, **hidden)
    everything(moved.then)
    clicked = page.photo.select(
        events.corner, [page.held, page.corner, *part], [*part_outputs, page.region, *sliders], **hidden
    )
    everything(clicked.then)

    # something is asked
    everything(page.ask.click)
    chosen = page.model.input(
        events.choices,
        [page.model, page.method, page.target, page.layer],
        [page.method, page.target, page.layer],
        **hidden,
    )
    everything(chosen.then)
    restyled = page.method.input(events.suit, [page.method, page.style], page.style, **hidden)
    code(explain(restyled.then).then)
    code(explain(page.target.input).then)
    code(explain(page.explain.click).then)
    armed = page.check.click(lambda: gr.Button(interactive=True), None, page.cancel, **hidden)
    armed.then(
        events.check,
        [page.held, page.model, page.method, page.target, *part],
        page.trust,
        show_progress="full",
        show_progress_on=[page.trust],
        api_visibility="private",
        concurrency_limit=4,
    ).then(events.end, None, page.cancel, **hidden)
    page.cancel.click(events.cancel, None, page.cancel, queue=False, **hidden)
    redrawn = page.style.input(
        events.style, [page.attribution, page.style], [page.saliency, page.saliency_note, page.png_file], **hidden
    )
    code(redrawn.then)

    # layers
    code(layers(page.layer.input).then)
    page.channels.select(events.pick, page.order, page.channel, **hidden).then(
        events.channel,
        [page.held, page.model, page.layer, page.view, page.channel, *part],
        [page.large, page.large_note],
        **shown,
    )
    gr.on(
        [page.channel.input, page.view.input],
        events.channel,
        [page.held, page.model, page.layer, page.view, page.channel, *part],
        [page.large, page.large_note],
        trigger_mode="always_last",
        **shown,
    )

    # landmarks
    page.landmark.input(events.heat, [page.found, page.landmark], page.heat, **hidden)

    # the page opens
    opened = blocks.load(
        events.arrive,
        page.remembered,
        [page.model, page.method, page.target, page.layer, page.style],
        **hidden,
    )
    code(opened.then(events.list_examples, None, [page.examples, page.examples_held], **hidden).then)

    # examples
    page.fetch.click(
        events.fetch,
        None,
        [page.examples, page.examples_held, page.fetched],
        show_progress_on=[page.fetched],
        api_visibility="private",
        concurrency_limit=1,
    )
    return opened
