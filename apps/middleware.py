"""What every request passes on its way in and out: a body cap, security headers, and no leaked tracebacks.

Plain ASGI rather than Starlette's ``BaseHTTPMiddleware``, so that streams and websockets of the apps pass untouched.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fashionviz.serialise import error_json

log = logging.getLogger("fashionviz.server")

#: A photo may have 25 MiB; the rest is for the form around it.
MAX_BODY = 26 * 1024 * 1024
#: The lab says itself, in its own place on the page, that a file is too large, and needs to see a little more for it.
MAX_LAB_BODY = 34 * 1024 * 1024
#: The lab's tab for many photos sends them in one body, which Gradio writes to disk as it comes in.
MAX_LAB_UPLOAD = 410 * 1024 * 1024
_LAB_UPLOAD = "/lab/gradio_api/upload"
#: A video that a visitor sends may have so many bytes; the command line takes more.
MAX_VIDEO = 100 * 1024 * 1024
#: The studio's uploads come in one by one, a video among them; each page says itself what it takes.
MAX_STUDIO_UPLOAD = MAX_VIDEO + 1024 * 1024
_STUDIO_UPLOAD = "/studio/_stcore/upload_file/"
#: Photos that the API takes in at once: fewer than the 40 threads that answer, so that some stay for everything else.
MOST_PHOTOS = 32

_EVERYWHERE = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=()",
}
#: Our own pages have no inline script and no foreign source.
_OWN_PAGES = (
    "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
#: Gradio and Streamlit need inline scripts, eval (Vega) and blobs, but nothing from other hosts: a visitor's browser
#: talks to this server alone.
_APP_PAGES = (
    "default-src 'self' data: blob:; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; connect-src 'self' ws: wss: data: blob:; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
_APPS = ("/lab", "/studio")


async def send_json(send: Send, status: int, code: str, message: str, extra: Mapping[str, str] | None = None) -> None:
    """Answer with the error shape, below any framework."""
    body = json.dumps(error_json(code, message), ensure_ascii=False).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers += [(k.encode(), v.encode()) for k, v in (extra or {}).items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Guard:
    """Turn an unexpected exception into a plain sentence; the traceback goes to the log and nowhere else."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, whatever happens inside."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except Exception:
            # The route is named, not the query: it may hold a file's name.
            log.exception("A request to %s %s failed", scope["method"], scope["path"])
            if not started:
                await send_json(send, 500, "internal_error", "Something went wrong on the server. Please try again.")


class SecurityHeaders:
    """Add the headers above to every answer that does not set them itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, adding headers to the answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        policy = _APP_PAGES if scope["path"].startswith(_APPS) else _OWN_PAGES
        wanted = {**_EVERYWHERE, "content-security-policy": policy}

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", []))
                present = {name.lower() for name, _ in headers}
                headers += [(k.encode(), v.encode()) for k, v in wanted.items() if k.encode() not in present]
                message = {**message, "headers": headers}
            await send(message)

        await self.app(scope, receive, add)


class Admission:
    """Answer 429 at once when too many photos are on their way in through the API, before reading another body.

    A request that waits for a thread would hold its photo in memory, and would keep the health checks waiting too.
    """

    def __init__(self, app: ASGIApp, most: int = MOST_PHOTOS) -> None:
        self.app = app
        self.most = most
        self._inside = 0  # touched by the event loop alone

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on while there is room."""
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].startswith("/api/"):
            await self.app(scope, receive, send)
            return
        if self._inside >= self.most:
            message = f"The server is answering {self.most} photos already; please try again in a second."
            await send_json(send, 429, "overloaded", message, {"retry-after": "1"})
            return
        self._inside += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._inside -= 1


class _TooLarge(Exception):
    """More bytes than the cap: stops whoever is reading."""


class BodyLimit:
    """Refuse a body over ``limit`` bytes with 413: by its declared length before reading, else while it streams in."""

    def __init__(
        self,
        app: ASGIApp,
        limit: int = MAX_BODY,
        lab_limit: int = MAX_LAB_BODY,
        lab_upload_limit: int = MAX_LAB_UPLOAD,
        studio_upload_limit: int = MAX_STUDIO_UPLOAD,
    ) -> None:
        self.app = app
        self.limit = limit
        self.lab_limit = lab_limit
        self.lab_upload_limit = lab_upload_limit
        self.studio_upload_limit = studio_upload_limit

    def _limit(self, path: str) -> int:
        if path == _LAB_UPLOAD:
            return self.lab_upload_limit
        if path.startswith(_STUDIO_UPLOAD):
            return self.studio_upload_limit
        return self.lab_limit if path.startswith("/lab/") else self.limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on while the body stays under the limit."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self._limit(scope["path"])
        declared = dict(scope["headers"]).get(b"content-length", b"")
        if declared.isdigit() and int(declared) > limit:
            await self._refuse(send, limit)
            return
        seen = 0
        over = started = False

        async def count() -> Message:
            nonlocal seen, over
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                over = True
                raise _TooLarge
            return message

        async def pass_on(message: Message) -> None:
            nonlocal started
            # Frameworks answer a failed read in their own words (400, 500); the refusal below takes their place.
            if over and not started:
                return
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, count, pass_on)
        except Exception:
            if not over:
                raise
        if over and not started:
            await self._refuse(send, limit)

    async def _refuse(self, send: Send, limit: int) -> None:
        cap = limit // (1024 * 1024)
        await send_json(
            send, 413, "body_too_large", f"The request has more than {cap} MB. Please send fewer or smaller files."
        )
