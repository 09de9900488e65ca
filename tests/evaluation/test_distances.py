"""Distances between sets of pictures, against torchmetrics and cases by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torchmetrics.image.fid import _compute_fid
from torchmetrics.image.kid import poly_mmd

from fashionviz.evaluation.distances import (
    frechet_distance,
    kernel_distance,
    nearest_rows,
    precision_recall,
    spread,
)
from fashionviz.evaluation.drawing_controls import blurred, shuffled

Pair = tuple[np.ndarray, np.ndarray]


@pytest.fixture
def pair() -> Pair:
    rng = np.random.default_rng(0)
    mix = rng.normal(size=(12, 12))
    a = (rng.normal(size=(400, 12)) @ mix).astype(np.float32)
    b = (rng.normal(size=(300, 12)) @ mix * 1.3 + 0.5).astype(np.float32)
    return a, b


def test_frechet_distance_is_that_of_torchmetrics(pair: Pair) -> None:
    a, b = (torch.from_numpy(x).double() for x in pair)
    theirs = _compute_fid(a.mean(0), torch.cov(a.T), b.mean(0), torch.cov(b.T))
    assert frechet_distance(*pair) == pytest.approx(float(theirs), rel=1e-6)


def test_few_rows_of_many_features_give_the_same() -> None:
    rng = np.random.default_rng(7)
    mix = rng.normal(size=(5, 40))
    a, b = ((rng.normal(size=(n, 5)) @ mix + s).astype(np.float32) for n, s in ((20, 0), (30, 0.2)))
    x, y = (torch.from_numpy(v).double() for v in (a, b))
    theirs = _compute_fid(x.mean(0), torch.cov(x.T), y.mean(0), torch.cov(y.T))
    assert frechet_distance(a, b) == pytest.approx(float(theirs), rel=1e-3)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-6)


def test_frechet_distance_by_hand() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(1000, 1))
    x = ((x - x.mean()) / x.std(ddof=1)).astype(np.float32)
    # Of N(0, 1) and N(3, 4): 3² + (1 - 2)².
    assert frechet_distance(x, 2 * x + 3) == pytest.approx(10, rel=1e-5)
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-6)


def test_kernel_distance_is_that_of_torchmetrics(pair: Pair) -> None:
    a, b = pair[0][:300], pair[1]
    ours, _ = kernel_distance(a, b, subset=300, subsets=1)
    theirs = poly_mmd(torch.from_numpy(a).double(), torch.from_numpy(b).double())
    assert ours == pytest.approx(float(theirs), rel=1e-6)


def test_kernel_distance_of_one_kind_is_about_zero() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(2, 600, 8)).astype(np.float32)
    value, (low, high) = kernel_distance(a, b, subset=200)
    far, _ = kernel_distance(a, b + 1, subset=200)
    assert abs(value) < 0.05 * far
    assert low < value < high


def test_precision_and_recall_tell_narrow_from_strange() -> None:
    rng = np.random.default_rng(3)
    real = rng.normal(size=(500, 4)).astype(np.float32)
    narrow = (0.2 * rng.normal(size=(500, 4))).astype(np.float32)
    strange = (rng.normal(size=(500, 4)) + 12).astype(np.float32)
    precise, recalled = precision_recall(real, narrow)
    assert precise.mean() > 0.95
    assert recalled.mean() < 0.5
    precise, recalled = precision_recall(real, strange)
    assert precise.mean() == recalled.mean() == 0


def test_the_nearest_row_is_found_by_cosine() -> None:
    rows = np.array([[1, 0], [0, 1], [1, 1]], np.float32)
    places, cosines = nearest_rows(np.array([[5, 4.9], [0, 0.1]], np.float32), rows)
    assert list(places) == [2, 1]
    assert cosines[1] == pytest.approx(1)


def test_spread_falls_when_one_picture_is_drawn() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(200, 6)).astype(np.float32)
    assert spread(np.repeat(x[:1], 200, axis=0)) == pytest.approx(0, abs=1e-3)
    assert spread(2 * x) == pytest.approx(2 * spread(x), rel=1e-5)


def test_controls_keep_what_they_should() -> None:
    rng = np.random.default_rng(5)
    pixels = rng.integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)
    soft = blurred(pixels)
    assert soft.shape == pixels.shape
    means = soft.reshape(3, 16, 4, 16, 4, 3).mean(axis=(2, 4))
    pooled = nn.functional.adaptive_avg_pool2d(torch.from_numpy(pixels).permute(0, 3, 1, 2).float(), 16)
    assert np.corrcoef(means.ravel(), pooled.permute(0, 2, 3, 1).numpy().ravel())[0, 1] > 0.9
    assert soft.std() < 0.5 * pixels.std()
    mixed = shuffled(pixels, seed=1)
    assert not np.array_equal(mixed, pixels)
    assert np.array_equal(np.sort(mixed.ravel()), np.sort(pixels.ravel()))

    def patches(x: np.ndarray) -> set[bytes]:
        return {x[y : y + 8, z : z + 8].tobytes() for y in range(0, 64, 8) for z in range(0, 64, 8)}

    assert patches(mixed[0]) == patches(pixels[0])
