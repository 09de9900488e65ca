"""How far one map can be trusted: the check that the first tab and the gallery share."""

from __future__ import annotations

from typing import Any

import gradio as gr

from apps.lab import handlers, maps, parts
from apps.lab.jobs import Jobs
from apps.lab.maps import Asked
from fashionviz.errors import Cancelled
from fashionviz.results import Progress

#: What stands in the place of a verdict that nobody asked for yet.
UNCHECKED = parts.status(
    "Compares it with the map of random weights, and takes away the pixels it marks; takes a while."
)


def check_map(engine: Any, checks: Jobs, session: str, asked: Asked, method: str, progress: gr.Progress) -> str:
    """The verdict as HTML, or the sentence in its place.

    Args:
        engine: answers.
        checks: the running checks, one a session; a new one stops the one before.
        session: the visitor's.
        asked: what the map is about.
        method: which map.
        progress: Gradio's, shown while it takes.
    """
    checks.announce(session)
    cancel = checks.start(session)

    def on_progress(step: Progress) -> None:
        progress((step.done, step.total), desc=f"Checking {handlers.method_title(method)}")

    try:
        found = engine.trust(
            asked.photo, asked.model, method, target=asked.target, against=asked.against, box=asked.box,
            on_progress=on_progress, cancel=cancel,
        )  # fmt: skip
        return maps.trust_card(found)
    except Cancelled as error:
        return parts.status(str(error))
    except Exception as error:
        return parts.problem(handlers.sentence(error))
    finally:
        checks.finish(session, cancel)
