"""The photo that is handed on: its size, its pixels and its parts."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from fashionviz import images
from fashionviz.errors import ImageError, ImageTooSmall
from tests.images.files import saved, scene


def test_reduction_can_be_switched_off() -> None:
    assert images.decode(saved(scene(2500, 200), "JPEG"), max_side=None).width == 2500
    assert images.decode(saved(scene(2500, 200), "JPEG")).width == images.MAX_SIDE


def test_pixels_are_read_only_and_decoding_is_deterministic() -> None:
    data = saved(Image.effect_noise((90, 70), 80).convert("RGB"), "JPEG")
    first, second = images.decode(data), images.decode(data)
    assert np.array_equal(first.pixels, second.pixels)
    with pytest.raises(ValueError, match="read-only"):
        first.pixels[0, 0] = 0


@pytest.mark.parametrize(
    ("box", "size"),
    [
        ((10, 5, 40, 30), (30, 25)),
        ((40, 30, 10, 5), (30, 25)),  # drawn from the lower right
        ((-50, -50, 500, 500), (60, 40)),  # clipped to the photo
    ],
)
def test_crop(box: tuple[float, float, float, float], size: tuple[int, int]) -> None:
    part = images.from_pixels(np.asarray(scene())).crop(box)
    assert (part.width, part.height) == size
    assert "cropped" in part.notes


@pytest.mark.parametrize("box", [(0, 0, 5, 40), (100, 100, 200, 200), (10, 10, 10, 10)])
def test_crop_of_next_to_nothing_is_refused(box: tuple[float, float, float, float]) -> None:
    with pytest.raises(ImageTooSmall, match="at least 8×8"):
        images.from_pixels(np.asarray(scene())).crop(box)


def test_from_pixels_copies_and_checks() -> None:
    pixels = np.array(scene())
    photo = images.from_pixels(pixels)
    pixels[:] = 0
    assert photo.pixels.max() > 0
    assert np.array_equal(images.decode(photo.png()).pixels, photo.pixels)
    for wrong in (pixels[..., :1], pixels.astype(np.float32), pixels[..., 0]):
        with pytest.raises(ImageError, match="uint8"):
            images.from_pixels(wrong)
    with pytest.raises(ImageTooSmall):
        images.from_pixels(pixels[:4])
