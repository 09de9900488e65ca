"""Why this item: a garment and a match side by side, with what their similarity rests on."""

from __future__ import annotations

from urllib.parse import quote

import streamlit as st

from apps.lab.match_snippets import why_cli, why_curl, why_python
from apps.studio import match_cards, parts
from apps.studio.answered import answered
from apps.studio.charts import save_picture
from apps.studio.code_tabs import code_tabs
from apps.studio.state import Held
from apps.words import INSENSITIVE, caution_markdown
from fashionviz.explain.methods import METHODS
from fashionviz.figures.why import OVERLAY, SIGNED, styles_of, why_picture, why_pictures, why_words
from fashionviz.match.catalogue import Catalogue, CatalogueInfo
from fashionviz.match.results import Match
from fashionviz.match.why import METHOD, Why, methods_of, why_match, why_not
from fashionviz.results import Box

#: Parameter of the address: the item that is asked about.
KEY = "why"


def ask(catalogue: str, identifier: str) -> None:
    """Ask about an item; for callbacks."""
    st.query_params[KEY] = identifier


def close() -> None:
    """Ask about none; for callbacks."""
    st.query_params.pop(KEY, None)


def panel(
    catalogue: Catalogue,
    info: CatalogueInfo,
    matches: tuple[Match, ...],
    held: Held,
    box: Box | None,
    *,
    shown: bool,
    of: str = "Your garment",
) -> None:
    """What the similarity with the item of the address rests on; nothing where it names none of the matches.

    Args:
        catalogue: that the matches are from.
        info: of the catalogue.
        matches: of the garment.
        held: the photo.
        box: the garment, in pixels of the photo; all of it if ``None``.
        shown: whether catalogue and photo have names by which code can open them.
        of: what the photo is of.
    """
    match = next((match for match in matches if match.item.id == st.query_params.get(KEY)), None)
    if match is None:
        return
    with st.container(border=True, key="why_panel"):
        head, away = st.columns([5, 1], vertical_alignment="center")
        title = match_cards.plain(match.item.title or match.item.id)
        head.subheader(f"Why {title}?", anchor=False)
        away.button("Close", key="why_close", on_click=close, icon=":material/close:", type="tertiary")
        if reason := why_not(catalogue, parts.engine()):
            st.info(reason)
            return
        method = _method(catalogue)
        result: Why | None = answered(
            ("why", info.name, info.generation, info.embedder.sha256, held.digest, box, match.item.id, method),
            lambda on_progress, cancel: why_match(
                held.photo, catalogue, match.item.id, parts.engine(), box=box, method=method,
                on_progress=on_progress, cancel=cancel,
            ),
            f"{METHODS[method].title} on both pictures",
            step="pass",
        )  # fmt: skip
        if result is not None:
            _show(result, match, held, shown, of)


def _method(catalogue: Catalogue) -> str:
    methods = methods_of(catalogue)
    parts.choice_from("why_method", list(methods))
    return st.selectbox(
        "Method", methods, index=methods.index(METHOD), key="why_method", bind="query-params", width=320,
        format_func=lambda name: METHODS[name].title + (" (slow)" if METHODS[name].slow else ""),
    )  # fmt: skip


def _show(result: Why, match: Match, held: Held, shown: bool, of: str) -> None:
    found = result.explanation
    styles = styles_of(found.method)
    style = OVERLAY
    if len(styles) > 1:
        style = st.segmented_control("Shown as", styles, default=OVERLAY, required=True, key="why_style")
    captions = (of, match.item.title or match.item.id)
    with st.container(key="pair_why"):
        for column, caption, picture in zip(st.columns(2), captions, why_pictures(found, style), strict=True):
            column.image(
                parts.shown(picture, 480), width="stretch", caption=match_cards.plain(caption), output_format="PNG",
                alt=f"{caption}: what the similarity of {found.similarity:.3f} rests on, by {found.method}",
            )  # fmt: skip
    if style == SIGNED:
        parts.legend_signed("tells them apart", "makes them alike")
    else:
        parts.legend_magnitude("does not count", "counts most")
    st.markdown(why_words(found, style))
    if found.method in INSENSITIVE:
        st.caption(caution_markdown())
    for note in result.notes:
        st.caption(note)
    times = found.timings
    st.caption(
        f"Took {parts.seconds(times.total)}: waiting {times.queue:.0f} ms, computing {parts.seconds(times.compute)}. "
        f"Weights `{found.model.name}`, SHA-256 `{found.model.sha256[:12]}…`"
    )
    name = quote(match.item.id, safe="")
    title = f"Why item {match.item.id} is like the garment"
    save_picture(why_picture(found, style), "why", f"why-{name}", title, "Both pictures (PNG)")
    if shown:
        asked = (held.name, result.catalogue, match.item.id, result.box, found.method)
        code_tabs(why_python(*asked), why_cli(*asked), why_curl(*asked))
