"""Slow work that a visitor can cancel: at most one job a session, the newest."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass
class _Job:
    cancel: threading.Event = field(default_factory=threading.Event)
    running: bool = False


class Jobs:
    """The explanation that every session waits for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[str, _Job] = {}

    def announce(self, session: str) -> None:
        """A job is about to start: from now on it can be cancelled. The one it replaces is."""
        self._put(session, _Job())

    def start(self, session: str) -> threading.Event:
        """The announced job starts, or a new one that replaces the running one. Returns its cancel event."""
        with self._lock:
            job = self._jobs.get(session)
            if job is not None and not job.running:
                job.running = True
                return job.cancel
        job = _Job(running=True)
        self._put(session, job)
        return job.cancel

    def _put(self, session: str, job: _Job) -> None:
        with self._lock:
            former = self._jobs.get(session)
            self._jobs[session] = job
        if former is not None:
            former.cancel.set()

    def current(self, session: str, cancel: threading.Event) -> bool:
        """Whether the job has not been replaced by a newer one."""
        with self._lock:
            job = self._jobs.get(session)
        return job is not None and job.cancel is cancel

    def waiting(self, session: str) -> bool:
        """Whether the session waits for a job."""
        with self._lock:
            return session in self._jobs

    def finish(self, session: str, cancel: threading.Event) -> None:
        """Forget a job, unless a newer one took its place."""
        with self._lock:
            job = self._jobs.get(session)
            if job is not None and job.cancel is cancel:
                del self._jobs[session]

    def cancel(self, session: str) -> bool:
        """Ask the session's job to stop. Returns whether there was one."""
        with self._lock:
            job = self._jobs.get(session)
        if job is None:
            return False
        job.cancel.set()
        return True

    def replace(self, session: str) -> None:
        """Stop the session's job and forget it, so that it shows nothing any more."""
        with self._lock:
            job = self._jobs.pop(session, None)
        if job is not None:
            job.cancel.set()
