"""The code beside an answer is run for real: it must give that answer, in five lines at most."""

from __future__ import annotations

import contextlib
import io
import os
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from apps.lab import snippets
from fashionviz.cli import app
from fashionviz.data.examples import draw
from fashionviz.images import encode_png
from fashionviz.inference import engine as engine_module
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from fashionviz.take_home import code
from fashionviz.take_home.result import Wish
from tests.conftest import MODEL

BOX = (20.0, 30.0, 200.0, 260.0)
FILE = 'it\'s a $(dress) "here".png'


@pytest.fixture(scope="module")
def engine(random_weights: Path) -> Iterator[Engine]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASHIONVIZ_WEIGHTS", str(random_weights))
        made = Engine(EngineConfig(device="cpu"))
        patch.setattr(engine_module, "_shared", made)
        yield made
        made.close()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: Engine) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / FILE).write_bytes(encode_png(draw("dress", 1)))
    return tmp_path


def said(text: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(text, "snippet", "exec"), {})
    return out.getvalue()


PYTHON = {
    "predict": code.predict_python(FILE, MODEL, BOX),
    "explain": code.explain_python(FILE, MODEL, "gradient", "Men/Other", BOX),
    "activations": code.activations_python(FILE, MODEL, "features.3"),
    "filters": code.filters_python(MODEL, "features.0.0"),
    "disagree": code.disagreement_python(FILE, [MODEL]),
    "report": code.report_python(FILE, Wish((MODEL,), ("gradient",), "Men/Other", BOX, trust="none")),
}


@pytest.mark.parametrize("name", PYTHON)
def test_python_runs(name: str, engine: Engine, folder: Path) -> None:
    text = PYTHON[name]
    assert len([line for line in text.splitlines() if line]) <= 5
    printed = said(text)
    if name == "predict":
        assert len(printed.splitlines()) == len(engine.model(MODEL).classes)
    elif name == "explain":
        assert printed.startswith("Men/Other (3, ")
    elif name == "disagree":
        assert printed == "One model alone has nobody to disagree with.\n"
    elif name in ("activations", "filters"):
        assert printed.startswith("(")
    else:
        assert "Men/Other" in (folder / "report.html").read_text()


@pytest.mark.parametrize(
    "line",
    [
        code.predict_cli(FILE, MODEL, BOX),
        code.explain_cli(FILE, MODEL, "gradient", "Men/Other", BOX),
        code.activations_cli(FILE, MODEL, "features.3", BOX),
        code.filters_cli(MODEL, "features.0.0"),
        code.disagreement_cli(FILE, [MODEL], BOX),
        code.report_cli(FILE, Wish((MODEL,), ("gradient",), "Men/Other", BOX, trust="none")),
    ],
    ids=["predict", "explain", "activations", "filters", "disagree", "report"],
)
def test_the_command_line_runs(line: str, folder: Path) -> None:
    words = shlex.split(line)
    assert words[0] == "fashionviz"
    before = set(os.listdir(folder))
    result = CliRunner().invoke(app, words[1:])
    assert result.exit_code == 0, result.output
    if "--out" in words:
        assert set(os.listdir(folder)) - before == {words[words.index("--out") + 1]}


def test_the_code_of_the_pages_runs(engine: Engine) -> None:
    text = snippets.python_snippet(FILE, MODEL, "gradient", "Men/Other", BOX)
    assert len([line for line in text.splitlines() if line]) <= 5
    both = said(text)
    assert "\n(3, " in both
    assert len(both.splitlines()) == len(engine.model(MODEL).classes) + 1
    assert MODEL in said(snippets.every_python(FILE))
