"""Long answers: the work stops when the caller hangs up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import anyio
from starlette.requests import Request

T = TypeVar("T")

_WATCH_S = 0.2


async def unless_gone(request: Request, work: Callable[[threading.Event], T]) -> T:
    """Do slow work in a thread, and ask it to stop when nobody waits for it any more.

    Args:
        request: whose caller may hang up.
        work: gets the event that says to stop.

    Raises:
        Exception: what the work raised, ``Cancelled`` among it.
    """
    cancel = threading.Event()
    found: list[T] = []
    failure: Exception | None = None

    async def watch() -> None:
        while not await request.is_disconnected():
            await anyio.sleep(_WATCH_S)
        cancel.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch)
        try:
            found.append(await anyio.to_thread.run_sync(work, cancel))
        except Exception as error:  # kept outside the group, which would wrap it
            failure = error
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
    return found[0]
