"""One file over a bad line: resume, changed files, wrong checksums, and one clear sentence for each failure."""

from __future__ import annotations

import errno
import hashlib
import json
import random
import socket
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from fashionviz.data import download as module
from fashionviz.data.download import Downloaded, download
from fashionviz.errors import Cancelled, FetchError

BODY = random.Random(1).randbytes(400_000)
SHA = hashlib.sha256(BODY).hexdigest()


def get(publisher: Any, folder: Path, **options: Any) -> Downloaded:
    publisher.files.setdefault("/set.zip", BODY)
    return download(publisher.url + "/set.zip", folder / "set.zip", **({"backoff_s": 0.001, "attempts": 3} | options))


def leftovers(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_plain_download_reports_progress(publisher: Any, tmp_path: Path) -> None:
    steps: list[tuple[int, int | None]] = []
    done = get(publisher, tmp_path, sha256=SHA, on_bytes=lambda got, total: steps.append((got, total)))
    assert done.path.read_bytes() == BODY
    assert (done.sha256, done.size, done.resumed_at) == (SHA, len(BODY), 0)
    assert leftovers(tmp_path) == ["set.zip"]
    assert steps[0] == (0, len(BODY))
    assert steps[-1] == (len(BODY), len(BODY))
    assert [s[0] for s in steps] == sorted(s[0] for s in steps)


def test_cut_connection_is_continued_not_repeated(publisher: Any, tmp_path: Path) -> None:
    publisher.cut_after, publisher.cuts = 150_000, 2
    done = get(publisher, tmp_path, sha256=SHA)
    assert done.path.read_bytes() == BODY
    assert [r for _, r, _ in publisher.asked] == [None, "bytes=150000-", "bytes=300000-"]
    assert publisher.asked[1][2] == publisher.etag_of(BODY)
    assert done.resumed_at == 300_000


def test_next_run_goes_on_where_the_last_stopped(publisher: Any, tmp_path: Path) -> None:
    publisher.cut_after, publisher.cuts = 100_000, 1
    with pytest.raises(FetchError, match="goes on from where it stopped"):
        get(publisher, tmp_path, attempts=1)
    assert leftovers(tmp_path) == ["set.zip.part", "set.zip.part.json"]
    done = get(publisher, tmp_path, sha256=SHA)
    assert done.resumed_at == 100_000
    assert leftovers(tmp_path) == ["set.zip"]


def test_a_file_that_changed_meanwhile_is_begun_anew(publisher: Any, tmp_path: Path) -> None:
    publisher.cut_after, publisher.cuts = 100_000, 1
    with pytest.raises(FetchError):
        get(publisher, tmp_path, attempts=1)
    newer = random.Random(2).randbytes(300_000)
    publisher.files["/set.zip"] = newer
    assert get(publisher, tmp_path).path.read_bytes() == newer


@pytest.mark.parametrize(
    "habit",
    [
        {"ranges": False},  # sends everything again, as GitHub's archive service may
        {"weak": True},  # a weak ETag doesn't promise the same bytes
        {"etag": False},  # nothing to recognise the copy by
        {"length": False},  # nobody knows how long it is
    ],
)
def test_servers_that_cannot_resume_send_the_whole(publisher: Any, tmp_path: Path, habit: dict[str, bool]) -> None:
    for name, value in habit.items():
        setattr(publisher, name, value)
    publisher.cut_after, publisher.cuts = 100_000, (0 if habit == {"length": False} else 1)
    assert get(publisher, tmp_path, sha256=SHA).path.read_bytes() == BODY


def test_a_complete_part_is_only_renamed(publisher: Any, tmp_path: Path) -> None:
    # Killed between the last byte and the renaming.
    (tmp_path / "set.zip.part").write_bytes(BODY)
    about = {"url": publisher.url + "/set.zip", "validator": publisher.etag_of(BODY), "total": len(BODY)}
    (tmp_path / "set.zip.part.json").write_text(json.dumps(about))
    assert get(publisher, tmp_path, sha256=SHA).resumed_at == len(BODY)
    assert publisher.asked[0][1] == f"bytes={len(BODY)}-"


def test_a_part_longer_than_the_file_is_dropped(publisher: Any, tmp_path: Path) -> None:
    (tmp_path / "set.zip.part").write_bytes(BODY + b"more")
    about = {"url": publisher.url + "/set.zip", "validator": publisher.etag_of(BODY), "total": 9}
    (tmp_path / "set.zip.part.json").write_text(json.dumps(about))
    assert get(publisher, tmp_path).path.read_bytes() == BODY


def test_a_part_of_another_address_is_not_continued(publisher: Any, tmp_path: Path) -> None:
    (tmp_path / "set.zip.part").write_bytes(b"x" * 1000)
    (tmp_path / "set.zip.part.json").write_text('{"url": "http://elsewhere/", "validator": "y", "total": 9}')
    assert get(publisher, tmp_path).path.read_bytes() == BODY


def test_wrong_checksum_is_thrown_away(publisher: Any, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match=r"checksum of set\.zip is wrong"):
        get(publisher, tmp_path, sha256="0" * 64)
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize(
    ("status", "words", "requests"),
    [
        (404, "no longer has /set.zip", 1),  # gone: asking again is no use
        (410, "no longer has", 1),
        (401, "asks for an account", 1),
        (403, "asks for an account", 1),
        (400, "status 400", 1),
        (503, "answers 503", 3),  # busy: asked again, then given up
    ],
)
def test_error_statuses(publisher: Any, tmp_path: Path, status: int, words: str, requests: int) -> None:
    publisher.statuses = [status] * 9
    with pytest.raises(FetchError, match=words) as caught:
        get(publisher, tmp_path)
    assert str(caught.value).endswith(".")
    assert len(publisher.asked) == requests
    assert leftovers(tmp_path) == []


def test_busy_server_is_asked_again(publisher: Any, tmp_path: Path) -> None:
    publisher.statuses, publisher.headers = [503, 429], {"Retry-After": "0"}
    assert get(publisher, tmp_path).size == len(BODY)


def test_slow_server(publisher: Any, tmp_path: Path) -> None:
    publisher.delay_s = 0.5
    with pytest.raises(FetchError, match="stopped answering"):
        get(publisher, tmp_path, timeout=httpx.Timeout(0.05), attempts=2)


def test_offline(tmp_path: Path) -> None:
    with socket.socket() as unused:  # a port nobody listens on
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(FetchError, match="Are you online"):
            download(f"http://127.0.0.1:{port}/x", tmp_path / "x", attempts=2, backoff_s=0.001)


@pytest.mark.parametrize("url", ["ftp://example.org/x", "file:///etc/passwd", "nonsense"])
def test_only_web_addresses(tmp_path: Path, url: str) -> None:
    with pytest.raises(FetchError, match="no address"):
        download(url, tmp_path / "x")


def test_full_disk_is_seen_beforehand(publisher: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _folder: usage)
    with pytest.raises(FetchError, match="disk is too full"):
        get(publisher, tmp_path)
    assert not (tmp_path / "set.zip").exists()


def test_full_disk_while_writing(publisher: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module.os, "fsync", fsync)
    with pytest.raises(FetchError, match="disk is full"):
        get(publisher, tmp_path)


def test_more_bytes_than_allowed(publisher: Any, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="more than"):
        get(publisher, tmp_path, limit=1000)


def test_cancelling_leaves_a_part_to_go_on_from(publisher: Any, tmp_path: Path) -> None:
    cancel = threading.Event()

    def on_bytes(done: int, _total: int | None) -> None:
        if done > 100_000:
            cancel.set()

    with pytest.raises(Cancelled):
        get(publisher, tmp_path, on_bytes=on_bytes, cancel=cancel)
    kept = (tmp_path / "set.zip.part").stat().st_size
    assert 100_000 < kept < len(BODY)
    assert get(publisher, tmp_path, sha256=SHA).resumed_at == kept


def test_ctrl_c_leaves_a_part_to_go_on_from(publisher: Any, tmp_path: Path) -> None:
    def on_bytes(done: int, _total: int | None) -> None:
        if done > 200_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get(publisher, tmp_path, on_bytes=on_bytes)
    assert get(publisher, tmp_path, sha256=SHA).resumed_at > 200_000


def test_two_downloads_of_one_file_do_not_mix(publisher: Any, tmp_path: Path) -> None:
    pytest.importorskip("fcntl", reason="file locks need a POSIX system")
    with (
        module._alone(tmp_path / "set.zip.part"),
        pytest.raises(FetchError, match=r"Another download of set\.zip is running"),
    ):
        get(publisher, tmp_path)
