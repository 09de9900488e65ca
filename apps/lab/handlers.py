"""From what a visitor chose to what the page shows: plain functions over the engine's calls, no wiring.

Every function returns values for the page; a failure becomes a sentence, and the former answer's places are emptied.
"""

from __future__ import annotations

import io
import json
import logging
import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.lab import parts
from fashionviz.errors import FashionvizError, InvalidRequest
from fashionviz.explain.methods import METHODS
from fashionviz.figures import pictures
from fashionviz.images import Photo, encode_png
from fashionviz.results import Attribution, Box, ModelInfo, Prediction, Progress
from fashionviz.serialise import prediction_json

log = logging.getLogger("fashionviz.lab")

Picture = NDArray[np.uint8]

TOP = "Most probable class"
#: The layer that the model's card recommends.
CARD_LAYER = "Recommended by the model's card"
#: Longest side of a picture, in pixels.
PICTURE = 640
#: Channels in the grid of a layer.
CHANNELS = 24
UNEXPECTED = "Something went wrong on our side; your photo is fine. Please try again."
#: Methods whose map is coarse or grey, best read over the photo.
_OVERLAID = ("grad-cam", "occlusion")


def sentence(error: Exception) -> str:
    """What to tell the visitor. Anything unexpected goes to the log, not to the page."""
    if isinstance(error, FashionvizError):
        return str(error)
    log.error("A request in the lab failed", exc_info=error)
    return UNEXPECTED


def told_apart(infos: Sequence[ModelInfo]) -> list[tuple[str, str]]:
    """Title and name of each model; where two have one title, with the number of classes by which they differ."""
    often = Counter(info.title for info in infos)
    return [(f"{m.title}, {len(m.classes)} classes" if often[m.title] > 1 else m.title, m.name) for m in infos]


def model_choices(engine: Any) -> list[tuple[str, str]]:
    """Every model that names what a photo shows, by title; untrained ones say so and cannot answer."""
    infos = [m for m in engine.models() if m.names]
    titles = {name: title for title, name in told_apart([m for m in infos if m.trained])}
    return [(titles.get(m.name, f"{m.title} (not trained yet)"), m.name) for m in infos]


def default_model(engine: Any) -> str | None:
    """The default model's name, the first one's if none is trained, ``None`` if none is registered."""
    models = [m for m in engine.models() if m.names]
    for info in models:
        if info.default and info.trained:
            return str(info.name)
    trained = [m.name for m in models if m.trained]
    return trained[0] if trained else (models[0].name if models else None)


def method_choices(info: ModelInfo) -> list[tuple[str, str]]:
    """Methods the model can serve, by title; slow ones say so."""
    out = []
    for name in info.methods:
        method = METHODS.get(name)
        title = method.title if method else name
        out.append((f"{title} (slow)" if method and method.slow else title, name))
    return out


def default_method(info: ModelInfo | None) -> str | None:
    """Guided backpropagation where the model can serve it, else the first method."""
    if info is None or not info.methods:
        return None
    return "guided-backprop" if "guided-backprop" in info.methods else info.methods[0]


def method_title(name: str) -> str:
    """A method's title for people."""
    return METHODS[name].title if name in METHODS else name


def style_for(method: str, style: str) -> str:
    """The style that suits a method: coarse maps are laid over the photo."""
    if method in _OVERLAID:
        return "Overlay"
    return style


def layer_choices(engine: Any, model: str | None) -> list[tuple[str, str]]:
    """The card's recommended layer, then every layer with activation maps, read from the model."""
    try:
        layers = engine.layers(model)
    except Exception as error:
        sentence(error)
        layers = ()
    return [(CARD_LAYER, "")] + [
        (f"{x.name}  ({x.kind}, {'×'.join(map(str, x.shape))})", x.name) for x in layers if x.spatial
    ]


@dataclass(frozen=True)
class Answer:
    """A prediction for the page, or the sentence in its place."""

    html: str
    prediction: Prediction | None = None
    failure: str = ""


def predict(engine: Any, photo: Photo | None, model: str | None, box: Box | None, asked: str) -> Answer:
    """Ask for the classes."""
    if photo is None:
        return Answer(parts.empty_card())
    try:
        prediction = engine.predict(photo, model, box=box)
        return Answer(parts.prediction_card(prediction, engine.model(model), asked), prediction)
    except Exception as error:
        words = sentence(error)
        return Answer(parts.error_card(words), None, words)


@dataclass(frozen=True)
class Explanation:
    """An attribution for the page, or the sentence in its place."""

    result: Attribution | None = field(default=None, repr=False)
    picture: Picture | None = field(default=None, repr=False)
    caption: str = field(default_factory=lambda: parts.status("", tall=True))
    failure: str = ""


