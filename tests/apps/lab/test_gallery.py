"""The row of examples: photos fetched from the publisher, and drawn ones without a network."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from apps.lab import gallery
from apps.lab.events import Events
from fashionviz.data.examples import KINDS
from fashionviz.errors import FetchError
from fashionviz.inference.engine import Engine
from tests.apps.lab.photos import gps, jpeg


def _fetch(engine: Engine) -> tuple[object, list[str] | object, str]:
    tiles, names, said = Events(engine).fetch()
    return tiles, names, said


def test_fetching_without_a_network_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: tuple[str, Engine, Path]
) -> None:
    def fail(*_arguments: object) -> None:
        raise FetchError("The publisher cannot be reached. Is this machine online?")

    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path))
    monkeypatch.setattr("fashionviz.data.fetch.fetch_examples", fail)
    with pytest.warns(UserWarning, match="cannot be reached"):  # a toast, outside a page
        _, _, said = _fetch(server[1])
    assert "cannot be reached" in said
    assert "drawn examples" in said
    assert len(gallery.example_tiles()) == len(gallery.sources()) > 5


def test_fetching_from_the_publisher_fills_the_row(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: tuple[str, Engine, Path]
) -> None:
    class Publisher(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(jpeg())

        def log_message(self, *_arguments: object) -> None:
            pass

    publisher = ThreadingHTTPServer(("127.0.0.1", 0), Publisher)
    threading.Thread(target=publisher.serve_forever, daemon=True).start()
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path))
    monkeypatch.setenv("FASHIONVIZ_EXAMPLES_URL", f"http://127.0.0.1:{publisher.server_port}")
    try:
        tiles, names, said = _fetch(server[1])
    finally:
        publisher.shutdown()
        publisher.server_close()
    assert "photos fetched" in said
    assert isinstance(names, list)
    assert names[0].endswith(".jpg")
    assert names[-1] in KINDS
    assert isinstance(tiles, list)
    assert len(tiles) == len(names)


def test_fetched_photos_come_first_and_go_through_the_door(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path))
    gallery.folder().mkdir(parents=True)
    (gallery.folder() / "shirt.jpg").write_bytes(gps())
    names = gallery.sources()
    photo, file = gallery.open_example(names[0])
    assert file == "shirt.jpg"
    assert "turned upright" in photo.notes
    assert gallery.example_tiles(names)[0][1] == "shirt (photo)"
