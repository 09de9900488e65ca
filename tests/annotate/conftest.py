"""A folder of drawn photos, and an engine with the weights that are shipped."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from fashionviz.data.examples import draw
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from tests.counted import count_calls

#: Path below the folder, what is drawn, with which seed.
DRAWN = (
    ("dress.png", "dress", 0),
    ("men/shirt.jpg", "shirt", 0),
    ("men/trousers.JPEG", "trousers", 0),
    ("more/deep/bag.webp", "handbag", 0),
    ("more/deep/watch.jpg", "watch", 0),
    ("sunglasses.jpg", "sunglasses", 0),
)
NAMES = tuple(sorted(name for name, _, _ in DRAWN))


def picture(kind: str, seed: int, ending: str) -> bytes:
    """A drawn garment as the bytes of a file."""
    out = io.BytesIO()
    small = Image.fromarray(draw(kind, seed)).resize((180, 240))
    small.save(out, {".png": "PNG", ".webp": "WEBP"}.get(ending.lower(), "JPEG"))
    return out.getvalue()


@pytest.fixture(scope="session")
def drawn() -> dict[str, bytes]:
    """Every photo's bytes by its path."""
    return {name: picture(kind, seed, Path(name).suffix) for name, kind, seed in DRAWN}


@pytest.fixture
def folder(tmp_path: Path, drawn: dict[str, bytes]) -> Path:
    """The photos, in folders of folders."""
    root = tmp_path / "photos"
    for name, data in drawn.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where the table goes."""
    return tmp_path / "labels.csv"


@pytest.fixture(autouse=True)
def _shipped_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FASHIONVIZ_WEIGHTS", raising=False)


@pytest.fixture(scope="session")
def _loaded() -> Iterator[Engine]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("FASHIONVIZ_WEIGHTS", raising=False)
        made = Engine(EngineConfig(device="cpu", max_batch=4))
        made.filters()
    yield made
    made.close()


@pytest.fixture
def shipped(_loaded: Engine, _shipped_weights: None) -> Engine:
    """An engine that answers with the weights of the repository."""
    return _loaded


@pytest.fixture
def asked(shipped: Engine, monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The models of all calls of the real engine, which still answers."""
    return count_calls(shipped, monkeypatch)
