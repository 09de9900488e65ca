"""Whole sets from small archives in their publishers' form: fetched, checked, packed, or refused with a sentence."""

from __future__ import annotations

import hashlib
import io
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fashionviz import images
from fashionviz.data.fetch import fetch, read_lock
from fashionviz.data.publishers import PUBLICATIONS
from fashionviz.data.sets import open_set
from fashionviz.errors import FetchError, InvalidRequest
from tests.data.archives import archive, photo, serve_clothing


def test_clothing_takes_its_publishers_split(publisher: Any, tmp_path: Path) -> None:
    serve_clothing(publisher)
    steps: list[str] = []
    result = fetch("clothing", to=tmp_path, source=publisher.url, partial=True, on_step=lambda t, *_: steps.append(t))

    rows = {s: open_set(tmp_path / "clothing", s).table(["id", "label", "label10", "sender", "kids"]).to_pylist()
            for s in result.splits}  # fmt: skip
    assert [r["id"] for r in rows["train"]] == [f"{i:08d}-aaaa" for i in range(0, 24, 4)]
    assert [r["id"] for r in rows["validation"]] == [f"{i:08d}-aaaa" for i in range(1, 24, 4)]
    assert rows["train"][0] == {
        "id": "00000000-aaaa",
        "label": "T-Shirt",
        "label10": "t-shirt",
        "sender": 100,
        "kids": False,
    }
    # What the small set leaves out is extra, a tenth of it held out; what names no garment is nowhere.
    left_out = [f"{i:08d}-aaaa" for i in range(3, 24, 4) if i != 7]
    held = {i for i in left_out if int(hashlib.md5(i.encode()).hexdigest(), 16) % 100 >= 90}
    assert {r["id"] for r in rows.get("extra", [])} == set(left_out) - held
    assert all(r["label10"] is None for r in rows.get("extra", []))
    assert {r["id"] for r in rows["holdout"]} == {f"{i:08d}-aaaa" for i in range(2, 24, 4)} | held
    # Short side 224; the hold-out as it was sent.
    train = next(open_set(tmp_path / "clothing", "train").rows(["image"]))["image"]
    assert (images.decode(train["bytes"]).width, train["path"]) == (224, "00000000-aaaa.jpg")
    held_out = next(open_set(tmp_path / "clothing", "holdout").rows(["image"]))["image"]
    assert held_out["bytes"] == photo(2, 400, 500)
    assert any(s.startswith("Downloading clothing-dataset") for s in steps)
    assert "Packing clothing" in steps
    # Only the set and the record are left.
    assert sorted(p.name for p in tmp_path.iterdir()) == ["checksums.json", "clothing"]


def test_present_sets_are_left_alone_unless_forced(publisher: Any, tmp_path: Path) -> None:
    serve_clothing(publisher)
    fetch("clothing", to=tmp_path, source=publisher.url, partial=True)
    asked = len(publisher.asked)
    again = fetch("clothing", to=tmp_path, source=publisher.url)
    assert again.already
    assert again.splits["train"] == 6
    assert len(publisher.asked) == asked
    assert not fetch("clothing", to=tmp_path, source=publisher.url, partial=True, force=True).already


def test_first_fetch_records_checksums_and_later_ones_must_match(publisher: Any, tmp_path: Path) -> None:
    serve_clothing(publisher)
    fetch("clothing", to=tmp_path, source=publisher.url, partial=True)
    lock = read_lock(tmp_path)["clothing"]
    name = PUBLICATIONS["clothing"].remotes[1].name
    assert lock[name]["sha256"] == hashlib.sha256(publisher.files[f"/{name}"]).hexdigest()
    train = tmp_path / "clothing" / "train-00000-of-00001.parquet"
    assert lock["clothing/train-00000-of-00001.parquet"]["sha256"] == hashlib.sha256(train.read_bytes()).hexdigest()

    publisher.files[f"/{name}"] = archive("other", {"train/dress/x.jpg": photo(5)})
    before = train.read_bytes()
    with pytest.raises(FetchError, match="checksum"):
        fetch("clothing", to=tmp_path, source=publisher.url, partial=True, force=True)
    assert train.read_bytes() == before  # the old set stays


def test_too_few_rows_are_no_set(publisher: Any, tmp_path: Path) -> None:
    serve_clothing(publisher)
    with pytest.raises(FetchError, match="6 rows in train, 3,068 were expected"):
        fetch("clothing", to=tmp_path, source=publisher.url)
    assert not (tmp_path / "clothing").exists()


