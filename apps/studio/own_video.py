"""A visitor's video: in a folder of the session, with what is made of it; deleted within the hour."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from apps import videos
from apps.short_lived import OLDEST_S, begun_folder, own_folder, sweep_always, sweep_folders
from apps.studio import jobs
from fashionviz.errors import FashionvizError
from fashionviz.match.catalogue import Catalogue
from fashionviz.results import Progress
from fashionviz.video import wiring
from fashionviz.video.decode import open_video
from fashionviz.video.results import Glimpse, VideoInfo, Watched

#: What the session keeps: the video, the work on it, and why there is none.
HELD, RUN, PROBLEM = "video", "video_run", "video_problem"
#: Seconds without the visitor's page after which nobody waits for the rest.
GONE_S = 60.0
_watching = threading.Lock()


@dataclass(frozen=True)
class Held:
    """The session's video.

    Attributes:
        folder: of this session alone.
        source: the file.
        name: it had on the visitor's machine.
        info: what it says of itself.
        first: its first frame, ``(H, W, 3)`` uint8.
        sample: whether it is the public one.
    """

    folder: Path
    source: Path
    name: str
    info: VideoInfo
    first: NDArray[np.uint8] = field(repr=False)
    sample: bool = False

    @property
    def annotated(self) -> Path:
        """Where the video with the items on it goes."""
        return self.folder / "annotated.mp4"


@dataclass
class Run:
    """The work on the video, and what is seen of it meanwhile."""

    catalogue: str
    every: int
    glimpse: Glimpse | None = None
    waiting: bool = True
    job: jobs.Job | None = None

    @property
    def result(self) -> Watched | None:
        """What was found; ``None`` before the end and where it failed."""
        return self.job.result if self.job is not None else None


def root() -> Path:
    """Where the sessions' folders are."""
    return own_folder("videos")


def held() -> Held | None:
    """The session's video; ``None`` where there is none, or its hour is over."""
    found: Held | None = st.session_state.get(HELD)
    if found is not None and not found.source.is_file():
        st.session_state[PROBLEM] = "The video was deleted, as every video is within the hour. Please add it again."
        st.session_state.pop(HELD)
        return None
    return found


def run() -> Run | None:
    """The work on it."""
    found: Run | None = st.session_state.get(RUN)
    return found


def take(data: bytes, name: str) -> None:
    """Bring in an uploaded video; on failure keep the sentence and drop what was there. For callbacks."""
    drop()
    folder = begun_folder(root())
    source = folder / "video"
    source.write_bytes(data)
    _hold(folder, source, name, sample=False)


def take_sample(path: Path) -> None:
    """Bring in the public video, which stays where it is. For callbacks."""
    drop()
    _hold(begun_folder(root()), path, path.name, sample=True)


def _hold(folder: Path, source: Path, name: str, *, sample: bool) -> None:
    try:
        with open_video(source, name) as video:
            first = next(video.frames()).pixels
            st.session_state[HELD] = Held(folder, source, name, video.info, first, sample)
    except FashionvizError as error:
        shutil.rmtree(folder, ignore_errors=True)
        st.session_state[PROBLEM] = str(error)


def drop() -> None:
    """Stop the work, and delete this session's video and what was made of it. For callbacks."""
    stop()
    found: Held | None = st.session_state.pop(HELD, None)
    st.session_state.pop(PROBLEM, None)
    if found is not None:
        shutil.rmtree(found.folder, ignore_errors=True)


def stop() -> None:
    """Stop the work and forget it."""
    former: Run | None = st.session_state.pop(RUN, None)
    if former is not None and former.job is not None:
        former.job.cancel()


def begin(catalogue: Catalogue, every: int, engine: Callable[[], object]) -> Run:
    """Watch the session's video in the background.

    Args:
        catalogue: to search in.
        every: the detector looks at every so many frames.
        engine: gives the shared engine.
    """
    stop()
    video, made = st.session_state[HELD], Run(catalogue.name, every)
    here = _visitor()

    def seen(glimpse: Glimpse) -> None:
        made.glimpse = glimpse

    def work(on_progress: Callable[[Progress], None], cancel: threading.Event) -> Watched:
        def step(progress: Progress) -> None:
            on_progress(progress)
            if not here():
                cancel.set()

        with videos.turn(cancel):
            made.waiting = False
            return wiring.watch(
                engine(), video.source, catalogue, name=video.name, every=every, out=video.annotated,
                on_progress=step, on_glimpse=seen, cancel=cancel,
            )  # fmt: skip

    made.job = jobs.Job(("video", str(video.folder), catalogue.name, every), work)
    st.session_state[RUN] = made
    return made


def _visitor() -> Callable[[], bool]:
    """Whether this session's page is still open somewhere, or was a minute ago."""
    context = get_script_run_ctx()
    session = context.session_id if context else ""
    last = time.monotonic()

    def here() -> bool:
        nonlocal last
        if not runtime.exists() or runtime.get_instance().is_active_session(session):
            last = time.monotonic()
        return time.monotonic() - last < GONE_S

    return here


def sweep(oldest_s: float = OLDEST_S) -> int:
    """Delete the folders that were begun longer ago; how many.

    Args:
        oldest_s: age in seconds.
    """
    return sweep_folders(root(), oldest_s)


def look_after() -> None:
    """Sweep now, and every five minutes as long as the process lives. Called again it does nothing."""
    if _watching.acquire(blocking=False):
        sweep_always(sweep, "fashionviz-videos-sweep")
