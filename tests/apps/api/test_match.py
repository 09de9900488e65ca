"""REST: catalogues, their items' pictures, and matching a photo."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from apps.api import match as module
from fashionviz.images import encode_png
from fashionviz.match.build import build
from fashionviz.match.catalogue import create_catalogue, facts_for
from fashionviz.match.sources import MemorySource
from fashionviz.results import ModelRef
from tests.apps.api.calls import API, error_of, post
from tests.match.fakes import DIM, Colours


def flat(*colour: int) -> bytes:
    return encode_png(np.full((30, 40, 3), colour, np.uint8))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Two items, one with a slash in its id; another catalogue of other weights; a damaged one."""
    root = tmp_path_factory.mktemp("catalogues")
    colours = create_catalogue(root / "colours", facts_for(Colours.ref, DIM, cropper="whole photo", source="a test"))
    items = [("warm/red é.png", flat(230, 20, 20)), ("blue.png", flat(20, 20, 230))]
    build(colours, MemorySource(items, "a test"), Colours())
    facts = facts_for(ModelRef("colours.item", "b" * 64), DIM, cropper="whole photo", source="a test")
    create_catalogue(root / "old", facts)
    (root / "damaged").mkdir()
    (root / "damaged" / "catalogue.sqlite").write_bytes(b"nothing")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASHIONVIZ_CATALOGUES", str(root))
        patch.setattr(module, "embedder_for", lambda engine, name=None: Colours())
        yield root


def test_catalogues_are_listed_without_the_damaged_one(client: TestClient, root: Path) -> None:
    listed = client.get(f"{API}/catalogues").json()
    assert [one["name"] for one in listed] == ["colours", "old"]
    assert listed[0]["items"] == 2
    assert client.get(f"{API}/catalogues/colours").json() == listed[0]
    assert "/" not in "".join(str(value) for value in listed[0].values())  # no place on this machine


def test_an_items_picture(client: TestClient, root: Path) -> None:
    answer = client.get(f"{API}/catalogues/colours/items/warm/red%20%C3%A9.png/thumbnail")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/webp"
    assert Image.open(io.BytesIO(answer.content)).size == (40, 30)


def test_the_whole_photo_or_a_region_is_matched(client: TestClient, root: Path) -> None:
    body = post(client, "/match", flat(210, 30, 30), catalogue="colours", whole="true").json()
    assert [m["id"] for m in body["items"][0]["matches"]] == ["warm/red é.png", "blue.png"]
    assert body["items"][0]["matches"][0]["probability"] is None
    assert body["calibrated"] is False
    assert body["sha256"] == Colours.ref.sha256
    half = post(client, "/match", flat(20, 20, 200), catalogue="colours", box="0,0,20,30", k="1").json()
    assert half["items"][0]["box"] == [0, 0, 20, 30]
    assert [m["id"] for m in half["items"][0]["matches"]] == ["blue.png"]
    asked = client.post(f"{API}/match?catalogue=colours&whole=1&k=1", files={"file": ("a.png", flat(9, 9, 200))})
    assert asked.json()["items"] == [{**half["items"][0], **asked.json()["items"][0]}]


@pytest.mark.parametrize(
    ("fields", "status", "code", "sentence"),
    [
        ({"whole": "true"}, 422, "invalid_request", "'catalogue' is missing"),
        ({"catalogue": "colours"}, 409, "no_detector", "No trained detector"),
        ({"catalogue": "none", "whole": "true"}, 404, "unknown_catalogue", "there are colours, damaged, old"),
        ({"catalogue": "../x", "whole": "true"}, 422, "invalid_request", "no name of a catalogue"),
        ({"catalogue": "old", "whole": "true"}, 409, "embedder_mismatch", "other weights of colours.item"),
        ({"catalogue": "damaged", "whole": "true"}, 503, "catalogue_damaged", "is damaged"),
        ({"catalogue": "colours", "whole": "true", "box": "0,0,9,9"}, 422, "invalid_request", "exclude each other"),
        ({"catalogue": "colours", "whole": "true", "k": "0"}, 422, "invalid_request", "'k' is wrong"),
        ({"catalogue": "colours", "whole": "true", "k": "101"}, 422, "invalid_request", "'k' is wrong"),
        ({"catalogue": "colours", "whole": "true", "category": "hot"}, 422, "invalid_request", "no category 'hot'"),
        ({"catalogue": "colours", "box": "100,100,200,200"}, 422, "image_too_small", "at least 8×8"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    client: TestClient, root: Path, fields: dict[str, str], status: int, code: str, sentence: str
) -> None:
    answer = post(client, "/match", flat(1, 2, 3), **fields)
    assert answer.status_code == status
    found, message = error_of(answer)
    assert (found, sentence in message) == (code, True), message


def test_pictures_that_are_not_there(client: TestClient, root: Path) -> None:
    for path, code in (
        ("none/items/a", "unknown_catalogue"),
        ("colours/items/none", "unknown_item"),
        ("colours/items/..%2F..%2Fcatalogue.sqlite", "unknown_item"),
        ("Colours/items/a", "invalid_request"),
    ):
        answer = client.get(f"{API}/catalogues/{path}/thumbnail")
        assert answer.status_code in (404, 422)
        assert error_of(answer)[0] == code
