"""What the door for pictures lets in: every mode, animation and colour profile comes out as plain RGB."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageCms

from fashionviz import images
from tests.images.files import p3_profile, png_chunk, saved, scene

RED, WHITE = (200, 30, 40), (255, 255, 255)


def png16(pixels: np.ndarray) -> bytes:
    """A 16-bit PNG of one or three channels; Pillow writes no 16-bit colour."""
    height, width = pixels.shape[:2]
    colour = 0 if pixels.ndim == 2 else 2
    rows = b"".join(b"\x00" + row.astype(">u2").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", zlib.compress(rows))
        + png_chunk(b"IEND", b"")
    )


def alpha(colour: tuple[int, int, int], half: int) -> Image.Image:
    image = Image.new("RGBA", (40, 40), (*colour, 255))
    image.paste((*colour, half), (0, 0, 20, 40))
    return image


def palette(transparency: object) -> bytes:
    image = Image.new("P", (40, 40), 0)
    image.putpalette([0, 0, 255, *RED])
    image.paste(1, (20, 0, 40, 40))
    return saved(image, "PNG", transparency=transparency)


ACCEPTED: list[tuple[str, Callable[[], bytes], tuple[int, int, int], tuple[int, int, int], int]] = [
    # plain files; left and right colour expected, and the tolerance
    ("jpeg", lambda: saved(Image.new("RGB", (40, 40), RED), "JPEG", quality=95), RED, RED, 4),
    ("png", lambda: saved(Image.new("RGB", (40, 40), RED), "PNG"), RED, RED, 0),
    ("webp", lambda: saved(Image.new("RGB", (40, 40), RED), "WEBP", lossless=True), RED, RED, 0),
    ("grey jpeg", lambda: saved(Image.new("L", (40, 40), 90), "JPEG"), (90, 90, 90), (90, 90, 90), 2),
    ("1-bit png", lambda: saved(Image.new("1", (40, 40), 1), "PNG"), WHITE, WHITE, 0),
    # print shops send CMYK: white paper stays white, magenta + yellow is red
    ("cmyk white", lambda: saved(Image.new("CMYK", (40, 40), (0, 0, 0, 0)), "JPEG"), WHITE, WHITE, 3),
    ("cmyk red", lambda: saved(Image.new("CMYK", (40, 40), (0, 255, 255, 0)), "JPEG"), (255, 0, 0), (255, 0, 0), 12),
    # 16 bits a channel: the middle of the range is the middle of ours
    ("grey 16", lambda: png16(np.full((40, 40), 32896)), (128, 128, 128), (128, 128, 128), 0),
    ("grey 16 dark", lambda: png16(np.full((40, 40), 200)), (1, 1, 1), (1, 1, 1), 0),
    ("rgb 16", lambda: png16(np.full((40, 40, 3), 32896)), (128, 128, 128), (128, 128, 128), 1),
    # transparency is laid on white, as a shop's page shows it
    ("rgba", lambda: saved(alpha(RED, 0), "PNG"), WHITE, RED, 0),
    ("rgba half", lambda: saved(alpha((0, 0, 0), 128), "PNG"), (127, 127, 127), (0, 0, 0), 1),
    ("rgba webp", lambda: saved(alpha(RED, 0), "WEBP", lossless=True), WHITE, RED, 0),
    ("grey alpha", lambda: saved(alpha((9, 9, 9), 0).convert("LA"), "PNG"), WHITE, (9, 9, 9), 0),
    ("palette with alpha bytes", lambda: palette(bytes([0, 255])), WHITE, RED, 0),
    ("palette with one clear entry", lambda: palette(0), WHITE, RED, 0),
    (
        "rgb with a clear colour",
        lambda: saved(Image.new("RGB", (40, 40), (0, 255, 0)), "PNG", transparency=(0, 255, 0)),
        WHITE,
        WHITE,
        0,
    ),
]


@pytest.mark.parametrize(
    ("data", "left", "right", "tolerance"), [c[1:] for c in ACCEPTED], ids=[c[0] for c in ACCEPTED]
)
def test_modes_come_out_as_rgb(
    data: Callable[[], bytes], left: tuple[int, int, int], right: tuple[int, int, int], tolerance: int
) -> None:
    photo = images.decode(data())
    assert photo.pixels.shape == (40, 40, 3)
    assert photo.pixels.dtype == np.uint8
    assert photo.original_size == (40, 40)
    assert np.abs(photo.pixels[20, 5].astype(int) - left).max() <= tolerance
    assert np.abs(photo.pixels[20, 35].astype(int) - right).max() <= tolerance


@pytest.mark.parametrize("file_format", ["PNG", "WEBP"])
def test_animation_gives_its_first_frame(file_format: str) -> None:
    frames = [Image.new("RGB", (40, 40), c) for c in (RED, (0, 255, 0), (0, 0, 255))]
    data = saved(frames[0], file_format, save_all=True, append_images=frames[1:], duration=100, lossless=True)
    photo = images.decode(data)
    assert tuple(photo.pixels[20, 20]) == RED
    assert "first frame of an animation" in photo.notes


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_colour_profile_is_applied(mode: str) -> None:
    image = Image.new("RGB", (40, 40), (255, 0, 0)).convert(mode)
    photo = images.decode(saved(image, "PNG", icc_profile=p3_profile()))
    # With exchanged primaries "red" means green.
    assert np.abs(photo.pixels[20, 20].astype(int) - (0, 255, 0)).max() <= 3


def test_srgb_profile_changes_nothing_and_broken_profile_is_ignored() -> None:
    plain = np.asarray(scene()).astype(int)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.abs(images.decode(saved(scene(), "PNG", icc_profile=srgb)).pixels - plain).max() <= 1
    assert np.array_equal(images.decode(saved(scene(), "PNG", icc_profile=b"no profile" * 20)).pixels, plain)


def test_a_phones_double_picture_is_a_jpeg() -> None:
    # Some phones store a second picture (depth, gain map) in the same JPEG: the first is the photo.
    data = saved(scene(), "MPO", save_all=True, append_images=[Image.new("RGB", (30, 30))])
    photo = images.decode(data)
    assert photo.format == "JPEG"
    assert (photo.width, photo.height) == (60, 40)
    assert photo.notes == ()


def test_the_content_counts_not_the_name() -> None:
    # Names are not looked at: a PNG called .jpg is a PNG.
    assert images.decode(saved(scene(), "PNG")).format == "PNG"
