"""Signatures: what survives another encoding or margin, and distances against plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fashionviz.data import perceptual
from fashionviz.data.duplicates import Thresholds
from fashionviz.data.perceptual import Signatures, colour_distance, hamming, signatures
from tests.data.altered import Pixels, garments, moved, naive_hamming, recoloured, resaved, small

COLOURED = ["t-shirt", "dress", "skirt", "handbag", "heel"]  # drawn in a colour at seed 0; the others are near grey


@pytest.fixture(scope="module")
def drawn() -> dict[str, Pixels]:
    return garments()


def signed(pictures: list[Pixels]) -> Signatures:
    return signatures(np.stack([small(p) for p in pictures]))


# Distances


def test_hamming_is_that_of_a_plain_loop(rng: np.random.Generator) -> None:
    a, b = (rng.integers(0, 2**64, n, dtype=np.uint64) for n in (40, 30))
    b[:2] = 0, 2**64 - 1
    a[:2] = 2**64 - 1, 2**63
    found = hamming(a[:, None], b[None])
    assert found.tolist() == [[naive_hamming(int(x), int(y)) for y in b] for x in a]
    assert found[0, 0] == 64
    assert (found == hamming(b[:, None], a[None]).T).all()
    assert not hamming(a, a).any()


def test_colour_distance_is_a_root_mean_square(rng: np.random.Generator) -> None:
    a, b = (rng.normal(50, 20, (5, 8, 8, 3)).astype(np.float32) for _ in range(2))
    assert not colour_distance(a, a).any()
    assert np.array_equal(colour_distance(a, b), colour_distance(b, a))
    squares = [
        sum((float(a[0, y, x, c]) - float(b[0, y, x, c])) ** 2 for c in range(3)) for y in range(8) for x in range(8)
    ]
    assert colour_distance(a, b)[0] == pytest.approx(math.sqrt(sum(squares) / 64))
    assert colour_distance(a[0], a[0] + np.float32([0, 3, 4])) == pytest.approx(5.0, rel=1e-5)


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [  # CIE L*a*b* over D65, as colour libraries give it
        ((255, 255, 255), (100.0, 0.0, 0.0)),
        ((0, 0, 0), (0.0, 0.0, 0.0)),
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
        ((119, 119, 119), (50.03, 0.0, 0.0)),
    ],
)
def test_lab(rgb: tuple[int, int, int], lab: tuple[float, float, float]) -> None:
    assert perceptual._lab(np.array(rgb, dtype=np.float64)) == pytest.approx(lab, abs=0.02)


# Signatures


def test_cells_are_means_of_what_they_cover(rng: np.random.Generator) -> None:
    pixels = rng.integers(0, 256, (1, 12, 9, 3), dtype=np.uint8)
    # Reference: every pixel as 20 × 20 small ones, white around, so that frames at steps of 0.05 pixels are whole.
    large = np.full((20 * 20, 20 * 17, 3), 255.0)
    large[80:320, 80:260] = np.repeat(np.repeat(pixels[0].astype(float), 20, axis=0), 20, axis=1)
    for top, bottom, left, right in ((0.0, 12.0, 0.0, 9.0), (1.35, 7.75, 2.2, 8.6), (-2.4, 13.6, -1.6, 9.6)):
        frame = [np.array([v]) for v in (top, bottom, left, right)]
        cells = perceptual._cells(pixels, *frame, 4)[0]
        t, b, m, r = (round(20 * v) + 80 for v in (top, bottom, left, right))
        expected = large[t:b, m:r].reshape(4, (b - t) // 4, 4, (r - m) // 4, 3).mean(axis=(1, 3))
        assert cells == pytest.approx(expected, abs=1e-9)


def test_the_hash_is_the_signs_of_the_lowest_waves(rng: np.random.Generator) -> None:
    luma = rng.uniform(0, 255, (2, 16, 16))
    for picture, value in zip(luma, perceptual._phash(luma), strict=True):
        bits = ""
        for u in range(1, 9):
            for v in range(1, 9):
                total = sum(
                    picture[y, x] * math.cos(math.pi * (2 * y + 1) * u / 32) * math.cos(math.pi * (2 * x + 1) * v / 32)
                    for y in range(16)
                    for x in range(16)
                )
                bits += "1" if total > 0 else "0"
        assert int(value) == int(bits, 2)


def test_copies_are_near_and_recoloured_ones_keep_the_shape(drawn: dict[str, Pixels]) -> None:
    limits = Thresholds()
    originals = signed(list(drawn.values()))
    for alter, least in ((resaved, 1.0), (moved, 0.8)):  # what is drawn symmetrically has weak bits
        copies = signed([alter(p) for p in drawn.values()])
        assert (hamming(originals.hashes, copies.hashes) <= limits.bits).mean() >= least
        assert (colour_distance(originals.colours, copies.colours) <= limits.colour).all()
    some = signed([drawn[k] for k in COLOURED])
    other = signed([recoloured(drawn[k]) for k in COLOURED])
    assert (hamming(some.hashes, other.hashes) <= limits.bits).mean() >= 0.8
    assert (colour_distance(some.colours, other.colours) > limits.colour).all()


def test_a_mirror_image_is_another_picture(drawn: dict[str, Pixels]) -> None:
    a = signed(list(drawn.values()))
    b = signed([p[:, ::-1] for p in drawn.values()])
    # Every wave that is odd from left to right changes its sign: four of eight columns of bits.
    assert (hamming(a.hashes, b.hashes) == 32).all()


def test_different_garments_are_far_apart(drawn: dict[str, Pixels]) -> None:
    a = signed(list(drawn.values()))
    apart = hamming(a.hashes[:, None], a.hashes[None])
    assert apart[~np.eye(len(a), dtype=bool)].min() > 2 * Thresholds().bits
    assert not apart.diagonal().any()


def test_signatures_do_not_depend_on_the_chunk(drawn: dict[str, Pixels]) -> None:
    pixels = np.stack([small(p) for p in drawn.values()])
    steps: list[int] = []
    whole, parts = signatures(pixels), signatures(pixels, chunk=5, progress=steps.append)
    assert np.array_equal(whole.hashes, parts.hashes)
    assert whole.colours == pytest.approx(parts.colours, abs=1e-4)
    assert steps == [5, 10, 12]
    assert len(signatures(pixels[:0])) == 0


def test_pictures_of_nothing_are_blank(drawn: dict[str, Pixels], rng: np.random.Generator) -> None:
    grounds = [np.full((80, 60, 3), v, dtype=np.uint8) for v in (255, 251, 128, 0)]
    noise = (255 - rng.integers(0, 8, (80, 60, 3))).astype(np.uint8)  # JPEG noise on paper
    pale = np.full((80, 60, 3), 255, dtype=np.uint8)
    pale[20:60, 15:45] = 236  # a white shirt on white
    pale[24:40, 28:42] = 226
    found = signatures(np.stack([*grounds, noise, pale, small(drawn["shirt"])]))
    assert found.blank.tolist() == [True] * 5 + [False] * 2
    assert np.isfinite(found.colours).all()
    again = signatures(resaved(pale)[None])
    assert hamming(found.hashes[5:6], again.hashes)[0] <= Thresholds().bits
    assert hamming(found.hashes[5], found.hashes[6]) > 2 * Thresholds().bits
