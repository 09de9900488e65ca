"""Class averages: running means against NumPy, guided backprop against Captum, going on after a stop."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from captum.attr import GuidedBackprop

from fashionviz.data.examples import draw
from fashionviz.errors import Cancelled, DataError
from fashionviz.explain.averages import RunningMeans, build_averages, load_averages, save_averages, stored_size
from fashionviz.explain.hookable import hookable
from fashionviz.explain.kept import NotBuilt
from fashionviz.explain.split_items import split_items
from fashionviz.models.preprocess import to_input
from fashionviz.models.registry import get_model
from fashionviz.models.weights import load_trained
from tests.conftest import MODEL, make_weights
from tests.explain.test_channels import split  # noqa: F401  a fixture


def test_running_means_are_means(rng: np.random.Generator) -> None:
    values = rng.normal(size=(50, 3, 4))
    labels = rng.integers(0, 4, 50)
    labels[labels == 2] = 3
    means = RunningMeans.empty(4, (3, 4))
    for label, value in zip(labels, values, strict=True):
        means.add(int(label), value)
    for label in (0, 1, 3):
        assert means.means[label] == pytest.approx(values[labels == label].mean(axis=0))
        assert means.counts[label] == (labels == label).sum()
    assert means.counts[2] == 0
    assert not means.means[2].any()


@pytest.mark.parametrize(
    ("size", "classes", "expected"),
    [((160, 120), 6, (128, 96)), ((64, 48), 6, (64, 48)), ((28, 28), 11, (28, 28)), ((128, 96), 138, (38, 29))],
)
def test_the_size_that_is_kept(size: tuple[int, int], classes: int, expected: tuple[int, int]) -> None:
    assert stored_size(size, classes) == expected


def by_hand() -> tuple[np.ndarray, np.ndarray, np.ndarray, list[int]]:
    """Mean photo, signed mean and mean magnitude of Men/Apparel among the drawn items, at the input's size."""
    spec = get_model(MODEL)
    network, _ = load_trained(MODEL)
    method = GuidedBackprop(hookable(network, torch.zeros(1, 3, *spec.input_size)))
    men = [i for i in range(12) if i % 3 and i not in (5, 7)]  # 5 cannot be read, 7 has no label
    photos, values = [], []
    for i in men:
        x, boxed, _ = to_input(draw("dress" if i % 2 else "hat", i), spec.input_size, spec.mean, spec.std)
        photos.append(boxed)
        values.append(method.attribute(x[None].requires_grad_(), target=2)[0].detach().numpy())
    magnitude = [np.abs(v).max(axis=0) for v in values]
    return np.mean(photos, axis=0), np.mean(values, axis=0), np.mean(magnitude, axis=0), men


def shrunk(values: np.ndarray) -> np.ndarray:
    return torch.nn.functional.adaptive_avg_pool2d(torch.from_numpy(values)[None].float(), (128, 96))[0].numpy()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_averages_are_those_of_captum_and_numpy(weights: Path, split: Path, cache: Path) -> None:  # noqa: F811
    made = build_averages(MODEL, split, batch=4)
    photo, signed, magnitude, men = by_hand()
    assert made.method == "guided-backprop"
    assert made.counts.tolist() == [0, 0, len(men), 4, 0, 0]
    assert made.signed[2] == pytest.approx(shrunk(signed), rel=1e-3, abs=1e-3 * float(np.abs(signed).max()))
    assert made.magnitude[2] == pytest.approx(shrunk(magnitude[None])[0], rel=1e-3, abs=1e-3 * float(magnitude.max()))
    assert np.abs(made.photos[2] - shrunk(photo.transpose(2, 0, 1)).transpose(1, 2, 0)).max() <= 0.51
    save_averages(made, weights / MODEL)
    read = load_averages(MODEL)
    step = np.abs(made.signed[2]).max() / 127
    assert np.abs(read.signed[2] - made.signed[2]).max() <= 0.51 * step, "8 bits with a scale a class"
    assert (read.counts == made.counts).all()
    assert read.source == made.source
    assert not read.signed[0].any()
    assert not list(cache.rglob("*.npz")), "the note of how far it was goes when it is done"


def test_a_stopped_job_goes_on(weights: Path, split: Path, cache: Path) -> None:  # noqa: F811
    whole = build_averages(MODEL, split, batch=2)
    stop = threading.Event()
    with pytest.raises(Cancelled):
        build_averages(
            MODEL, split, batch=2, progress=lambda done, total: stop.set() if done >= 4 else None, cancel=stop
        )
    assert list(cache.rglob("*.npz"))
    seen: list[int] = []
    again = build_averages(MODEL, split, batch=2, progress=lambda done, total: seen.append(done))
    assert seen[0] > 4, "it does not start over"
    assert again.counts.tolist() == whole.counts.tolist()
    assert again.signed == pytest.approx(whole.signed, rel=1e-5, abs=1e-9)


def test_right_answers_only_and_a_limit(weights: Path, split: Path, cache: Path) -> None:  # noqa: F811
    right = build_averages(MODEL, split, right_only=True)
    spec = get_model(MODEL)
    network, _ = load_trained(MODEL)
    items = split_items(spec, split)
    count = 0
    for identifier, labels in zip(items.ids, items.labels, strict=True):
        i = int(identifier) - 100
        if i != 5:
            x, _, _ = to_input(draw("dress" if i % 2 else "hat", i), spec.input_size, spec.mean, spec.std)
            count += int(network(x[None]).argmax()) in labels
    assert right.counts.sum() == count
    assert build_averages(MODEL, split, limit=2).source.n == 4
    with pytest.raises(DataError, match="gives tags"):
        build_averages("mobilenet_v2.street_tags", split, right_only=True)


def test_averages_of_other_weights_are_not_shown(weights: Path, split: Path, cache: Path) -> None:  # noqa: F811
    save_averages(build_averages(MODEL, split, limit=1), weights / MODEL)
    make_weights(weights, seed=1)
    with pytest.raises(NotBuilt, match="other weights"):
        load_averages(MODEL)
