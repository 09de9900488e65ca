"""``fashionviz annotate``: exit status, one JSON document, plain sentences, hostile names."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

import fashionviz.inference.engine as engines
from fashionviz.annotate.row import COLUMNS
from fashionviz.annotate.table import below, correct, read_annotations
from fashionviz.cli import app
from fashionviz.inference.engine import Engine
from tests.annotate.conftest import NAMES
from tests.conftest import MODEL, TAGGER


@pytest.fixture(autouse=True)
def _one_engine(shipped: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "_shared", shipped)


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["annotate", *map(str, arguments)])
    assert "Traceback" not in result.output
    return result.exit_code, result.stdout, result.stderr


def test_json_is_one_document_that_says_what_the_table_says(folder: Path, out: Path) -> None:
    (folder / "later.heic").write_bytes(b"x")
    status, printed, err = run(folder, "--out", out, "--model", MODEL, "--json")
    assert status == 0, err
    document = json.loads(printed)
    assert set(document) == {"out", "folder", "models", "summary", "rows"}
    assert [row["file"] for row in document["rows"]] == list(NAMES)
    rows = read_annotations(out)
    assert [tuple(row) for row in document["rows"]] == [COLUMNS] * 6
    assert [tuple(row.values()) for row in document["rows"]] == [tuple(getattr(r, c) for c in COLUMNS) for r in rows]
    (model,) = document["models"]
    assert (model["name"], model["sha256"]) == (MODEL, rows[0].weights)
    assert "not a person" in model["note"]
    summary = document["summary"]
    assert [summary[k] for k in ("photos", "rows", "new", "kept", "failed", "corrected")] == [6, 6, 6, 0, 0, 0]
    assert (summary["threshold"], summary["below"]) == (0.6, len(below(rows)))
    assert summary["left_out"] == {".heic": 1}
    assert ".heic 1" in err
    correct(out, NAMES[0], MODEL, "Men/Other")
    status, printed, _ = run(folder, "--out", out, "--below", "1", "--json")
    summary = json.loads(printed)["summary"]
    assert [summary[k] for k in ("new", "kept", "corrected", "below")] == [0, 6, 1, 5]


def test_some_failed_is_status_1_and_the_others_are_answered(folder: Path, out: Path) -> None:
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 this is no photo")
    status, printed, err = run(folder, "--out", out, "--json")
    document = json.loads(printed)
    assert status == 1
    assert document["summary"]["failed"] == 1
    assert [row["file"] for row in document["rows"] if row["error"]] == ["broken.jpg"]
    assert sum(row["label"] is not None for row in document["rows"]) == 6
    assert "broken.jpg" in err
    assert "damaged" in err
    status, printed, _ = run(folder, "--out", out, "--below", "1")
    assert status == 1
    assert "7 rows" in " ".join(printed.split())
    assert "0 new, 6 kept, 1 failed; 6 below 1 to check" in " ".join(printed.split())
    assert "not a person" in " ".join(printed.split())


def test_hostile_names(tmp_path: Path, out: Path, drawn: dict[str, bytes]) -> None:
    folder = tmp_path / "hostile"
    folder.mkdir()
    names = [
        "=1+1.jpg",
        "@x.jpg",
        "two\nlines;=1.jpg",
        '"quoted", twice.jpg',
        "\x1b[31mred[bold].jpg",
        "'=1.jpg",
        "ü👗.jpg",
    ]
    for name in names:
        (folder / name).write_bytes(drawn["men/shirt.jpg"])
    undecodable = os.fsdecode(b"caf\xe9.jpg")
    (folder / undecodable).write_bytes(b"no photo")
    status, printed, err = run(folder, "--out", out, "--json")
    assert status == 1
    listed = [row["file"] for row in json.loads(printed.encode("utf-8"))["rows"]]
    assert sorted(listed) == sorted([*names, "caf\\udce9.jpg"])
    assert {row.file for row in read_annotations(out)} == {*names, undecodable}
    assert "caf\\udce9.jpg" in err
    status, printed, err = run(folder, "--out", out, "--below", "1")
    assert "\x1b[31mred" not in printed + err
    assert "[31mred[bold].jpg" in printed
    for line in out.read_text(encoding="utf-8").split("\r\n"):
        assert not line.startswith(('"=', '"@'))


@pytest.mark.parametrize(
    "arguments",
    [
        ["FOLDER"],  # no --out
        ["--out", "OUT"],  # no folder
        ["nowhere", "--out", "OUT"],  # no such folder
        ["EMPTY", "--out", "OUT"],  # no photo in it
        ["FOLDER", "--out", "OUT", "--model", "no.model"],  # an unknown model
        ["FOLDER", "--out", "OUT", "--model", TAGGER],  # no one class
        ["FOLDER", "--out", "OUT", "--below", "60"],  # a percentage
        ["FOLDER", "--out", "OUT", "--below", "nan"],  # no number
        ["FOLDER", "--out", "OUT", "--wrong"],  # no such option
        ["FOLDER", "--out", "FOLDER"],  # a folder
        ["FOLDER", "--out", "OTHER"],  # another file
        ["FOLDER", "--out", "OTHER", "--overwrite"],
    ],
)
def test_wrong_usage_is_status_2_with_a_sentence(
    arguments: list[str], folder: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    empty, other = tmp_path / "empty", tmp_path / "other.txt"
    empty.mkdir()
    other.write_text("keep me")
    names = {"FOLDER": folder, "OUT": out, "EMPTY": empty, "OTHER": other}
    status, printed, err = run(*[names.get(a, a) for a in arguments], "--json")
    assert status == 2
    assert printed == ""
    assert len(err.strip()) > 10
    assert not out.exists()
    assert other.read_text() == "keep me"


def test_interrupting_says_how_to_go_on(
    folder: Path, out: Path, shipped: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("fashionviz.annotate.run._Tally.progress", interrupt)  # after the first photo's row
        status, printed, err = run(folder, "--out", out, "--json")
    assert (status, printed) == (130, "")
    assert "same command" in err
    kept = len(read_annotations(out))
    assert kept >= 1
    status, printed, _ = run(folder, "--out", out, "--json")
    assert (status, json.loads(printed)["summary"]["kept"]) == (0, kept)
