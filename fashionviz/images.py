"""The only door for pictures: bytes in, checked, upright, metadata-free RGB out.

Every front end, the command line and the data layer come through :func:`decode`. What leaves is pixels only: EXIF,
GPS, ICC profiles, text chunks and thumbnails are gone.
"""

from __future__ import annotations

import io
import logging
import time
import warnings
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageFile, ImageOps
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from fashionviz.errors import ImageError, ImageTooLarge, ImageTooSmall, UnsupportedFormat

log = logging.getLogger(__name__)

# Pillow warns about broken metadata, which is dropped here anyway. One filter set at import, because
# ``warnings.catch_warnings`` changes state shared by all threads and photos are decoded in many.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

FORMATS = ("JPEG", "PNG", "WEBP")
#: What the names of such files end in, in lower case. What counts is the first bytes; this is for listing a folder.
ENDINGS = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp")
MAX_BYTES = 25 * 1024 * 1024
MAX_PIXELS = 50_000_000
MIN_SIDE = 8
MAX_ASPECT = 20.0
#: Longest side kept. Larger photos are reduced: no model here looks at more, and memory stays bounded.
MAX_SIDE = 2048

_ACCEPTED = "Please use a JPEG, PNG or WebP photo."
_DAMAGED = "The picture is damaged or cut off. Please send it again or save it anew."


@dataclass(frozen=True)
class Photo:
    """A decoded photo.

    Attributes:
        pixels: ``(H, W, 3)`` uint8, sRGB, upright, read-only.
        original_size: width and height in pixels as stored in the file, upright, before any reduction.
        format: the file's format, for example ``"JPEG"``.
        notes: what was done to it in plain words, for example ``"turned upright"``.
        decode_ms: time taken to decode, in milliseconds.
    """

    pixels: NDArray[np.uint8] = field(repr=False)
    original_size: tuple[int, int]
    format: str
    notes: tuple[str, ...] = ()
    decode_ms: float = 0.0

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.pixels.shape[0])

    def crop(self, box: tuple[float, float, float, float]) -> Photo:
        """The region ``(x0, y0, x1, y1)`` in pixels of this photo, clipped to it.

        Raises:
            ImageTooSmall: the region has less than 8 pixels on a side.
        """
        x0, x1 = sorted((box[0], box[2]))
        y0, y1 = sorted((box[1], box[3]))
        left, top = max(0, round(x0)), max(0, round(y0))
        right, bottom = min(self.width, round(x1)), min(self.height, round(y1))
        if right - left < MIN_SIDE or bottom - top < MIN_SIDE:
            raise ImageTooSmall(
                f"The chosen region is {max(0, right - left)}×{max(0, bottom - top)} pixels inside the photo; "
                f"please choose at least {MIN_SIDE}×{MIN_SIDE}."
            )
        return Photo(
            _frozen(np.ascontiguousarray(self.pixels[top:bottom, left:right])),
            self.original_size,
            self.format,
            (*self.notes, "cropped"),
            self.decode_ms,
        )

    def png(self) -> bytes:
        """The pixels as PNG bytes without any metadata."""
        return encode_png(self.pixels)


