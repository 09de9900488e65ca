"""Which files of a folder are photos, and how one is read."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from fashionviz.annotate.photos import find_photos, read_photo
from fashionviz.errors import ImageTooLarge, InvalidRequest
from fashionviz.images import MAX_BYTES


def touch(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def test_photos_of_all_folders_in_one_order(tmp_path: Path) -> None:
    good = ["B.JPG", "a.jpeg", "a/z.png", "a/b/c.webp", "a/b/c.jpe", "b.jfif", "ü.jpg", "a.b.jpg"]
    touch(tmp_path, *good, "notes.txt", "a/labels.csv", "jpg", "c.jpg.part", ".hidden.jpg", ".git/d.jpg", "a/._z.png")
    touch(tmp_path, "i.heic", "j.HEIC", "a/k.gif")
    (tmp_path / "folder.jpg").mkdir()
    found = find_photos(tmp_path)
    assert found.files == tuple(sorted(good))
    assert found.left_out == ((".gif", 1), (".heic", 2))
    assert (found.root, found.unreadable) == (tmp_path, ())


def test_links_neither_go_round_in_circles_nor_out_of_the_folder(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    touch(outside, "x.jpg", "y.jpg")
    touch(root, "a/b.jpg")
    (root / "a" / "up").symlink_to(root)
    (root / "away").symlink_to(outside)
    (root / "linked.jpg").symlink_to(outside / "x.jpg")  # a link to a photo is a photo
    (root / "self.jpg").symlink_to(root / "self.jpg")
    (root / "broken.jpg").symlink_to(root / "nothing.jpg")
    (root / "folder.png").symlink_to(outside)
    os.mkfifo(root / "pipe.jpg")  # reading it would wait for ever
    assert find_photos(root).files == ("a/b.jpg", "linked.jpg")
    (tmp_path / "alias").symlink_to(root)
    assert find_photos(tmp_path / "alias").files == ("a/b.jpg", "linked.jpg")


def test_a_single_photo(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "b.jpg")
    found = find_photos(tmp_path / "b.jpg")
    assert (found.root, found.files) == (tmp_path, ("b.jpg",))


def test_nothing_to_do_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="no folder"):
        find_photos(tmp_path / "nowhere")
    with pytest.raises(InvalidRequest, match="no JPEG, PNG or WebP photo"):
        find_photos(tmp_path)
    touch(tmp_path, "a.heic", "b.heic")
    with pytest.raises(InvalidRequest, match="2 pictures in other formats"):
        find_photos(tmp_path)


def test_a_folder_that_cannot_be_listed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "a.jpg", "locked/b.jpg")
    scandir = os.scandir
    locked = {tmp_path / "locked"}

    def guarded(path: Path) -> object:  # root may list everything, so the system's refusal is played
        if Path(path) in locked:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    found = find_photos(tmp_path)
    assert (found.files, found.unreadable) == (("a.jpg",), ("locked",))
    locked.add(tmp_path)
    with pytest.raises(InvalidRequest, match="cannot be read"):
        find_photos(tmp_path)


def test_reading_and_hashing(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"abc")
    found = read_photo(path)
    # SHA-256 of "abc" as FIPS 180-2, appendix B.1, prints it.
    assert found.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert (found.data, found.error) == (b"abc", None)
    missing = read_photo(tmp_path / "b.jpg")
    assert (missing.sha256, missing.data) == (None, None)
    assert "No such file" in str(missing.error)


@pytest.mark.parametrize("more", [0, 1, 3_000_000])
def test_a_large_file_is_hashed_but_not_kept(tmp_path: Path, more: int) -> None:
    path = tmp_path / "a.jpg"
    with path.open("wb") as handle:
        handle.truncate(MAX_BYTES + more)
    found = read_photo(path)
    assert found.sha256 == hashlib.sha256(bytes(MAX_BYTES + more)).hexdigest()
    if not more:
        assert found.data is not None
        assert len(found.data) == MAX_BYTES
        return
    assert found.data is None
    assert isinstance(found.error, ImageTooLarge)
    assert f"{(MAX_BYTES + more) / 1048576:.1f} MB" in str(found.error)
