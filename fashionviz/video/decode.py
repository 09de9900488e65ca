"""The only door for videos: bytes → checked, upright RGB frames with their times, by PyAV (FFmpeg).

The container is recognised by its first bytes and opened as that and nothing else, from a file object: a playlist that
names files or hosts is never followed.
"""

from __future__ import annotations

import io
import itertools
import os
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from fashionviz.video.errors import VideoError, VideoFormat, VideoTooLarge
from fashionviz.video.results import VideoInfo

#: Limits on a video: bytes, seconds, pixels of a frame and its longest side, frames a second.
MAX_BYTES, MAX_SECONDS, MAX_SIDE, MAX_FPS = 512 * 2**20, 600.0, 4096, 240.0
#: Frames are brought down to so many pixels on their longest side: detector and viewer see no more.
LONGEST = 1280
#: Undecodable packets in a row after which a stream counts as broken.
PATIENCE = 50
#: Frames whose times are compared where the file does not say how many a second it has.
_AHEAD = 12
#: Shortest side in pixels.
LEAST_SIDE = 32
_KINDS = "MP4, MOV, MKV, WebM or AVI"


@dataclass(frozen=True)
class Frame:
    """A frame.

    Attributes:
        number: from 0, of those that were decoded.
        second: its time from the first frame on.
        pixels: ``(H, W, 3)`` uint8.
    """

    number: int
    second: float
    pixels: NDArray[np.uint8]


def _format_of(head: bytes) -> str:
    """FFmpeg's name of the container, by its first bytes.

    Raises:
        VideoFormat: none that is accepted.
    """
    if len(head) >= 12 and head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free"):
        return "mov"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "matroska"
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return "avi"
    if not head:
        raise VideoError("The file is empty.")
    if head.startswith((b"\xff\xd8", b"\x89PNG", b"GIF8")) or head[8:12] == b"WEBP":
        raise VideoFormat(f"This is a picture, not a video. Send {_KINDS}, or match the picture as a photo.")
    raise VideoFormat(f"This is no video that can be read here. Send {_KINDS}.")