def _frozen(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    pixels.setflags(write=False)
    return pixels


def _sniff(data: bytes) -> str:
    """Name what a file looks like from its first bytes, for the error sentence."""
    head = data[:32]
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"):
            return "a HEIC photo (the iPhone's format)"
        if brand in (b"avif", b"avis"):
            return "an AVIF picture"
        return "a video"
    table = {
        b"\x1a\x45\xdf\xa3": "a video",  # WebM and Matroska
        b"GIF8": "a GIF",
        b"BM": "a BMP picture",
        b"II*\x00": "a TIFF picture",
        b"MM\x00*": "a TIFF picture",
        b"%PDF": "a PDF document",
        b"\xff\x0a": "a JPEG XL picture",
        b"\x00\x00\x00\x0cJXL ": "a JPEG XL picture",
        b"PK\x03\x04": "a ZIP archive or office document",
        b"<svg": "an SVG drawing",
        b"<?xml": "an SVG or XML file",
        b"<!DOC": "a web page",
        b"<html": "a web page",
        b"8BPS": "a Photoshop file",
    }
    for magic, name in table.items():
        if head.lstrip()[: len(magic)].lower() == magic.lower():
            return name
    return "not a picture that can be recognised"


def _open(data: bytes) -> ImageFile.ImageFile:
    """Open by the first bytes, reading the header only.

    The plugins are called directly instead of through ``Image.open``: no other format can be reached, no
    decompression-bomb warning has to be turned into an error in a thread (:func:`_check_size` follows), and a phone's
    JPEG that carries a second picture (MPO) stays a JPEG.
    """
    if data[:3] == b"\xff\xd8\xff":
        return JpegImageFile(io.BytesIO(data))
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return PngImageFile(io.BytesIO(data))
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        _check_size(*_webp_canvas(data))  # the WebP decoder takes memory for the whole canvas as it opens
        return WebPImageFile(io.BytesIO(data))
    kind = _sniff(data)
    elsewhere = " Videos have a page of their own, and the command `fashionviz video`." if kind == "a video" else ""
    raise UnsupportedFormat(f"This file is {kind}. {_ACCEPTED}{elsewhere}")


def _webp_canvas(data: bytes) -> tuple[int, int]:
    """Width and height from a WebP header (VP8X, VP8L or VP8 chunk; RFC 9649)."""
    if len(data) < 30:
        raise ImageError(_DAMAGED)
    if data[12:16] == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if data[12:16] == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    return int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF


def _check_size(width: int, height: int) -> None:
    """Refuse too many and too few pixels, by the header."""
    if width * height > MAX_PIXELS:
        raise ImageTooLarge(
            f"The picture has {width}×{height} pixels; at most {MAX_PIXELS // 1_000_000} million in all are accepted. "
            "Please send a smaller version."
        )
    if min(width, height) < MIN_SIDE:
        raise ImageTooSmall(f"The picture is {width}×{height} pixels; at least {MIN_SIDE}×{MIN_SIDE} are needed.")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise ImageTooSmall(f"The picture is a strip of {width}×{height} pixels; please crop it to the garment.")


def _upright(image: Image.Image, notes: list[str]) -> tuple[Image.Image, bool]:
    """Turn a picture as its EXIF says, and whether that swaps its sides. Broken EXIF turns nothing."""
    try:
        orientation = image.getexif().get(0x0112, 1)
        turned = ImageOps.exif_transpose(image) if orientation in range(2, 9) else image
    except Exception as error:  # whatever a parser of metadata raises, the pixels are good
        log.debug("EXIF ignored: %r", error)
        return image, False
    if turned is image:
        return image, False
    notes.append("turned upright")
    return turned, orientation >= 5


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Apply an embedded colour profile. A broken or unfitting one is ignored, as browsers do."""
    if not profile:
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image
    return converted if converted is not None else image


def _to_rgb(image: Image.Image, notes: list[str]) -> Image.Image:
    """Any Pillow mode to RGB: 16-bit scaled, CMYK converted, transparency laid on white."""
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I"):
        # Pillow opens 16-bit grey PNGs as I;16 (or I): the range is known from the mode, not guessed from the values.
        values = np.asarray(image, dtype=np.float64) / 65535 * 255
        notes.append("reduced from 16 to 8 bits a channel")
        return Image.fromarray(np.clip(np.round(values), 0, 255).astype(np.uint8)).convert("RGB")
    if image.mode == "CMYK":
        notes.append("converted from CMYK")
        converted = _to_srgb(image, profile)
        return converted if converted.mode == "RGB" else converted.convert("RGB")
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        if rgba.getchannel("A").histogram()[255] < rgba.width * rgba.height:
            notes.append("transparent parts laid on white")
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        return _to_srgb(Image.alpha_composite(white, rgba).convert("RGB"), profile)
    return _to_srgb(image.convert("RGB"), profile)


def too_large(size: int) -> ImageTooLarge:
    """What to say of a file of ``size`` bytes where :data:`MAX_BYTES` are accepted."""
    return ImageTooLarge(
        f"The file has {size / 1048576:.1f} MB; at most {MAX_BYTES // 1048576} MB are accepted. "
        "Please send a smaller version."
    )


def decode(data: bytes, *, max_side: int | None = MAX_SIDE) -> Photo:
    """Decode a JPEG, PNG or WebP file into upright RGB pixels without metadata.

    Safe to call from many threads.

    Args:
        data: the whole file.
        max_side: longest side kept, in pixels; ``None`` keeps the size.

    Returns:
        A :class:`Photo`; of an animation, its first frame.

    Raises:
        UnsupportedFormat: HEIC, GIF, PDF, … or no picture at all.
        ImageTooLarge: more than 25 MB, or more than 50 million pixels (read from the header, before decoding).
        ImageTooSmall: a side shorter than 8 pixels, or a strip longer than 20 times its width.
        ImageError: a truncated or damaged file.
    """
    start = time.perf_counter()
    if not data:
        raise ImageError(f"The file is empty. {_ACCEPTED}")
    if len(data) > MAX_BYTES:
        raise too_large(len(data))
    notes: list[str] = []
    try:
        with _open(data) as image:
            width, height = image.size
            _check_size(width, height)
            file_format = str(image.format)
            if getattr(image, "n_frames", 1) > 1:
                notes.append("first frame of an animation")
            if max_side and isinstance(image, JpegImageFile):
                image.draft(None, (max_side, max_side))  # decodes at 1/2, 1/4 or 1/8 size: much faster
            image.load()
            upright, swapped = _upright(image, notes)
            if swapped:
                width, height = height, width
            rgb = _to_rgb(upright, notes)
    except ImageError:
        raise
    except Exception as error:
        # Decoders raise a dozen types on damaged files (OSError, SyntaxError, struct.error, zlib.error, …). All mean
        # the same to the person who sent the file, and none may take the server down.
        log.debug("Undecodable picture: %r", error)
        raise ImageError(_DAMAGED) from error
    if max_side and max(rgb.size) > max_side:
        rgb.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
        notes.append(f"reduced from {width}×{height} to {rgb.width}×{rgb.height} pixels")
    pixels = _frozen(np.array(rgb, dtype=np.uint8))
    return Photo(pixels, (width, height), file_format, tuple(notes), (time.perf_counter() - start) * 1000)


def from_pixels(pixels: NDArray[np.uint8]) -> Photo:
    """Take ``(H, W, 3)`` uint8 pixels that are already upright RGB, such as our own drawings or a video frame.

    Raises:
        ImageError: another shape or dtype.
    """
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise ImageError(f"Expected uint8 pixels of shape (H, W, 3), not {pixels.dtype} {pixels.shape}.")
    height, width = pixels.shape[:2]
    if min(height, width) < MIN_SIDE:
        raise ImageTooSmall(f"The picture is {width}×{height} pixels; at least {MIN_SIDE}×{MIN_SIDE} are needed.")
    return Photo(_frozen(np.array(pixels, copy=True)), (width, height), "RAW")


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """``(H, W, 3)`` or ``(H, W)`` uint8 pixels to PNG bytes without metadata."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()
