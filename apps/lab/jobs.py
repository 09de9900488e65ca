"""Slow work that a visitor can cancel: at most one job a session, the newest."""

from __future__ import annotations

import threading


class Jobs:
    """The running explanation of every session."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, threading.Event] = {}

    def start(self, session: str) -> threading.Event:
        """Register a new job and cancel the one it replaces."""
        event = threading.Event()
        with self._lock:
            former = self._running.get(session)
            self._running[session] = event
        if former is not None:
            former.set()
        return event

    def current(self, session: str, event: threading.Event) -> bool:
        """Whether the job has not been replaced by a newer one."""
        with self._lock:
            return self._running.get(session) is event

    def finish(self, session: str, event: threading.Event) -> None:
        """Forget a job, unless a newer one took its place."""
        with self._lock:
            if self._running.get(session) is event:
                del self._running[session]

    def cancel(self, session: str) -> bool:
        """Ask the session's job to stop. Returns whether there was one."""
        with self._lock:
            event = self._running.get(session)
        if event is None:
            return False
        event.set()
        return True

    def replace(self, session: str) -> None:
        """Stop the session's job and forget it, so that it shows nothing any more."""
        with self._lock:
            event = self._running.pop(session, None)
        if event is not None:
            event.set()
