"""From pixels to a model's input: the photo keeps its shape, and maps find their way back over it."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from torchvision.transforms import v2

from fashionviz.models.preprocess import letterbox, normalise, placement, to_input


@pytest.mark.parametrize(
    ("photo", "frame", "expected"),
    [
        ((80, 60), (80, 60), (0, 0, 80, 60)),  # fits as it is
        ((80, 60), (160, 120), (0, 0, 160, 120)),  # the same shape, larger
        ((100, 100), (80, 60), (10, 0, 60, 60)),  # white above and below
        ((200, 50), (80, 60), (0, 20, 80, 20)),  # white at the sides
        ((8, 160), (80, 60), (38, 0, 3, 60)),  # a strip
        ((1, 4000), (80, 60), (39, 0, 1, 60)),  # never thinner than a pixel
    ],
)
def test_placement(photo: tuple[int, int], frame: tuple[int, int], expected: tuple[int, int, int, int]) -> None:
    place = placement(photo, frame)
    assert (place.top, place.left, place.height, place.width) == expected


def test_placement_always_fits_is_centred_and_keeps_the_shape() -> None:
    chance = random.Random(0)
    for _ in range(500):
        photo = chance.randint(8, 3000), chance.randint(8, 3000)
        frame = chance.choice([(80, 60), (160, 120), (224, 224), (128, 96)])
        place = placement(photo, frame)
        bottom, right = frame[0] - place.top - place.height, frame[1] - place.left - place.width
        assert min(place.top, place.left, bottom, right) >= 0
        assert abs(place.top - bottom) <= 1
        assert abs(place.left - right) <= 1
        assert place.height == frame[0] or place.width == frame[1]
        scale = min(frame[0] / photo[0], frame[1] / photo[1])
        assert abs(place.height - photo[0] * scale) <= 1
        assert abs(place.width - photo[1] * scale) <= 1
        # cut() undoes the padding: what is inside comes back, nothing else
        marked = np.zeros(frame)
        marked[place.top : place.top + place.height, place.left : place.left + place.width] = 1
        assert place.cut(marked).shape == (place.height, place.width)
        assert place.cut(marked).sum() == marked.sum() == place.height * place.width


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height * width).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("size", [(300, 200), (50, 40), (97, 251)])
def test_letterbox_is_torchvisions_resize_on_white(size: tuple[int, int]) -> None:
    pixels = noise(*size)
    boxed, place = letterbox(pixels, (80, 60))
    resize = v2.Resize([place.height, place.width], v2.InterpolationMode.BILINEAR, antialias=True)
    expected = resize(torch.from_numpy(pixels).permute(2, 0, 1)).permute(1, 2, 0).numpy()
    assert boxed.shape == (80, 60, 3)
    assert np.array_equal(place.cut(boxed.transpose(2, 0, 1)).transpose(1, 2, 0), expected)
    outside = np.ones((80, 60), bool)
    outside[place.top : place.top + place.height, place.left : place.left + place.width] = False
    assert (boxed[outside] == 255).all()


def test_a_photo_of_the_frames_size_is_untouched_even_when_read_only() -> None:
    pixels = noise(80, 60)
    pixels.setflags(write=False)
    boxed, _ = letterbox(pixels, (80, 60))
    assert np.array_equal(boxed, pixels)
    boxed[:] = 0  # a copy of its own


def test_to_input_normalises() -> None:
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    pixels = noise(100, 90)
    tensor, boxed, place = to_input(pixels, (80, 60), mean, std)
    expected = v2.Normalize(mean, std)(torch.from_numpy(boxed).permute(2, 0, 1).float() / 255)
    assert tensor.shape == (3, 80, 60)
    assert tensor.dtype == torch.float32
    torch.testing.assert_close(tensor, expected)
    assert place.frame == (80, 60)
    torch.testing.assert_close(
        normalise(torch.rand(2, 3, 4, 4).zero_(), mean, std)[0, :, 0, 0], -torch.tensor(mean) / torch.tensor(std)
    )
