"""Download one file well: resume, retry, check, and only then give it its name.

A download goes to ``NAME.part`` beside ``NAME.part.json`` (address and validator of the copy begun). When it is cut
off, the next try asks for the rest with ``Range`` and ``If-Range``; a server that ignores this, or whose file has
changed meanwhile, sends the whole file and the part is begun anew.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import httpx

from fashionviz.errors import Cancelled, FetchError

log = logging.getLogger(__name__)

#: Called with bytes done and bytes in all; ``None`` while the length is unknown.
OnBytes = Callable[[int, int | None], None]
TIMEOUT = httpx.Timeout(30.0, connect=10.0)
ATTEMPTS = 5
_SPARE = 64 << 20  # leave this much of the disk free


@dataclass(frozen=True)
class Downloaded:
    """A finished download: where it lies, its checksum, its size, and from where it was continued (0: not at all)."""

    path: Path
    sha256: str
    size: int
    resumed_at: int = 0


class _Again(Exception):
    """Worth another try: the network, not the request, is at fault."""

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _host(url: str) -> str:
    return urlsplit(url).hostname or url


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[IO[bytes]]:
    """The part file opened for one writer only."""
    with path.open("ab") as handle:
        with contextlib.suppress(ImportError):  # Windows has no fcntl: there two writers are the user's own care
            import fcntl

            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise FetchError(f"Another download of {path.stem} is running; wait for it to end.") from error
        yield handle


class _Part:
    """The unfinished copy and what is known about it."""

    def __init__(self, target: Path, url: str) -> None:
        self.url = url
        self.data = target.with_name(target.name + ".part")
        self.about = target.with_name(target.name + ".part.json")

    def known(self) -> dict[str, Any]:
        """The notes of an earlier try at the same address; empty when there are none that help."""
        try:
            about = json.loads(self.about.read_text())
        except (OSError, ValueError):
            return {}
        return about if isinstance(about, dict) and about.get("url") == self.url and about.get("validator") else {}

    def note(self, headers: httpx.Headers, total: int | None) -> None:
        """Remember which copy this is. Weak ETags don't promise the same bytes, so they are no ground to continue."""
        etag = headers.get("etag", "")
        validator = etag if etag and not etag.startswith("W/") else headers.get("last-modified", "")
        self.about.write_text(json.dumps({"url": self.url, "validator": validator, "total": total}))

    def drop_if_empty(self) -> None:
        """Leave no trace of a try that brought nothing."""
        with contextlib.suppress(OSError):
            if self.data.stat().st_size == 0:
                self.drop()

    def drop(self) -> None:
        """Forget it."""
        self.data.unlink(missing_ok=True)
        self.about.unlink(missing_ok=True)


def _refuse(response: httpx.Response) -> None:
    """Turn an error status into a sentence, or into another try."""
    status, host = response.status_code, _host(str(response.url))
    if status in (429, 500, 502, 503, 504, 408):
        wait = response.headers.get("retry-after", "")
        raise _Again(f"{host} answers {status}", min(60.0, float(wait)) if wait.isdigit() else None)
    if status in (404, 410):
        raise FetchError(f"{host} no longer has {response.url.path} (status {status}). Try --from with another source.")
    if status in (401, 403):
        raise FetchError(f"{host} asks for an account or permission for {response.url.path} (status {status}).")
    if status not in (200, 206):
        raise FetchError(f"{host} answered with status {status} for {response.url.path}.")


def _room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed + _SPARE > free:
        raise FetchError(
            f"The disk is too full: {needed / 1e6:,.0f} MB more are needed in {folder}, {free / 1e6:,.0f} MB are free."
        )


def _total(response: httpx.Response, start: int) -> int | None:
    """Length of the whole file; for an answer with a range it must begin where we stopped."""
    if response.status_code == 206:
        unit, _, rest = response.headers.get("content-range", "").partition(" ")
        span, _, length = rest.partition("/")
        if unit != "bytes" or not span.startswith(f"{start}-"):
            raise _Again("the server sent another range than was asked for")
        return int(length) if length.isdigit() else None
    length = response.headers.get("content-length", "")
    return int(length) if length.isdigit() and "content-encoding" not in response.headers else None


