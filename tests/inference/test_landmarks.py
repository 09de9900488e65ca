"""Landmarks of a photo by the engine, the command line and the API, and as pictures."""

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient
from typer.testing import CliRunner

from apps.api import get_engine
from apps.server import create_app
from fashionviz.cli import app
from fashionviz.data.landmarks.derive import from_photo
from fashionviz.data.landmarks.kinds import LANDMARKS, NOTE_LEARNED, Kind
from fashionviz.data.landmarks.sheet import COLOURS
from fashionviz.errors import InvalidRequest, ModelNotTrained
from fashionviz.figures.landmarks import heat_picture, landmark_picture
from fashionviz.images import encode_png, from_pixels
from fashionviz.inference.engine import Engine
from tests.data.test_landmarks_catalogue import person
from tests.landmark_network import MODEL, landmark_engine

WORN = from_photo(person(), Kind.UPPER)
PIXELS = WORN.points * [168, 224]


@pytest.fixture(scope="module")
def finding(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = landmark_engine(tmp_path_factory.mktemp("weights"))
    yield engine
    engine.close()


def test_places_are_in_pixels_of_the_photo(finding: Engine) -> None:
    result = finding.landmarks(from_pixels(person()))
    assert result.model.name == MODEL
    assert [mark.name for mark in result.found] == list(LANDMARKS)
    for mark, (x, y) in zip(result.found, PIXELS, strict=True):
        assert mark.present == bool(np.isfinite(x))
        if mark.present:
            assert (mark.x, mark.y) == pytest.approx((x, y), abs=1)
    assert result.heat.sum(axis=(1, 2)) == pytest.approx(1, abs=1e-4)
    assert result.timings.as_dict()["compute"] > 0


def test_a_region_is_asked_about_in_the_same_pixels(finding: Engine) -> None:
    wide = np.full((300, 400, 3), 255, np.uint8)
    wide[40:264, 100:268] = person()
    result = finding.landmarks(from_pixels(wide), MODEL, box=(268, 264, 100, 40))
    for mark, (x, y) in zip(result.found, PIXELS, strict=True):
        if mark.present:
            assert (mark.x, mark.y) == pytest.approx((x + 100, y + 40), abs=1)
    beyond = finding.landmarks(from_pixels(wide), MODEL, box=(-50, -50, 100, 100))
    assert all(0 <= mark.x <= 100 and 0 <= mark.y <= 100 for mark in beyond.found)


def test_models_without_landmarks_say_which_have_some(finding: Engine, engine: Engine) -> None:
    with pytest.raises(InvalidRequest, match=f"finds no landmarks. These do: .*{MODEL}"):
        finding.landmarks(from_pixels(person()), "mobilenet_v2.gender_category")
    with pytest.raises(ModelNotTrained):
        engine.landmarks(from_pixels(person()))


def test_pictures_show_what_was_found(finding: Engine) -> None:
    photo = person()
    result = finding.landmarks(from_pixels(photo))
    dots = landmark_picture(result, photo, longest=896)  # four times as large
    for mark in result.found:
        x, y = round(mark.x * 4), round(mark.y * 4)
        colour = tuple(int(COLOURS[mark.part][i : i + 2], 16) for i in (1, 3, 5))
        assert (tuple(dots[y, x]) == colour) == mark.present, mark.name
    heat = heat_picture(result, "left_hem").astype(int)
    place = result.view.placement
    x, y = (round(PIXELS[6][i] * place.height / 224) for i in (0, 1))
    tint = np.ptp(heat, axis=2)  # the photo is grey, heat is not
    assert tint[y - 2 : y + 3, x - 2 : x + 3].max() > 100, "heat at the hem"
    assert tint[y - 2 : y + 3, x + 38 : x + 43].max() < 20, "none beside it"
    sure = np.zeros_like(result.heat)
    sure[:, 150, 150] = 1  # a network that is sure of a single pixel
    tint = np.ptp(heat_picture(replace(result, heat=sure), "left_hem").astype(int), axis=2)
    assert 25 < (tint > 100).sum() < tint.size / 50, "a spot that can be seen"
    with pytest.raises(KeyError):
        heat_picture(result, "left_pocket")


def test_the_command_prints_and_draws(finding: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fashionviz.inference.engine.shared_engine", lambda: finding)
    (tmp_path / "worn.png").write_bytes(encode_png(person()))
    photo = str(tmp_path / "worn.png")
    said = CliRunner().invoke(app, ["landmarks", photo, "--json", "--out", str(tmp_path / "o.npy")])
    assert said.exit_code == 0, said.output
    facts = json.loads(said.stdout)
    assert facts["note"] == NOTE_LEARNED
    assert [m["name"] for m in facts["landmarks"] if m["present"]] == [
        name for name, (x, _) in zip(LANDMARKS, PIXELS, strict=True) if np.isfinite(x)
    ]
    assert np.load(tmp_path / "o.npy").shape == (8, 299, 299)
    said = CliRunner().invoke(app, ["landmarks", photo, "-o", str(tmp_path / "o.png")])
    assert "left collar" in said.output
    assert Image.open(tmp_path / "o.png").size == (720, 960)
    refused = CliRunner().invoke(app, ["landmarks", photo, "-o", str(tmp_path / "o.gif")])
    assert refused.exit_code == 2, refused.output
    assert "must end in .png" in refused.output


def test_the_api_answers(finding: Engine) -> None:
    served = create_app(lab=False, studio=False)
    served.dependency_overrides[get_engine] = lambda: finding
    with TestClient(served) as client:
        files = {"file": ("worn.png", encode_png(person()), "image/png")}
        answer = client.post("/api/v1/landmarks", files=files)
        assert answer.status_code == 200, answer.text
        assert answer.json()["landmarks"][0]["name"] == "left_collar"
        for query in ("?format=png", "?format=png&name=left_hem"):
            drawn = client.post(f"/api/v1/landmarks{query}", files=files)
            assert drawn.headers["content-type"] == "image/png"
            assert min(Image.open(io.BytesIO(drawn.content)).size) > 200
        refused = client.post("/api/v1/landmarks?name=left_pocket", files=files)
        assert refused.status_code == 422
        assert "left_collar" in refused.json()["error"]["message"]
        other = client.post("/api/v1/landmarks?model=mobilenet_v2.gender_category", files=files)
        assert other.status_code == 422
