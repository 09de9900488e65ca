"""`fashionviz data list` and `fashionviz data fetch`: what they print, where, and with which status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from fashionviz.data import fetch as module
from fashionviz.data.catalogue_info import list_sets
from fashionviz.data.commands import data_app
from fashionviz.data.fetch import fetch
from fashionviz.data.publishers import PUBLICATIONS
from tests.data.archives import serve_clothing


def run(*arguments: str) -> Any:
    return CliRunner().invoke(data_app, list(arguments))


def test_list_json(publisher: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve_clothing(publisher)
    fetch("clothing", to=tmp_path, source=publisher.url, partial=True)
    monkeypatch.setenv("FASHIONVIZ_DATA", str(tmp_path))
    (tmp_path / "mine").mkdir()
    pq.write_table(pa.table({"id": [1, 2]}), tmp_path / "mine" / "train-00000-of-00001.parquet")
    (tmp_path / "mine" / "test-00000-of-00001.parquet").write_bytes(b"PAR1 broken")
    result = run("list", "--json")
    document = json.loads(result.stdout)
    assert result.exit_code == 0
    assert document["data_root"] == str(tmp_path)
    sets = {s["name"]: s for s in document["sets"]}
    assert list(sets) == [*PUBLICATIONS, "mine"]
    assert sets["clothing"]["splits"]["train"] == 6
    assert sets["clothing"]["bytes"] == sum(p.stat().st_size for p in (tmp_path / "clothing").iterdir())
    assert sets["clothing"]["licence"] == "CC0"
    assert not sets["fpi"]["present"]
    assert sets["fpi"]["fetch"] == "fashionviz data fetch fpi"
    assert sets["vocab"]["fetch"] is None
    assert sets["mine"]["rows"] == 2
    assert sets["mine"]["damaged"] == ["test-00000-of-00001.parquet"]


def test_list_reads_no_pictures(publisher: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve_clothing(publisher)
    fetch("clothing", to=tmp_path, source=publisher.url, partial=True)
    monkeypatch.setattr(pq, "read_table", lambda *_a, **_k: pytest.fail("read a table"))
    monkeypatch.setattr(pq.ParquetFile, "read_row_group", lambda *_a, **_k: pytest.fail("read rows"))
    assert {s.name: s.rows for s in list_sets(tmp_path)}["clothing"] > 6


def test_list_table_goes_to_standard_error_when_piped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASHIONVIZ_DATA", str(tmp_path))
    result = run("list")
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "fashionviz data fetch" in result.stderr


def test_fetch_command(publisher: Any, tmp_path: Path) -> None:
    serve_clothing(publisher)
    result = run("fetch", "clothing", "--to", str(tmp_path), "--from", publisher.url, "--partial", "--json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["splits"]["train"] == 6
    assert document["refused"] == []
    assert "Licence: CC0" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["fetch", "nosuch"], 2, "no data set"),
        (["fetch", "clothing", "--from", "nowhere"], 2, "--from takes"),
        (["fetch", "clothing", "--from", "http://127.0.0.1:9"], 1, "Are you online"),
    ],
)
def test_fetch_command_failures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], status: int, words: str
) -> None:
    monkeypatch.setattr("time.sleep", lambda _s: None)
    result = run(*arguments, *(["--to", str(tmp_path)]))
    assert result.exit_code == status
    assert words in " ".join(result.stderr.split())
    assert result.stdout == ""


def test_fetch_command_stopped_by_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_args: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "fetch", stop)
    result = run("fetch", "clothing", "--to", str(tmp_path))
    assert result.exit_code == 130
    assert "go on from here" in result.stderr
