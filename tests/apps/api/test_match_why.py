"""REST: why an item is like a garment."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from apps.api import get_engine
from fashionviz.images import decode
from fashionviz.inference.engine import Engine
from fashionviz.match.catalogue import create_catalogue, facts_for, open_catalogue
from fashionviz.match.results import CatalogueItem
from fashionviz.match.store import NewItem
from fashionviz.match.why import why_match
from fashionviz.results import ModelRef
from tests.apps.api.calls import API, NAME, error_of, post
from tests.match.shop import EMBEDDER, PHOTO, open_shop

ASKED = {"catalogue": "shop", "item": "two.png", "method": "gradient"}


@pytest.fixture(scope="module")
def shop(app: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The shop behind the API, and a catalogue of a classifier's features."""
    root = tmp_path_factory.mktemp("why")
    with pytest.MonkeyPatch.context() as patch:
        engine, _ = open_shop(root / "weights", root / "catalogues", patch)
        facts = facts_for(ModelRef(NAME, "b" * 64), 4, cropper="whole photo", source="a test")
        plain = create_catalogue(root / "catalogues" / "plain", facts)
        with plain.writer() as writer:
            writer.add([NewItem(CatalogueItem("x"), np.array([1, 0, 0, 0], np.float32))])
        before = app.dependency_overrides[get_engine]
        app.dependency_overrides[get_engine] = lambda: engine
        yield engine
        app.dependency_overrides[get_engine] = before
        engine.close()


def test_the_answer_is_the_librarys(client: TestClient, shop: Engine) -> None:
    answer = post(client, "/match/why", PHOTO, **ASKED, box="10,20,80,110")
    body = answer.json()
    expected = why_match(
        decode(PHOTO), open_catalogue("shop"), "two.png", shop, box=(10, 20, 80, 110), method="gradient"
    )
    found = expected.explanation
    assert (body["model"], body["sha256"], body["method"]) == (EMBEDDER, found.model.sha256, "gradient")
    assert (body["item"]["id"], body["catalogue"], body["box"]) == ("two.png", "shop", [10, 20, 80, 110])
    assert body["similarity"] == pytest.approx(found.similarity, abs=1e-6)
    for name, values in (("query", found.query), ("match", found.item)):
        sent = body[name]["values"]
        array = np.frombuffer(base64.b64decode(sent["data"]), "<f4").reshape(sent["shape"])
        assert array == pytest.approx(values, abs=1e-6)
    assert answer.headers["X-Fashionviz-Weights"] == found.model.sha256
    assert float(answer.headers["X-Fashionviz-Similarity"]) == pytest.approx(found.similarity, abs=1e-6)
    in_query = client.post(
        f"{API}/match/why?catalogue=shop&item=two.png&method=gradient&box=10,20,80,110", files={"file": ("a", PHOTO)}
    )
    assert in_query.json()["similarity"] == body["similarity"]


def test_as_a_picture_and_as_an_array(client: TestClient, shop: Engine) -> None:
    pages = []
    for style in ("overlay", "signed"):
        answer = post(client, "/match/why", PHOTO, **ASKED, format="png", style=style)
        assert answer.headers["content-type"] == "image/png"
        pages.append(Image.open(io.BytesIO(answer.content)))
        assert pages[-1].width > pages[-1].height
    assert pages[0].tobytes() != pages[1].tobytes()
    raw = post(client, "/match/why", PHOTO, **ASKED, format="npy")
    assert np.load(io.BytesIO(raw.content)).shape == (2, 3, 128, 96)


@pytest.mark.parametrize(
    ("fields", "status", "code", "sentence"),
    [
        ({"catalogue": ""}, 422, "invalid_request", "'catalogue' is missing"),
        ({"item": ""}, 422, "invalid_request", "'item' is missing"),
        ({"item": "nine"}, 404, "unknown_item", "no item 'nine'"),
        ({"catalogue": "nowhere"}, 404, "unknown_catalogue", "there are plain, shop"),
        ({"method": "wishes"}, 422, "invalid_request", "no method 'wishes'"),
        ({"catalogue": "plain", "item": "x"}, 409, "not_explained", "features of the classifier"),
        ({"box": "200,200,300,300"}, 422, "image_too_small", "at least 8×8"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    client: TestClient, shop: Engine, fields: dict[str, str], status: int, code: str, sentence: str
) -> None:
    answer = post(client, "/match/why", PHOTO, **ASKED | fields)
    assert answer.status_code == status
    found, message = error_of(answer)
    assert (found, sentence in message) == (code, True), message
