"""The API's top items, averages and maps: as committed, and a sentence where there are none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from apps.api import get_engine
from apps.server import create_app
from fashionviz.explain.averages import save_averages
from fashionviz.explain.channels import ChannelIndex, save_index
from fashionviz.explain.embedding_map import save_map
from fashionviz.explore_results import ClassAverages, EmbeddingMap, Source
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from fashionviz.models.card import load_card
from fashionviz.models.registry import get_model
from fashionviz.results import ModelRef
from fashionviz.serialise import array_from_json
from tests.apps.api.calls import API, NAME, error_of


def write_made_up_files(folder: Path) -> ClassAverages:
    """An index of two layers, averages and a map of the report's items, beside the weights."""
    ref = ModelRef(folder.name, load_card(folder).sha256)
    source = Source("fpi", "test", 48)
    ids = tuple(f"item-{i}" for i in range(48))
    places = {layer: (np.arange(count)[:, None] + np.arange(9)) % 48 for layer, count in LAYERS.items()}
    values = {layer: np.tile(9 - np.arange(9, dtype=np.float32), (count, 1)) for layer, count in LAYERS.items()}
    save_index(ChannelIndex(ref, source, ids, places, values), folder)
    rng = np.random.default_rng(0)
    classes = get_model(folder.name).task.classes
    made = ClassAverages(
        ref, classes, "guided-backprop", False, source, np.array([8] * 5 + [0]),
        rng.integers(0, 255, (6, 16, 12, 3), dtype=np.uint8), rng.normal(size=(6, 3, 16, 12)).astype(np.float32),
        rng.random((6, 16, 12)).astype(np.float32),
    )  # fmt: skip
    save_averages(made, folder)
    save_map(EmbeddingMap(ref, source, "by hand", ids, rng.normal(size=(48, 2)).astype(np.float32)), folder)
    return made


LAYERS = {"features.0": 32, "features.18": 1280}


@pytest.fixture(scope="module")
def explored(random_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ClassAverages]:
    root = tmp_path_factory.mktemp("explored") / "weights"
    shutil.copytree(random_weights, root)
    return root, write_made_up_files(root / NAME)


@pytest.fixture(scope="module")
def asked(explored: tuple[Path, ClassAverages]) -> Iterator[TestClient]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASHIONVIZ_WEIGHTS", str(explored[0]))
        engine = Engine(EngineConfig(device="cpu"))
        app = create_app(lab=False, studio=False)
        app.dependency_overrides[get_engine] = lambda: engine
        with TestClient(app) as client:
            yield client
        engine.close()


def test_top_items_of_a_channel(asked: TestClient) -> None:
    body = asked.get(f"{API}/models/{NAME}/channels?layer=features.18&channel=45").json()
    assert body["source"] == {"data_set": "fpi", "split": "test", "n": 48, "limit": None}
    assert body["items"][0] == {"id": "item-45", "value": 9.0}
    assert body["items"][3] == {"id": "item-0", "value": 6.0}
    listed = asked.get(f"{API}/models/{NAME}/channels").json()
    assert {row["layer"]: row["channels"] for row in listed["layers"]} == LAYERS


@pytest.mark.parametrize("query", ["layer=features.18", "layer=features.18&channel=1280", "layer=nope&channel=0"])
def test_channels_that_there_are_not(asked: TestClient, query: str) -> None:
    answer = asked.get(f"{API}/models/{NAME}/channels?{query}")
    assert answer.status_code == 422
    assert error_of(answer)[0] == "invalid_request"


def test_averages_as_arrays_and_as_a_picture(asked: TestClient, explored: tuple[Path, ClassAverages]) -> None:
    made = explored[1]
    body = asked.get(f"{API}/models/{NAME}/averages").json()
    assert [row["n"] for row in body["classes"]] == made.counts.tolist()
    assert np.abs(array_from_json(body["signed"]) - made.signed).max() < np.abs(made.signed).max() / 250
    assert array_from_json(body["photos"]) == pytest.approx(made.photos / 255, abs=1e-6)
    picture = asked.get(f"{API}/models/{NAME}/averages?format=png&look=signed")
    assert picture.headers["content-type"] == "image/png"
    assert picture.headers["X-Fashionviz-Weights"] == made.model.sha256


def test_a_map_has_every_item(asked: TestClient) -> None:
    body = asked.get(f"{API}/models/{NAME}/embedding-map").json()
    assert len(body["items"]) == 48
    assert body["method"] == "by hand"


@pytest.mark.parametrize("what", ["channels", "averages", "embedding-map"])
def test_what_was_not_made_is_a_sentence(client: TestClient, what: str) -> None:
    answer = client.get(f"{API}/models/{NAME}/{what}")
    assert answer.status_code == 404
    code, message = error_of(answer)
    assert code == "not_built"
    assert f"fashionviz {what} {NAME}" in message
