"""Videos made here, whose right answer is known."""

from __future__ import annotations

import io
from collections.abc import Iterable
from fractions import Fraction

import av
import numpy as np
from numpy.typing import NDArray

from fashionviz.images import Photo
from fashionviz.match.protocols import Found
from fashionviz.results import ModelRef

RED, BLUE, GROUND = (230, 20, 20), (20, 20, 230), (200, 200, 200)
SIZE = (96, 160)
REF = ModelRef("patches.garment13", "b" * 64)


def clip(
    frames: Iterable[NDArray[np.uint8]], *, fps: int = 10, kind: str = "mp4", codec: str = "libx264", **metadata: str
) -> bytes:
    """Frames as a file."""
    out = io.BytesIO()
    with av.open(out, "w", format=kind) as container:
        stream = None
        for pixels in frames:
            if stream is None:
                stream = container.add_stream(codec, rate=Fraction(fps))
                stream.height, stream.width = pixels.shape[:2]
                stream.pix_fmt = "yuv420p"
                stream.metadata.update(metadata)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        assert stream is not None
        container.mux(stream.encode())
    return out.getvalue()


def walk(many: int = 30, *, second: bool = True) -> list[NDArray[np.uint8]]:
    """A red patch that goes right, and from the tenth frame on a blue one far from it that goes left."""
    made = []
    for t in range(many):
        pixels = np.full((*SIZE, 3), GROUND, np.uint8)
        pixels[8:40, 4 + t : 36 + t] = RED
        if second and t >= 10:
            pixels[56:88, 120 - t : 152 - t] = BLUE
        made.append(pixels)
    return made


class Patches:
    """A detector of what is clearly red or clearly blue; how often it was asked stands in ``asked``."""

    def __init__(self, score: float = 0.9) -> None:
        self.score, self.asked = score, 0

    def detect(self, photo: Photo) -> Found:
        self.asked += 1
        pixels = photo.pixels.astype(int)
        boxes = []
        for channel, label in ((0, "top"), (2, "bag")):
            other = 2 - channel
            rows, columns = np.nonzero((pixels[..., channel] > 160) & (pixels[..., other] < 90))
            if len(rows) > 20:
                box = tuple(map(float, (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)))
                boxes.append((box, label))
        return Found(tuple(b for b, _ in boxes), (self.score,) * len(boxes), tuple(name for _, name in boxes))  # type: ignore[misc]
