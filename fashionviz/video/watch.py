"""A video to the shop items in it: detect in every few frames, follow between, vote over views, match."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fashionviz import images
from fashionviz.errors import Cancelled, InvalidRequest
from fashionviz.match.catalogue import Catalogue
from fashionviz.match.photo import K
from fashionviz.match.protocols import Categoriser, Detector, Embedder
from fashionviz.results import Box, ModelRef, Progress
from fashionviz.video.decode import MAX_SECONDS, Frame, Video, open_video
from fashionviz.video.draw import Mark, marked
from fashionviz.video.looks import Gaze
from fashionviz.video.pace import Clock, dropped_frames
from fashionviz.video.results import Glimpse, Sighting, Spot, Watched
from fashionviz.video.still import Stillness
from fashionviz.video.track import Track, Tracker
from fashionviz.video.wearers import between, wearers_of
from fashionviz.video.write import Film, writing

#: The detector looks at every third frame when nobody says otherwise, at least at every fifth.
EVERY, MOST_EVERY = 3, 5
#: Mean difference of neighbouring frames, in grey levels of 0..255, from which on the scene is another one.
CUT = 48.0
#: Seconds between two glimpses.
GLIMPSE_S = 0.7

OnProgress = Callable[[Progress], None]
OnGlimpse = Callable[[Glimpse], None]


def watch_video(
    source: Path | bytes,
    catalogue: Catalogue,
    embedder: Embedder,
    detector: Detector,
    detector_ref: ModelRef,
    *,
    categoriser: Categoriser | None = None,
    name: str | None = None,
    out: Path | None = None,
    every: int = EVERY,
    k: int = K,
    narrow: bool = True,
    seconds: float = MAX_SECONDS,
    on_progress: OnProgress | None = None,
    on_glimpse: OnGlimpse | None = None,
    cancel: threading.Event | None = None,
) -> Watched:
    """The items of a video, from when to when each is seen, and the shop items most like them.

    The detector looks at every ``every``-th frame; ByteTrack follows the items from one of these to the next, and in
    between boxes are interpolated. Up to five good views of an item are embedded; the mean of their vectors is looked
    for.

    Args:
        source: a file, or its bytes.
        catalogue: to search in.
        embedder: the one that made the catalogue's vectors.
        detector: finds items, with scores down to :data:`fashionviz.video.track.UNSURE`.
        detector_ref: its name and weights, for the record.
        categoriser: names each item's category.
        name: the file's, for messages.
        out: where the video with the items drawn on it goes; nowhere if ``None``.
        every: 1 to :data:`MOST_EVERY`.
        k: matches of an item.
        narrow: search only the categories that an item may be of (:func:`fashionviz.match.shelves.shelves_for`).
        seconds: what comes later is not looked at.
        on_progress: called about every second frame that is looked at.
        on_glimpse: called now and then with the latest frame and the items found so far.
        cancel: set it from another thread to stop; nothing is written then.

    Raises:
        VideoError: the video cannot be read (:func:`fashionviz.video.decode.open_video`).
        EmbedderMismatch: the catalogue's vectors are another network's.
        InvalidRequest: ``every`` or ``seconds`` makes no sense.
        NoDetector: no detector is installed.
        Cancelled: ``cancel`` was set.
        StorageError: ``out`` cannot be written.
    """
    if not 1 <= every <= MOST_EVERY:
        raise InvalidRequest(f"The detector looks at every frame up to every {MOST_EVERY}th, not at every {every}th.")
    if not 0 < seconds <= MAX_SECONDS:
        raise InvalidRequest(f"Between 0 and {MAX_SECONDS:g} seconds of a video can be looked at, not {seconds:g}.")
    catalogue.check(embedder.ref)
    began = time.perf_counter()
    clock = Clock()
    gaze = Gaze(catalogue, embedder, categoriser, clock, k=k, narrow=narrow)
    with open_video(source, name) as video, ExitStack() as stack:
        film = stack.enter_context(writing(out, video.info.fps)) if out is not None else None
        watcher = _Watcher(video, detector, gaze, clock, film, every, on_glimpse)
        total = video.info.frames or round(video.info.seconds * video.info.fps)
        total = min(total, round(seconds * video.info.fps))
        frames = video.frames(seconds)
        while True:
            if cancel is not None and cancel.is_set():
                raise Cancelled("The video was stopped.")
            clock.next_frame()
            with clock.on("decode"):
                frame = next(frames, None)
            if frame is None:
                clock.frames.pop()
                break
            watcher.see(frame)
            if on_progress is not None:
                done = frame.number + 1
                spent = time.perf_counter() - began
                left = spent / done * (total - done) if total > done else None
                on_progress(Progress(done, max(total, done), left))
        watcher.finish()
    return Watched(
        info=video.info,
        catalogue=catalogue.name,
        detector=detector_ref,
        embedder=embedder.ref,
        calibrated=gaze.curve is not None,
        frames=len(clock.frames),
        seconds=watcher.second + 1 / video.info.fps,
        every=every,
        sightings=watcher.sightings(),
        stages=clock.stages(),
        spent_s=time.perf_counter() - began,
        dropped=dropped_frames(clock.totals(), video.info.fps),
        damaged=video.damaged,
        notes=tuple(dict.fromkeys(video.notes)),
    )


class _Watcher:
    """The state of one video."""

    def __init__(
        self,
        video: Video,
        detector: Detector,
        gaze: Gaze,
        clock: Clock,
        film: Film | None,
        every: int,
        on_glimpse: OnGlimpse | None,
    ) -> None:
        self.detector, self.gaze, self.clock, self.film = detector, gaze, clock, film
        self.every, self.on_glimpse = every, on_glimpse
        self.tracker = Tracker()
        self.stillness = Stillness()
        self.numbers: dict[int, int] = {}
        self._given = 0
        self.waiting: list[Frame] = []
        self.looked_at: Frame | None = None
        self.second = 0.0
        self._tiny: NDArray[np.int16] | None = None
        self._glimpsed = 0.0

    def see(self, frame: Frame) -> None:
        """Take in a frame: look at it, or let it wait until the next one that is looked at says where items are."""
        self.second = frame.second
        with self.clock.on("track"):
            cut = self._is_cut(frame)
        if cut:
            self._show(self.waiting, None)
            self.waiting, self.looked_at = [], None
            self._last_chance()
            self.tracker.cut()
            self.stillness = Stillness()
        if self.looked_at is not None and frame.number - self.looked_at.number < self.every:
            self.waiting.append(frame)
            return
        photo = images.from_pixels(frame.pixels)
        with self.clock.on("detect"):
            found = self.detector.detect(photo)
        with self.clock.on("track"):
            seen = self.tracker.update(frame.number, frame.second, found)
            believed = [t for t in self.tracker.confirmed() if t.id in self.numbers]
            self.stillness.look(frame.number, frame.second, frame.pixels, seen, believed)
            for track in seen:
                if self.stillness.scenery(track):
                    self.numbers.pop(track.id, None)  # it was taken for worn
            sure = [t for t in seen if t.confirmed and (t.id in self.numbers or self.stillness.worn(t))]
            for track in sure:
                self._number(track)
        self.gaze.look(photo, sure)
        self._show(self.waiting, frame)
        self.waiting, self.looked_at = [], frame
        self._glimpse(frame)

    def finish(self) -> None:
        """Show the frames that still wait."""
        self._show(self.waiting, None)
        self.waiting = []
        self._last_chance()

    def _last_chance(self) -> None:
        """A scene is over: in one where nothing ever moved, what stood still is no furniture."""
        for track in (track for track in self.tracker.live if track.confirmed):
            if track.id not in self.numbers and self.stillness.worn(track, over=True):
                self._number(track)

    def _number(self, track: Track) -> None:
        """Give an item its number, which no other ever had."""
        if track.id not in self.numbers:
            self._given += 1
            self.numbers[track.id] = self._given

    def _is_cut(self, frame: Frame) -> bool:
        height, width = frame.pixels.shape[:2]
        tiny = frame.pixels[:: max(1, height // 36), :: max(1, width // 64), 1].astype(np.int16)
        before, self._tiny = self._tiny, tiny
        return before is not None and before.shape == tiny.shape and float(np.abs(tiny - before).mean()) > CUT

    def _show(self, waiting: list[Frame], now: Frame | None) -> None:
        """Draw the frames since the last one that was looked at, then this one."""
        if self.film is None:
            return
        with self.clock.on("draw"):
            for frame in waiting:
                self.film.add(marked(frame.pixels, self._marks(frame, now)), frame.second)
            if now is not None:
                self.film.add(marked(now.pixels, self._marks(now, now)), now.second)

    def _marks(self, frame: Frame, now: Frame | None) -> list[Mark]:
        """The items of a frame: where they were seen in it, or between where they were seen before and after it."""
        marks = []
        for track in [*self.tracker.live, *self.tracker.ended[-20:]]:
            number = self.numbers.get(track.id)
            if number is None:
                continue
            box = _at(track, frame, self.looked_at, now)
            if box is not None:
                marks.append(Mark(number, box, track.label, self._words(track)))
        return marks

    def _words(self, track: Track) -> str:
        looks = self.gaze.looks.get(track.id)
        if looks is None or not looks.matches:
            return ""
        best = looks.matches[0]
        share = f" {best.probability:.0%}" if best.probability is not None else ""
        return f"{best.item.title or best.item.id}{share}"

    def _glimpse(self, frame: Frame) -> None:
        if self.on_glimpse is None or time.perf_counter() - self._glimpsed < GLIMPSE_S:
            return
        self._glimpsed = time.perf_counter()
        shown = marked(frame.pixels, self._marks(frame, frame))
        self.on_glimpse(Glimpse(frame.second, shown, self.sightings()[::-1]))

    def sightings(self) -> tuple[Sighting, ...]:
        """All items that are believed, by number."""
        tracks = sorted((t for t in self.tracker.confirmed() if t.id in self.numbers), key=lambda t: self.numbers[t.id])
        wearers = wearers_of([track.spots for track in tracks])
        found = []
        for track, wearer in zip(tracks, wearers, strict=True):
            looks = self.gaze.looks.get(track.id)
            views = looks.views if looks else []
            found.append(
                Sighting(
                    id=self.numbers[track.id],
                    wearer=wearer,
                    label=track.label,
                    label_share=track.votes[track.label] / sum(track.votes.values()),
                    categories=looks.categories if looks else (),
                    first_s=track.spots[0].second,
                    last_s=track.spots[-1].second,
                    spots=tuple(track.spots),
                    views=len(views),
                    matches=looks.matches if looks else (),
                    picture=views[0].picture if views else np.empty((0, 0, 3), np.uint8),
                )
            )
        return tuple(found)


def _at(track: Track, frame: Frame, before: Frame | None, now: Frame | None) -> Box | None:
    """Where an item is in a frame; ``None`` where it was not seen."""
    here: Spot | None = next((s for s in track.spots[:-4:-1] if s.frame == frame.number), None)
    if here is not None:
        return here.box
    if before is None:
        return None
    then = next((s for s in track.spots[:-4:-1] if s.frame == before.number), None)
    after = next((s for s in track.spots[:-4:-1] if now is not None and s.frame == now.number), None)
    if then is not None and after is not None:
        return between(then.box, after.box, (frame.number - then.frame) / (after.frame - then.frame))
    return then.box if then is not None and now is None else None
