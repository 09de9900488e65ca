"""``fashionviz channels``, ``averages`` and ``embedding-map``: built, written beside the weights, read again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fashionviz.cli import app
from tests.conftest import MODEL
from tests.explain.test_channels import split  # noqa: F401  a fixture

run = CliRunner().invoke


def test_build_and_read(
    weights: Path,
    split: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path / "cache"))
    reading = ["channels", MODEL, "--layer", "features.18", "--channel", "7", "--json"]
    missing = run(app, reading)
    assert missing.exit_code != 0
    assert f"fashionviz channels {MODEL}" in " ".join(missing.stderr.split())

    built = json.loads(run(app, ["channels", MODEL, "--data", str(split), "--json"]).stdout)
    assert built["source"] == {"data_set": "drawn", "split": "all", "n": 11, "limit": None}
    assert {"layer": "features.18", "channels": 1280} in built["layers"]
    top = json.loads(run(app, reading).stdout)
    assert len(top["items"]) == 9
    assert top["items"][0]["value"] >= top["items"][-1]["value"]

    averaged = json.loads(run(app, ["averages", MODEL, "--data", str(split), "--limit", "2", "--json"]).stdout)
    assert [row["n"] for row in averaged["classes"]] == [0, 0, 2, 2, 0, 0]
    mapped = json.loads(run(app, ["embedding-map", MODEL, "--data", str(split), "--json"]).stdout)
    assert len(mapped["items"]) == 10
    names = {path.name for path in (weights / MODEL).iterdir()}
    assert {"channels.parquet", "averages.npz", "embedding_map.parquet"} <= names
    assert not [name for name in names if "part" in name]


@pytest.mark.parametrize("arguments", [["--layer", "features.18"], ["--channel", "3"]])
def test_a_layer_alone_is_wrong_usage(weights: Path, arguments: list[str]) -> None:
    assert run(app, ["channels", MODEL, *arguments]).exit_code == 2


@pytest.mark.parametrize("command", ["channels", "averages", "embedding-map"])
def test_an_unknown_model(weights: Path, command: str) -> None:
    assert run(app, [command, "nobody.nothing"]).exit_code == 2
