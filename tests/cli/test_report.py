"""``fashionviz report PHOTO``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fashionviz.cli import app
from fashionviz.data.examples import draw
from fashionviz.images import encode_png
from fashionviz.inference import engine as engine_module
from fashionviz.inference.engine import Engine
from tests.conftest import MODEL


@pytest.fixture(autouse=True)
def house(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "_shared", engine)
    monkeypatch.chdir(tmp_path)
    Path("dress.png").write_bytes(encode_png(draw("dress", 1)))
    Path("broken.jpg").write_bytes(b"\xff\xd8\xff broken")


def run(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["report", *words])
    return result.exit_code, result.stdout, result.stderr


def test_a_photo_gives_a_page(tmp_path: Path) -> None:
    words = ("--model", MODEL, "--method", "gradient", "--trust", "none", "--json")
    code, out, _ = run("dress.png", "--out", "deep/r.html", *words)
    assert code == 0
    said = json.loads(out)
    assert said["out"] == "deep/r.html"
    assert [model["model"] for model in said["models"]] == [MODEL]
    assert said["missing"] == said["trust"] == []
    page = Path("deep/r.html").read_text()
    assert len(page.encode()) == said["bytes"]
    assert said["models"][0]["sha256"] in page
    assert list(Path("deep").iterdir()) == [Path("deep/r.html")]


def test_what_is_wrong_is_one_sentence_and_leaves_no_file() -> None:
    for words, expected in (
        (("nothing.jpg",), 1),
        (("broken.jpg",), 1),
        (("dress.png", "--out", "r.pdf"), 2),
        (("dress.png", "--model", "no.model"), 2),
        (("dress.png", "--method", "tea-leaves"), 2),
        (("dress.png", "--target", "Pets"), 2),
        (("dress.png", "--trust", "some"), 2),
        (("dress.png", "--check"), 2),
        (("--target", "Pets"), 2),
        (("--json",), 2),
    ):
        code, out, error = run(*words)
        assert (words, code) == (words, expected)
        assert out == ""
        assert error.strip().startswith("fashionviz: ")
        assert "Traceback" not in error
    assert not list(Path().glob("*.html"))
    assert not Path("docs").exists()
