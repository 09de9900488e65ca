"""The tab "Draw": which component asks what, and where the answers go."""

from __future__ import annotations

from typing import Any

import gradio as gr

from apps.lab.drawing import AS_IT_COMES, EVERY
from apps.lab.drawing_page import DrawEvents
from apps.lab.drawing_walks import SearchEvents, WalkEvents
from apps.lab.layout import Page

_LINK = """(model, label, seed, count, truncation) => {
  const parts = {draw: model, class: label === 'EVERY' ? '' : label, seed, n: count,
    truncation: truncation >= AS_IT_COMES ? '' : truncation};
  const given = Object.entries(parts).filter(([, value]) => value !== '' && value !== null);
  return window.location.origin + window.location.pathname + '?' + new URLSearchParams(given);
}""".replace("EVERY", EVERY).replace("AS_IT_COMES", f"{AS_IT_COMES:g}")


def wire(blocks: gr.Blocks, page: Page, tab: gr.Tab, draws: DrawEvents, walks: WalkEvents, finds: SearchEvents) -> None:
    """Connect the tab's components."""
    hidden: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    code = [page.python, page.shell, page.curl, page.client]
    picked = [page.picks, page.chosen, page.picked, page.walk, page.forget, page.keep_mix]
    closer = [page.current, page.large, page.origin, page.like, page.near, page.real, page.real_note, page.one]
    drawn = [page.samples, page.basis, page.grid, page.note, page.png, page.archive, *code]
    outputs = [*drawn, *picked, *closer, page.looked, page.said]
    controls = [page.model, page.label, page.seed, page.count, page.truncation]
    asked = [*controls, page.picks, page.basis]

    def linked(after: Any) -> None:
        after(None, controls, page.link, js=_LINK, **hidden)

    def looked(after: Any) -> None:
        mixed = after(draws.look, page.current, [page.said, page.looked], trigger_mode="multiple", **hidden)
        mixed.then(walks.mix, [page.picks, page.basis, page.mixing], [page.mix, page.mixed], **hidden)

    shown: dict[str, Any] = {"api_visibility": "private", "show_progress": "minimal", "show_progress_on": [page.note]}

    # drawing
    linked(page.draw.click(draws.draw, asked, outputs, **shown).then)
    linked(page.dice.click(draws.roll, asked, [page.seed, *outputs], **shown).then)
    moved = gr.on(
        [page.label.input, page.count.input, page.truncation.release, page.seed.submit],
        draws.draw, asked, outputs, trigger_mode="always_last", **shown,
    )  # fmt: skip
    linked(moved.then)
    chosen = page.model.input(draws.choose, [page.model, page.label], page.label, **hidden)
    linked(chosen.then(draws.draw, asked, outputs, **shown).then)
    arrived = blocks.load(
        draws.arrive, None, [page.model, page.label, page.seed, page.count, page.truncation], **hidden
    )
    linked(arrived.then(draws.linked, asked, outputs, **hidden).then)
    linked(tab.select(draws.first, [page.samples, *asked], outputs, **hidden).then)

    # picking and looking closer
    pick = page.grid.select(draws.pick, [page.samples, page.picks], [*drawn, *picked, *closer], **hidden)
    looked(pick.then)
    looked(page.chosen.select(draws.pick_again, page.picks, closer, **hidden).then)
    forgot = page.forget.click(draws.forget, page.samples, [page.grid, *picked], **hidden)
    forgot.then(walks.mix, [page.picks, page.basis, page.mixing], [page.mix, page.mixed], **hidden)
    page.like.click(
        draws.like, [page.current, page.share, page.turn, page.picks, page.basis], [page.turn, *outputs], **shown
    )
    page.near.click(
        draws.near,
        page.current,
        [page.real, page.real_note],
        show_progress="full",
        show_progress_on=[page.real_note],
        api_visibility="private",
        concurrency_limit=1,
    )

    # walks
    film = [page.film, page.strip, page.walk_note, page.gif, page.mp4, page.strip_file, page.stop, *code]
    slow: dict[str, Any] = {"show_progress": "full", "api_visibility": "private", "concurrency_limit": 4}
    for button, walk, inputs in (
        (page.walk, walks.walk, [page.picks, page.basis, page.steps]),
        (page.wander, walks.wander, [page.samples, page.current, page.steps]),
    ):
        armed = button.click(walks.begin, None, page.stop, **hidden)
        armed.then(walk, inputs, film, show_progress_on=[page.walk_note], trigger_mode="multiple", **slow)
    page.stop.click(walks.cancel, None, page.stop, queue=False, **hidden)
    page.mixing.input(
        walks.mix, [page.picks, page.basis, page.mixing], [page.mix, page.mixed], trigger_mode="always_last", **hidden
    )
    kept = page.keep_mix.click(draws.keep, [page.mixed, page.samples, page.picks], [*drawn, *picked, *closer], **hidden)
    looked(kept.then)

    # a photo's latent
    found = [page.found, page.target, page.reached, page.vary, page.halt, page.search_note]
    places = [page.held, page.photo, page.search, *found]
    page.photo.upload(finds.upload, page.photo, places, **hidden)
    page.photo.clear(finds.clear, None, places, **hidden)
    started = page.search.click(finds.begin, page.held, page.halt, **hidden)
    started.then(
        finds.search, [page.held, page.model, page.label, page.depth], found,
        show_progress_on=[page.search_note], trigger_mode="multiple", **slow,
    )  # fmt: skip
    page.halt.click(finds.cancel, None, page.halt, queue=False, **hidden)
    page.vary.click(
        finds.vary, [page.found, page.share, page.turn, page.picks, page.basis], [page.turn, *outputs], **shown
    )
    for leave in (walks.leave, finds.leave):
        blocks.unload(leave)
