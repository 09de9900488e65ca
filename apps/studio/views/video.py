"""In a video: which items of a shop are worn in it, by whom and when."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from apps import videos
from apps.middleware import MAX_VIDEO
from apps.studio import (
    catalogues,
    intake,
    jobs,
    making_catalogue,
    match_cards,
    match_words,
    own_catalogue,
    own_video,
    parts,
    video_result,
)
from apps.studio.own_video import Held, Run
from fashionviz.errors import FashionvizError
from fashionviz.figures.pictures import enlarge
from fashionviz.figures.video import titled
from fashionviz.match.catalogue import Catalogue
from fashionviz.models.registry import list_models
from fashionviz.video import wiring
from fashionviz.video.watch import EVERY, MOST_EVERY

_PRIVACY = (
    "Your video lies in a folder of this browser tab alone, together with the one that is made of it. Both are deleted "
    "when you remove it, at the latest within the hour."
)
#: Items in the list while the work goes on, the latest first.
_SHOWN = 12
#: Longest side of the first frame, in pixels.
_STILL = 480


# --- the video --------------------------------------------------------------------------------------------------


def choose_video() -> None:
    """Send a video, or take the sample."""
    if said := st.session_state.get(own_video.PROBLEM):
        st.error(said)
    turn = st.session_state.setdefault("video_turn", 0)
    key = f"video_upload_{turn}"
    # No list of types: whatever comes is judged by the one door, which names what is wrong in one sentence.
    st.file_uploader(
        f"Video: {videos.ACCEPTED}", key=key, on_change=_uploaded, args=(key,), max_upload_size=MAX_VIDEO // 2**20
    )
    sample = wiring.sample_video()
    if sample is not None:
        st.button("Use the sample video", key="sample", on_click=_sample, args=(sample,), icon=":material/movie:")
        st.caption(videos.CREDIT)
    st.caption(f"{_PRIVACY} Of a longer video the rest is not looked at; sound is not listened to.")


def _uploaded(key: str) -> None:
    """Take the file over, then let go of it; a new key gives an empty widget that holds nothing."""
    file = st.session_state.get(key)
    if not isinstance(file, UploadedFile):
        return
    own_video.take(file.getvalue(), Path(file.name or "video").name)
    intake.discard(file)
    st.session_state["video_turn"] += 1
    video_result.forget()


def _sample(path: Path) -> None:
    own_video.take_sample(path)
    video_result.forget()


def _remove() -> None:
    own_video.drop()
    video_result.forget()


def the_video(video: Held) -> None:
    """What was brought in, with its first frame."""
    st.image(
        enlarge(video.first, _STILL, smooth=True), width="stretch", output_format="JPEG", alt="The video's first frame"
    )
    st.caption(f"{match_cards.plain(video.name)} · {videos.facts(video.info)}")
    if video.sample:
        st.caption(videos.CREDIT)
    st.button("Remove the video", key="drop_video", on_click=_remove)


# --- the work ---------------------------------------------------------------------------------------------------


def working(run: Run, job: jobs.Job) -> None:
    """Progress, the latest frame and the items so far."""
    if run.waiting:
        st.caption(f"At most {videos.AT_ONCE} videos are watched at a time; yours begins when its turn comes.")
    jobs.watch(job, "Watching the video", step="frame", show=lambda: glimpse(run))


def glimpse(run: Run) -> None:
    """The latest frame and the items found so far, as far as the work has come."""
    seen = run.glimpse
    left, right = st.columns([7, 5], gap="large")
    with left:
        if seen is None:
            st.caption("The first frames come in a moment: the networks are loaded.")
        else:
            st.image(
                seen.pixels, width="stretch", output_format="JPEG", alt="The latest frame with the items on it",
                caption=f"At {seen.second:.1f} s of the video",
            )  # fmt: skip
    with right:
        if seen is not None:
            st.markdown(f"**{len(seen.sightings)} item{'' if len(seen.sightings) == 1 else 's'} so far**")
            rows = [
                {"item": f"{s.id} {s.label}", "from, s": s.first_s, "nearest shop item": titled(s)}
                for s in seen.sightings[:_SHOWN]
            ]
            if rows:
                one_place = st.column_config.NumberColumn(format="%.1f", width="small")
                st.dataframe(rows, hide_index=True, column_config={"from, s": one_place})


def after(run: Run, job: jobs.Job) -> None:
    """The work has ended without a result: say why."""
    if job.error is not None:
        parts.sentence(job.error)
    elif job.cancelled:
        st.info("Stopped; nothing was kept of it. Watch it again, or choose another video.")


# --- the page ---------------------------------------------------------------------------------------------------


def choose_catalogue(every: list[str]) -> Catalogue | None:
    """The catalogue that is searched; ``None`` where it cannot be opened, after saying so."""
    parts.choice_from("catalogue", every)
    name = st.selectbox("Catalogue", every, key="catalogue", bind="query-params")
    try:
        catalogue = catalogues.opened(name)
        info = catalogue.info()
    except FashionvizError as error:
        parts.sentence(error)
        return None
    st.caption(f"{match_words.made_by(info)}. {match_words.how_far(info)}")
    if not info.items:
        st.info("This catalogue is empty. Choose another.")
        return None
    return catalogue


def choose_pace() -> int:
    """How often the detector looks."""
    return int(
        st.select_slider(
            "The detector looks at every … frame",
            list(range(1, MOST_EVERY + 1)),
            value=EVERY,
            key="every",
            bind="query-params",
            format_func=lambda n: {1: "1st", 2: "2nd", 3: "3rd"}.get(n, f"{n}th"),
            help="Items are followed in between. Fewer looks are faster and may miss what is in sight only briefly.",
        )
    )


def need_detector() -> None:
    """End the page where nothing could be found."""
    if videos.trained_detectors():
        return
    st.warning(videos.NO_DETECTOR)
    name = next((spec.name for spec in list_models() if str(spec.task.answer) == "boxes"), None)
    if name is not None:
        st.code(f"fashionviz train {name}", language="bash")
    st.stop()


def to_find_the_item() -> None:
    """Somebody asked for others like a shop item: they are on another page."""
    wanted = st.session_state.pop(video_result.LIKE, None)
    if wanted is not None:
        st.switch_page("views/match.py", query_params={"like": wanted})


def page() -> None:
    """All of it in a function: globals wait for the garbage collector, and videos must go with their session."""
    own_catalogue.look_after()
    own_video.look_after()
    to_find_the_item()
    every = catalogues.names()
    parts.header(
        "In a video",
        "Which items of a shop are worn in the video, by whom, and when?",
        f"{len(every)} catalogue{'' if len(every) == 1 else 's'} to search in",
        "A network finds the items in every few frames; between these they are followed. The best views of an item "
        "vote on what it is, and the mean of their vectors is searched in the catalogue.",
        "The items of one person are those that move together. Nobody is recognised.",
    )
    with parts.plainly():
        building: str | None = st.session_state.get("building")
        if building is not None:
            making_catalogue.work(building)
        making_catalogue.said_of_build()
        need_detector()
        if not every:
            with st.container(border=True):
                st.markdown("**There is no catalogue on this machine yet.** Try it with drawn articles:")
                making_catalogue.offer_demo()
            making_catalogue.offer_own(True)
            return
        video, run = own_video.held(), own_video.run()
        if video is None:
            with st.container(border=True):
                st.markdown("**Add a video to find the shop items in it.**")
                choose_video()
            return
        if run is not None and run.job is not None and not run.job.finished:
            working(run, run.job)
            return
        left, right = st.columns([4, 8], gap="large")
        with left:
            the_video(video)
        with right:
            catalogue, pace = choose_catalogue(every), choose_pace()
            again = run is not None and run.result is not None
            pressed = st.button(
                "Watch it again" if again else "Find the items", key="watch", disabled=catalogue is None,
                type="secondary" if again else "primary",
            )  # fmt: skip
            if run is not None and run.job is not None:
                after(run, run.job)
        if pressed and catalogue is not None:
            video_result.forget()
            begun = own_video.begin(catalogue, pace, parts.engine)
            if begun.job is not None:
                begun.job.wait(jobs.PATIENCE_S)
            st.rerun()
        if run is not None and run.result is not None:
            video_result.show(video, run.result)


page()
