"""A publisher on this machine, with the bad habits of real ones."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


@dataclass
class Publisher:
    """What a small HTTP server serves, how it misbehaves, and what it was asked."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    #: Close the connection after this many bytes of the body, this many times.
    cut_after: int = 0
    cuts: int = 0
    #: Answer with these statuses first.
    statuses: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    ranges: bool = True
    etag: bool = True
    weak: bool = False
    length: bool = True
    delay_s: float = 0.0
    #: (path, Range, If-Range) of every request.
    asked: list[tuple[str, str | None, str | None]] = field(default_factory=list)

    def etag_of(self, body: bytes) -> str:
        return ("W/" if self.weak else "") + f'"{hashlib.md5(body).hexdigest()}"'

    def reply(self, request: BaseHTTPRequestHandler) -> None:
        path, asked = request.path, request.headers.get("Range")
        self.asked.append((path, asked, request.headers.get("If-Range")))
        if self.delay_s:
            time.sleep(self.delay_s)
        if self.statuses or path not in self.files:
            request.send_response(self.statuses.pop(0) if self.statuses else 404)
            for name, value in self.headers.items():
                request.send_header(name, value)
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        body = self.files[path]
        start = 0
        if asked and self.ranges and request.headers.get("If-Range") in (None, self.etag_of(body)):
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            if start >= len(body):
                request.send_response(416)
                request.send_header("Content-Range", f"bytes */{len(body)}")
                request.send_header("Content-Length", "0")
                request.end_headers()
                return
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        if self.etag:
            request.send_header("ETag", self.etag_of(body))
        if self.length:
            request.send_header("Content-Length", str(len(body) - start))
        request.end_headers()
        rest = body[start:]
        if self.cuts:
            self.cuts -= 1
            request.wfile.write(rest[: self.cut_after])
            request.wfile.flush()
            request.close_connection = True
            return
        request.wfile.write(rest)


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    served = Publisher()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                served.reply(self)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
