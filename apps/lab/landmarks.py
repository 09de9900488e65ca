"""The lab's section on landmarks: dots on the photo, and the heat of one of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import Any

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from apps.lab import parts
from fashionviz.data.landmarks.kinds import LANDMARKS
from fashionviz.figures.landmarks import heat_picture, landmark_picture, legend
from fashionviz.figures.pictures import enlarge
from fashionviz.images import Photo
from fashionviz.landmark_results import Landmarks
from fashionviz.results import Box

Picture = NDArray[np.uint8]

#: Longest side of a picture, in pixels.
_SIDE = 640
FIRST = "The surest one"
WAITING = "Appear with the first answer."


def choices() -> list[tuple[str, str]]:
    """Whose heat can be shown."""
    return [(FIRST, ""), *((name.replace("_", " "), name) for name in LANDMARKS)]


def offered(engine: Any) -> bool:
    """Whether a network that finds landmarks is trained."""
    return bool(engine.model(engine.landmark_finder()).trained)


@dataclass(frozen=True)
class Found:
    """Landmarks for the page, or the sentence in their place."""

    result: Landmarks | None = field(default=None, repr=False)
    dots: Picture | None = field(default=None, repr=False)
    note: str = field(default_factory=parts.status)
    heat: Picture | None = field(default=None, repr=False)


def find(engine: Any, photo: Photo, model: str | None, box: Box | None, name: str) -> Found:
    """Ask where the garment's parts are.

    Args:
        engine: the shared engine.
        photo: the whole photo.
        model: the page's model.
        box: the part that is asked about.
        name: whose heat is shown; empty for the surest.

    Raises:
        FashionvizError: no answer, and why.
    """
    if not offered(engine):
        return Found()
    result = engine.landmarks(photo, engine.landmark_finder(model), box=box)
    dots = landmark_picture(result, photo.pixels, _SIDE)
    return Found(result, dots, note(result), heat(result, name))


def heat(result: Landmarks, name: str) -> Picture:
    """The heat of one landmark, of the surest if no name is given."""
    surest = max(result.found, key=lambda mark: mark.probability).name
    return enlarge(heat_picture(result, name or surest), _SIDE, smooth=True)


def note(result: Landmarks) -> str:
    """What the letters mean, how many there are, and who says so."""
    letters = " · ".join(f'<b style="color:{colour}">{letter}</b> {word}' for letter, word, colour in legend())
    there = [mark.title for mark in result.found if mark.present]
    said = "Says that it sees: " + ", ".join(there) if there else "Sees none of the eight landmarks here"
    return f'<p class="fv-note">{letters}<br>{escape(said)}. By {escape(result.model.name)}. {escape(result.note)}</p>'


def lay_out(page: Any, engine: Any, picture: Any) -> None:
    """Place the section; it is there when a network that finds landmarks is trained.

    Args:
        page: gets the components by name.
        engine: the shared engine.
        picture: makes a place for a picture, given a caption and an id.
    """
    with gr.Column(visible=offered(engine), elem_id="fv-landmarks"):
        gr.HTML(parts.heading("Where its parts are"))
        with gr.Row(elem_classes="fv-pair"):
            with gr.Column(min_width=300):
                page.dots = picture("Collar, sleeves, waist and hem", "fv-dots")
                page.dots_note = gr.HTML(parts.status(WAITING))
            with gr.Column(min_width=300):
                page.heat = picture("Where it looks for one of them", "fv-heat")
                page.landmark = gr.Dropdown(
                    choices(), value="", label="Landmark", filterable=False, elem_id="fv-landmark"
                )
