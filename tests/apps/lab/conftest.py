"""A launched lab and a visitor of it; for the tab "Annotate" the shipped models, a desk and uploads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from gradio_client import Client

from apps.lab.app import build_lab, mount_options
from apps.lab.desk import Desk
from apps.lab.intake import Upload
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from tests.apps.lab.collection import Send
from tests.ports import free_port


@contextmanager
def launched(
    folders: pytest.TempPathFactory, weights: Path | None = None, config: EngineConfig | None = None
) -> Iterator[tuple[str, Engine, Path]]:
    """A lab over these weights or the shipped ones: its address, its engine and Gradio's temporary folder."""
    with pytest.MonkeyPatch.context() as patch:
        cache = folders.mktemp("gradio")
        patch.setenv("GRADIO_TEMP_DIR", str(cache))
        if weights is None:
            patch.delenv("FASHIONVIZ_WEIGHTS", raising=False)
        else:
            patch.setenv("FASHIONVIZ_WEIGHTS", str(weights))
        patch.setenv("FASHIONVIZ_CACHE", str(folders.mktemp("cache")))
        patch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
        engine = Engine(config)
        blocks = build_lab(engine)
        options = {k: v for k, v in mount_options().items() if k != "run_history"}
        _, url, _ = blocks.launch(
            prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", server_port=free_port(), **options
        )
        yield url, engine, cache
        blocks.close()
        engine.close()


@pytest.fixture(scope="module")
def server(random_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Engine, Path]]:
    """A launched lab over random weights."""
    with launched(tmp_path_factory, random_weights) as lab:
        yield lab


@pytest.fixture
def client(server: tuple[str, Engine, Path], tmp_path: Path) -> Iterator[Client]:
    """A visitor of its own."""
    client = Client(server[0], download_files=str(tmp_path / "down"), verbose=False, analytics_enabled=False)
    yield client
    client.close()


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("FASHIONVIZ_WEIGHTS", raising=False)
        made = Engine(EngineConfig(device="cpu", max_batch=1))
        yield made
        made.close()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("FASHIONVIZ_WEIGHTS", raising=False)
    folder = tmp_path / "gradio"
    folder.mkdir()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    return folder


@pytest.fixture
def desk(cache: Path) -> Desk:
    return Desk(cache)


@pytest.fixture
def sent(tmp_path: Path) -> Send:
    """What Gradio hands over for a file: it lies in a folder of its own."""
    count = 0

    def send(name: str, data: bytes) -> Upload:
        nonlocal count
        count += 1
        place = tmp_path / "uploads" / str(count)
        place.mkdir(parents=True)
        (place / "f").write_bytes(data)
        return Upload(str(place / "f"), name)

    return send