class Video:
    """An open video; made by :func:`open_video`."""

    def __init__(self, container: Any, file: str) -> None:
        self._container = container
        self._stream = container.streams.video[0]
        self._stream.thread_type = "AUTO"
        self.damaged = 0
        self.notes: list[str] = []
        self._frames: Iterator[Any] = self._decoded()
        first: Any = next(self._frames, None)
        if first is None:
            raise VideoError(f"No frame of {file} could be decoded; the file is damaged or cut off.")
        self._first = first
        width, height = first.width, first.height
        if min(width, height) < LEAST_SIDE:
            raise VideoError(f"The frames have {width}×{height} pixels; at least {LEAST_SIDE} on a side are needed.")
        if max(width, height) > MAX_SIDE:
            raise VideoTooLarge(f"The frames have {width}×{height} pixels; at most {MAX_SIDE} on a side are read.")
        fps = float(self._stream.average_rate or 0.0)
        if not 0 < fps <= MAX_FPS:  # a browser's recording says nothing, or a thousand: its clock's ticks
            fps = self._told_by_frames()
        if fps > MAX_FPS:
            raise VideoTooLarge(f"The video has {fps:g} frames a second; at most {MAX_FPS:g} are read.")
        self._turns = round(getattr(first, "rotation", 0) / 90) % 4
        scale = min(1.0, LONGEST / max(width, height))
        self._size = max(2, round(width * scale)), max(2, round(height * scale))
        if scale < 1:
            self.notes.append(f"Frames of {width}×{height} pixels were made smaller.")
        shown = self._size if self._turns % 2 == 0 else self._size[::-1]
        base = self._stream.time_base
        seconds = float(self._stream.duration * base) if self._stream.duration and base else 0.0
        if not seconds and container.duration:
            seconds = container.duration / 1e6
        self.info = VideoInfo(
            file=file, width=shown[0], height=shown[1], fps=fps, frames=int(self._stream.frames or 0),
            seconds=seconds, codec=str(self._stream.codec_context.name),
        )  # fmt: skip

    def _told_by_frames(self) -> float:
        """Frames a second, by the times of the first ones; 25 where these say nothing either."""
        ahead = [self._first, *itertools.islice(self._frames, _AHEAD)]
        self._frames = itertools.chain(ahead[1:], self._frames)
        times = [frame.time for frame in ahead if frame.time is not None]
        steps = [b - a for a, b in itertools.pairwise(times) if b > a]
        if not steps:
            self.notes.append("The file does not say how many frames a second it has; 25 are taken.")
            return 25.0
        return round(1 / statistics.median(steps), 2)

    def _decoded(self) -> Iterator[Any]:
        """Frames as FFmpeg gives them; packets that it refuses are counted and left out.

        Raises:
            VideoError: too many in a row are broken.
        """
        import av

        wrong = 0
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
                frames = packet.decode()
            except StopIteration:
                return
            except av.error.EOFError:
                return
            except av.error.FFmpegError as error:
                wrong += 1
                self.damaged += 1
                if wrong >= PATIENCE:
                    raise VideoError(
                        f"{PATIENCE} frames in a row could not be decoded: the file is damaged ({error.strerror})."
                    ) from error
                continue
            for frame in frames:
                wrong = 0
                yield frame

    def frames(self, seconds: float = MAX_SECONDS) -> Iterator[Frame]:
        """The frames, once.

        Args:
            seconds: later ones are not read; a note says so.

        Raises:
            VideoError: the file is damaged from some place on.
        """
        most = int(seconds * MAX_FPS)
        began: float | None = None
        last = -1.0
        size = self._first.width, self._first.height
        for number, raw in enumerate(itertools.chain([self._first], self._frames)):
            if (raw.width, raw.height) != size:
                self.notes.append("The size of the frames changes in the middle; they were made alike.")
                size = raw.width, raw.height
            second = raw.time
            if second is None:
                second = (began or 0.0) + number / self.info.fps
            began = second if began is None else began
            at = max(float(second - began), last + 1e-6)  # times that run backwards are a broken file's
            if at > seconds or number >= most:
                self.notes.append(f"The video is longer than {seconds:g} s; what comes after was not looked at.")
                return
            last = at
            yield Frame(number, at, self._upright(raw))
        if self.damaged:
            self.notes.append(f"{self.damaged} packets could not be decoded and were left out.")

    def _upright(self, raw: Any) -> NDArray[np.uint8]:
        width, height = self._size
        pixels: NDArray[np.uint8] = raw.to_ndarray(format="rgb24", width=width, height=height)
        return np.ascontiguousarray(np.rot90(pixels, self._turns)) if self._turns else pixels


@contextmanager
def open_video(source: Path | bytes, name: str | None = None) -> Iterator[Video]:
    """Open a video, and close it.

    Args:
        source: a file, or its bytes.
        name: the file's, for messages.

    Raises:
        VideoError: it is empty, damaged or shows nothing.
        VideoFormat: it is no video of a kind that is accepted.
        VideoTooLarge: more bytes, pixels or frames a second than :data:`MAX_BYTES` and the others allow.
    """
    import av

    name = name or (source.name if isinstance(source, Path) else "video")
    with _opened(source, name) as (stream, size):
        if size > MAX_BYTES:
            raise VideoTooLarge(f"The video has {size / 2**20:.0f} MiB; at most {MAX_BYTES // 2**20} are read.")
        kind = _format_of(stream.read(16))
        stream.seek(0)
        try:
            container = av.open(stream, format=kind)
        except (av.error.FFmpegError, ValueError) as error:
            raise VideoError(f"{name} cannot be opened as a video; it is damaged or cut off.") from error
        with container:
            if not container.streams.video:
                raise VideoError(f"{name} holds no pictures, only {'sound' if container.streams.audio else 'data'}.")
            yield Video(container, name)


@contextmanager
def _opened(source: Path | bytes, name: str) -> Iterator[tuple[IO[bytes], int]]:
    if isinstance(source, bytes):
        yield io.BytesIO(source), len(source)
        return
    try:
        stream = source.open("rb")
    except OSError as error:
        raise VideoError(f"{name} cannot be read: {error.strerror}.") from error
    with stream:
        yield stream, os.fstat(stream.fileno()).st_size
