"""The commands ``catalogue`` and ``match``: one JSON document, sentences, exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from fashionviz.cli import app
from fashionviz.match import sources, wiring
from fashionviz.results import ModelRef
from tests.match.fakes import Colours

RUN = CliRunner()


@pytest.fixture(autouse=True)
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASHIONVIZ_CATALOGUES", str(tmp_path / "catalogues"))
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setattr(wiring, "embedder_for", lambda engine, name=None: Colours())
    monkeypatch.setattr(wiring, "best_embedder", lambda engine: Colours())


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    for name, colour in {"red": (230, 20, 20), "blue": (20, 20, 230)}.items():
        Image.new("RGB", (40, 40), colour).save(folder / f"{name}.png")
    (folder / "items.csv").write_text("file,category,price\nred.png,warm,19.5\nblue.png,cold,5\n")
    return folder


def run(*words: object, status: int = 0) -> Result:
    result = RUN.invoke(app, [str(word) for word in words])
    assert result.exit_code == status, (result.output, result.exception)
    return result


def answer(*words: object, status: int = 0) -> object:
    return json.loads(run(*words, "--json", status=status).stdout)


def test_build_again_list_info_add_remove_export_delete(shop: Path, tmp_path: Path) -> None:
    built = answer("catalogue", "build", "shop", shop)
    assert (built["total"], built["added"], built["refused"]) == (2, 2, [])
    assert built["catalogue"]["embedder"] == "colours.item"
    (shop / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    again = answer("catalogue", "build", "shop", shop, status=1)
    assert (again["added"], again["kept"], [r["id"] for r in again["refused"]]) == (0, 2, ["broken.jpg"])
    told = run("catalogue", "build", "shop", shop, status=1)
    assert "broken.jpg: The picture is damaged" in told.stderr
    assert "0 added, 0 replaced, 2 kept, 1 refused of 3" in told.stdout.replace("\n", " ")
    (listed,) = answer("catalogue", "list")
    assert (listed["name"], listed["items"], listed["calibrated"]) == ("shop", 2, False)
    info = answer("catalogue", "info", "shop")
    assert info["categories"] == {"cold": 1, "warm": 1}
    assert info["refusals"][0]["id"] == "broken.jpg"
    assert "not calibrated" in run("catalogue", "info", "shop").stdout
    Image.new("RGB", (40, 40), (20, 230, 20)).save(tmp_path / "green.png")
    added = answer("catalogue", "add", "shop", tmp_path / "green.png", "--category", "cold", "--set", "price=7")
    assert added["catalogue"]["items"] == 3
    removed = answer("catalogue", "remove", "shop", "blue.png", "nothing", status=1)
    assert (removed["removed"], removed["missing"], removed["items"]) == (["blue.png"], ["nothing"], 2)
    assert answer("catalogue", "export", "shop", "--out", tmp_path / "all.parquet")["items"] == 2
    assert answer("catalogue", "index", "shop")["made"] is False
    assert answer("catalogue", "delete", "shop", "--yes")["deleted"] == 2
    assert answer("catalogue", "list") == []
    assert "catalogue demo" in run("catalogue", "list").stdout


def test_match_prints_what_the_interface_says(shop: Path, tmp_path: Path) -> None:
    run("catalogue", "build", "shop", shop)
    (body,) = answer("match", shop / "red.png", "--catalogue", "shop", "--whole")
    assert body["file"] == str(shop / "red.png")
    (item,) = body["items"]
    assert item["box"] == [0, 0, 40, 40]
    assert item["score"] is None
    assert [match["id"] for match in item["matches"]] == ["red.png", "blue.png"]
    assert item["matches"][0]["price"] == 19.5
    assert item["matches"][0]["probability"] is None
    assert body["timings_ms"]["total"] > 0
    two = answer("match", shop / "red.png", tmp_path / "none.png", "-c", "shop", "--box", "0,0,20,20", status=1)
    assert "error" in two[1]
    assert two[0]["items"][0]["box"] == [0, 0, 20, 20]
    told = run("match", shop / "red.png", "-c", "shop", "--whole", "--category", "cold", "-n", "1").stdout
    assert "blue.png" in told
    assert "red.png" in told  # the photo's name
    assert "not calibrated" in told.replace("\n", " ")


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (("match", "RED", "-c", "shop"), 1, "No trained detector is installed"),
        (("match", "RED", "-c", "nothing", "--whole"), 2, "There is no catalogue 'nothing'; there are shop."),
        (("match", "RED", "-c", "../x", "--whole"), 2, "no name of a catalogue"),
        (("match", "RED", "-c", "shop", "--whole", "--box", "0,0,9,9"), 2, "not both"),
        (("match", "RED", "-c", "shop", "--whole", "--category", "hot"), 2, "has no category 'hot'"),
        (("catalogue", "build", "Big", "SHOP"), 2, "no name of a catalogue"),
        (("catalogue", "build", "other", "nowhere/"), 2, "There is no folder"),
        (("catalogue", "add", "shop", "RED", "--set", "price"), 2, "takes name=value"),
        (("catalogue", "export", "shop", "--out", "x.csv"), 2, "must end in .parquet"),
        (("catalogue", "build", "shop", "SHOP", "--detect"), 1, "No trained detector is installed"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(shop: Path, words: tuple[str, ...], status: int, sentence: str) -> None:
    run("catalogue", "build", "shop", shop)
    places = {"RED": str(shop / "red.png"), "SHOP": str(shop)}
    result = run(*(places.get(word, word) for word in words), status=status)
    assert sentence in " ".join(result.stderr.split())
    assert "Traceback" not in result.output


def test_other_weights_are_refused(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("catalogue", "build", "shop", shop)

    class Other(Colours):
        ref = ModelRef("colours.item", "b" * 64)

    monkeypatch.setattr(wiring, "embedder_for", lambda engine, name=None: Other())
    for words in (
        ("match", shop / "red.png", "-c", "shop", "--whole"),
        ("catalogue", "build", "shop", shop),
        ("catalogue", "add", "shop", shop / "red.png"),
    ):
        assert "other weights of colours.item" in " ".join(run(*words, status=1).stderr.split())
    assert answer("catalogue", "build", "shop", shop, "--overwrite")["added"] == 2


def test_the_demo_is_drawn_and_keeps_its_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "DEMO", {"watch": "watches"})  # drawing takes its time
    made = answer("catalogue", "demo", "--seeds", "2")
    assert (made["added"], made["catalogue"]["thumbnails"]) == (2, 2)
    assert "drawn by our own generator" in made["catalogue"]["source"]
    assert answer("catalogue", "demo", "--seeds", "2")["kept"] == 2
