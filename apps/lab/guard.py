"""Side doors of Gradio that the lab keeps shut: addresses of other servers, and files that no visitor uploaded.

The photo's only way in is an upload. Gradio would also fetch an address on a visitor's behalf, in the value of any
component or in its own ``/file=`` and ``/proxy=`` routes; and blocks that are mounted rather than launched would copy
any file of the server, whose path a caller sends, to where it can be downloaded.
"""

from __future__ import annotations

import json
import re
from typing import Any

import gradio as gr
from gradio import processing_utils
from starlette.types import ASGIApp, Receive, Scope, Send

NOT_AN_ADDRESS = "Please send the photo itself, not its address."
_FOREIGN = re.compile(r"/(proxy=|(file|stream)=\W*https?:)", re.IGNORECASE)


async def _refuse(*_arguments: Any, **_options: Any) -> str:
    raise gr.Error(NOT_AN_ADDRESS, title="No answer", print_exception=False)


def shut_side_doors(blocks: gr.Blocks) -> None:
    """Accept uploaded files alone, whether the blocks are launched or mounted."""
    # Gradio looks at this flag before it checks that a path lies in the upload folder, and sets it in launch() only.
    blocks.has_launched = True
    # Every component fetches addresses through this one function; nothing of ours does.
    processing_utils.async_ssrf_protected_download = _refuse


class NoForeignAddresses:
    """Refuse Gradio's routes that would fetch another server's address."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 403."""
        if scope["type"] != "http" or not _FOREIGN.search(scope["path"]):
            await self.app(scope, receive, send)
            return
        body = json.dumps({"error": {"code": "forbidden", "message": "Only this server's own files are served."}})
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 403, "headers": headers})
        await send({"type": "http.response.body", "body": body.encode()})