def _transfer(
    client: httpx.Client,
    part: _Part,
    handle: IO[bytes],
    on_bytes: OnBytes | None,
    cancel: threading.Event | None,
    limit: int | None,
) -> int:
    """One try. Returns where it continued; raises ``_Again`` when another try may help."""
    known = part.known()
    start = handle.seek(0, os.SEEK_END) if known else 0
    headers = {"Accept-Encoding": "identity", "User-Agent": "fashionviz"}
    if start:
        headers |= {"Range": f"bytes={start}-", "If-Range": known["validator"]}
    with client.stream("GET", part.url, headers=headers) as response:
        if response.status_code == 416:  # nothing left to send, or the part is longer than the file
            if known.get("total") == start:
                return start
            handle.truncate(0)
            part.about.unlink(missing_ok=True)
            raise _Again("the part kept was longer than the file")
        _refuse(response)
        if response.status_code == 200:
            start = 0
        total = _total(response, start)
        if not start:
            handle.seek(0)
            handle.truncate(0)
            part.note(response.headers, total)
        if total is not None:
            _room(part.data.parent, total - start)
        done = start
        if on_bytes:
            on_bytes(done, total)
        for chunk in response.iter_bytes():
            if cancel is not None and cancel.is_set():
                raise Cancelled("The download was stopped; the next one goes on from here.")
            handle.write(chunk)
            done += len(chunk)
            if limit is not None and done > limit:
                raise FetchError(f"{_host(part.url)} sends more than the {limit / 1e6:.0f} MB expected.")
            if on_bytes:
                on_bytes(done, total)
        handle.flush()
        if total is not None and done != total:
            raise _Again(f"the connection ended after {done:,} of {total:,} bytes")
        return start


def download(
    url: str,
    target: Path,
    *,
    sha256: str | None = None,
    on_bytes: OnBytes | None = None,
    cancel: threading.Event | None = None,
    attempts: int = ATTEMPTS,
    timeout: httpx.Timeout = TIMEOUT,
    backoff_s: float = 1.0,
    limit: int | None = None,
) -> Downloaded:
    """Download ``url`` to ``target``, continuing an earlier part where the server allows it.

    Args:
        url: an ``http`` or ``https`` address.
        target: the finished file; it appears only when complete and checked.
        sha256: the checksum it must have.
        on_bytes: called with (bytes done, bytes in all or ``None``).
        cancel: set it to stop; the part stays and the next call goes on.
        attempts: tries without any progress before giving up.
        timeout: for connecting and for each read.
        backoff_s: the first pause between tries; it doubles each time.
        limit: bytes that must not be exceeded.

    Raises:
        FetchError: offline, gone, forbidden, disk full, wrong checksum; the message says which and what to do.
        Cancelled: ``cancel`` was set.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise FetchError(f"{url!r} is no address of the form https://….")
    part = _Part(target, url)
    failures, reached, resumed = 0, -1, 0
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _alone(part.data) as handle, httpx.Client(timeout=timeout, follow_redirects=True) as client:
            if not part.known():
                handle.truncate(0)
            while True:
                try:
                    resumed = max(resumed, _transfer(client, part, handle, on_bytes, cancel, limit))
                    break
                except (httpx.TransportError, _Again) as error:
                    handle.flush()
                    size = handle.seek(0, os.SEEK_END)
                    failures = 1 if size > reached else failures + 1
                    reached = max(reached, size)
                    if failures >= attempts:
                        raise FetchError(_gave_up(url, error)) from error
                    wait = getattr(error, "wait_s", None)
                    pause = min(30.0, backoff_s * 2 ** (failures - 1)) if wait is None else wait
                    log.info("%s: %s; trying again in %.1f s", _host(url), error, pause)
                    if cancel is not None and cancel.wait(pause):
                        raise Cancelled("The download was stopped; the next one goes on from here.") from error
                    if cancel is None:
                        time.sleep(pause)
            os.fsync(handle.fileno())
        return _finish(part, target, sha256, resumed)
    except httpx.InvalidURL as error:
        raise FetchError(f"{url!r} is no address that can be opened.") from error
    except httpx.HTTPError as error:
        raise FetchError(_gave_up(url, error)) from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise FetchError(
                f"The disk is full. Make room in {target.parent} and run the command again; it goes on from here."
            ) from error
        raise FetchError(f"{target.parent} cannot be written: {error.strerror or error}.") from error
    finally:
        part.drop_if_empty()


def _finish(part: _Part, target: Path, sha256: str | None, resumed: int) -> Downloaded:
    """Check the complete part and give it its name."""
    digest = sha256_of(part.data)
    if sha256 and digest != sha256:
        part.drop()
        raise FetchError(
            f"The checksum of {target.name} is wrong: expected {sha256[:12]}…, got {digest[:12]}…. The download was "
            "thrown away. Try again; if it persists, the publisher has changed the file."
        )
    size = part.data.stat().st_size
    part.data.replace(target)
    part.about.unlink(missing_ok=True)
    return Downloaded(target, digest, size, resumed)


def _gave_up(url: str, error: Exception) -> str:
    host = _host(url)
    if isinstance(error, httpx.TimeoutException):
        return f"{host} stopped answering. Run the command again later; it goes on from where it stopped."
    if isinstance(error, httpx.ConnectError):
        return f"{host} cannot be reached. Are you online? Run the command again then."
    return f"The download from {host} failed ({error}). Run the command again; it goes on from where it stopped."
