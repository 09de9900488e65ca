"""The calls of drawing for programs: ``gradio_client`` finds them by name under "Use via API"."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import gradio as gr

from apps.lab import handlers
from apps.lab.drawing_page import folder
from apps.lab.endpoints import plain, publish
from apps.lab.intake import Upload, open_photo, untouched
from fashionviz.errors import InvalidRequest
from fashionviz.generate.files import FILMS, film_ending, zip_bytes
from fashionviz.generate.interpolate_command import classes_of
from fashionviz.generate.limits import MAX_DRAWINGS, MAX_INVERSION, MAX_KEYS, MAX_STEPS, MIN_KEYS, MIN_STEPS
from fashionviz.serialise_drawing import inversion_json

_MODEL = "model: a generator, for example cgan64.gender_category; empty for the default."
_LABEL = "label: what is drawn, for example Women/Apparel; empty for each seed's own."
_POINTS = "points: seeds such as 7, or ways such as 7>12@0.3 (from 7 three tenths of the way to 12), with commas."
_TRUNCATION = "truncation: 0.3 to 3, the smaller the more typical; 0 draws as it comes."


def _words(text: str) -> list[str] | None:
    return [word.strip() for word in text.split(",") if word.strip()] or None


def _whole(value: float | None, name: str, empty: int) -> int:
    """A whole number from a program's field.

    Raises:
        InvalidRequest: it is none.
    """
    if value is None:
        return empty
    if float(value) != int(value):
        raise InvalidRequest(f"{name} must be a whole number, not {value}.")
    return int(value)


def add_drawing_endpoints(engine: Any) -> None:
    """Register draw, interpolate and invert; must be called inside ``gr.Blocks``."""

    @plain
    def draw(model: str, label: str, seed: float, n: float, points: str, truncation: float) -> str:
        drawn = engine.generate(
            model or None, label=label or None, seed=_whole(seed, "seed", 0), n=_whole(n, "n", 16),
            points=_words(points), truncation=truncation or None,
        )  # fmt: skip
        return handlers.write_file(folder(), "drawings.zip", zip_bytes(drawn))

    @plain
    def interpolate(
        model: str, points: str, label: str, steps: float, loop: bool, truncation: float, format: str
    ) -> str:
        ending = film_ending(f"walk.{format}")
        walk = engine.walk(
            _words(points) or [], model or None, **classes_of(label), steps=_whole(steps, "steps", 12), loop=loop,
            truncation=truncation or None,
        )  # fmt: skip
        return handlers.write_file(folder(), f"walk{ending}", FILMS[ending](walk.frames))

    @plain
    def invert(file: Upload, model: str, label: str, steps: float) -> dict[str, Any]:
        found = engine.invert(open_photo(file), model or None, label=label or None, steps=_whole(steps, "steps", 200))
        answer: dict[str, Any] = json.loads(json.dumps(inversion_json(found, file.name)))
        return answer

    def text(label: str, value: str = "") -> gr.Textbox:
        return gr.Textbox(value, label=label)

    def number(label: str, value: float) -> gr.Number:
        return gr.Number(value, label=label)

    with gr.Row(visible=False):
        _publish = _publisher("drawing")
        _publish(
            draw,
            [text("model"), text("label"), number("seed", 0), number("n", 16), text("points"), number("truncation", 0)],
            gr.File(label="drawings"),
            f"Garments that nobody has made, as a ZIP of PNG files with a manifest. {_MODEL} {_LABEL} seed: of the "
            f"first one. n: how many, at most {MAX_DRAWINGS}. {_POINTS} They are drawn instead of seeds. {_TRUNCATION}",
        )
        _publish(
            interpolate,
            [
                text("model"), text("points"), text("label"), number("steps", 12),
                gr.Checkbox(True, label="loop"), number("truncation", 0), text("format", "gif"),
            ],
            gr.File(label="film"),
            f"A walk from drawing to drawing as a film. {_MODEL} {_POINTS} {MIN_KEYS} to {MAX_KEYS} of them. {_LABEL} "
            f"Or a class for each point, with commas. steps: from one to the next, {MIN_STEPS} to {MAX_STEPS}. loop: "
            f"back to the first. {_TRUNCATION} format: gif, webp, mp4, or png for a strip.",
        )  # fmt: skip
        _publish(
            invert,
            [untouched(gr.File(label="file")), text("model"), text("label"), number("steps", 200)],
            gr.JSON(label="inversion"),
            f"The latent that draws what is most like a photo, as the REST API answers it. {_MODEL} {_LABEL} "
            f"steps: of the search, at most {MAX_INVERSION}.",
        )


def _publisher(place: str) -> Callable[[Callable[..., Any], list[Any], Any, str], None]:
    def put(call: Callable[..., Any], inputs: list[Any], output: Any, words: str) -> None:
        publish(call, inputs, output, words, most=2, place=place)

    return put
