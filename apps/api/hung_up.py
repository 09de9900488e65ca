"""Work that stops when the caller hangs up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import anyio
from fastapi import Request

T = TypeVar("T")
_WATCH_S = 0.2


async def while_connected(request: Request, cancel: threading.Event, work: Callable[[], T]) -> T:
    """Run work in a thread; when the caller hangs up, ``cancel`` is set.

    Raises:
        Exception: what the work raised.
    """
    done: list[T] = []
    failure: Exception | None = None

    async def watch() -> None:
        while not await request.is_disconnected():
            await anyio.sleep(_WATCH_S)
        cancel.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch)
        try:
            done.append(await anyio.to_thread.run_sync(work))
        except Exception as error:  # kept outside the group, which would wrap it
            failure = error
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
    return done[0]
