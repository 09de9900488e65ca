"""Drawing over the API: the engine's pixels in every format, walks, streams, and what is refused."""

from __future__ import annotations

import base64
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from starlette.testclient import TestClient

from apps.api import drawing
from fashionviz.errors import Overloaded
from fashionviz.generate.files import grid_picture
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from tests.apps.api.calls import API, error_of, post
from tests.drawn import CONDITIONAL, PLAIN, make_generator


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("drawn")
    for name in (CONDITIONAL, PLAIN):
        make_generator(folder, name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASHIONVIZ_WEIGHTS", str(folder))
        made = Engine(EngineConfig(device="cpu"))
        yield made
        made.close()


def pixels(data: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(data)) as picture:
        assert not picture.info
        return np.asarray(picture)


def unpacked(rows: list[dict[str, Any]]) -> list[NDArray[np.uint8]]:
    return [pixels(base64.b64decode(row["png"])) for row in rows]


def ask(client: TestClient, call: str, **asked: Any) -> Any:
    return client.post(f"{API}/{call}", json=asked)


def test_generators_are_listed_and_untrained_ones_say_so(client: TestClient, engine: Engine) -> None:
    listed = client.get(f"{API}/generators").json()
    assert [row["name"] for row in listed] == [info.name for info in engine.generators()]
    assert listed[0]["default"]
    assert listed[0]["sha256"] == engine.generator().sha256
    assert {row["name"] for row in listed if not row["trained"]} == {"dcgan.men_apparel", "dcgan.women_accessories"}


def test_every_format_has_the_engines_pixels(client: TestClient, engine: Engine) -> None:
    asked = {"model": CONDITIONAL, "n": 3, "seed": 40, "truncation": 0.8}
    expected = engine.generate(CONDITIONAL, seed=40, n=3, truncation=0.8)
    body = ask(client, "generate", **asked).json()
    assert (body["model"], body["sha256"], body["n"], body["truncation"]) == (
        CONDITIONAL, expected.model.sha256, 3, 0.8,
    )  # fmt: skip
    assert [(row["point"], row["class"]) for row in body["drawings"]] == [(d.point, d.label) for d in expected.drawings]
    assert (np.stack(unpacked(body["drawings"])) == expected.pixels).all()
    grid = ask(client, "generate", **asked, format="grid")
    assert grid.headers["content-type"] == "image/png"
    assert grid.headers["x-fashionviz-weights"] == expected.model.sha256
    assert (pixels(grid.content) == grid_picture(expected.pixels)).all()
    with zipfile.ZipFile(io.BytesIO(ask(client, "generate", **asked, format="zip").content)) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        for row, drawn in zip(manifest["drawings"], expected.pixels, strict=True):
            assert (pixels(archive.read(row["file"])) == drawn).all()


def test_a_stream_has_a_line_a_batch_and_the_same_pixels(client: TestClient, engine: Engine) -> None:
    answer = ask(client, "generate", model=PLAIN, n=20, seed=5, format="ndjson")
    assert answer.headers["content-type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [(line["done"], line["total"], len(line["drawings"])) for line in lines] == [(16, 20, 16), (20, 20, 4)]
    drawn = [picture for line in lines for picture in unpacked(line["drawings"])]
    assert (np.stack(drawn) == engine.generate(PLAIN, seed=5, n=20).pixels).all()


def test_a_stream_that_breaks_off_says_why_in_its_last_line(client: TestClient, replace: Any, engine: Engine) -> None:
    calls = []

    def second_fails(*args: Any, **options: Any) -> Any:
        calls.append(options)
        if len(calls) > 1:
            raise Overloaded("Too many wait. Please try again.", 5.0)
        return engine.generate(*args, **options)

    replace(generate=second_fails)
    lines = [json.loads(line) for line in ask(client, "generate", n=40, format="ndjson").text.splitlines()]
    assert lines[0]["done"] == 16
    assert lines[1:] == [{"error": {"code": "overloaded", "message": "Too many wait. Please try again."}}]


@pytest.mark.parametrize("kind", ["gif", "webp", "mp4", "png"])
def test_a_walk_in_every_format(client: TestClient, engine: Engine, kind: str) -> None:
    answer = ask(client, "interpolate", points=["1", "2>3@0.5"], classes=["Men/Other", None], steps=2, format=kind)
    walk = engine.walk(["1", "2>3@0.5"], labels=["Men/Other", None], steps=2)
    assert answer.status_code == 200
    assert answer.headers["x-fashionviz-frames"] == "4"
    if kind == "png":
        assert (pixels(answer.content) == np.concatenate(list(walk.frames), axis=1)).all()
    elif kind == "mp4":
        with av.open(io.BytesIO(answer.content)) as film:
            assert len(list(film.decode(video=0))) == 4
    else:
        with Image.open(io.BytesIO(answer.content)) as film:
            assert (film.format, film.n_frames) == (kind.upper(), 4)


def test_a_formation_ends_in_the_picture(client: TestClient, engine: Engine) -> None:
    body = ask(client, "formation", point="7", **{"class": "Men/Other"}).json()
    drawn = engine.generate(points=["7"], label="Men/Other").pixels[0]
    assert tuple(stage["name"] for stage in body["stages"]) == engine.drawing_stages()
    last = body["stages"][-1]["maps"]
    maps = np.frombuffer(base64.b64decode(last["data"]), "<f4").reshape(last["shape"])
    assert np.abs((maps.transpose(1, 2, 0) + 1) * 127.5 - drawn).max() <= 0.51
    assert (pixels(base64.b64decode(body["png"])) == drawn).all()


def test_a_photos_latent_draws_what_was_found(client: TestClient) -> None:
    found = post(client, "/invert", steps="3", model=PLAIN).json()
    assert (found["file"], found["steps"], len(found["distances"])) == ("dress.png", 3, 3)
    again = ask(client, "generate", model=PLAIN, points=[found["point"]]).json()
    assert again["drawings"][0]["png"] == found["png"]
    picture = post(client, "/invert", steps="3", model=PLAIN, format="png")
    assert picture.headers["x-fashionviz-point"] == found["point"]
    assert (pixels(picture.content) == unpacked([found])[0]).all()


@pytest.mark.parametrize(
    ("call", "asked", "status", "words"),
    [
        ("generate", {"n": 257}, 422, "One to 256 pictures"),
        ("generate", {"n": 257, "format": "ndjson"}, 422, "One to 256 pictures"),
        ("generate", {"n": 0}, 422, "One to 256 pictures"),
        ("generate", {"class": "Dogs"}, 422, "draws no 'Dogs'"),
        ("generate", {"class": "Dogs", "format": "ndjson"}, 422, "draws no 'Dogs'"),
        ("generate", {"points": ["seven"]}, 422, "is no point"),
        ("generate", {"truncation": 9}, 422, "The truncation"),
        ("generate", {"seed": -1}, 422, "A seed is"),
        ("generate", {"seed": "a"}, 422, "'seed'"),
        ("generate", {"format": "bmp"}, 422, "'format'"),
        ("generate", {"klass": "x"}, 422, "'klass'"),
        ("generate", {"model": "dcgan.men_apparel"}, 409, "no weights"),
        ("generate", {"model": "dcgan.hats"}, 404, "There is no generator"),
        ("interpolate", {"points": ["1"]}, 422, "2 to 8 points"),
        ("interpolate", {"points": ["1", "2"], "steps": 61}, 422, "2 to 60 steps"),
        ("interpolate", {"points": ["1", "2"], "classes": ["Men/Other"]}, 422, "as many classes"),
        ("interpolate", {}, 422, "'points' is missing"),
        ("formation", {"point": "z:AAAA", "class": "Men/Other"}, 422, "numbers"),
    ],
)
def test_what_cannot_be_drawn_is_said(
    client: TestClient, call: str, asked: dict[str, Any], status: int, words: str
) -> None:
    answer = ask(client, call, **asked)
    assert answer.status_code == status
    assert words in error_of(answer)[1]


def test_a_body_that_is_no_json_is_said(client: TestClient) -> None:
    answer = client.post(f"{API}/generate", content=b"{", headers={"content-type": "application/json"})
    assert (answer.status_code, error_of(answer)[1]) == (422, "The body is no JSON that can be read.")


def test_a_full_house_is_429(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "_places", threading.BoundedSemaphore(1))
    with drawing._place():
        for call, asked in (("generate", {"n": 1}), ("generate", {"n": 1, "format": "ndjson"}),
                            ("interpolate", {"points": ["1", "2"]}), ("formation", {"point": "1"})):  # fmt: skip
            answer = ask(client, call, **asked)
            assert answer.status_code == 429
            assert answer.headers["retry-after"] == "3"
    assert ask(client, "generate", n=1).status_code == 200


def test_a_bad_photo_has_no_latent(client: TestClient) -> None:
    answer = post(client, "/invert", data=b"no picture")
    assert (answer.status_code, error_of(answer)[0]) == (415, "unsupported_format")
    answer = post(client, "/invert", steps="0")
    assert (answer.status_code, "1 to 1000 steps" in error_of(answer)[1]) == (422, True)
