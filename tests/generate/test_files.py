"""Drawings as files: every pixel of a grid, every frame of a film, what a manifest says, and nothing else in them."""

from __future__ import annotations

import io
import json
import shlex
import zipfile
from dataclasses import replace

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from fashionviz.drawing_results import Drawing, Samples
from fashionviz.errors import InvalidRequest
from fashionviz.generate import files
from fashionviz.results import ModelRef, Timings

MODEL = ModelRef("cgan64.gender_category", "0" * 64)


@pytest.fixture
def frames(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Seven pictures of one colour each: an encoder that mixes them up is found out."""
    return np.repeat(np.repeat(rng.integers(0, 256, (7, 1, 1, 3), dtype=np.uint8), 16, 1), 12, 2)


def samples(points: list[str], labels: list[str | None], truncation: float | None = None) -> Samples:
    pixels = np.arange(8 * 8 * 3, dtype=np.uint8).reshape(8, 8, 3)
    drawn = tuple(Drawing(p, label, pixels + n) for n, (p, label) in enumerate(zip(points, labels, strict=True)))
    return Samples(MODEL, drawn, truncation, Timings(0, 0, 1))


def test_a_grid_keeps_every_pixel_and_is_white_between(frames: NDArray[np.uint8]) -> None:
    grid = files.grid_picture(frames, columns=3, gap=2)
    assert grid.shape == (3 * 18 - 2, 3 * 14 - 2, 3)
    for number, frame in enumerate(frames):
        top, left = number // 3 * 18, number % 3 * 14
        assert (grid[top : top + 16, left : left + 12] == frame).all()
    assert (grid[16:18] == 255).all()
    assert (grid[:, 12:14] == 255).all()
    assert (grid[36:, 14:] == 255).all(), "the last row's empty places"


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (2, 2), (9, 3), (10, 4), (256, 12)])
def test_a_grid_is_about_square(count: int, columns: int) -> None:
    assert files.grid_columns(count) == columns


def test_a_strip_has_both_ends(frames: NDArray[np.uint8]) -> None:
    assert (files.strip_picture(frames) == np.concatenate(list(frames), axis=1)).all()
    short = files.strip_picture(frames, most=3)
    assert (short == np.concatenate([frames[0], frames[3], frames[6]], axis=1)).all()


@pytest.mark.parametrize(("make", "most"), [(files.gif_bytes, 4), (files.webp_bytes, 12)])
def test_animations_hold_every_frame_in_order_and_run_for_ever(make, most: int, frames: NDArray[np.uint8]) -> None:  # type: ignore[no-untyped-def]
    data = make(frames, fps=10, side=64)
    assert data == make(frames, fps=10, side=64)
    with Image.open(io.BytesIO(data)) as film:
        assert film.n_frames == len(frames)
        assert film.size == (48, 64)
        assert film.info["loop"] == 0
        assert film.info.get("duration", 100) == 100
        assert not {"comment", "exif", "xmp"} & set(film.info)
        for number, frame in enumerate(frames):
            film.seek(number)
            shown = np.asarray(film.convert("RGB")).astype(int)
            assert np.abs(shown - frame[0, 0].astype(int)).max() <= most


def test_an_mp4_holds_every_frame_for_any_player(frames: NDArray[np.uint8]) -> None:
    data = files.mp4_bytes(frames, fps=10, side=65)  # 65 / 16 rounds to fourfold
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert float(stream.average_rate) == 10
        shown = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        assert "encoder" not in {**container.metadata, **stream.metadata}
    assert len(shown) == len(frames)
    for picture, frame in zip(shown, frames, strict=True):
        assert picture.shape == (64, 48, 3)
        assert np.abs(picture.astype(int).mean((0, 1)) - frame[0, 0]).max() < 12


def test_odd_sides_are_cut_for_an_mp4() -> None:
    data = files.mp4_bytes(np.zeros((2, 9, 9, 3), np.uint8), side=9)
    with av.open(io.BytesIO(data)) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (8, 8)


@pytest.mark.parametrize("name", ["a.gif", "b.GIF", "c.webp", "d.mp4", "dir.x/e.png"])
def test_known_endings(name: str) -> None:
    assert files.film_ending(name) in files.FILMS


@pytest.mark.parametrize("name", ["a.jpg", "a", "gif", ""])
def test_other_endings_are_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match=r"\.gif, \.webp or \.mp4"):
        files.film_ending(name)


def test_names_are_unique_and_safe() -> None:
    points = ["7", "7", "7>(3>4@0.5)@0.3", "z:" + "QUJD" * 80]
    names = files.file_names(samples(points, ["Men/Apparel", None, "Women/Other", "Men/Other"]).drawings)
    assert names == (
        "000-men-apparel-7.png", "001-7.png", "002-women-other-7-3-4-0.5-0.3.png", "003-men-other-found.png",
    )  # fmt: skip


def test_a_manifest_says_where_each_comes_from() -> None:
    found = files.manifest_json(samples(["5", "6>1@0.3"], ["Men/Apparel", "Men/Apparel"], 0.7))
    assert {key: found[key] for key in ("model", "sha256", "truncation", "n")} == {
        "model": MODEL.name, "sha256": MODEL.sha256, "truncation": 0.7, "n": 2,
    }  # fmt: skip
    assert found["discriminator_sha256"] is None
    chosen = replace(samples(["5"], ["Men/Apparel"]), judge="f" * 64)
    assert files.manifest_json(chosen)["discriminator_sha256"] == "f" * 64
    first, second = found["drawings"]
    assert (first["seed"], first["point"], first["class"]) == (5, "5", "Men/Apparel")
    assert (second["seed"], second["point"]) == (None, "6>1@0.3")
    assert shlex.split(second["command"]) == [
        "fashionviz", "generate", "--model", MODEL.name, "--class", "Men/Apparel", "--point", "6>1@0.3",
        "--truncation", "0.7", "--out", "drawings",
    ]  # fmt: skip
    assert shlex.split(found["command"])[6:10] == ["--point", "5", "--point", "6>1@0.3"]


def test_seeds_in_a_row_are_one_short_command() -> None:
    several = files.manifest_json(samples(["3", "4", "5"], ["a", "b", "c"]))["command"]
    assert several == f"fashionviz generate --model {MODEL.name} --n 3 --seed 3 --out drawings"
    one = files.manifest_json(samples(["3", "4"], ["Men/Other"] * 2))["command"]
    assert "--class Men/Other --n 2 --seed 3" in one


def test_a_zip_holds_the_pixels_and_the_manifest_and_is_the_same_again() -> None:
    drawn = samples(["5", "6"], [None, None])
    data = files.zip_bytes(drawn)
    assert data == files.zip_bytes(drawn)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        manifest = json.loads(archive.read("manifest.json"))
        assert set(archive.namelist()) == {"manifest.json", *(row["file"] for row in manifest["drawings"])}
        for row, drawing in zip(manifest["drawings"], drawn.drawings, strict=True):
            with Image.open(io.BytesIO(archive.read(row["file"]))) as picture:
                assert not picture.info
                assert (np.asarray(picture) == drawing.pixels).all()
