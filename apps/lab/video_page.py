"""The tab "Video": what happens when a video arrives, is watched, stopped and taken away."""

from __future__ import annotations

import queue
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from apps import videos
from apps.lab import cards, handlers, intake, parts, video_pieces
from apps.lab.intake import Upload
from apps.lab.jobs import Jobs
from apps.lab.layout import Page
from apps.lab.visitor import session_of, warn
from apps.middleware import MAX_VIDEO
from fashionviz.errors import Cancelled, FashionvizError
from fashionviz.figures.video import stages_figure, timeline_figure
from fashionviz.match.catalogue import open_catalogue
from fashionviz.match.pictures import pictures_of
from fashionviz.match.places import catalogue_names
from fashionviz.results import Progress
from fashionviz.video import wiring
from fashionviz.video.decode import open_video
from fashionviz.video.errors import VideoError, VideoTooLarge
from fashionviz.video.results import Glimpse, Watched

EMPTY = "Add a video to begin, or record one with the camera."
#: Seconds of a video that are looked at on this tab.
LONGEST_S = 120.0
#: Least time between two messages to the page, in seconds.
PACE_S = 0.4
#: Items in the table while the work goes on, the latest first.
SHOWN = 12
_GONE = "The video is no longer here: it is deleted within the hour. Please add it again."
_FIRST = ("fpi", "demo")


@dataclass(frozen=True)
class Clip:
    """The session's video: where it lies, and its name on the visitor's machine."""

    path: Path
    name: str


def catalogue_choices() -> list[str]:
    """Catalogues that can be searched; the usual ones first."""
    return sorted(catalogue_names(), key=lambda name: (name not in _FIRST, name))


def forget(clip: Clip | None) -> None:
    """Delete the session's video."""
    if clip is not None:
        intake.drop(Upload(str(clip.path), clip.name))


def steps(
    engine: Any, clip: Clip, catalogue: str, every: int, out: Path, cancel: threading.Event
) -> Iterator[Progress | Glimpse | Watched]:
    """Watch in a thread of its own; give the progress and the glimpses as they come, the result last.

    Raises:
        FashionvizError: what :func:`fashionviz.video.wiring.watch` raises.
    """
    told: queue.SimpleQueue[Progress | Glimpse | Watched | Exception] = queue.SimpleQueue()

    def work() -> None:
        try:
            with videos.turn(cancel):
                told.put(
                    wiring.watch(
                        engine, clip.path, open_catalogue(catalogue), name=clip.name, every=every, out=out,
                        seconds=LONGEST_S, on_progress=told.put, on_glimpse=told.put, cancel=cancel,
                    )
                )  # fmt: skip
        except Exception as error:
            told.put(error)

    threading.Thread(target=work, name="lab-video", daemon=True).start()
    try:
        while True:
            newest: dict[type, Progress | Glimpse | Watched | Exception] = {}
            step = told.get()
            newest[type(step)] = step
            while not told.empty():
                step = told.get()  # of each kind the newest is enough
                newest[type(step)] = step
            for step in newest.values():
                if isinstance(step, Exception):
                    raise step
                yield step
            if Watched in newest:
                return
            time.sleep(PACE_S)
    finally:  # also when the visitor has gone and nobody iterates any more
        cancel.set()


