"""The four example photos: fetched once, looked at, and refused where they are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from fashionviz import images
from fashionviz.data.fetch import fetch_examples
from fashionviz.data.publishers import EXAMPLE_PHOTOS
from fashionviz.errors import FetchError
from tests.data.archives import photo


def serve_examples(publisher: Any) -> None:
    for i, (label, identifier) in enumerate(EXAMPLE_PHOTOS):
        publisher.files[f"/validation/{label}/{identifier}.jpg"] = photo(i, 300, 400)


def test_example_photos(publisher: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve_examples(publisher)
    monkeypatch.setenv("FASHIONVIZ_EXAMPLES_URL", f"{publisher.url}/validation")
    steps: list[tuple[int, int]] = []
    paths = fetch_examples(tmp_path / "examples", lambda done, total: steps.append((done, total)))
    assert [p.name for p in paths] == ["dress.jpg", "shirt.jpg", "shoes.jpg", "t-shirt.jpg"]
    assert all(images.decode(p.read_bytes()).width == 300 for p in paths)
    assert steps == [(i, 4) for i in range(5)]
    asked = len(publisher.asked)
    assert fetch_examples(tmp_path / "examples") == paths
    assert len(publisher.asked) == asked  # they are there
    assert sorted(p.name for p in (tmp_path / "examples").iterdir()) == [p.name for p in paths]


def test_example_that_is_no_photo_is_not_kept(publisher: Any, tmp_path: Path) -> None:
    serve_examples(publisher)
    label, identifier = EXAMPLE_PHOTOS[1]
    publisher.files[f"/validation/{label}/{identifier}.jpg"] = b"<html>sign in</html>"
    with pytest.raises(FetchError, match="no photo"):
        fetch_examples(tmp_path, base=f"{publisher.url}/validation/")
    assert [p.name for p in tmp_path.iterdir()] == ["dress.jpg"]


def test_examples_offline(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="Are you online"):
        fetch_examples(tmp_path, base="http://127.0.0.1:9", timeout=httpx.Timeout(2), attempts=1)
