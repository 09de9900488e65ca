"""Embedding map: which items look alike to the model?"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from apps.studio import item_photos, parts
from apps.studio.charts import chart
from fashionviz.errors import InvalidRequest
from fashionviz.explain.kept import NotBuilt
from fashionviz.explain.map_items import WRONG, MapItem, map_items
from fashionviz.explore_results import EmbeddingMap
from fashionviz.figures.embedding import map_figure
from fashionviz.models.registry import get_model
from fashionviz.serialise_explore import embedding_map_json

EVERY = "every item"
_PAGE, _SIDE = 24, 96
_TOOLS = {"displayModeBar": True, "scrollZoom": False, "displaylogo": False, "modeBarButtonsToRemove": ["toImage"]}


def choose(tagger: bool) -> tuple[str, str | None]:
    """What colours the points; it travels in the address."""
    if tagger:
        classes = list(info.classes)
        parts.choice_from("tag", classes)
        return "label", st.selectbox("Tag", classes, key="tag", bind="query-params")
    by = st.segmented_control(
        "Colour", ["class", "right or wrong"], default="class", required=True, key="colour", bind="query-params"
    )  # fmt: skip
    return ("label" if by == "class" else "verdict"), None


def by_keyboard(items: Sequence[MapItem]) -> list[int]:
    """Items chosen without a pointer: those of a class, or the wrong ones among them."""
    labels = sorted({item.label for item in items if item.label})
    parts.choice_from("among", [EVERY, *labels])
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    label = left.selectbox("Items of", [EVERY, *labels], key="among", bind="query-params")
    wrong = right.toggle("Wrong answers only", key="wrong", bind="query-params")
    if label == EVERY and not wrong:
        return []
    return [
        place
        for place, item in enumerate(items)
        if label in (EVERY, item.label) and (not wrong or item.verdict == WRONG)
    ]


def show_items(made: EmbeddingMap, items: Sequence[MapItem], chosen: list[int]) -> None:
    """The chosen items: pictures with links, and a table."""
    st.subheader(f"{len(chosen):,} item{'s' if len(chosen) != 1 else ''} chosen", anchor=False)
    if not chosen:
        st.info("Nothing fell into this choice. Draw around some points, or choose another class.")
        return
    pages = -(-len(chosen) // _PAGE)
    page = 1
    if pages > 1:
        page = int(st.number_input(f"Page, 1 to {pages}", 1, pages, key="map_page", width=160))
    shown = [items[place] for place in chosen[(page - 1) * _PAGE : page * _PAGE]]
    photos = item_photos.photos_or_offer(made.source, tuple(item.id for item in shown))
    with st.container(horizontal=True, gap="small"):
        for item in shown:
            if item.id not in photos:
                continue
            with st.container(width=_SIDE, gap="xsmall", key=f"mapped_{item.id}"):
                words = f"true {item.label}" + (f", said {item.said}" if item.said else "")
                st.image(
                    item_photos.square(photos[item.id], 2 * _SIDE), width=_SIDE, output_format="PNG",
                    alt=f"Item {item.id}: {words}",
                )  # fmt: skip
                st.page_link(
                    "views/guided_backprop.py",
                    label=item.id,
                    query_params={"model": info.name, "item": item_photos.address(made.source, item.id)},
                    help=f"{words}: see what speaks for it",
                )
    st.dataframe(table(made, items, chosen), hide_index=True, height=260)


def table(made: EmbeddingMap, items: Sequence[MapItem], places: Sequence[int]) -> pd.DataFrame:
    """What is known of some items, and where they lie."""
    rows = list(places)
    return pd.DataFrame(
        {
            "id": [items[place].id for place in rows],
            "true": [items[place].label for place in rows],
            "said": [items[place].said for place in rows],
            "answer": [items[place].verdict for place in rows],
            "x": made.xy[rows, 0],
            "y": made.xy[rows, 1],
        }
    )


def drawn() -> list[int]:
    """The places that were lassoed or boxed, without the rings around those chosen by keyboard."""
    event = st.session_state.get("map_points") or {}
    points = event.get("selection", {}).get("points", [])
    places = [point["customdata"] for point in points if point.get("customdata") is not None]
    return sorted({int(place[0] if isinstance(place, list) else place) for place in places})


info = parts.model()
parts.header(
    "Embedding map",
    "Which items of the test split look alike to the model, and which of them does it get wrong?",
    parts.model_label(info),
    "Each point is a test photo. Points that lie close together have like embeddings: the numbers from which the "
    "model's last layer decides. Draw around points to see their photos.",
    "Closeness means something, the axes, the gaps and the sizes of groups do not: a map of two dimensions cannot keep "
    "all distances.",
    info.note,
)
parts.need_weights(info)
with parts.plainly():
    try:
        made = parts.engine().embedding_map(info.name)
    except (NotBuilt, InvalidRequest) as error:
        st.info(str(error))
        st.code(f"fashionviz embedding-map {info.name}", language="bash")
        st.stop()
    by, tag = choose(get_model(info.name).task.multilabel)
    items = map_items(info.name, made.ids, tag)
above = st.container()
by_class = by_keyboard(items)
with above:
    chart(
        map_figure(made, items, info.classes, by=by, chosen=by_class),
        "map_points",
        f"{info.name}-embedding-map",
        table=table(made, items, range(len(items))),
        config=_TOOLS,
        on_select="rerun",
        selection_mode=("points", "box", "lasso"),
        alt=f"Map of {len(items):,} test items; the list below chooses items by keyboard",
    )
    st.caption(f"{made.source.words}. {made.method}. Weights SHA-256 `{made.model.sha256[:12]}…`.")
chosen = drawn() or by_class
if chosen or by_class or st.session_state.get("wrong"):
    show_items(made, items, chosen)
else:
    st.info("Draw around points of the map with the lasso or the box, or choose a class above, to see the items.")
with st.expander("The same in code"):
    st.code(
        "from fashionviz.inference.engine import shared_engine\n"
        f"made = shared_engine().embedding_map({info.name!r})\n"
        "print(made.ids[:5], made.xy[:5])",
        language="python",
        wrap_lines=True,
    )
    st.code(f"fashionviz embedding-map {info.name} --json", language="bash")
rows = embedding_map_json(made)["items"]
st.download_button(
    "Map (CSV)",
    pd.DataFrame(rows).to_csv(index=False),
    file_name=f"{info.name}-embedding-map.csv",
    mime="text/csv",
    on_click="ignore",
    icon=":material/download:",
)