def test_a_cut_download_goes_on_at_the_next_fetch(publisher: Any, tmp_path: Path) -> None:
    serve_clothing(publisher)
    name = PUBLICATIONS["clothing"].remotes[0].name

    def interrupt(_text: str, done: int, _total: int | None) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch("clothing", to=tmp_path, source=publisher.url, partial=True, on_step=interrupt)
    assert (tmp_path / ".downloads" / "clothing" / f"{name}.part").exists()
    assert not list(tmp_path.glob(".clothing*"))
    fetch("clothing", to=tmp_path, source=publisher.url, partial=True)
    assert any(r and r.startswith("bytes=") for _, r, _ in publisher.asked)


def evil(name: str, link: bool = False) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as handle:
        handle.writestr("top/images.csv", "image,sender_id,label,kids\n")
        info = zipfile.ZipInfo(name)
        if link:
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
        handle.writestr(info, b"../../etc/passwd")
    return out.getvalue()


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (lambda full: evil("top/../../outside.txt"), "unsafe entry"),  # zip slip
        (lambda full: evil("/etc/cron.d/x"), "unsafe entry"),
        (lambda full: evil("top/link", link=True), "unsafe entry"),
        (lambda full: full[: len(full) // 2], "damaged or not a ZIP"),  # cut off at the publisher
        (lambda full: b"<html>sign in</html>", "damaged or not a ZIP"),  # a captive portal's page
        (lambda full: full[:200] + bytes(60) + full[260:], "damaged"),  # one file's bytes
        (lambda full: archive("top", {"readme.md": b"moved"}), "lacks images.csv"),
    ],
)
def test_bad_archives_are_refused_and_not_kept(
    publisher: Any, tmp_path: Path, broken: Callable[[bytes], bytes], words: str
) -> None:
    serve_clothing(publisher)
    name = PUBLICATIONS["clothing"].remotes[0].name
    publisher.files[f"/{name}"] = broken(publisher.files[f"/{name}"])
    root = tmp_path / "data"
    with pytest.raises(FetchError, match=words):
        fetch("clothing", to=root, source=publisher.url, partial=True)
    assert not (root / "clothing").exists()
    assert read_lock(root) == {}  # a bad first fetch is not recorded as the right one
    assert not list(tmp_path.rglob("outside.txt"))
    if "lacks" not in words:
        assert not (root / ".downloads" / "clothing" / name).exists()


def test_video(publisher: Any, tmp_path: Path) -> None:
    name = PUBLICATIONS["video"].remotes[0].name
    publisher.files[f"/{name}"] = b"\x00\x00\x00\x20ftypisom" + bytes(500)
    fetch("video", to=tmp_path, source=publisher.url)
    assert (tmp_path / "video" / name).stat().st_size == 512
    publisher.files[f"/{name}"] = b"<html>"
    with pytest.raises(FetchError, match="checksum"):
        fetch("video", to=tmp_path, source=publisher.url, force=True)
    with pytest.raises(FetchError, match="no MP4"):
        fetch("video", to=tmp_path / "new", source=publisher.url)


@pytest.mark.parametrize(
    ("name", "source", "error", "words"),
    [
        ("nosuch", None, InvalidRequest, "there are fpi"),
        ("clothing", "ftp://x/y", InvalidRequest, "--from takes"),
        ("clothing", "/no/such/folder", InvalidRequest, "--from takes"),
        ("clothing", "huggingface", InvalidRequest, "No mirror"),
        ("fpi-large", "http://127.0.0.1:9/", InvalidRequest, "Kaggle or a folder only"),
        ("vocab", None, FetchError, "cannot be fetched by a program"),
    ],
)
def test_wrong_requests(tmp_path: Path, name: str, source: str | None, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        fetch(name, to=tmp_path, source=source)


def test_gone_at_the_publisher(publisher: Any, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="no longer has"):
        fetch("clothing", to=tmp_path, source=publisher.url)
    assert not (tmp_path / "clothing").exists()


def test_data_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FetchError, match="--to"):
        fetch("clothing", to=tmp_path / "file", source=str(tmp_path))


def test_publishers_form() -> None:
    urls = {r.url for p in PUBLICATIONS.values() for r in (*p.remotes, *p.mirror)}
    assert "https://github.com/alexeygrigorev/clothing-dataset/archive/7ed86a9c.zip" in urls
    assert "https://github.com/bearpaw/clothing-co-parsing/archive/fe34fb77721a.zip" in urls
    assert all(u.startswith("https://") for u in urls)
