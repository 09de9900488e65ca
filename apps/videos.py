"""What the studio and the lab say of a video, and how many are watched at a time."""

from __future__ import annotations

import json
import shlex
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from apps.middleware import MAX_VIDEO
from fashionviz.errors import Cancelled
from fashionviz.match.wiring import trained_detectors as trained_detectors
from fashionviz.video.decode import MAX_SECONDS
from fashionviz.video.json_parts import watched_json
from fashionviz.video.results import Sighting, VideoInfo, Watched

#: What may be sent, in words.
ACCEPTED = f"MP4, MOV, MKV, WebM or AVI, at most {MAX_VIDEO // 2**20} MiB and {MAX_SECONDS / 60:g} minutes"
#: Who made the sample video.
CREDIT = "Sample video by Intel Corporation, CC BY 4.0: people who walk in one by one."
NO_DETECTOR = "No trained detector is installed, so no items are found in a video. Train one, or match a photo instead."
#: Videos that are watched at a time: a network that detects keeps every core busy.
AT_ONCE = 2
_turns = threading.BoundedSemaphore(AT_ONCE)


@contextmanager
def turn(cancel: threading.Event) -> Iterator[None]:
    """Wait until fewer than :data:`AT_ONCE` videos are being watched.

    Args:
        cancel: ends the wait.

    Raises:
        Cancelled: it was set before it was this video's turn.
    """
    while not _turns.acquire(timeout=0.2):
        if cancel.is_set():
            raise Cancelled("The video was stopped.")
    try:
        yield
    finally:
        _turns.release()


def facts(info: VideoInfo) -> str:
    """Size, rate and length of a video, in words."""
    parts = [f"{info.width}×{info.height} px", f"{info.fps:.3g} frames a second"]
    if info.seconds:
        parts.append(clock(info.seconds))
    return ", ".join(parts)


def clock(seconds: float) -> str:
    """A length of time, as minutes and seconds from a minute on."""
    whole = round(seconds)
    return f"{seconds:.1f} s" if whole < 60 else f"{whole // 60} min {whole % 60:02} s"


def speed(result: Watched) -> str:
    """How fast it was, next to the video's own rate."""
    return f"{result.fps:.1f} frames a second; the video has {result.info.fps:.3g}"


def keeping_up(result: Watched) -> str:
    """What a viewer would have missed, were it done live."""
    if not result.dropped:
        return "Live, with half a second of delay, no frame would be missed."
    share = result.dropped / max(1, result.frames)
    return (
        f"Live, with half a second of delay, {result.dropped:,} of {result.frames:,} frames ({share:.0%}) would be "
        "missed."
    )


def counted(result: Watched) -> str:
    """How many items were found, and in how much of the video."""
    items, people = len(result.sightings), len(result.wearers)
    found = f"{items} item{'' if items == 1 else 's'}, worn by {people} {'person' if people == 1 else 'people'}"
    return f"{found if items else 'No items'} in {clock(result.seconds)} of video."


def called(sighting: Sighting) -> str:
    """An item in a list: number, class, person, time."""
    return f"{sighting.id} {sighting.label} · person {sighting.wearer} · {span(sighting)}"


def span(sighting: Sighting) -> str:
    """From when to when it is in sight."""
    return f"{sighting.first_s:.1f} to {sighting.last_s:.1f} s"


def events_json(result: Watched) -> bytes:
    """The file that the command writes with ``--json``."""
    return (json.dumps(watched_json(result), ensure_ascii=False, indent=2) + "\n").encode()


def video_python(file: str, catalogue: str, every: int) -> str:
    """The library's own calls."""
    return "\n".join(
        [
            "from pathlib import Path",
            "from fashionviz.inference.engine import shared_engine",
            "from fashionviz.match.catalogue import open_catalogue",
            "from fashionviz.video.wiring import watch",
            "",
            f"found = watch(shared_engine(), Path({file!r}), open_catalogue({catalogue!r}), every={every})",
            "for item in found.sightings:",
            "    print(item.id, item.wearer, item.label, item.first_s, item.last_s, item.matches[:1])",
        ]
    )


def video_shell(file: str, catalogue: str, every: int) -> str:
    """The same on the command line, for a POSIX shell."""
    words = ["fashionviz", "video", file, "--catalogue", catalogue, "--out", "annotated.mp4", "--json", "events.json"]
    return shlex.join([*words, *(["--every", str(every)] if every != 3 else [])])
