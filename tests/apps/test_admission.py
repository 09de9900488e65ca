"""Too many photos at once get 429 before their bodies are read, and places come free again."""

import asyncio
import json
import threading
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from apps.middleware import Admission


class Gate:
    """An application that holds every request until it is let go, and then fails one of them."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.inside += 1
        await self.open.wait()
        if scope["path"].endswith("fails"):
            raise RuntimeError
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def ask(
    app: Admission, path: str = "/api/v1/predict", method: str = "POST"
) -> tuple[int, dict[bytes, bytes], bytes]:
    sent: list[Message] = []

    async def receive() -> Message:
        raise AssertionError("the body of a refused request must not be read")

    async def send(message: Message) -> None:
        sent.append(message)

    try:
        await app({"type": "http", "method": method, "path": path}, receive, send)
    except RuntimeError:
        return 500, {}, b""
    return sent[0]["status"], dict(sent[0]["headers"]), sent[-1]["body"]


async def scene() -> dict[str, Any]:
    gate = Gate()
    app = Admission(gate, most=3)
    paths = ["/api/v1/predict", "/api/v1/explain", "/api/v1/fails"]
    waiting = [asyncio.create_task(ask(app, path)) for path in paths]
    while gate.inside < 3:
        await asyncio.sleep(0)
    refused = [await ask(app) for _ in range(5)]
    reading = asyncio.create_task(ask(app, "/api/v1/models", "GET"))
    while gate.inside < 4:
        await asyncio.sleep(0)
    gate.open.set()
    answered = [(await task)[0] for task in [*waiting, reading]]
    return {"refused": refused, "answered": answered, "after": (await ask(app))[0]}


def test_admission() -> None:
    seen: dict[str, Any] = {}
    # In a thread of its own: a browser test of the same run may have left an event loop in this one.
    thread = threading.Thread(target=lambda: seen.update(asyncio.run(scene())))
    thread.start()
    thread.join(30)
    assert [status for status, _, _ in seen["refused"]] == [429] * 5
    _, headers, body = seen["refused"][0]
    assert headers[b"retry-after"] == b"1"
    assert json.loads(body)["error"]["code"] == "overloaded"
    assert seen["answered"] == [200, 200, 500, 200]
    assert seen["after"] == 200, "every place must come free, after a failure too"
