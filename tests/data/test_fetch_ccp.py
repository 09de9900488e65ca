"""Clothing Co-Parsing with its masks and tags, which lie in .mat files."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fashionviz import images
from fashionviz.data.fetch import fetch
from fashionviz.data.publishers import PUBLICATIONS
from fashionviz.data.sets import open_set, split_of
from fashionviz.errors import FetchError
from tests.data.archives import archive, photo

LABELS = ["null", "accessories", "bag", "skin", "skirt"]


def ccp_archive() -> bytes:
    savemat = pytest.importorskip("scipy.io", reason="reading .mat files needs scipy").savemat

    def mat(**variables: object) -> bytes:
        out = io.BytesIO()
        savemat(out, variables, do_compression=True)
        return out.getvalue()

    truth = np.zeros((600, 400), np.uint8)
    truth[100:300, 100:300] = 4
    truth[300:500, 150:250] = 3
    files = {"label_list.mat": mat(label_list=np.array([LABELS], dtype=object))}
    for i in range(1, 9):
        files[f"photos/{i:04d}.jpg"] = photo(i, 400, 600)
        files[f"annotations/pixel-level/{i:04d}.mat"] = mat(groundtruth=truth)
    for i in (1005, 1006):
        files[f"photos/{i}.jpg"] = photo(i, 400, 600)
        files[f"annotations/image-level/{i}.mat"] = mat(tags=np.array([[4], [2], [0]], np.uint8))
    return archive("clothing-co-parsing-fe34", files)


def test_ccp_masks_and_tags(publisher: Any, tmp_path: Path) -> None:
    publisher.files[f"/{PUBLICATIONS['ccp'].remotes[0].name}"] = ccp_archive()
    fetch("ccp", to=tmp_path, source=publisher.url, partial=True)
    folder = tmp_path / "ccp"
    assert (folder / "labels.txt").read_text().split() == LABELS
    tags = list(open_set(folder, "tags").rows())
    assert [(r["id"], r["tags"]) for r in tags] == [(1005, ["bag", "skirt"]), (1006, ["bag", "skirt"])]
    assert images.decode(tags[0]["image"]["bytes"]).width == 208
    for split in {split_of("ccp", i) for i in range(1, 9)}:
        for row in open_set(folder, split).rows():
            assert split_of("ccp", row["id"]) == split
            assert row["tags"] == ["skin", "skirt"]
            mask = np.asarray(Image.open(io.BytesIO(row["mask"]["bytes"])))
            decoded = images.decode(row["image"]["bytes"])
            assert mask.shape == (decoded.height, decoded.width) == (504, 336)
            assert set(np.unique(mask)) == {0, 3, 4}
            assert row["mask"]["path"] == row["image"]["path"].replace("jpg", "png")


def test_ccp_from_an_unpacked_folder(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(ccp_archive())) as handle:
        handle.extractall(tmp_path)
    fetch("ccp", to=tmp_path, source=str(tmp_path / "clothing-co-parsing-fe34"), partial=True)
    assert len(open_set(tmp_path / "ccp", "tags")) == 2


def test_ccp_without_scipy_says_what_to_do(publisher: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publisher.files[f"/{PUBLICATIONS['ccp'].remotes[0].name}"] = ccp_archive()
    monkeypatch.setitem(__import__("sys").modules, "scipy.io", None)
    with pytest.raises(FetchError, match="pip install scipy"):
        fetch("ccp", to=tmp_path, source=publisher.url)
    # The large download is kept for the next try.
    assert list((tmp_path / ".downloads" / "ccp").glob("*.zip"))
