"""``fashionviz generate``, ``interpolate`` and ``invert``: files, what they hold, and what is refused."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from typer.testing import CliRunner

from fashionviz.cli import app
from fashionviz.data.examples import draw
from fashionviz.generate.files import grid_picture
from fashionviz.inference.engine import Engine
from tests.drawn import CONDITIONAL, PLAIN

pytestmark = pytest.mark.usefixtures("shared")


def run(*arguments: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(word) for word in arguments])
    assert "Traceback" not in result.output
    return result.exit_code, result.stdout, result.stderr


def pixels(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as picture:
        assert not picture.info, "pixels alone"
        return np.asarray(picture)


def test_pictures_manifest_and_grid_are_the_engines(shared: Engine, tmp_path: Path) -> None:
    out, grid = tmp_path / "a" / "drawn", tmp_path / "b" / "grid.png"
    status, text, _ = run("generate", "--model", CONDITIONAL, "--n", "5", "--seed", "40", "--out", out,
                          "--grid", grid, "--json")  # fmt: skip
    said, expected = json.loads(text), shared.generate(CONDITIONAL, seed=40, n=5)
    assert status == 0
    assert sorted(p.name for p in out.iterdir()) == sorted(["manifest.json", *(d["file"] for d in said["drawings"])])
    kept = json.loads((out / "manifest.json").read_text())
    assert {key: said[key] for key in kept} == kept
    assert kept["sha256"] == expected.model.sha256
    for row, drawing in zip(kept["drawings"], expected.drawings, strict=True):
        assert (pixels(out / row["file"]) == drawing.pixels).all()
        assert (row["seed"], row["class"]) == (int(drawing.point), drawing.label)
    assert (pixels(grid) == grid_picture(expected.pixels)).all()


def test_the_manifests_commands_draw_the_same_again(tmp_path: Path) -> None:
    out = tmp_path / "drawn"
    run("generate", "--class", "Men/Other", "--point", "3", "--point", "3>9@0.4", "--truncation", "0.7", "--out", out)
    manifest = json.loads((out / "manifest.json").read_text())
    for number, command in enumerate([manifest["command"], *(row["command"] for row in manifest["drawings"])]):
        words, again = shlex.split(command)[1:-1], tmp_path / str(number)
        assert run(*words, again)[0] == 0
        rows = json.loads((again / "manifest.json").read_text())["drawings"]
        first = manifest["drawings"] if number == 0 else [manifest["drawings"][number - 1]]
        for row, former in zip(rows, first, strict=True):
            assert (pixels(again / row["file"]) == pixels(out / former["file"])).all()


def test_an_earlier_run_is_replaced_and_a_foreign_file_is_not(tmp_path: Path) -> None:
    out = tmp_path / "drawn"
    assert run("generate", "--n", "3", "--out", out)[0] == 0
    assert run("generate", "--n", "1", "--seed", "9", "--out", out)[0] == 0
    assert len(list(out.glob("*.png"))) == 1, "no drawing is left that the manifest says nothing of"
    drawn = next(out.glob("*.png"))
    (out / "manifest.json").unlink()
    drawn.write_bytes(b"holiday")
    status, _, err = run("generate", "--n", "1", "--seed", "9", "--out", out)
    assert status == 2
    assert "is no drawing of an earlier run" in " ".join(err.split())
    assert drawn.read_bytes() == b"holiday"
    (out / "manifest.json").write_text('{"name": "somebody\'s web app"}')
    assert run("generate", "--n", "1", "--out", out)[0] == 2
    assert "web app" in (out / "manifest.json").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--n", "257"), "One to 256 pictures"),
        (("--n", "0"), "One to 256 pictures"),
        (("--seed", "-1"), "A seed is a whole number"),
        (("--class", "Dogs"), "draws no 'Dogs'"),
        (("--point", "seven"), "is no point"),
        (("--truncation", "9"), "The truncation is a number from 0.3 to 3"),
        (("--model", "dcgan.men_apparel"), "no weights installed"),
        (("--model", "mobilenet_v2.gender_category"), "There is no generator"),
        (("--model", PLAIN, "--class", "Men/Other"), "cannot be asked"),
        (("--grid", "grid.jpg"), "--grid must end in .png"),
    ],
)
def test_what_cannot_be_drawn_is_said(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    status, out, err = run("generate", *arguments, "--out", tmp_path / "out", "--json")
    assert status == (1 if "weights" in words else 2)
    assert words in " ".join(err.split())
    assert out == ""
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("ending", ["gif", "webp"])
def test_a_walk_is_written_frame_by_frame(shared: Engine, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"walk.{ending}"
    status, text, _ = run("interpolate", "--model", PLAIN, "--seeds", "1, 2,3", "--steps", "3", "--out", out, "--json")
    said = json.loads(text)
    assert (status, said["frames"], said["points"]) == (0, 9, ["1", "2", "3"])
    with Image.open(out) as film:
        assert film.n_frames == 9
        film.seek(3)
        shown = np.asarray(film.convert("RGB").resize((64, 64), Image.Resampling.BOX)).astype(int)
    expected = shared.generate(PLAIN, points=["2"]).pixels[0]
    assert np.abs(shown - expected).mean() < np.abs(shown - shared.generate(PLAIN, points=["1"]).pixels[0]).mean() * 0.8


def test_a_strip_and_an_mp4_of_an_open_walk(shared: Engine, tmp_path: Path) -> None:
    asked = ("interpolate", "--points", "4,5>6@0.2", "--class", "Men/Other", "--steps", "2", "--no-loop", "--out")
    assert run(*asked, tmp_path / "walk.png")[0] == 0
    walk = shared.walk(["4", "5>6@0.2"], label="Men/Other", steps=2, loop=False)
    assert (pixels(tmp_path / "walk.png") == np.concatenate(list(walk.frames), axis=1)).all()
    assert run(*asked, tmp_path / "walk.mp4")[0] == 0
    with av.open(str(tmp_path / "walk.mp4")) as film:
        assert len(list(film.decode(video=0))) == 3
    status, _, err = run(*asked, tmp_path / "walk.png")
    assert status == 2
    assert "there already" in " ".join(err.split())
    assert run(*asked, tmp_path / "walk.png", "--overwrite")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--seeds", "1"), "2 to 8 points"),
        (("--seeds", "1,x"), "whole numbers"),
        ((), "--seeds, such as 1,2,3, or --points"),
        (("--seeds", "1,2", "--points", "1,2"), "--seeds, such as 1,2,3, or --points"),
        (("--seeds", "1,2", "--steps", "99"), "2 to 60 steps"),
    ],
)
def test_walks_that_cannot_be(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    status, _, err = run("interpolate", *arguments, "--out", tmp_path / "a.gif")
    assert (status, words in " ".join(err.split())) == (2, True)
    assert run("interpolate", "--seeds", "1,2", "--out", tmp_path / "a.avi")[0] == 2


def test_a_photos_latent_is_found_and_draws_the_picture(shared: Engine, tmp_path: Path) -> None:
    photo, out = tmp_path / "shirt.png", tmp_path / "found.png"
    Image.fromarray(draw("shirt", 0)).save(photo)
    status, text, _ = run("invert", photo, "--class", "Men/Apparel", "--steps", "4", "--out", out, "--json")
    said = json.loads(text)
    assert (status, said["class"], said["steps"], len(said["distances"])) == (0, "Men/Apparel", 4, 4)
    assert said["distance"] == said["distances"][-1]
    again = shared.generate(points=[said["point"]], label="Men/Apparel").pixels[0]
    assert (pixels(out) == again).all()
    status, _, err = run("invert", tmp_path / "nowhere.png", "--out", tmp_path / "x.png")
    assert (status, "cannot be read" in " ".join(err.split())) == (1, True)


def test_generators_are_listed_with_one_default_a_task(generators: Path) -> None:
    listed = json.loads(run("models", "--json")[1])
    rows = {row["name"]: row for row in listed}
    assert {"name", "task", "architecture", "trained", "default", "metrics", "sha256"} <= set(rows[CONDITIONAL])
    assert rows[CONDITIONAL]["trained"]
    assert rows[CONDITIONAL]["sha256"]
    assert not rows["dcgan.men_apparel"]["trained"]
    for task in {row["task"] for row in listed}:
        assert sum(row["default"] for row in listed if row["task"] == task) == 1, task
    assert CONDITIONAL in run("models")[1]
