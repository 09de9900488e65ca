"""The command line: one JSON document on standard output, exit status 0, 1 and 2, plain sentences."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import fashionviz.inference.engine as engines
from fashionviz.cli import app
from fashionviz.data.examples import draw
from fashionviz.inference.engine import Engine
from tests.conftest import MODEL


@pytest.fixture(autouse=True)
def one_engine(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "_shared", engine)


@pytest.fixture
def photo(tmp_path: Path) -> str:
    path = tmp_path / "shirt.png"
    Image.fromarray(draw("shirt", 0)).save(path)
    return str(path)


@pytest.fixture
def broken(tmp_path: Path) -> str:
    path = tmp_path / "broken.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe0 this is no photo")
    return str(path)


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments))
    assert "Traceback" not in result.output
    return result.exit_code, result.stdout, result.stderr


def test_models() -> None:
    status, out, _ = run("models", "--json")
    listed = json.loads(out)
    assert status == 0
    assert {"name", "task", "architecture", "trained", "default", "metrics", "sha256"} <= set(listed[0])
    status, out, _ = run("models")
    assert status == 0
    assert "mobilenet_v2" in out
    status, out, _ = run("models", "--layers", MODEL, "--json")
    assert status == 0
    assert "features.0.0" in [layer["name"] for layer in json.loads(out)]


def test_predict_answers_the_good_and_names_the_bad(photo: str, broken: str, tmp_path: Path) -> None:
    status, out, err = run("predict", photo, broken, str(tmp_path / "nowhere.jpg"), photo, "--json")
    answers = json.loads(out)
    assert status == 1
    assert [("error" in a) for a in answers] == [False, True, True, False]
    assert answers[0]["file"] == photo
    ranked = [p["probability"] for p in answers[0]["predictions"]]
    assert ranked == sorted(ranked, reverse=True)
    assert {"decode", "queue", "compute", "total"} <= set(answers[0]["timings_ms"])
    assert "cannot be read" in answers[2]["error"]
    status, out, err = run("predict", photo, broken)
    assert status == 1
    assert "Apparel" in out
    assert "damaged" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["predict", "PHOTO", "--model", "no.model"],  # an unknown model
        ["predict", "PHOTO", "--box", "1,2,3"],  # three numbers
        ["predict", "PHOTO", "--box", "a,b,c,d"],  # no numbers
        ["predict"],  # no photo
        ["predict", "PHOTO", "--wrong"],  # no such option
        ["explain", "PHOTO", "--out", "x.gif"],  # a format that is not offered
        ["explain", "PHOTO", "--out", "x.png", "--method", "magic"],  # an unknown method
        ["explain", "PHOTO", "--out", "x.png", "--target", "Hats"],  # a class the model lacks
        ["explain", "PHOTO", "--out", "x.png", "--style", "loud"],  # an unknown style
        ["filters", "--out", "x.png", "--layer", "classifier.1"],  # no convolution
        ["activations", "PHOTO", "--out", "x.png", "--layer", "nothing"],  # no such layer
        ["activations", "PHOTO", "--out", "x.png", "--channel", "9999"],  # no such channel
        ["evaluate", MODEL, "--data", "nowhere"],  # no such data set
        ["train", "no.recipe"],  # no such recipe
    ],
)
def test_wrong_usage_is_status_2_with_a_sentence(
    arguments: list[str], photo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, err = run(*[photo if a == "PHOTO" else a for a in arguments])
    assert status == 2
    assert out == ""
    assert len(err.strip()) > 10


def test_names_with_brackets_are_names(photo: str, tmp_path: Path) -> None:
    odd = tmp_path / "a[bold] [front].png"
    odd.write_bytes(Path(photo).read_bytes())
    status, out, err = run("predict", str(odd), photo)
    assert status == 0, err
    assert "[front]" in out


def test_pictures_and_values(photo: str, tmp_path: Path) -> None:
    npy, png = tmp_path / "out.npy", tmp_path / "deep" / "out.png"
    assert run("explain", photo, "--out", str(npy))[0] == 0
    values = np.load(npy)
    assert (values.shape, values.dtype) == ((3, 160, 120), np.float32)
    status, out, _ = run("explain", photo, "--method", "occlusion", "--out", str(png), "--json")
    assert (status, json.loads(out)["shape"]) == (0, [3, 160, 120])
    assert Image.open(png).size[1] >= 160
    assert run("filters", "--out", str(npy))[0] == 0
    assert np.load(npy).shape == (32, 3, 3, 3)
    assert run("filters", "--out", str(png), "--layer", "features.1.conv.0.0")[0] == 0
    assert run("activations", photo, "--layer", "features.3", "--out", str(npy))[0] == 0
    assert np.load(npy).shape == (24, 40, 30)
    assert run("activations", photo, "--channel", "2", "--out", str(png))[0] == 0
    assert run("activations", photo, "--channel", "2", "--out", str(npy))[0] == 0
    assert np.load(npy).shape == (1, 40, 30)


def test_missing_weights_are_one_sentence(photo: str, weights: Path, engine: Engine) -> None:
    (weights / MODEL / "model.safetensors").unlink()
    status, out, err = run("predict", photo, "--json")
    assert (status, out) == (1, "")
    assert "fashionviz train" in err


def test_compare_and_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FASHIONVIZ_WEIGHTS", raising=False)  # the shipped models, which have reports
    table = tmp_path / "table.md"
    status, said, _ = run("compare", "mobilenet_v2.gender_category", "--json", "--out", str(table))
    assert status == 0
    rows = json.loads(said)["models"]
    assert [r["name"] for r in rows] == ["mobilenet_v2.gender_category"]
    assert f"{rows[0]['accuracy']:.4f}" in table.read_text()
    assert run("compare", "mobilenet_v2.gender_category", "--out", "x.txt")[0] == 2
    assert run("compare", "none.such")[0] == 2
    page = tmp_path / "results.md"
    assert run("report", "--check", "--out", str(page))[0] == 2
    assert run("report", "--out", str(page))[0] == 0
    assert run("report", "--check", "--out", str(page))[0] == 0
