"""What a camera writes beside the pixels: photos are turned upright, and nothing of it leaves."""

from __future__ import annotations

import io
import warnings

import numpy as np
import pytest
from PIL import Image

from fashionviz import images
from tests.images.files import saved, scene


def sideways(image: Image.Image, orientation: int) -> Image.Image:
    """Store a picture so that the given EXIF orientation turns it upright."""
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    return image if undo is None else image.transpose(undo)


@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "JPEG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(file_format: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"PNG": {}, "WEBP": {"lossless": True}, "JPEG": {"quality": 98, "subsampling": 0}}[file_format]
    data = saved(sideways(scene(64, 48), orientation), file_format, exif=exif, **options)
    photo = images.decode(data)
    expected = np.asarray(scene(64, 48)).astype(int)
    assert (photo.width, photo.height) == photo.original_size == (64, 48)
    assert np.abs(photo.pixels.astype(int) - expected).max() <= (25 if file_format == "JPEG" else 0)
    assert ("turned upright" in photo.notes) == (orientation != 1)


@pytest.mark.parametrize("orientation", [0, 9, 77])
def test_orientations_that_do_not_exist_turn_nothing(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = images.decode(saved(scene(64, 48), "PNG", exif=exif))
    assert np.array_equal(photo.pixels, np.asarray(scene(64, 48)))
    assert photo.notes == ()


def test_reduced_jpeg_keeps_orientation_and_original_size() -> None:
    # The JPEG decoder reduces while decoding ("draft"): the size told must be that of the file, upright.
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = sideways(scene(2400, 4800), 6)
    assert stored.size == (4800, 2400)
    photo = images.decode(saved(stored, "JPEG", exif=exif), max_side=600)
    assert photo.original_size == (2400, 4800)
    assert (photo.width, photo.height) == (300, 600)
    assert np.abs(photo.pixels[100, 50].astype(int) - (220, 20, 20)).max() < 10
    assert np.abs(photo.pixels[100, 250].astype(int) - (20, 200, 20)).max() < 10
    assert any("reduced from 2400×4800 to 300×600" in n for n in photo.notes)


def test_metadata_never_leaves() -> None:
    exif = Image.Exif()
    exif[0x0132] = "2026:05:05 12:00:00"
    exif[0x010F] = "ACME phone"
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 30.0), 3: "E", 4: (2.0, 17.0, 40.0)})
    data = saved(scene(), "JPEG", exif=exif, comment=b"secret words", xmp=b"<x:xmpmeta>secret</x:xmpmeta>")
    assert Image.open(io.BytesIO(data)).getexif().get_ifd(0x8825)[1] == "N"  # it was there

    png = images.decode(data).png()

    with Image.open(io.BytesIO(png)) as again:
        again.load()
        assert dict(again.getexif()) == {}
        assert set(again.info) <= {"dpi"}
    for trace in (b"ACME", b"secret", b"eXIf", b"tEXt", b"iCCP", b"Exif"):
        assert trace not in png


def test_broken_exif_does_not_cost_the_picture() -> None:
    data = saved(scene(), "PNG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff" + b"\x12\x34" * 20)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert np.array_equal(images.decode(data).pixels, np.asarray(scene()))
