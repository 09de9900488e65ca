"""An answer that takes a while: kept in the session, worked out in the background, with progress and a way to stop."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import streamlit as st

from apps.studio import jobs, parts, state


def answered(
    key: tuple[Hashable, ...],
    work: jobs.Work,
    doing: str,
    *,
    step: str = "step",
    stopped: str = "Stopped before it was done.",
) -> Any | None:
    """The answer for a key, from this session or from a job; ``None`` while the job runs and where it failed.

    Args:
        key: everything the answer depends on.
        work: works it out; gets what hears of its progress, and what says to stop.
        doing: what it does, in a few words.
        step: what its progress counts.
        stopped: what to say when the visitor has stopped it.
    """
    known = state.answer(key)
    if known is not None:
        return known
    job = jobs.job_for(key, work)
    if not job.wait(jobs.PATIENCE_S):
        jobs.watch(job, doing, step=step)
        return None
    if job.result is not None:
        jobs.drop_job()
        return state.keep(key, job.result)
    if job.cancelled:
        st.info(stopped)
        st.button("Start again", on_click=jobs.drop_job, type="primary")
    elif job.error is not None:
        parts.sentence(job.error)
        jobs.drop_job()
    return None
