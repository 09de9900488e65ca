"""Small data sets of drawn pictures, in the layout of the real ones."""

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from fashionviz.data.examples import draw
from fashionviz.data.sets import split_of
from fashionviz.data.street import street_ids
from fashionviz.training.albums import Sizes

KINDS = [
    ("Men", "Apparel", "shirt"),
    ("Women", "Apparel", "dress"),
    ("Women", "Footwear", "heel"),
    ("Men", "Accessories", "watch"),
]


def encode(picture: np.ndarray, size: tuple[int, int], form: str = "JPEG") -> dict[str, object]:
    out = io.BytesIO()
    Image.fromarray(picture).resize(size).save(out, form)
    return {"bytes": out.getvalue(), "path": None}


@pytest.fixture(scope="module")
def drawn() -> dict[str, np.ndarray]:
    return {kind: draw(kind, 0) for kind in ("shirt", "dress", "heel", "watch", "street dress")}


@pytest.fixture
def data(tmp_path: Path, drawn: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "data"
    for name, size in (("fpi", (60, 80)), ("fpi-large", (90, 120))):
        (root / name).mkdir(parents=True)
        for split, count in (("train", 24), ("validation", 8), ("test", 8)):
            rows = [KINDS[i % 4] for i in range(count)]
            table = pa.table(
                {
                    "id": pa.array(range(count)),
                    "gender": [r[0] for r in rows],
                    "masterCategory": [r[1] for r in rows],
                    "articleType": [r[2] for r in rows],
                    "image": [encode(drawn[r[2]], size) for r in rows],
                }
            )
            pq.write_table(table, root / name / f"{split}-00000-of-00001.parquet")
    (root / "ccp").mkdir()
    mask = np.zeros((120, 80), dtype=np.uint8)
    mask[20:110, 25:55] = 14
    out = io.BytesIO()
    Image.fromarray(mask).save(out, "PNG")
    for split in ("train", "validation", "test", "tags"):
        known = street_ids("train" if split == "tags" else split)
        ids = [i for i in sorted(known) if split_of("ccp", i) == ("train" if split == "tags" else split)]
        ids = ids[-6:] if split == "tags" else ids[:6]
        columns = {
            "id": pa.array(ids),
            "tags": [["dress", "bag"] if i % 2 else ["dress", "hair"] for i in range(len(ids))],
            "image": [encode(drawn["street dress"], (80, 120))] * len(ids),
        }
        if split != "tags":
            columns["mask"] = [{"bytes": out.getvalue(), "path": None}] * len(ids)
        pq.write_table(pa.table(columns), root / "ccp" / f"{split}-00000-of-00001.parquet")
    (root / "clothing").mkdir()
    for split in ("train", "extra"):
        table = pa.table(
            {
                "label": ["Shirt", "Dress", "Shoes", "Hat"],
                "kids": [False, False, False, True],
                "image": [encode(255 - drawn["shirt"], (60, 80))] * 4,
            }
        )
        pq.write_table(table, root / "clothing" / f"{split}-00000-of-00001.parquet")
    monkeypatch.setenv("FASHIONVIZ_DATA", str(root))
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setattr("fashionviz.training.sources.BACKGROUNDS", 12)
    monkeypatch.setattr("fashionviz.training.albums.SIZES", Sizes(fit=10, choose=10, measure=5))
    monkeypatch.setattr("fashionviz.training.albums.KINDS", ("shirt",))
    return root
