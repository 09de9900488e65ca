"""An MP4 (H.264, 4:2:0) written frame by frame, which every browser and phone plays."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionviz.errors import StorageError

#: Ticks of a second in the file: frames keep their own times, evenly spaced or not.
_TICKS = 90_000


class Film:
    """Takes frames; made by :func:`writing`."""

    def __init__(self, container: Any, fps: float) -> None:
        self._container = container
        self._fps = Fraction(fps).limit_denominator(1001)
        self._stream: Any = None
        self._last = -1

    def add(self, pixels: NDArray[np.uint8], second: float) -> None:
        """Append a frame ``(H, W, 3)`` uint8; an odd last row or column is cut off."""
        import av

        height, width = pixels.shape[0] // 2 * 2, pixels.shape[1] // 2 * 2
        if self._stream is None:
            options = {"crf": "23", "preset": "veryfast", "threads": "1"}
            self._stream = self._container.add_stream("libx264", rate=self._fps, options=options)
            self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
            self._stream.codec_context.time_base = Fraction(1, _TICKS)
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels[:height, :width]), format="rgb24")
        self._last = max(self._last + 1, round(second * _TICKS))
        frame.pts, frame.time_base = self._last, Fraction(1, _TICKS)
        self._container.mux(self._stream.encode(frame))

    def finish(self) -> None:
        """Write what the encoder still holds."""
        if self._stream is not None:
            self._container.mux(self._stream.encode())


@contextmanager
def writing(out: Path, fps: float) -> Iterator[Film]:
    """Write a film; the file is there when all of it is, and not at all otherwise.

    Args:
        out: the file.
        fps: frames a second, for players that ask; each frame has its own time.

    Raises:
        StorageError: it cannot be written.
    """
    import av

    part = out.with_name(out.name + ".part")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with av.open(str(part), "w", format="mp4", options={"movflags": "+faststart", "fflags": "+bitexact"}) as held:
            film = Film(held, fps)
            yield film
            film.finish()
        os.replace(part, out)
    except (OSError, av.error.FFmpegError) as error:
        raise StorageError(f"{out} cannot be written: {getattr(error, 'strerror', None) or 'disk error'}.") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
