"""What becomes of an upload: one session's alone, deleted as it is read, swept where it was forgotten."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from apps.lab.app import build_lab
from apps.lab.intake import Upload, take
from apps.lab.storage import EVERY_S, OLDEST_S, sweep
from fashionviz import images
from fashionviz.errors import ImageError, ImageTooLarge
from fashionviz.inference.engine import Engine


def test_two_sessions_do_not_share_a_photo(server: tuple[str, Engine, Path], random_weights: Path) -> None:
    """What one session holds, another's questions do not see."""
    from gradio.state_holder import StateHolder

    blocks = build_lab(server[1])
    holder = StateHolder()
    holder.set_blocks(blocks)
    state = next(b for b in blocks.blocks.values() if b.get_block_name() == "state")
    holder["first"][state._id] = "a photo"
    assert holder["first"][state._id] == "a photo"
    assert holder["second"][state._id] is None
    assert state.time_to_live <= 3600
    assert blocks.delete_cache is not None
    assert sum(blocks.delete_cache) <= 3600


def test_an_upload_is_deleted_as_it_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "upload"
    folder.mkdir()
    path = folder / "a.jpg"
    path.write_bytes(b"abc")
    assert take(Upload(str(path), "a.jpg")) == b"abc"
    assert not folder.exists()
    with pytest.raises(ImageError, match="no longer here"):
        take(Upload(str(path.with_name("b.jpg")), "b.jpg"))


def test_two_visitors_may_send_the_same_file_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"abc")
    assert take(Upload(str(path), "a.jpg")) == b"abc"
    assert take(Upload(str(path), "a.jpg")) == b"abc", "Gradio gives the same content the same path"
    now = time.monotonic()
    monkeypatch.setattr("apps.lab.intake.time.monotonic", lambda: now + 31)
    with pytest.raises(ImageError, match="no longer here"):
        take(Upload(str(path), "a.jpg"))


def test_files_of_the_page_are_not_deleted_by_naming_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "thumbnail.png"
    path.write_bytes(b"abc")
    monkeypatch.setattr("apps.lab.storage._ours", {str(path)})
    assert take(Upload(str(path), "thumbnail.png")) == b"abc"
    assert path.exists()


def test_old_files_are_swept_and_the_pages_own_kept(tmp_path: Path) -> None:
    for name in ("old", "own", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").write_bytes(b"x")
    for name in ("old", "own"):
        os.utime(tmp_path / name / "a.png", (0, time.time() - OLDEST_S - 1))
    assert sweep(tmp_path, {str(tmp_path / "own" / "a.png")}) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["new", "own"]
    assert EVERY_S + OLDEST_S <= 3600


def test_a_file_over_the_cap_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "big.jpg"
    with path.open("wb") as handle:
        handle.truncate(images.MAX_BYTES + 1)
    with pytest.raises(ImageTooLarge, match="25 MB"):
        take(Upload(str(path), "big.jpg"))
    assert not path.exists()
