"""Drawings as files: a grid or a strip in one PNG, a walk as GIF, WebP or MP4, many drawings with a manifest as ZIP.

Pure functions from pixels to bytes, the same for the command line, the API, the lab and the studio. A picture holds
pixels alone: no date, no comment; the same drawings give the same bytes.
"""

from __future__ import annotations

import io
import json
import re
import shlex
import zipfile
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashionviz.errors import InvalidRequest
from fashionviz.figures.pictures import Picture, enlarge
from fashionviz.images import encode_png
from fashionviz.json_parts import Json

if TYPE_CHECKING:
    from fashionviz.drawing_results import Drawing, Samples

#: White pixels between the pictures of a grid.
GAP = 2
#: Frames a second of a walk.
FPS = 12
#: Longest side of a moving picture in pixels: drawings are small, and players show them as they are.
FILM_SIDE = 256
#: The earliest time that a ZIP can hold: an archive says nothing of when it was made.
_NO_TIME = (1980, 1, 1, 0, 0, 0)
MANIFEST = "manifest.json"


def grid_columns(count: int) -> int:
    """Columns of a grid that is about square, twelve at most."""
    return min(12, max(1, int(np.ceil(np.sqrt(count)))))


def grid_picture(pixels: Sequence[Picture] | NDArray[np.uint8], columns: int | None = None, gap: int = GAP) -> Picture:
    """Pictures of one size in rows, each pixel as it is, with white gaps.

    Args:
        pixels: ``(N, H, W, 3)`` uint8, one or more.
        columns: pictures a row; about square without it.
        gap: pixels between two of them.

    Returns:
        ``(rows × H + gaps, columns × W + gaps, 3)`` uint8.

    Raises:
        ValueError: there is no picture, or not all have one shape.
    """
    tiles = np.stack([np.asarray(tile) for tile in pixels])
    count, height, width = tiles.shape[:3]
    columns = min(columns or grid_columns(count), count)
    rows = -(-count // columns)
    out = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, 3), 255, np.uint8)
    for number, tile in enumerate(tiles):
        top, left = (number // columns) * (height + gap), (number % columns) * (width + gap)
        out[top : top + height, left : left + width] = tile
    return out


def strip_picture(frames: NDArray[np.uint8], most: int | None = None, gap: int = 0) -> Picture:
    """Frames of a walk side by side.

    Args:
        frames: ``(N, H, W, 3)`` uint8.
        most: how many at most, evenly spaced, the first and the last among them; all without it.
        gap: pixels between two of them.
    """
    if most is not None and len(frames) > most:
        frames = frames[np.linspace(0, len(frames) - 1, most).round().astype(int)]
    return grid_picture(frames, columns=len(frames), gap=gap)


def _film(frames: NDArray[np.uint8], side: int) -> list[Image.Image]:
    if not len(frames):
        raise ValueError("a film needs a frame")
    return [Image.fromarray(enlarge(np.ascontiguousarray(frame), side, smooth=True)) for frame in frames]


def gif_bytes(frames: NDArray[np.uint8], *, fps: int = FPS, side: int = FILM_SIDE) -> bytes:
    """Frames as a GIF that runs for ever; each has 256 colours of its own, since garments share few.

    The colours are chosen on the frame as it was drawn: on the enlarged one, with its many shades, median cut takes
    seconds.

    Args:
        frames: ``(N, H, W, 3)`` uint8.
        fps: frames a second; a GIF counts hundredths of a second, and browsers slow down what is faster than 50.
        side: about how many pixels the longest side gets, where it has fewer.
    """
    pictures = [
        film.quantize(palette=_palette(frame), dither=Image.Dither.NONE)
        for frame, film in zip(frames, _film(frames, side), strict=True)
    ]
    out = io.BytesIO()
    pictures[0].save(
        out, "GIF", save_all=True, append_images=pictures[1:], duration=max(2, round(100 / fps)) * 10, loop=0
    )
    return out.getvalue()


def _palette(frame: NDArray[np.uint8]) -> Image.Image:
    picture = Image.fromarray(np.ascontiguousarray(frame))
    picture.thumbnail((64, 64))
    return picture.quantize(256, method=Image.Quantize.MEDIANCUT)


def webp_bytes(frames: NDArray[np.uint8], *, fps: int = FPS, side: int = FILM_SIDE, quality: int = 80) -> bytes:
    """Frames as an animated WebP that runs for ever: a fifth of the GIF's size, in all colours."""
    pictures = _film(frames, side)
    out = io.BytesIO()
    pictures[0].save(
        out, "WEBP", save_all=True, append_images=pictures[1:], duration=round(1000 / fps), loop=0, quality=quality
    )
    return out.getvalue()


def mp4_bytes(frames: NDArray[np.uint8], *, fps: int = FPS, side: int = FILM_SIDE) -> bytes:
    """Frames as an MP4 (H.264, 4:2:0), which every browser and phone plays.

    Args:
        frames: ``(N, H, W, 3)`` uint8.
        fps: frames a second.
        side: about how many pixels the longest side gets, where it has fewer.
    """
    import av  # here, so that nobody waits for FFmpeg's libraries who wants a PNG

    pictures = [np.asarray(film) for film in _film(frames, side)]
    height, width = (size // 2 * 2 for size in pictures[0].shape[:2])  # 4:2:0 needs even sides
    out = io.BytesIO()
    with av.open(out, "w", format="mp4", options={"fflags": "+bitexact"}) as container:  # no library's name, no time
        stream = container.add_stream("libx264", rate=fps, options={"crf": "18", "preset": "fast", "threads": "1"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture[:height, :width]), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return out.getvalue()


#: How a walk is written, by the ending of the file's name.
FILMS: dict[str, Callable[[NDArray[np.uint8]], bytes]] = {
    ".gif": gif_bytes,
    ".webp": webp_bytes,
    ".mp4": mp4_bytes,
    ".png": lambda frames: encode_png(strip_picture(frames)),
}
MEDIA_TYPES = {".gif": "image/gif", ".webp": "image/webp", ".mp4": "video/mp4", ".png": "image/png"}


def film_ending(name: str) -> str:
    """The ending of a walk's file name, in lower case.

    Raises:
        InvalidRequest: it is none of :data:`FILMS`.
    """
    ending = "." + name.rpartition(".")[2].lower() if "." in name else ""
    if ending not in FILMS:
        raise InvalidRequest(
            f"A walk is written as .gif, .webp or .mp4, or as a strip in .png, not as {ending or 'a file without one'}."
        )
    return ending


# --- many drawings ----------------------------------------------------------------------------------------------


def file_names(drawings: Sequence[Drawing]) -> tuple[str, ...]:
    """A file's name for each drawing: its number, its class, and its point where that is short enough to be read."""
    names = []
    for number, drawing in enumerate(drawings):
        point = "found" if "z:" in drawing.point else _slug(drawing.point)[:40]
        words = [f"{number:03d}", *([_slug(drawing.label)] if drawing.label else []), point]
        names.append("-".join(words).rstrip("-") + ".png")
    return tuple(names)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-")


def draw_command(
    model: str,
    points: Sequence[str],
    label: str | None = None,
    truncation: float | None = None,
    out: str = "drawings",
) -> str:
    """The command line that draws these points again, for a POSIX shell."""
    words = ["fashionviz", "generate", "--model", model, *(["--class", label] if label else [])]
    seeds = [int(point) if point.isdecimal() else None for point in points]
    first = seeds[0] if seeds else None
    if first is not None and seeds == list(range(first, first + len(seeds))):
        words += ["--n", str(len(seeds)), "--seed", str(first)]
    else:
        words += [word for point in points for word in ("--point", point)]
    words += [] if truncation is None else ["--truncation", f"{truncation:g}"]
    return shlex.join([*words, "--out", out])


def manifest_json(samples: Samples, files: Sequence[str] | None = None, out: str = "drawings") -> Json:
    """Where every drawing comes from, and how it is drawn again.

    Args:
        samples: the drawings.
        files: their files' names; :func:`file_names` without it.
        out: the folder that the commands write to.

    Returns:
        ``model``, ``sha256`` of the weights, ``discriminator_sha256`` where it chose among a seed's latents (else
        ``None``), ``truncation``, ``n``, ``command`` (all of them) and ``drawings``: each
        with ``file``, ``point``, ``seed`` (``None`` where the point is no single seed), ``class`` and ``command``.
    """
    name, truncation = samples.model.name, samples.truncation
    labels = {drawing.label for drawing in samples.drawings}
    # Several classes come about in one way only: none was asked for, and each seed has its own.
    label = labels.pop() if len(labels) == 1 else None
    points = [drawing.point for drawing in samples.drawings]
    rows = [
        {
            "file": file,
            "point": drawing.point,
            "seed": int(drawing.point) if drawing.point.isdecimal() else None,
            "class": drawing.label,
            "command": draw_command(name, [drawing.point], drawing.label, truncation, out),
        }
        for file, drawing in zip(files or file_names(samples.drawings), samples.drawings, strict=True)
    ]
    return {
        "model": name,
        "sha256": samples.model.sha256,
        "discriminator_sha256": samples.judge,
        "truncation": truncation,
        "n": len(rows),
        "command": draw_command(name, points, label, truncation, out),
        "drawings": rows,
    }


def manifest_bytes(manifest: Json) -> bytes:
    """A manifest as it is written."""
    return (json.dumps(manifest, indent=2, ensure_ascii=False) + "\n").encode()


def zip_bytes(samples: Samples) -> bytes:
    """The drawings as PNG files with their manifest. The same drawings give the same bytes."""
    manifest = manifest_json(samples)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        _put(archive, MANIFEST, manifest_bytes(manifest), zipfile.ZIP_DEFLATED)
        for row, drawing in zip(manifest["drawings"], samples.drawings, strict=True):
            _put(archive, row["file"], encode_png(drawing.pixels), zipfile.ZIP_STORED)
    return out.getvalue()


def _put(archive: zipfile.ZipFile, name: str, data: bytes, how: int) -> None:
    entry = zipfile.ZipInfo(name, _NO_TIME)
    entry.external_attr = 0o644 << 16
    entry.compress_type = how
    archive.writestr(entry, data)
