"""The nearest real items of a drawing, measured with the shipped classifier on a set of four drawn pictures."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from fashionviz.data.examples import draw
from fashionviz.errors import Cancelled, DataError
from fashionviz.generate.nearest import nearest_items
from fashionviz.images import from_pixels
from fashionviz.models.preprocess import letterbox
from tests.conftest import MODEL, TRAINED

KINDS = ("dress", "jacket", "handbag", "watch")


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A train split of four pictures."""
    rows = []
    for kind in KINDS:
        out = io.BytesIO()
        Image.fromarray(draw(kind, 0)).save(out, "PNG")
        rows.append({"bytes": out.getvalue(), "path": None})
    (tmp_path / "data" / "fpi").mkdir(parents=True)
    table = pa.table({"id": list(KINDS), "image": rows})
    pq.write_table(table, tmp_path / "data" / "fpi" / "train-00000-of-00001.parquet")
    monkeypatch.setenv("FASHIONVIZ_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.mark.skipif(MODEL not in TRAINED, reason="the shipped weights are not here")
def test_a_picture_is_nearest_to_itself(photos: Path) -> None:
    asked = letterbox(from_pixels(draw("handbag", 0)).pixels, (64, 64))[0]
    heard: list[tuple[int, int]] = []
    found = nearest_items(asked, 3, tick=lambda done, total: heard.append((done, total)))
    assert found[0].id == "handbag"
    assert found[0].cosine == pytest.approx(1.0, abs=1e-3)  # features are kept in 16 bits
    assert [item.cosine for item in found] == sorted((item.cosine for item in found), reverse=True)
    assert len({item.id for item in found}) == 3
    assert heard[-1] == (4, 4)
    heard.clear()
    assert nearest_items(asked, 1)[0].id == "handbag"
    assert heard == []  # the second time the features are there


def test_measuring_can_be_stopped(photos: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise Cancelled("Stopped.")

    asked = letterbox(from_pixels(draw("handbag", 0)).pixels, (64, 64))[0]
    with pytest.raises(Cancelled):
        nearest_items(asked, 3, tick=stop)


def test_without_the_photos_it_says_how_to_fetch_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASHIONVIZ_DATA", str(tmp_path))
    with pytest.raises(DataError, match="fashionviz data fetch fpi"):
        nearest_items(letterbox(from_pixels(draw("hat", 0)).pixels, (64, 64))[0])
