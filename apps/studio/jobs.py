"""Slow answers in the background: progress to show, and a way to stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any

import streamlit as st

from fashionviz.errors import Cancelled, FashionvizError
from fashionviz.results import Progress

#: Long enough for the quick methods, so that their page does not show a progress bar first.
PATIENCE_S = 1.5

Work = Callable[[Callable[[Progress], None], threading.Event], Any]


class Job:
    """One call in a thread of its own.

    Attributes:
        key: what it answers.
        result: its answer once finished well.
        error: the sentence when it failed.
        cancelled: whether it was stopped.
        progress: how far it is, once it has said so.
    """

    def __init__(self, key: tuple[Hashable, ...], work: Work) -> None:
        self.key = key
        self.result: Any = None
        self.error: FashionvizError | None = None
        self.cancelled = False
        self.progress: Progress | None = None
        self.started = time.monotonic()
        self._work = work
        self._stop = threading.Event()
        self._finished = threading.Event()
        threading.Thread(target=self._run, name="studio-job", daemon=True).start()

    def _run(self) -> None:
        try:
            self.result = self._work(self._report, self._stop)
        except Cancelled:
            self.cancelled = True
        except FashionvizError as error:
            self.error = error
        except Exception:
            self.error = FashionvizError("Something went wrong on our side; please try again.")
            raise  # the thread's traceback goes to the log
        finally:
            self._finished.set()

    def _report(self, progress: Progress) -> None:
        self.progress = progress

    @property
    def finished(self) -> bool:
        """Whether it has ended, in whatever way."""
        return self._finished.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait at most so long; whether it has ended."""
        return self._finished.wait(seconds)

    def cancel(self) -> None:
        """Ask it to stop at its next step."""
        self._stop.set()

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop."""
        return self._stop.is_set()


def job_for(key: tuple[Hashable, ...], work: Work) -> Job:
    """The session's job for this key. A job for something else is stopped and replaced: one a session."""
    job: Job | None = st.session_state.get("job")
    if job is None or job.key != key:
        if job is not None:
            job.cancel()
        job = st.session_state["job"] = Job(key, work)
    return job


def drop_job(key: tuple[Hashable, ...] | None = None) -> None:
    """Forget the session's job, so that the next look starts it again.

    Args:
        key: only if it is the job for this.
    """
    job: Job | None = st.session_state.get("job")
    if job is not None and key in (None, job.key):
        del st.session_state["job"]


def time_left(seconds: float) -> str:
    """A duration as one says it."""
    return f"about {max(1, round(seconds))} s left" if seconds < 100 else f"about {round(seconds / 60)} min left"


@st.fragment(run_every=0.5)
def watch(
    job: Job, doing: str, *, step: str = "step", seen: int | None = None, show: Callable[[], None] | None = None
) -> None:
    """Show how far a job is, with a button to stop it; the whole page runs again when it ends.

    Args:
        job: the job.
        doing: what it does, in a few words.
        step: what its progress counts.
        seen: steps whose results stand on the page; when there are more, the whole page runs again.
        show: draws below it what is there so far.
    """
    progress = job.progress
    if job.finished or (seen is not None and progress is not None and progress.done > seen):
        st.rerun()
    share, left = 0.0, ""
    if progress is not None and progress.total:
        share = min(1.0, progress.done / progress.total)
        left = f" · {step} {progress.done} of {progress.total}"
        if progress.seconds_left is not None:
            left += f" · {time_left(progress.seconds_left)}"
    st.progress(share, text=f"{doing} · {time.monotonic() - job.started:.0f} s so far{left}")
    st.button("Stopping…" if job.stopping else "Cancel", key="cancel_job", on_click=job.cancel, disabled=job.stopping)
    if show is not None:
        show()
