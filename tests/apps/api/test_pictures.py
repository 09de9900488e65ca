"""The API's explanations, filters and activations: the engine's values as picture, JSON and NumPy file."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from fashionviz import images
from fashionviz.figures import pictures
from fashionviz.inference.engine import Engine
from fashionviz.serialise import array_from_json
from tests.apps.api.calls import API, NAME, PNG, error_of, post


def test_explain_gives_the_same_values_in_every_format(client: TestClient, engine: Engine) -> None:
    expected = engine.explain(images.decode(PNG), method="guided-backprop", target="Men/Apparel")
    as_json = post(client, "/explain", target="Men/Apparel", format="json").json()
    as_npy = post(client, "/explain", target="Men/Apparel", format="npy")
    assert as_json["target"] == "Men/Apparel"
    assert as_json["values"]["shape"] == [3, 160, 120]
    np.testing.assert_allclose(array_from_json(as_json["values"]), expected.values, atol=1e-6)
    loaded = np.load(io.BytesIO(as_npy.content), allow_pickle=False)
    assert loaded.dtype == np.float32
    np.testing.assert_allclose(loaded, expected.values, atol=1e-6)
    assert as_json["placement"]["frame"] == [160, 120]


@pytest.mark.parametrize("style", ["colour", "signed", "overlay"])
def test_explain_picture_is_the_figure(client: TestClient, engine: Engine, style: str) -> None:
    response = post(client, "/explain", method="gradient", target="Women/Apparel", style=style)
    assert response.headers["content-type"] == "image/png"
    assert response.headers["x-fashionviz-target"] == "Women/Apparel"
    assert response.headers["x-fashionviz-method"] == "gradient"
    assert 0 <= float(response.headers["x-fashionviz-probability"]) <= 1
    result = engine.explain(images.decode(PNG), method="gradient", target="Women/Apparel")
    expected = pictures.enlarge(getattr(pictures, f"attribution_{style}")(result), 640).astype(int)
    got = np.asarray(Image.open(io.BytesIO(response.content))).astype(int)
    assert got.shape == expected.shape
    assert np.abs(got - expected).max() <= 1


def test_explain_without_a_target_takes_the_top_class(client: TestClient) -> None:
    top = post(client, "/predict").json()["predictions"][0]["label"]
    assert post(client, "/explain?format=json").json()["target"] == top


def test_filters_as_picture_and_numbers(client: TestClient, engine: Engine) -> None:
    bank = engine.filters()
    as_json = client.get(f"{API}/filters?format=json").json()
    assert as_json["first"]
    np.testing.assert_array_equal(array_from_json(as_json["weights"]), bank.weights)
    as_npy = np.load(io.BytesIO(client.get(f"{API}/filters?format=npy").content), allow_pickle=False)
    np.testing.assert_array_equal(as_npy, bank.weights)
    picture = client.get(f"{API}/filters", params={"model": NAME})
    assert picture.headers["x-fashionviz-layer"] == "features.0.0"
    assert Image.open(io.BytesIO(picture.content)).size == (405, 201)
    deeper = client.get(f"{API}/filters", params={"layer": "features.1.conv.1", "format": "json"}).json()
    assert not deeper["first"]


def test_filters_of_a_layer_without_any_is_422(client: TestClient) -> None:
    response = client.get(f"{API}/filters", params={"layer": "features.0.1"})
    assert response.status_code == 422
    assert error_of(response)[0] == "invalid_request"


def test_activations_in_every_format(client: TestClient, engine: Engine) -> None:
    expected = engine.activations(images.decode(PNG), layer="features.3").maps
    every = post(client, "/activations", layer="features.3", format="json").json()
    assert every["channels"] == len(expected)
    np.testing.assert_allclose(array_from_json(every["maps"]), expected, atol=1e-5)
    one = post(client, "/activations", layer="features.3", channel="5", format="npy")
    np.testing.assert_allclose(np.load(io.BytesIO(one.content)), expected[5:6], atol=1e-5)
    grid = post(client, "/activations", layer="features.3")
    large = post(client, "/activations", layer="features.3", channel="5")
    assert grid.headers["x-fashionviz-channels"] == str(len(expected))
    assert Image.open(io.BytesIO(grid.content)).size != Image.open(io.BytesIO(large.content)).size
