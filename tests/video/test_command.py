"""``fashionviz video``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fashionviz.cli import app
from fashionviz.match.catalogue import Catalogue
from fashionviz.match.results import CatalogueItem
from fashionviz.match.store import NewItem
from tests.match.fakes import Colours, made
from tests.video.clips import BLUE, RED, REF, Patches, clip, walk
from tests.video.test_watch import flat


@pytest.fixture
def wired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    """A catalogue, and stand-ins for the engine's networks."""
    monkeypatch.setenv("FASHIONVIZ_CATALOGUES", str(tmp_path / "catalogues"))
    held = made(tmp_path / "catalogues" / "colours")
    with held.writer() as writer:
        vectors = Colours().embed([flat(RED), flat(BLUE)])
        writer.add([NewItem(CatalogueItem(n, None, n), v) for n, v in zip(("[red]", "blue"), vectors, strict=True)])
    monkeypatch.setattr("fashionviz.video.wiring.EngineDetector", lambda *a, **k: Patches())
    monkeypatch.setattr("fashionviz.video.wiring.detector_ref", lambda *a, **k: REF)
    monkeypatch.setattr("fashionviz.video.wiring.embedder_for", lambda *a, **k: Colours())
    monkeypatch.setattr("fashionviz.video.wiring.categoriser_for", lambda *a, **k: None)
    return held


def run(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["video", *words])
    return result.exit_code, result.stdout, result.stderr


def test_a_video(wired: Catalogue, tmp_path: Path) -> None:
    file, out, events = tmp_path / "walk.mp4", tmp_path / "annotated.mp4", tmp_path / "events.json"
    file.write_bytes(clip(walk(30)))
    words = [str(file), "--catalogue", "colours", "--out", str(out), "--json", str(events)]
    code, said, _ = run(*words)
    assert code == 0, said
    document = json.loads(events.read_text())
    assert [event["matches"][0]["id"] for event in document["events"]] == ["[red]", "blue"]
    assert out.stat().st_size > 1000
    assert "frames a second" in " ".join(said.split())
    code, _, wrong = run(*words)
    assert code == 2
    assert "--overwrite" in " ".join(wrong.split())
    assert run(*words, "--overwrite")[0] == 0


def test_wrong_ones(wired: Catalogue, tmp_path: Path) -> None:
    file = tmp_path / "text.mp4"
    file.write_text("no video at all, though it is called one")
    code, _, wrong = run(str(file), "--catalogue", "colours")
    assert code == 1
    assert "no video" in " ".join(wrong.split())
    assert run(str(file), "--catalogue", "none")[0] == 2
    assert run(str(file), "--catalogue", "colours", "--out", str(tmp_path / "a.gif"))[0] == 2
    assert run(str(tmp_path / "missing.mp4"), "--catalogue", "colours")[0] == 1