class VideoEvents:
    """Methods that Gradio calls; they return dictionaries from components to values."""

    def __init__(self, engine: Any, page: Page) -> None:
        self.engine, self.page, self.jobs = engine, page, Jobs()

    # --- what comes in ----------------------------------------------------------------------------------------

    def opened(self, chosen: str | None) -> Any:
        """The tab is opened: catalogues may have been made meanwhile."""
        names = catalogue_choices()
        return gr.Dropdown(names, value=chosen if chosen in names else (names[0] if names else None))

    def arrived(self, upload: Upload | None, clip: Clip | None, request: gr.Request) -> dict[Any, Any]:
        """A video was dropped, chosen or recorded."""
        page = self.page
        if upload is None:  # taken away, which :meth:`clear` answers
            return {page.held: gr.skip()}
        self.jobs.replace(session_of(request))
        if clip is not None and clip.path != Path(upload.path):
            forget(clip)
        try:
            facts = self._checked(upload)
        except Exception as error:
            words = handlers.sentence(error)
            warn(words)
            intake.drop(upload)
            return {page.held: None, page.video: None, page.hint: parts.problem(words), **self._idle(ready=False)}
        return {
            page.held: Clip(Path(upload.path), upload.name),
            page.hint: parts.status(f"{upload.name} · {facts}"),
            **self._idle(ready=True),
        }

    @staticmethod
    def _checked(upload: Upload) -> str:
        """What the video says of itself.

        Raises:
            VideoError: it cannot be read, or is too large.
        """
        path = Path(upload.path)
        if not upload.path or not path.is_file():
            raise VideoError(_GONE)
        size = path.stat().st_size
        if size > MAX_VIDEO:
            raise VideoTooLarge(
                f"The video has {size / 2**20:.0f} MiB; at most {MAX_VIDEO // 2**20} are taken here. The command "
                "`fashionviz video` takes larger ones."
            )
        with open_video(path, upload.name) as video:
            return videos.facts(video.info)

    def sample(self) -> str:
        """The public video, as a copy: what lies in the page's folder can be played there."""
        path = wiring.sample_video()
        if path is None:
            raise gr.Error("The sample video is not on this machine any more.", title="No video", print_exception=False)
        return handlers.write_file(Path(get_upload_folder()), path.name, path.read_bytes())

    def clear(self, clip: Clip | None, request: gr.Request) -> dict[Any, Any]:
        """The video was taken away: it is deleted at once."""
        self.jobs.replace(session_of(request))
        forget(clip)
        said = EMPTY if clip is None else "The video is deleted."  # the camera clears the place when it opens, too
        return {self.page.held: None, self.page.hint: parts.status(said), **self._idle(ready=False)}

    def _idle(self, *, ready: bool) -> dict[Any, Any]:
        page = self.page
        return {page.ask: gr.Button(interactive=ready), page.cancel: gr.Button(interactive=False)}

    # --- the work ---------------------------------------------------------------------------------------------

    def begin(self, clip: Clip | None, request: gr.Request) -> dict[Any, Any]:
        """The button was pressed: from now on it can be cancelled, also while others are served first."""
        page = self.page
        if clip is None or not clip.path.is_file():
            warn(_GONE)
            return {page.note: parts.problem(_GONE), **self._idle(ready=False)}
        self.jobs.announce(session_of(request))
        return {
            page.note: cards.progress(0, 1, "Waiting for a turn: one video is watched at a time."),
            page.ask: gr.Button(interactive=False),
            page.cancel: gr.Button(interactive=True),
            page.frame: gr.Image(value=None, visible=True),
            page.film: gr.Video(value=None, visible=False),
            page.found: video_pieces.items_table(()),
            page.after: gr.Column(visible=False),
        }

    def run(
        self, clip: Clip | None, catalogue: str | None, every: float, request: gr.Request
    ) -> Iterator[dict[Any, Any]]:
        """Watch the video; show the latest frame and the items so far, then the film and the figures."""
        page, session = self.page, session_of(request)
        if clip is None or not clip.path.is_file():
            yield {page.held: gr.skip()}
            return
        cancel = self.jobs.start(session)
        out = Path(get_upload_folder()) / secrets.token_urlsafe(16) / "annotated.mp4"
        end: dict[Any, Any] = {}
        wanted = True
        try:
            if catalogue is None:
                raise FashionvizError("Choose a catalogue first. The studio's page Find the item makes one.")
            yield {page.note: cards.progress(0, 1, "Loading the networks…")}
            for step in steps(self.engine, clip, catalogue, int(every), out, cancel):
                if isinstance(step, Progress):
                    words = f"Frame {step.done:,} of {step.total:,}{cards.duration(step.seconds_left)}"
                    yield {page.note: cards.progress(step.done, step.total, words)}
                elif isinstance(step, Glimpse):
                    yield {page.frame: step.pixels, page.found: video_pieces.items_table(step.sightings[:SHOWN])}
                else:
                    end = self._answer(step, clip, out)
        except Cancelled:
            end = {page.note: parts.status("Stopped; nothing was kept of it.")}
        except Exception as error:
            end = {page.note: parts.problem(handlers.sentence(error))}
        finally:
            wanted = self.jobs.current(session, cancel)
            self.jobs.finish(session, cancel)
        if wanted:  # not where the visitor has taken the video away meanwhile
            yield {**end, **self._idle(ready=True)}

    def _answer(self, result: Watched, clip: Clip, out: Path) -> dict[Any, Any]:
        page = self.page
        nearest = [s.matches[0].item.id for s in result.sightings if s.matches]
        try:
            pictures = pictures_of(open_catalogue(result.catalogue), nearest)
        except FashionvizError:  # the catalogue went meanwhile: the words stay
            pictures = {}
        events = handlers.write_file(out.parent, "events.json", videos.events_json(result))
        return {
            page.note: video_pieces.summary(result),
            page.frame: gr.Image(value=None, visible=False),
            page.film: gr.Video(value=str(out), visible=True),
            page.found: video_pieces.items_table(result.sightings, pictures),
            page.after: gr.Column(visible=True),
            page.timeline: timeline_figure(result),
            page.chart: stages_figure(result),
            page.stages: video_pieces.stages_table(result),
            page.mp4: gr.DownloadButton(value=str(out), interactive=True),
            page.json: gr.DownloadButton(value=events, interactive=True),
            page.python: videos.video_python(clip.name, result.catalogue, result.every),
            page.shell: videos.video_shell(clip.name, result.catalogue, result.every),
        }

    def cancel(self, request: gr.Request) -> Any:
        """Stop at the next frame. Returns the button, pressed once."""
        self.jobs.cancel(session_of(request))
        return gr.Button(interactive=False)

    def leave(self, request: gr.Request) -> None:
        """The page was closed: nobody waits for the rest."""
        self.jobs.replace(session_of(request))


def wire(page: Page, tab: gr.Tab, events: VideoEvents) -> None:
    """Connect the tab's components."""
    hidden: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    tab.select(events.opened, page.catalogue, page.catalogue, **hidden)
    controls = [page.ask, page.cancel]
    page.video.change(events.arrived, [page.video, page.held], [page.held, page.video, page.hint, *controls], **hidden)
    page.video.clear(events.clear, page.held, [page.held, page.hint, *controls], **hidden)
    if page.sample is not None:
        page.sample.click(events.sample, None, page.video, show_progress_on=[page.hint], api_visibility="private")
    seen = [page.note, page.frame, page.film, page.found, page.after, *controls]
    answers = [page.timeline, page.chart, page.stages, page.mp4, page.json, page.python, page.shell]
    armed = page.ask.click(events.begin, page.held, seen, **hidden)
    armed.then(
        events.run,
        [page.held, page.catalogue, page.every],
        [page.held, *seen, *answers],
        concurrency_limit=1,
        concurrency_id="video",
        **hidden,
    )
    page.cancel.click(events.cancel, None, page.cancel, queue=False, **hidden)
