"""What the door for pictures refuses: with one sentence each, and never with another error."""

from __future__ import annotations

import random
import struct
import warnings
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image, ImageFile, features

from fashionviz import images
from fashionviz.errors import ImageError, ImageTooLarge, ImageTooSmall, UnsupportedFormat
from tests.images.files import p3_profile, png_chunk, saved, scene


def png_header_only(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims any size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", zlib.compress(b""))
        + png_chunk(b"IEND", b"")
    )


def webp_header_only(width: int, height: int) -> bytes:
    body = (
        b"VP8X"
        + struct.pack("<I", 10)
        + bytes(4)
        + (width - 1).to_bytes(3, "little")
        + (height - 1).to_bytes(3, "little")
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def large_jpeg() -> bytes:
    """A JPEG followed by padding, over the limit of bytes."""
    return saved(scene(), "JPEG") + bytes(30 * 1024 * 1024)


TRUNCATED_JPEG = saved(Image.effect_noise((300, 300), 60), "JPEG")[:4000]
TRUNCATED_PNG = saved(Image.effect_noise((300, 300), 60), "PNG")[:4000]
TRUNCATED_WEBP = saved(Image.effect_noise((300, 300), 60).convert("RGB"), "WEBP")[:2000]
REFUSED: list[tuple[str, Callable[[], bytes] | bytes, type[ImageError], str]] = [
    # nothing at all
    ("empty", b"", ImageError, "empty"),
    # words, an office file, a web page, a drawing, a PDF: named where it can be
    ("text", b"Dear sir or madam, here is my photo", UnsupportedFormat, "not a picture"),
    ("zip", b"PK\x03\x04" + bytes(60), UnsupportedFormat, "ZIP"),
    ("html", b"<!DOCTYPE html><html></html>", UnsupportedFormat, "web page"),
    ("svg", b"  <svg xmlns='http://www.w3.org/2000/svg'/>", UnsupportedFormat, "SVG"),
    ("pdf", b"%PDF-1.7\n" + bytes(60), UnsupportedFormat, "PDF"),
    # pictures in formats that are not accepted
    ("gif", lambda: saved(scene(), "GIF"), UnsupportedFormat, "GIF"),
    ("bmp", lambda: saved(scene(), "BMP"), UnsupportedFormat, "BMP"),
    ("tiff", lambda: saved(scene(), "TIFF"), UnsupportedFormat, "TIFF"),
    # an iPhone's photo; several brands are in use
    ("heic", b"\x00\x00\x00\x18ftypheic" + bytes(60), UnsupportedFormat, "HEIC"),
    ("heic mif1", b"\x00\x00\x00\x18ftypmif1" + bytes(60), UnsupportedFormat, "HEIC"),
    ("avif", b"\x00\x00\x00\x1cftypavif" + bytes(60), UnsupportedFormat, "AVIF"),
    ("video", b"\x00\x00\x00\x20ftypisom" + bytes(60), UnsupportedFormat, "fashionviz video"),
    ("webm", b"\x1a\x45\xdf\xa3" + bytes(60), UnsupportedFormat, "a page of their own"),
    # cut off while sending
    ("truncated jpeg", TRUNCATED_JPEG, ImageError, "damaged or cut off"),
    ("truncated png", TRUNCATED_PNG, ImageError, "damaged or cut off"),
    ("truncated webp", TRUNCATED_WEBP, ImageError, "damaged or cut off"),
    # only the first bytes of a picture
    ("magic only jpeg", b"\xff\xd8\xff\xe0", ImageError, "damaged or cut off"),
    ("magic only png", b"\x89PNG\r\n\x1a\n", ImageError, "damaged or cut off"),
    ("magic only webp", b"RIFF\x00\x00\x00\x00WEBP", ImageError, "damaged or cut off"),
    # too small to say anything about
    ("1x1", lambda: saved(scene(1, 1), "PNG"), ImageTooSmall, "1×1"),
    ("7 high", lambda: saved(scene(60, 7), "PNG"), ImageTooSmall, "60×7"),
    # a strip, as a screenshot of a whole web page
    ("strip", lambda: saved(scene(10, 400), "PNG"), ImageTooSmall, "strip"),
    # headers that promise more pixels than memory holds: refused before anything is decoded
    ("20000x20000 png", png_header_only(20000, 20000), ImageTooLarge, "20000×20000"),
    ("just over png", png_header_only(7072, 7072), ImageTooLarge, "7072×7072"),
    ("between Pillow's limits png", png_header_only(10000, 10000), ImageTooLarge, "10000×10000"),
    ("16000x16000 webp", webp_header_only(16000, 16000), ImageTooLarge, "16000×16000"),
    ("zero size png", png_header_only(0, 0), ImageError, ""),
    # more bytes than accepted
    ("30 MB", large_jpeg, ImageTooLarge, "30.0 MB"),
]


@pytest.mark.parametrize(("data", "error", "words"), [c[1:] for c in REFUSED], ids=[c[0] for c in REFUSED])
def test_refused_with_one_clear_sentence(
    data: bytes | Callable[[], bytes], error: type[ImageError], words: str
) -> None:
    with pytest.raises(error) as caught:
        images.decode(data() if callable(data) else data)
    message = str(caught.value)
    assert words in message
    assert message.endswith(".")
    assert "\n" not in message
    assert 400 <= caught.value.status < 500


def test_header_is_refused_before_memory_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*_args: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", load)
    with pytest.raises(ImageTooLarge):
        images.decode(png_header_only(20000, 20000))


def test_truncated_pictures_are_not_tolerated_by_a_global_switch() -> None:
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False
    assert features.check("webp")


def test_many_threads_decode_without_touching_the_warning_filters() -> None:
    good, huge = saved(scene(300, 200), "JPEG"), png_header_only(10000, 10000)
    before = list(warnings.filters)

    def one(i: int) -> str:
        try:
            return images.decode((good, huge, TRUNCATED_JPEG)[i % 3]).format
        except ImageError as error:
            return type(error).__name__

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(one, range(240)))
    assert results == ["JPEG", "ImageTooLarge", "ImageError"] * 80
    assert list(warnings.filters) == before


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "CMYK", "P", "APNG"])
def test_damaged_files_only_ever_raise_image_errors(kind: str) -> None:
    noise = Image.effect_noise((48, 40), 70)
    exif = Image.Exif()
    exif[0x0112] = 6
    original = {
        "JPEG": lambda: saved(noise.convert("RGB"), "JPEG", exif=exif),
        "PNG": lambda: saved(noise.convert("RGB"), "PNG", icc_profile=p3_profile(), exif=exif),
        "WEBP": lambda: saved(noise.convert("RGB"), "WEBP", exif=exif),
        "CMYK": lambda: saved(noise.convert("CMYK"), "JPEG"),
        "P": lambda: saved(noise.convert("P"), "PNG", transparency=3),
        "APNG": lambda: saved(noise, "PNG", save_all=True, append_images=[noise.rotate(90)]),
    }[kind]()
    for seed in range(60):
        chance = random.Random(seed)
        data = bytearray(original)
        for _ in range(chance.choice((1, 3, 12))):
            # the header is where it hurts
            where = chance.randrange(min(len(data), chance.choice((64, 600, len(data)))))
            data[where] ^= 1 << chance.randrange(8)
        if chance.random() < 0.3:
            del data[chance.randrange(len(data)) :]
        try:
            photo = images.decode(bytes(data))
        except ImageError:
            continue
        assert photo.pixels.ndim == 3


def test_random_bytes_only_ever_raise_image_errors() -> None:
    heads = (
        b"",
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\x40\x00\x00\x00WEBPVP8 ",
        b"RIFF\x40\x00\x00\x00WEBPVP8L",
    )
    for seed in range(200):
        chance = random.Random(seed)
        with pytest.raises(ImageError):
            images.decode(chance.choice(heads) + chance.randbytes(chance.randrange(1, 400)))
