"""The API's limits: photos at a time, bytes of a body, callers who hang up; and failures that give nothing away."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.testclient import TestClient

from apps.api import inputs
from apps.middleware import MOST_PHOTOS, BodyLimit
from fashionviz.errors import InvalidRequest, Overloaded
from tests.apps.api.calls import API, PNG, error_of, post


def run_alone(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run in a thread of its own: a browser test of the same session has an event loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, coroutine).result(60)


def test_photos_over_the_bound_are_refused_while_health_answers(
    client: TestClient, replace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "DECODE_WAIT_S", 120.0)
    gate, inside = threading.Event(), threading.Semaphore(0)

    def held(*args: Any, **kwargs: Any) -> Any:
        inside.release()
        assert gate.wait(120)
        raise InvalidRequest("The gate is open.")

    assert client.get("/health/ready").status_code == 200
    replace(predict=held)
    with ThreadPoolExecutor(MOST_PHOTOS) as callers:
        waiting = [callers.submit(post, client, "/predict") for _ in range(MOST_PHOTOS)]
        try:
            for _ in waiting:
                assert inside.acquire(timeout=120)
            refused = [post(client, "/predict"), post(client, "/explain")]
            others = [client.get("/health/ready").status_code, client.get(f"{API}/models").status_code]
        finally:
            gate.set()
        answered = {call.result().status_code for call in waiting}
    for response in refused:
        assert response.status_code == 429
        assert response.headers["retry-after"] == "1"
        assert error_of(response)[0] == "overloaded"
    assert others == [200, 200]
    assert answered == {422}, "none of those that were let in is refused"


def test_overloaded_says_when_to_come_back(client: TestClient, replace: Any) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise Overloaded("The queue is full. Please try again soon.", 2.4)

    replace(predict=full, explain=full, activations=full)
    for path in ("/predict", "/explain", "/activations"):
        response = post(client, path)
        assert response.status_code == 429
        assert response.headers["retry-after"] == "3"
        assert error_of(response)[0] == "overloaded"


def test_decoding_is_bounded(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "_decoders", threading.BoundedSemaphore(1))
    monkeypatch.setattr(inputs, "DECODE_WAIT_S", 0.05)
    with inputs._turn():
        response = post(client, "/predict")
    assert response.status_code == 429
    assert int(response.headers["retry-after"]) >= 1
    assert post(client, "/predict").status_code == 200


def test_the_unexpected_gives_nothing_away(client: TestClient, replace: Any, caplog: pytest.LogCaptureFixture) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError("no such file: /srv/secret/weights.bin")

    replace(predict=fail, explain=fail)
    for path in ("/predict", "/explain"):
        response = post(client, path, name="holiday.png")
        assert response.status_code == 500
        assert error_of(response)[0] == "internal_error"
        assert "secret" not in response.text
        assert "x-content-type-options" in response.headers
    assert "/srv/secret/weights.bin" in caplog.text  # the log has it
    assert "holiday" not in caplog.text


def test_a_declared_body_over_the_cap_is_refused_unread(client: TestClient) -> None:
    response = client.post(f"{API}/predict", content=b"x" * 100, headers={"content-length": str(27 * 1024 * 1024)})
    assert response.status_code == 413
    assert error_of(response)[0] == "body_too_large"


def _multipart(data: bytes) -> tuple[bytes, bytes]:
    head = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
    return head + data + b"\r\n--edge--\r\n", b"multipart/form-data; boundary=edge"


def _scope(method: str, path: str, content_type: bytes) -> dict[str, Any]:
    headers = [(b"host", b"testserver"), (b"content-type", content_type)]
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": headers,
        "client": ("127.0.0.1", 1), "server": ("testserver", 80), "state": {},
    }  # fmt: skip


def test_an_undeclared_body_is_cut_off_at_the_cap(app: Any) -> None:
    """A stream without Content-Length: refused once it passes the cap, however long it would go on."""
    piece = b"x" * 1_048_576
    asked = 0
    sent: list[Any] = []

    async def receive() -> Any:
        nonlocal asked
        asked += 1
        start = _multipart(b"")[0].split(b"\r\n--edge--")[0] + b"\r\n\r\n" if asked == 1 else b""
        return {"type": "http.request", "body": start + piece, "more_body": asked < 1000}

    async def send(message: Any) -> None:
        sent.append(message)

    run_alone(app(_scope("POST", f"{API}/predict", b"multipart/form-data; boundary=edge"), receive, send))
    assert sent[0]["status"] == 413
    assert asked <= 27


def test_caller_who_hangs_up_stops_the_work(app: Any, replace: Any) -> None:
    stopped = threading.Event()

    def slow(photo: Any, *, cancel: threading.Event, **_: Any) -> Any:
        if cancel.wait(20):
            stopped.set()
        raise InvalidRequest("It was cancelled.")

    replace(explain=slow)
    body, content_type = _multipart(PNG)
    sent: list[Any] = []
    queue = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        return queue.pop() if queue else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    run_alone(app(_scope("POST", f"{API}/explain", content_type), receive, send))
    assert stopped.is_set()


def test_the_body_limit_leaves_others_alone() -> None:
    async def echo(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError("the app's own failure")

    with pytest.raises(ValueError, match="own failure"):
        run_alone(BodyLimit(echo)(_scope("POST", "/x", b""), None, None))  # type: ignore[arg-type]
