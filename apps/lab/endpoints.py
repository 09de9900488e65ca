"""The calls for programs: ``gradio_client`` finds them by name under "Use via API". The page's own are hidden."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from gradio.utils import get_upload_folder
from numpy.typing import NDArray

from apps.lab import every, handlers
from apps.lab.annotate_page import without_places
from apps.lab.desk import MOST_PHOTOS, Desk
from apps.lab.intake import Upload, open_photo, untouched, untouched_list
from fashionviz.boxes import parse_box
from fashionviz.errors import FashionvizError, InvalidRequest
from fashionviz.figures import pictures
from fashionviz.serialise import landmarks_json, prediction_json, trust_json

_BOX = 'box: region in pixels of the photo, "x0,y0,x1,y1"; empty for all of it.'
_ASKED = (
    "method: for example guided-backprop, grad-cam, integrated-gradients. target: a class; empty for the most probable "
    "one. against: a second class, for why the first and not this one; empty for none."
)
_MODEL = "model: architecture.task, for example mobilenet_v2.gender_category; empty for the default."


def plain(call: Callable[..., Any]) -> Callable[..., Any]:
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


def publish(
    call: Callable[..., Any], inputs: list[Any], output: Any, words: str, *, most: int = 4, place: str = "programs"
) -> None:
    """Register a call under its function's name; must be called inside ``gr.Blocks``."""
    gr.Button().click(
        call,
        inputs,
        output,
        api_name=call.__name__,
        api_description=words,
        api_visibility="public",
        concurrency_limit=most,
        concurrency_id=place,
        show_progress="hidden",
    )


def add_endpoints(engine: Any) -> None:
    """Register predict, explain, activations and filters; must be called inside ``gr.Blocks``."""

    @plain
    def predict(file: Upload, model: str, box: str) -> dict[str, Any]:
        prediction = engine.predict(open_photo(file), model or None, box=parse_box(box))
        note = engine.model(model or None).note
        answer: dict[str, Any] = json.loads(json.dumps(prediction_json(prediction, file.name, note)))
        return answer

    @plain
    def explain(file: Upload, model: str, method: str, target: str, box: str, against: str = "") -> NDArray[np.uint8]:
        photo = open_photo(file)
        result = engine.explain(
            photo, model or None, method or "guided-backprop", target=target or None, against=against or None,
            box=parse_box(box),
        )  # fmt: skip
        return handlers.draw(result, "Colour")

    @plain
    def trust(file: Upload, model: str, method: str, target: str, box: str, against: str = "") -> dict[str, Any]:
        found = engine.trust(
            open_photo(file), model or None, method or "guided-backprop", target=target or None,
            against=against or None, box=parse_box(box),
        )  # fmt: skip
        answer: dict[str, Any] = json.loads(json.dumps(trust_json(found, file.name)))
        return answer

    @plain
    def activations(file: Upload, model: str, layer: str) -> NDArray[np.uint8]:
        result = engine.activations(open_photo(file), model or None, layer or None)
        return pictures.activation_grid(result, pictures.strongest_channels(result, 64))

    @plain
    def filters(model: str, layer: str) -> NDArray[np.uint8]:
        return pictures.filter_grid(engine.filters(model or None, layer or None))

    @plain
    def landmarks(file: Upload, model: str, box: str) -> dict[str, Any]:
        answer = landmarks_json(engine.landmarks(open_photo(file), model or None, box=parse_box(box)), file.name)
        plain: dict[str, Any] = json.loads(json.dumps(answer))
        return plain

    @plain
    def every_model(file: Upload) -> list[dict[str, Any]]:
        photo, name = open_photo(file), file.name
        replies = [every.ask(engine, photo, info, explained=False) for g in every.groups(engine) for info in g.models]
        answers: list[dict[str, Any]] = json.loads(every.table_json(replies, name))
        return answers

    @plain
    def annotate(files: tuple[Upload, ...], models: str) -> str:
        folder = Path(get_upload_folder())
        desk = Desk(folder)
        try:
            receipt = desk.receive(files or ())
            if receipt.refused:
                raise InvalidRequest(" ".join(receipt.refused))
            names = [name.strip() for name in models.split(",") if name.strip()] or [engine.model().name]
            try:
                desk.annotate(engine, names)
            except FashionvizError as error:
                raise type(error)(without_places(str(error), desk)) from error
            return handlers.write_file(folder, "labels.csv", desk.csv())
        finally:
            desk.clear()

    def text(label: str, value: str = "") -> gr.Textbox:
        return gr.Textbox(value, label=label)

    def photo_file() -> Any:
        return untouched(gr.File(label="file"))

    def asked() -> list[Any]:
        names = (("method", "guided-backprop"), ("target", ""), ("box", ""), ("against", ""))
        return [photo_file(), text("model"), *(text(name, value) for name, value in names)]

    def picture() -> gr.Image:
        return gr.Image(format="png", label="picture")

    with gr.Row(visible=False):
        publish(
            predict,
            [photo_file(), text("model"), text("box")],
            gr.JSON(label="prediction"),
            f"Class probabilities of a photo, most probable first, as the REST API answers them. {_MODEL} {_BOX}",
        )
        publish(
            explain,
            asked(),
            picture(),
            f"Where the model looked, as PNG. {_ASKED} {_MODEL} {_BOX}",
        )
        publish(
            trust,
            asked(),
            gr.JSON(label="trust"),
            "How far that map can be trusted, as the REST API answers it: whether it needs the network's weights, "
            f"whether the pixels it marks matter, where it lies. {_ASKED} {_MODEL} {_BOX}",
            most=1,
            place="trust",
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
        publish(
            landmarks,
            [photo_file(), text("model"), text("box")],
            gr.JSON(label="landmarks"),
            "Where collar, sleeves, waist and hem are, as the REST API answers it: x and y in pixels, and the "
            f"probability that the photo shows them. model: one that finds landmarks; empty for the default. {_BOX}",
        )
        publish(
            every_model,
            [photo_file()],
            gr.JSON(label="predictions"),
            "One photo, answered by every trained model: an array of what predict gives; a model that fails has "
            "`error` and `code` in its place.",
        )
        publish(
            annotate,
            [untouched_list(gr.File(label="files", file_count="multiple")), text("models")],
            gr.File(label="table"),
            f"Many photos to a CSV with a row a photo and model. files: at most {MOST_PHOTOS} photos, and the CSV of "
            "an earlier run, whose rows and corrections are kept. models: names separated by commas; empty for the "
            "default.",
            most=1,
            place="annotate",
        )
