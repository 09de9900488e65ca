"""The decoded cache: each picture is decoded once, and a half-written cache never passes for a whole one."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from fashionviz.data import cache
from fashionviz.data.cache import decoded
from fashionviz.data.sets import open_set

COLOURS = [(200, 0, 0), (0, 200, 0), (0, 0, 200)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rows = []
    for colour in COLOURS:
        out = io.BytesIO()
        Image.new("RGB", (30, 40), colour).save(out, "PNG")
        rows.append({"image": {"bytes": out.getvalue(), "path": "x.png"}})
    rows.append({"image": {"bytes": b"no picture", "path": "y.png"}})
    path = tmp_path / "train-00000-of-00001.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def test_pictures_are_letterboxed_in_order(file: Path, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    store = decoded(open_set(file), (16, 20), folder=tmp_path / "c", progress=lambda d, t: steps.append((d, t)))
    assert store.shape == (4, 16, 20, 3)
    assert store.dtype == np.uint8
    for i, colour in enumerate(COLOURS):
        assert tuple(store[i, 8, 10]) == colour
        assert (store[i, 8, 0] == 255).all()  # 12 wide in a frame of 20: white at the sides
    assert (store[3] == 255).all()  # not readable: white
    assert steps == [(i, 4) for i in range(1, 5)]
    assert not store.flags.writeable


def test_decodes_once(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = np.array(decoded(open_set(file), (8, 8), folder=tmp_path / "c"))
    monkeypatch.setattr(cache.images, "decode", lambda _d: pytest.fail("decoded again"))
    assert np.array_equal(decoded(open_set(file), (8, 8), folder=tmp_path / "c"), first)


def test_other_files_or_sizes_are_other_caches(file: Path, tmp_path: Path) -> None:
    place = tmp_path / "c"
    decoded(open_set(file), (8, 8), folder=place)
    decoded(open_set(file), (8, 10), folder=place)
    table = pq.read_table(file)
    pq.write_table(table.slice(1), file)
    decoded(open_set(file), (8, 8), folder=place)
    assert len(list(place.glob("*.npy"))) == 3


def test_an_interrupted_cache_is_not_taken_for_a_whole_one(file: Path, tmp_path: Path) -> None:
    def stop(done: int, _total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        decoded(open_set(file), (8, 8), folder=tmp_path / "c", progress=stop)
    assert not list((tmp_path / "c").glob("*.npy"))
    assert decoded(open_set(file), (8, 8), folder=tmp_path / "c").shape == (4, 8, 8, 3)


def test_the_cache_lies_in_the_users_cache_by_default(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path / "cache"))
    decoded(open_set(file), (8, 8))
    assert len(list((tmp_path / "cache" / "decoded").glob("*.npy"))) == 1


def test_cropped_pictures_are_kept_apart(tmp_path: Path) -> None:
    picture = np.full((40, 30, 3), 255, dtype=np.uint8)
    picture[10:20, 5:15] = (0, 0, 200)
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG")
    path = tmp_path / "train-00000-of-00001.parquet"
    pq.write_table(pa.table({"image": [{"bytes": out.getvalue(), "path": None}]}), path)
    cropped = decoded(open_set(path), (16, 12), crop=True, folder=tmp_path / "c")[0]
    whole = decoded(open_set(path), (16, 12), folder=tmp_path / "c")[0]
    assert np.array_equal(np.nonzero((cropped == (0, 0, 200)).all(2).any(1))[0], np.arange(2, 14))
    assert (cropped[2:14] == (0, 0, 200)).all(), "the square fills the width of the frame"
    assert (whole[0] == 255).all()
    assert len(list((tmp_path / "c").iterdir())) == 2