def explain(
    engine: Any,
    photo: Photo | None,
    model: str | None,
    method: str,
    target: str | None,
    box: Box | None,
    style: str,
    on_progress: Callable[[Progress], None] | None = None,
    cancel: Event | None = None,
) -> Explanation:
    """Ask where the model looked."""
    if photo is None:
        return Explanation()
    chosen = None if target in (None, "", TOP) else target
    try:
        result = engine.explain(photo, model, method, target=chosen, box=box, on_progress=on_progress, cancel=cancel)
        return Explanation(result, draw(result, style), caption(result, style))
    except Exception as error:
        words = sentence(error)
        return Explanation(caption=parts.problem(words, tall=True), failure=words)


def draw(result: Attribution, style: str, longest: int = PICTURE) -> Picture:
    """The attribution in the chosen style: the same picture that the command line and the REST API give.

    Args:
        result: the attribution.
        style: one of :data:`apps.lab.parts.STYLES`.
        longest: about how many pixels its longest side gets, where it has fewer.
    """
    how = {
        "colour": pictures.attribution_colour,
        "signed": pictures.attribution_signed,
        "overlay": pictures.attribution_overlay,
    }
    return pictures.enlarge(how[parts.STYLES.get(style, "colour")](result), longest)


def seen(result: Attribution) -> Picture:
    """The photo as the model received it, enlarged for the page."""
    return pictures.enlarge(pictures.view_photo(result.view), PICTURE, smooth=True)


def seen_alt(result: Attribution) -> str:
    """What the photo beside a map shows, for those who do not see it."""
    return f"The photo as {result.model.name} receives it; it gives {result.target} {result.probability:.1%}"


def map_alt(result: Attribution) -> str:
    """What a map shows, for those who do not see it."""
    return f"{method_title(result.method)} of {result.model.name} for {result.question} ({result.probability:.1%})"


def caption(result: Attribution, style: str) -> str:
    """The attribution's caption and legend."""
    method = METHODS.get(result.method)
    words = method.explanation if method else ""
    return parts.saliency_caption(result, method_title(result.method), words, parts.STYLES.get(style, "colour"))


@dataclass(frozen=True)
class Channels:
    """A layer's strongest channels for the page, and one of them enlarged."""

    tiles: tuple[tuple[Picture, str], ...] = field(default=(), repr=False)
    order: tuple[int, ...] = ()
    total: int = 0
    caption: str = field(default_factory=parts.status)
    channel: int = 0
    large: Picture | None = field(default=None, repr=False)
    large_caption: str = field(default_factory=parts.status)
    failure: str = ""


def activations(
    engine: Any,
    photo: Photo | None,
    model: str | None,
    layer: str | None,
    box: Box | None,
    *,
    channel: int | None = None,
    laid_over: bool = True,
    grid: bool = True,
) -> Channels:
    """Ask what a layer sees.

    Args:
        engine: the shared engine.
        photo, model, layer, box: what is asked.
        channel: the one to enlarge; ``None`` takes the strongest.
        laid_over: enlarge it over the photo rather than alone.
        grid: whether the tiles are wanted, or only the enlarged channel.
    """
    if photo is None:
        return Channels()
    try:
        result = engine.activations(photo, model, layer or None, box=box)
        total = int(result.maps.shape[0])
        order = pictures.strongest_channels(result, CHANNELS)
        if channel is None:
            channel = order[0]
        if not 0 <= channel < total:
            raise InvalidRequest(f"{result.layer} has channels 0 to {total - 1}; there is no channel {channel}.")
        values = pictures.map_over_photo(result, channel)
        large = pictures.activation_overlay(result, channel) if laid_over else pictures.activation_tile(result, channel)
        tiles = tuple((pictures.activation_tile(result, c, 112), f"#{c}") for c in order) if grid else ()
        return Channels(
            tiles=tiles,
            order=tuple(order),
            total=total,
            caption=parts.channels_caption(result, len(order)),
            channel=channel,
            large=pictures.enlarge(large, PICTURE, smooth=laid_over),
            large_caption=parts.channel_caption(channel, float(values.min()), float(values.max()), laid_over=laid_over),
        )
    except Exception as error:
        words = sentence(error)
        return Channels(caption=parts.problem(words), failure=words)


def write_file(folder: Path, name: str, data: bytes) -> str:
    """Write a file to be downloaded, in a place of its own that nobody can guess. Returns the path."""
    place = folder / secrets.token_urlsafe(16)
    place.mkdir(parents=True)
    (place / name).write_bytes(data)
    return str(place / name)


def prediction_file(folder: Path, prediction: Prediction, file: str, note: str) -> str:
    """Write the prediction as JSON, in the shape of the command line and the API. Returns the path."""
    text = json.dumps(prediction_json(prediction, file, note), indent=2, ensure_ascii=False)
    return write_file(folder, "prediction.json", text.encode())


def attribution_files(folder: Path, result: Attribution, picture: Picture) -> tuple[str, str]:
    """Write the attribution's picture and its raw values ``(3, H, W)`` float32. Returns both paths."""
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(result.values, dtype=np.float32), allow_pickle=False)
    name = result.method
    return write_file(folder, f"{name}.png", encode_png(picture)), write_file(folder, f"{name}.npy", buffer.getvalue())
