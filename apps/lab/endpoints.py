"""The calls for programs: ``gradio_client`` finds them by name under "Use via API". The page's own are hidden."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from apps.lab import handlers, region
from apps.lab.intake import Upload, open_photo, untouched
from fashionviz.figures import pictures
from fashionviz.serialise import prediction_json

_BOX = 'box: region in pixels of the photo, "x0,y0,x1,y1"; empty for all of it.'
_MODEL = "model: architecture.task, for example mobilenet_v2.gender_category; empty for the default."


def _plain(call: Callable[..., Any]) -> Callable[..., Any]:
    """Failures as one sentence for the caller; the unexpected goes to the log alone."""

    @wraps(call)
    def wrapped(*args: Any) -> Any:
        try:
            return call(*args)
        except gr.Error:
            raise
        except Exception as error:
            raise gr.Error(handlers.sentence(error), title="No answer", print_exception=False) from None

    return wrapped


def add_endpoints(engine: Any) -> None:
    """Register predict, explain, activations and filters; must be called inside ``gr.Blocks``."""

    @_plain
    def predict(file: Upload, model: str, box: str) -> dict[str, Any]:
        prediction = engine.predict(open_photo(file), model or None, box=region.parse_box(box))
        note = engine.model(model or None).note
        answer: dict[str, Any] = json.loads(json.dumps(prediction_json(prediction, file.name, note)))
        return answer

    @_plain
    def explain(file: Upload, model: str, method: str, target: str, box: str) -> NDArray[np.uint8]:
        photo = open_photo(file)
        result = engine.explain(
            photo, model or None, method or "guided-backprop", target=target or None, box=region.parse_box(box)
        )
        return handlers.draw(result, "Colour")

    @_plain
    def activations(file: Upload, model: str, layer: str) -> NDArray[np.uint8]:
        result = engine.activations(open_photo(file), model or None, layer or None)
        return pictures.activation_grid(result, pictures.strongest_channels(result, 64))

    @_plain
    def filters(model: str, layer: str) -> NDArray[np.uint8]:
        return pictures.filter_grid(engine.filters(model or None, layer or None))

    def text(label: str, value: str = "") -> gr.Textbox:
        return gr.Textbox(value, label=label)

    def photo_file() -> Any:
        return untouched(gr.File(label="file"))

    def picture() -> gr.Image:
        return gr.Image(format="png", label="picture")

    def publish(call: Callable[..., Any], inputs: list[Any], output: Any, words: str) -> None:
        gr.Button().click(
            call,
            inputs,
            output,
            api_name=call.__name__,
            api_description=words,
            api_visibility="public",
            concurrency_limit=4,
            concurrency_id="programs",
            show_progress="hidden",
        )

    with gr.Row(visible=False):
        publish(
            predict,
            [photo_file(), text("model"), text("box")],
            gr.JSON(label="prediction"),
            f"Class probabilities of a photo, most probable first, as the REST API answers them. {_MODEL} {_BOX}",
        )
        publish(
            explain,
            [photo_file(), text("model"), text("method", "guided-backprop"), text("target"), text("box")],
            picture(),
            "Where the model looked, as PNG. method: for example guided-backprop, grad-cam, integrated-gradients. "
            f"target: a class; empty for the most probable one. {_MODEL} {_BOX}",
        )
        publish(
            activations,
            [photo_file(), text("model"), text("layer")],
            picture(),
            f"The strongest channels of a layer as PNG. layer: dotted name; empty for the card's default. {_MODEL}",
        )
        publish(
            filters,
            [text("model"), text("layer")],
            picture(),
            f"A convolution's filters as PNG. layer: dotted name; empty for the first convolution. {_MODEL}",
        )
