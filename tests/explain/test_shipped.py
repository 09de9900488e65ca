"""What ships beside the weights was made with them, is whole, and stays small."""

from __future__ import annotations

import numpy as np
import pytest

from fashionviz.explain import averages, channels, embedding_map
from fashionviz.models.registry import get_model
from fashionviz.models.weights import model_folder
from tests.conftest import TRAINED

FILES = (channels.FILE, averages.FILE, embedding_map.FILE)


def having(file: str) -> list[str]:
    return [name for name in TRAINED if (model_folder(name) / file).exists()]


def test_together_they_are_small() -> None:
    sizes = [(model_folder(name) / file).stat().st_size for file in FILES for name in having(file)]
    assert sum(sizes) < 16 * 2**20
    assert max(sizes, default=0) < 3 * 2**20  # ResNet-152 has 123,590 channels


@pytest.mark.parametrize("name", having(channels.FILE))
def test_an_index_fits_its_weights(name: str) -> None:
    index = channels.load_index(name)
    assert len(index.ids) == index.source.n
    for layer in index.layers:
        values, places = index.values[layer], index.places[layer]
        assert np.isfinite(values).all(), layer
        assert (np.diff(values, axis=1) <= 0).all(), "strongest first"
        assert places.min() >= 0
        assert places.max() < len(index.ids)
        assert all(len(set(row)) == len(row) for row in places.tolist()), "no item twice"


@pytest.mark.parametrize("name", having(averages.FILE))
def test_averages_fit_their_weights(name: str) -> None:
    found = averages.load_averages(name)
    assert found.classes == get_model(name).task.classes
    assert found.counts.sum() > 0
    assert np.isfinite(found.signed).all()
    assert (found.magnitude[found.counts > 0].max(axis=(1, 2)) > 0).all()
    assert (np.abs(found.signed).max(axis=1) <= found.magnitude * 1.01 + found.magnitude.max() / 100).all()


@pytest.mark.parametrize("name", having(embedding_map.FILE))
def test_a_map_fits_its_weights(name: str) -> None:
    found = embedding_map.load_map(name)
    assert len(set(found.ids)) == len(found.ids) == found.source.n
    assert np.isfinite(found.xy).all()
