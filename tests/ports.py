"""Ports for servers that cannot be asked to take any free one."""

from __future__ import annotations

import socket


def free_port() -> int:
    """A port that nobody listened on a moment ago.

    Gradio's own search begins at 7860 in every test worker, and two meet there.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
