"""One photo, four doors: command line, REST, Gradio and Streamlit give the same numbers for it, classes or tags."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
from fastapi.testclient import TestClient
from gradio_client import Client, handle_file
from PIL import Image
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

import fashionviz.inference.engine as engines
from apps.lab.app import build_lab, mount_options
from apps.server import create_app
from fashionviz import images
from fashionviz.cli import app as command
from fashionviz.data.examples import draw
from fashionviz.evaluation.tagging import Tagged
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from tests.conftest import MODEL, TAGGER
from tests.ports import free_port

MAIN = str(Path(__file__).resolve().parents[1] / "apps" / "studio" / "main.py")
#: On one device, dtype and batch.
SAME = 1e-6


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A JPEG on its side, as a phone stores it."""
    path = tmp_path_factory.mktemp("photo") / "dress.jpg"
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(np.rot90(draw("dress", 5)).copy()).save(path, "JPEG", quality=90, exif=exif)
    return path


@pytest.fixture(scope="module")
def engine(
    random_weights: Path, random_tagger: tuple[Path, Tagged], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """The one engine of the process, as in the suite, over a classifier and a tagger."""
    both = tmp_path_factory.mktemp("both")
    for root in (random_weights, random_tagger[0]):
        copytree(root, both, dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASHIONVIZ_WEIGHTS", str(both))
        patch.setenv("FASHIONVIZ_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        made = Engine(EngineConfig(device="cpu"))
        patch.setattr(engines, "_shared", made)
        yield made
        made.close()


@pytest.fixture(scope="module")
def expected(engine: Engine, photo: Path) -> dict[str, float]:
    """What the engine itself says."""
    return {s.label: s.probability for s in engine.predict(images.decode(photo.read_bytes())).scores}


@pytest.fixture(scope="module")
def tags(engine: Engine, photo: Path) -> dict[str, float]:
    """What the engine itself says of every tag."""
    answer = engine.predict(images.decode(photo.read_bytes()), TAGGER)
    assert answer.tags
    return {s.label: s.probability for s in answer.scores}


def close(answer: dict[str, float], expected: dict[str, float]) -> None:
    assert answer.keys() == expected.keys()
    assert max(abs(answer[k] - expected[k]) for k in expected) <= SAME


def probabilities(prediction: dict[str, object]) -> dict[str, float]:
    return {p["label"]: p["probability"] for p in prediction["predictions"]}  # type: ignore[attr-defined,index]


def tag_probabilities(prediction: dict[str, object]) -> dict[str, float]:
    (group,) = prediction["tags"]  # type: ignore[misc]
    said = {t["value"] for t in group["tags"] if t["probability"] >= t["threshold"]}
    assert set(group["said"]) == said
    return {t["value"]: t["probability"] for t in group["tags"]}


def test_command_line(engine: Engine, photo: Path, expected: dict[str, float]) -> None:
    result = CliRunner().invoke(command, ["predict", str(photo), "--model", MODEL, "--json"])
    assert result.exit_code == 0, result.output
    close(probabilities(json.loads(result.stdout)[0]), expected)


def test_rest(engine: Engine, photo: Path, expected: dict[str, float]) -> None:
    with TestClient(create_app(lab=False, studio=False)) as client:
        answer = client.post("/api/v1/predict", files={"file": photo.read_bytes()}, data={"model": MODEL})
    assert answer.status_code == 200, answer.text
    close(probabilities(answer.json()), expected)


def test_gradio(engine: Engine, photo: Path, expected: dict[str, float], tags: dict[str, float]) -> None:
    blocks = build_lab()
    options = {k: v for k, v in mount_options().items() if k != "run_history"}
    _, url, _ = blocks.launch(
        prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", server_port=free_port(), **options
    )
    try:
        client = Client(url, verbose=False, analytics_enabled=False)
        close(probabilities(client.predict(handle_file(str(photo)), MODEL, "", api_name="/predict")), expected)
        close(tag_probabilities(client.predict(handle_file(str(photo)), TAGGER, "", api_name="/predict")), tags)
        client.close()
    finally:
        blocks.close()


def test_streamlit(engine: Engine, photo: Path, expected: dict[str, float]) -> None:
    studio = AppTest.from_file(MAIN, default_timeout=60).run()
    shown = studio.file_uploader[0].set_value((photo.name, photo.read_bytes(), "image/jpeg")).run()
    assert [e.value for e in shown.exception] == []
    bars = json.loads(shown.get("plotly_chart")[0].proto.spec)["data"][0]
    close(dict(zip(bars["y"], _numbers(bars["x"]), strict=True)), expected)


def test_tags_on_the_command_line(engine: Engine, photo: Path, tags: dict[str, float]) -> None:
    result = CliRunner().invoke(command, ["predict", str(photo), "--model", TAGGER, "--json"])
    assert result.exit_code == 0, result.output
    (answer,) = json.loads(result.stdout)
    close(tag_probabilities(answer), tags)
    close(probabilities(answer), tags)


def test_tags_by_rest(engine: Engine, photo: Path, tags: dict[str, float]) -> None:
    with TestClient(create_app(lab=False, studio=False)) as client:
        answer = client.post("/api/v1/predict", files={"file": photo.read_bytes()}, data={"model": TAGGER})
    assert answer.status_code == 200, answer.text
    close(tag_probabilities(answer.json()), tags)
    close(probabilities(answer.json()), tags)


def test_tags_in_streamlit(engine: Engine, photo: Path, tags: dict[str, float]) -> None:
    studio = AppTest.from_file(MAIN, default_timeout=60).run()
    studio = studio.selectbox(key="model").set_value(TAGGER).run()
    shown = studio.file_uploader[0].set_value((photo.name, photo.read_bytes(), "image/jpeg")).run()
    assert [e.value for e in shown.exception] == []
    table = shown.dataframe[0].value
    close(dict(zip(table["tag"], table["probability"], strict=True)), tags)


def _numbers(values: object) -> list[float]:
    """Plotly writes arrays of numbers as a list, or as base64 of their bytes."""
    if isinstance(values, dict):
        return [float(v) for v in np.frombuffer(base64.b64decode(values["bdata"]), dtype=values["dtype"])]
    return [float(v) for v in values]  # type: ignore[attr-defined]


@pytest.mark.parametrize("method", ["guided-backprop", "grad-cam"])
def test_explanations_agree_too(engine: Engine, photo: Path, tmp_path: Path, method: str) -> None:
    expected = engine.explain(images.decode(photo.read_bytes()), MODEL, method).values
    out = tmp_path / "map.npy"
    arguments = ["explain", str(photo), "--model", MODEL, "--method", method, "--out", str(out)]
    assert CliRunner().invoke(command, arguments).exit_code == 0
    assert np.allclose(np.load(out), expected, rtol=0, atol=1e-6)
    with TestClient(create_app(lab=False, studio=False)) as client:
        answer = client.post(
            "/api/v1/explain", files={"file": photo.read_bytes()}, data={"method": method, "format": "npy"}
        )
    assert answer.status_code == 200, answer.text
    assert np.allclose(np.load(io.BytesIO(answer.content)), expected, rtol=0, atol=1e-6)
