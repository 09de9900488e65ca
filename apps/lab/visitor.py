"""What the lab holds of a visitor: the photo, the part of it that is asked about, and whose job is whose."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from apps.lab import region
from fashionviz.images import Photo
from fashionviz.results import Box


@dataclass(frozen=True)
class Held:
    """The session's photo and the name of its file."""

    photo: Photo
    name: str


@dataclass(frozen=True)
class Part:
    """The chosen part of the photo."""

    choice: str
    edges: region.Edges

    @classmethod
    def of(cls, choice: str, left: float, top: float, right: float, bottom: float) -> Part:
        """From the page's controls: the sliders count only for a custom part."""
        edges = region.PRESETS.get(choice, (left, top, right, bottom))
        return cls(choice, edges)

    def box(self, held: Held | None) -> Box | None:
        """In pixels of the photo."""
        return region.edges_to_box(held.photo, self.edges) if held else None


def session_of(request: gr.Request | None) -> str:
    """The visitor's session, by which jobs are told apart."""
    return (request.session_hash if request else None) or "none"


def warn(words: str) -> None:
    """A toast beside the message in the page."""
    if words:
        gr.Warning(words, title="No answer")
