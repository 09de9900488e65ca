"""One process, one port: the portal, the lab, the studio, the REST API and the health checks share one engine."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

# Before gradio and streamlit are imported: neither may phone home.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["STREAMLIT_BROWSER_GATHER_USAGE_STATS"] = "false"

if TYPE_CHECKING:
    from fastapi import FastAPI
    from streamlit.starlette import App

log = logging.getLogger("fashionviz.server")

STUDIO = Path(__file__).resolve().parent / "studio" / "main.py"
#: Seconds that open connections (live pages hold one each) get to finish when the server stops.
GRACE_S = 2


def create_app(*, lab: bool = True, studio: bool = True) -> FastAPI:
    """The whole suite as one ASGI application.

    Args:
        lab: mount the Gradio app at ``/lab``.
        studio: mount the Streamlit app at ``/studio``. Streamlit allows one a process, so a second application of
            the same process must go without.
    """
    from fastapi import FastAPI
    from starlette.formparsers import MultiPartParser
    from starlette.middleware.cors import CORSMiddleware
    from starlette.staticfiles import StaticFiles

    from apps import docs, health, plotly_js, portal
    from apps.api import install_errors, routers
    from apps.middleware import MAX_BODY, Admission, BodyLimit, Guard, SecurityHeaders
    from apps.pages import STATIC

    # Uploads stay in memory: Starlette would otherwise spool those over 1 MB to a file.
    MultiPartParser.spool_max_size = MAX_BODY

    studio_app = _studio() if studio else None
    app = FastAPI(
        title="fashionviz",
        summary="One photo in, the whole story out.",
        description=docs.DESCRIPTION,
        version="1",
        lifespan=studio_app.lifespan() if studio_app else None,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # Swagger UI and ReDoc load their scripts from another host; /api/v1/docs needs none
        redoc_url=None,
        form_limits={"max_files": 2, "max_fields": 20, "max_part_size": 8192},
    )
    install_errors(app)
    for routes in (portal.router, health.router, *routers, docs.router, plotly_js.router):
        app.include_router(routes)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    # No foreign origin is allowed. Gradio reads from this that it must not add its own permissive answer.
    app.add_middleware(CORSMiddleware, allow_origins=[])
    app.add_middleware(BodyLimit)
    app.add_middleware(Admission)
    app.add_middleware(Guard)
    app.add_middleware(SecurityHeaders)
    if lab:
        _mount_lab(app)
    if studio_app:
        app.mount("/studio", studio_app)
    return app


def _studio() -> App:
    """The Streamlit app with its options; the parent runs its lifespan."""
    from streamlit.starlette import App
    from streamlit.web.bootstrap import load_config_options

    from apps.studio import own_catalogue, own_video
    from apps.studio.config import streamlit_options

    own_catalogue.look_after()  # what visitors left behind when the server was killed goes now
    own_video.look_after()
    studio = App(STUDIO)
    # After App, which decides where configuration files are looked for; before anything reads an option.
    load_config_options({**streamlit_options(), "server.headless": True})
    return studio


def _mount_lab(app: FastAPI) -> None:
    import gradio as gr

    from apps.lab.app import build_lab, mount_options

    blocks = build_lab()
    # Gradio checks that a file named by a caller is one that was uploaded only once `launch()` has run, which a mounted
    # page never does: without this anyone could name any picture on this machine.
    blocks.has_launched = True
    # Sentences raised on purpose are shown all the same; unexpected exceptions may name places on this machine.
    gr.mount_gradio_app(app, blocks, path="/lab", **{**mount_options(), "show_error": False})


def bind(host: str, port: int) -> socket.socket:
    """Take the address before the slow imports, so that a taken port is said at once.

    Raises:
        SystemExit: with status 2, after a sentence on standard error.
    """
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        sock = socket.socket(family, kind, proto)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
    except OSError as error:
        raise _refuse(host, port, error) from None
    return sock


def _refuse(host: str, port: int, error: OSError) -> SystemExit:
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        reason = f"The address {host} is not one of this machine. Choose another with --host."
    elif error.errno == errno.EADDRINUSE:
        reason = f"Port {port} is taken by another program. Stop it, or choose another with --port."
    elif error.errno == errno.EACCES:
        reason = f"Port {port} may not be used by this account. Choose one above 1023 with --port."
    else:
        reason = f"Port {port} on {host} cannot be opened: {error.strerror}."
    print(reason, file=sys.stderr)
    return SystemExit(2)


def _shown_address(host: str, port: int) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}"


class _OrderlyEnd(logging.Filter):
    """Live pages hold connections open; cutting them off at the end is no error to report."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Drop what uvicorn says about requests it cancelled while stopping."""
        cancelled = record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError)
        return not cancelled and "timeout graceful shutdown exceeded" not in record.getMessage()


def _warm_up() -> None:
    """Run the self-test once, so that the first visitor does not wait for the model to load."""
    from apps.health import readiness
    from fashionviz.inference.engine import shared_engine

    readiness.ask(shared_engine())


def serve(host: str = "127.0.0.1", port: int = 7860) -> None:
    """Serve the suite until Ctrl-C or SIGTERM.

    Prints the address once it listens. Port 0 takes any free one.

    Raises:
        SystemExit: with status 2 when the address cannot be taken.
    """
    sock = bind(host, port)
    port = sock.getsockname()[1]
    print("Starting fashionviz …", file=sys.stderr, flush=True)
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                # What the imports left behind stays for good: the collector need not walk it again, while serving
                # or, for seconds, on the way out.
                gc.freeze()
                print(f"fashionviz is at {_shown_address(host, port)}", flush=True)
                threading.Thread(target=_warm_up, name="warm-up", daemon=True).start()

    config = uvicorn.Config(
        create_app(),
        log_level="warning",
        access_log=False,  # addresses hold file names, and a visitor's are nobody's business
        timeout_graceful_shutdown=GRACE_S,
        server_header=False,
    )
    logging.getLogger("uvicorn.error").addFilter(_OrderlyEnd())
    # uvicorn raises the signal again once it has shut down; both are an orderly end here.
    for number in (signal.SIGINT, signal.SIGTERM):
        if threading.current_thread() is threading.main_thread():
            signal.signal(number, lambda *_: None)
    try:
        Server(config).run(sockets=[sock])
    except OSError as error:  # another program took the port between binding and listening
        raise _refuse(host, port, error) from None
    finally:
        sock.close()
    # Everything is answered and closed. A computation that still runs in a background thread (the first model may be
    # warming up) must not meet an interpreter that takes itself apart: that aborts the process now and then.
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    serve()
