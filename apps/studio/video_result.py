"""What was found in a video: player, timeline, the picked item with its matches, times, files and code."""

from __future__ import annotations

import math
from pathlib import Path

import streamlit as st

from apps import videos
from apps.studio import match_cards, own_catalogue, parts
from apps.studio.catalogues import opened
from apps.studio.charts import chart
from apps.studio.code_tabs import code_tabs
from apps.studio.drawing_files import save
from apps.studio.own_video import Held
from fashionviz.errors import FashionvizError
from fashionviz.figures.video import (
    STAGES,
    WEARERS,
    stage_rows,
    stages_figure,
    timeline_figure,
    timeline_rows,
)
from fashionviz.video.results import Sighting, Watched

#: Keys of the picked item, the timeline, the second at which the player starts, and the item whose like is wanted.
ITEM, TIMELINE, START, LIKE = "video_item", "video_timeline", "video_start", "video_like"
#: Columns of tables that hold numbers of their own kind.
_COLUMNS = {
    "similarity": st.column_config.NumberColumn(format="%.3f"),
    "probability": st.column_config.NumberColumn(format="percent"),
}


def forget() -> None:
    """Drop the choices about a former result."""
    for key in (ITEM, TIMELINE, START):
        st.session_state.pop(key, None)


def show(video: Held, result: Watched) -> None:
    """All of it."""
    left, right = st.columns([7, 5], gap="large")
    with left:
        player(video)
    with right:
        numbers(video, result)
    if result.sightings:
        st.subheader("Who wore what when", anchor=False)
        # The choice is made below the timeline, which outlines it.
        ids = [sighting.id for sighting in result.sightings]
        if st.session_state.get(ITEM) not in ids:
            st.session_state[ITEM] = ids[0]
        chart(
            timeline_figure(result, chosen=st.session_state[ITEM]),
            TIMELINE,
            f"{Path(video.name).stem}-timeline",
            table=timeline_rows(result),
            columns=_COLUMNS,
            on_select=_picked,
            selection_mode="points",
            alt=f"When each of {len(ids)} items is in sight; the list below chooses one by keyboard",
        )
        st.caption(f"Press a bar to pick its item. {WEARERS}")
        found = {sighting.id: sighting for sighting in result.sightings}
        chosen = st.selectbox("Item", ids, key=ITEM, format_func=lambda number: videos.called(found[number]))
        item(result, found[chosen])
    else:
        st.info("No item was found that the detector saw often enough. Try a video in which people are larger.")
    st.subheader("Where the time goes", anchor=False)
    times(video, result)
    st.subheader("The same in code", anchor=False)
    if result.catalogue == own_catalogue.NAME:
        st.caption("Your own catalogue is on this page alone; `fashionviz catalogue build` makes one that stays.")
    code_tabs(
        videos.video_python(video.name, result.catalogue, result.every),
        videos.video_shell(video.name, result.catalogue, result.every),
    )


def player(video: Held) -> None:
    """The video with the items on it."""
    if not video.annotated.is_file():
        st.info("The video with the items on it was deleted, as every video is within the hour. Watch it again.")
        return
    st.video(
        video.annotated,
        start_time=st.session_state.get(START, 0),
        muted=True,
        autoplay=START in st.session_state,
        alt="The video with every item outlined, numbered and named",
    )


def numbers(video: Held, result: Watched) -> None:
    """What was found and how fast, and the files."""
    st.markdown(f"**{videos.speed(result)}**")
    st.markdown(videos.keeping_up(result))
    st.markdown(videos.counted(result))
    more = [f"The detector looked at {_every(result.every)}", f"{result.spent_s:.0f} s of work"]
    st.caption(
        f"{', '.join(more)}. Searched in {match_cards.plain(result.catalogue)}. Weights `{result.detector.name}` "
        f"`{result.detector.sha256[:12]}…`, `{result.embedder.name}` `{result.embedder.sha256[:12]}…`."
    )
    for note in result.notes:
        st.caption(match_cards.plain(note))
    if video.sample:
        st.caption(videos.CREDIT)
    with st.container(horizontal=True, gap="small"):
        stem = Path(video.name).stem
        if video.annotated.is_file():
            save("Video (MP4)", video.annotated.read_bytes(), f"{stem}-annotated.mp4", "video/mp4", "save_video")
        save("Items (JSON)", videos.events_json(result), f"{stem}-events.json", "application/json", "save_events")


def _every(number: int) -> str:
    ordinals = {1: "every frame", 2: "every second frame", 3: "every third frame"}
    return ordinals.get(number, f"every {number}th frame")


def item(result: Watched, sighting: Sighting) -> None:
    """The picked item: picture, what it is, and the shop items most like it."""
    left, right = st.columns([3, 9], gap="medium")
    with left:
        if sighting.picture.size:
            st.image(sighting.picture, width=180, alt=f"Item {sighting.id}, {sighting.label}, as it was seen best")
        st.markdown(f"**{sighting.id} {match_cards.plain(sighting.label)}**")
        words = [f"So said in {sighting.label_share:.0%} of the votes.", f"In sight {videos.span(sighting)}."]
        if sighting.categories:
            named = " or ".join(f"{match_cards.plain(name)} ({share:.0%})" for name, share in sighting.categories)
            words.append(f"The small network that names categories would say {named}.")
        words.append(f"{sighting.views} view{'' if sighting.views == 1 else 's'} averaged.")
        st.caption("  \n".join(words))
        st.button(
            f"Play from {sighting.first_s:.1f} s", key="jump", on_click=_jump, args=(sighting.first_s,),
            icon=":material/play_arrow:",
        )  # fmt: skip
    with right:
        if not sighting.matches:
            st.info("Nothing was searched for it: it was never seen large enough, or the catalogue is empty.")
            return
        try:
            match_cards.cards(opened(result.catalogue), sighting.matches, _like)
        except FashionvizError as error:  # the catalogue went meanwhile
            parts.sentence(error)


def times(video: Held, result: Watched) -> None:
    """The stages in a chart and a table."""
    chart(
        stages_figure(result),
        "video_stages",
        f"{Path(video.name).stem}-stages",
        table=(),
        alt="Time of every stage of the work on a frame; the table below has the numbers",
    )
    st.dataframe(stage_rows(result), hide_index=True, key="stage_table")
    st.caption(STAGES)


def _picked() -> None:
    """A bar was pressed: its item is picked. A press that takes the choice back leaves the item."""
    points = st.session_state[TIMELINE].get("selection", {}).get("points", [])
    places = [point["customdata"] for point in points if point.get("customdata") is not None]
    if places:
        first = places[0]
        st.session_state[ITEM] = int(first[0] if isinstance(first, (list, tuple)) else first)


def _jump(second: float) -> None:
    st.session_state[START] = math.floor(second)


def _like(catalogue: str, identifier: str) -> None:
    """Others like a shop item are on the page Find the item."""
    st.session_state[LIKE] = f"{catalogue}/{identifier}"
    st.session_state["catalogue"] = catalogue  # there, too, although another may be chosen here by now
