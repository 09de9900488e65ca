"""The box of what stands on white, by hand and against the flood fill."""

import numpy as np
import torch

from fashionviz.models.silhouette import GROUND, crop_to_silhouette, silhouette_box
from fashionviz.training.augment import cut_out_alpha


def test_the_box_of_a_drawn_square_by_hand() -> None:
    pixels = np.full((80, 60, 3), 255, dtype=np.uint8)
    pixels[20:50, 10:40] = (30, 60, 90)
    pixels[30:35, 15:20] = 255  # a white pocket changes nothing
    pixels[5, 55] = 238  # nearly white, 238 / 255 > 0.93, is ground
    assert silhouette_box(pixels) == (10, 20, 40, 50)
    assert np.array_equal(crop_to_silhouette(pixels), pixels[20:50, 10:40])
    pixels[5, 55] = (255, 237, 255)  # 237 / 255 < 0.93 in one channel is not
    assert silhouette_box(pixels) == (10, 5, 56, 50)


def test_nothing_and_everything() -> None:
    assert silhouette_box(np.full((8, 6, 3), 255, dtype=np.uint8)) == (0, 0, 6, 8)
    assert silhouette_box(np.zeros((8, 6, 3), dtype=np.uint8)) == (0, 0, 6, 8)


def test_it_is_the_box_of_the_flood_fill(rng: np.random.Generator) -> None:
    assert cut_out_alpha.__defaults__ is not None
    assert cut_out_alpha.__defaults__[0] == GROUND
    for _ in range(40):
        pixels = np.full((24, 18, 3), 255, dtype=np.uint8)
        y, x = rng.integers(0, 20), rng.integers(0, 14)
        part = pixels[y : y + rng.integers(1, 20), x : x + rng.integers(1, 16)]
        part[rng.random(part.shape[:2]) < 0.6] = 40
        alpha = cut_out_alpha(torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255)[0, 0].numpy()
        rows, columns = np.nonzero(alpha.any(1))[0], np.nonzero(alpha.any(0))[0]
        if len(rows):
            assert silhouette_box(pixels) == (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
