"""The front page: what this is, the doors to both apps, the models, the server's health, and a live example."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import numpy as np
from fastapi import APIRouter, Path
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response

from apps.api.inputs import EngineDep
from apps.pages import STATIC, render, theme_css
from fashionviz import images
from fashionviz.data.examples import draw
from fashionviz.drawing_results import GeneratorInfo
from fashionviz.figures import pictures
from fashionviz.figures.theme import PALETTE
from fashionviz.inference.engine import Engine
from fashionviz.models.card import FIGURE_NAMES
from fashionviz.results import Attribution, ModelInfo, Prediction
from fashionviz.serialise import Json

#: Drawn pictures shown on the page: what is drawn, and the seed.
EXAMPLES = (
    ("dress", 0),
    ("jacket", 0),
    ("handbag", 0),
    ("street suit", 0),
    ("heel", 1),
    ("watch", 1),
)
#: What a visitor can find out, each with the page that answers it and a sentence.
QUESTIONS = (
    ("explain", "Where did it look?", "Every attribution of an answer side by side, and how far each can be trusted."),
    ("layers", "What do its layers see?", "Filters, activation maps, and the test items that excite a channel most."),
    ("every-model", "Do the models agree?", "Every trained model on the same photo, and where they part ways."),
    ("confusion", "How often is it wrong?", "From a cell of the confusion matrix to the photo and into the model."),
    ("match", "Which shop item is it?", "Garments found in a photo, and the items most like each, with the reasons."),
    ("video", "Who wore what when?", "The items of a video followed, named and matched, on a timeline."),
    ("draw", "What would it draw?", "New garments from a seed: pick, mix, vary, and walk from one to the next."),
    ("real-or-drawn", "Can you tell it apart?", "A quiz: is this a photo, or did a network draw it?"),
)
METHOD = "guided-backprop"
_SHOWN = 3
_TILES = 16

router = APIRouter(include_in_schema=False)
ExampleNumber = Path(ge=0, lt=len(EXAMPLES))


@dataclass(frozen=True)
class ModelRow:
    """A model as the page lists it.

    Attributes:
        info: the model.
        value: of the figure that stands for it; empty where it has none.
        figure: what that is, in words.
        interval: its 95 % interval.
        measured_on: data set, split and n.
        others: the card's other figures, a sentence each.
    """

    info: ModelInfo
    value: str
    figure: str
    interval: str
    measured_on: str
    others: tuple[str, ...]

    @property
    def answers(self) -> str:
        """What it answers with, in a few words."""
        if self.info.answer == "embedding":
            return "a vector of each garment"
        things = {"tags": "tags", "boxes": "kinds of boxes", "regions": "classes of pixels"}
        return f"{len(self.info.classes)} {things.get(self.info.answer, 'classes')}"

    @property
    def state(self) -> str:
        """Whether it can answer, in two words."""
        if not self.info.trained:
            return "not trained"
        return "in memory" if self.info.loaded else "loads on first use"


def model_row(info: ModelInfo) -> ModelRow:
    """The figures of a model's card in words: the one that stands for it first, the others after it."""
    main = info.main_metric
    others = tuple(_figure(m) for m in info.metrics if m is not main)
    if main is None:
        return ModelRow(info, "", "", "", "", others)
    low, high = _interval(main)
    where = f"{main['data_set']} {main['split']}, n = {main['n']:,}"
    value, interval = f"{float(str(main['value'])):.1%}", f"{low:.1%} to {high:.1%}"
    return ModelRow(info, value, _name(main), interval, where, others)


def _name(metric: Mapping[str, object]) -> str:
    return FIGURE_NAMES.get(str(metric["name"]), str(metric["name"]).replace("_", " "))


def _interval(metric: Mapping[str, object]) -> tuple[float, float]:
    low, high = cast("tuple[float, float]", metric["ci95"])
    return float(low), float(high)


def _figure(metric: Mapping[str, object]) -> str:
    value, (low, high) = float(str(metric["value"])), _interval(metric)
    share = not str(metric["name"]).endswith("_distance") and 0 <= value <= 1 and 0 <= low <= high <= 1
    if share:
        shown = f"{value:.1%} ({low:.1%} to {high:.1%})"
    else:
        digits = ",.0f" if abs(value) >= 100 else ".3g"
        shown = f"{value:{digits}} ({low:{digits}} to {high:{digits}})"
    return f"{_name(metric)} {shown} on {metric['data_set']} {metric['split']}, n = {metric['n']:,}"


@dataclass(frozen=True)
class GeneratorRow:
    """A generator as the page lists it.

    Attributes:
        info: the generator.
        what: what it draws, in words.
        figure: its distance to photos with interval and n; empty where it is not measured.
    """

    info: GeneratorInfo
    what: str
    figure: str


def generator_row(info: GeneratorInfo) -> GeneratorRow:
    """A generator in words: it draws and says nothing of a photo."""
    found = next((metric for metric in info.metrics if metric["name"] == "frechet_distance"), None)
    if info.classes:
        what = f"{len(info.classes)} classes, on request"
    else:
        what = ", ".join(info.learns) or "garments of every class"
    return GeneratorRow(info, what, _figure(found) if found else "")


@router.get("/")
def portal(engine: EngineDep) -> HTMLResponse:
    """The page itself. The example fills in afterwards, so that the page never waits for a model."""
    main = engine.model().name
    infos = engine.models()
    # What is untrained is only named.
    rows = tuple(model_row(info) for info in infos if info.trained or info.name == main)
    page = render(
        "portal.html",
        rows=rows,
        untrained=tuple(info.name for info in infos if not info.trained and info.name != main),
        default=next((r for r in rows if r.info.name == main and r.info.trained), None),
        notes=tuple(dict.fromkeys(r.info.note for r in rows if r.info.note)),
        generators=tuple(generator_row(info) for info in engine.generators()),
        examples=len(EXAMPLES),
        questions=QUESTIONS,
    )
    # no-store: which models are in memory changes.
    return HTMLResponse(page, headers={"Cache-Control": "no-store"})


@router.get("/favicon.ico")
def favicon() -> FileResponse:
    """Browsers ask for it on pages that name no icon."""
    return FileResponse(STATIC / "mark.svg", media_type="image/svg+xml")


@router.get("/theme.css")
def theme() -> Response:
    """The theme's colours as CSS variables."""
    return Response(theme_css(), media_type="text/css", headers={"Cache-Control": "no-cache"})


@dataclass(frozen=True)
class Answer:
    """A drawn picture with what the model says to it."""

    prediction: Prediction
    attribution: Attribution


@lru_cache(maxsize=len(EXAMPLES))
def _drawn(number: int) -> images.Photo:
    kind, seed = EXAMPLES[number]
    return images.from_pixels(draw(kind, seed))


class ExampleBook:
    """Answers to the drawn pictures, each computed once for each set of weights."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[tuple[int, str], Answer] = {}

    def answer(self, engine: Engine, number: int) -> Answer:
        """The model's answer; the first caller computes it, the others wait for it."""
        with self._lock:
            key = (number, engine.model().sha256 or "")
            if key not in self._answers:
                photo = _drawn(number)
                prediction = engine.predict(photo)
                attribution = engine.explain(photo, method=METHOD, target=prediction.top.label)
                self._answers = {k: v for k, v in self._answers.items() if k[1] == key[1]}
                self._answers[key] = Answer(prediction, attribution)
            return self._answers[key]


_book = ExampleBook()


@router.get("/portal/example/{number}/photo.png")
def example_photo(number: int = ExampleNumber) -> Response:
    """The drawn picture."""
    return _picture(_drawn(number).png())


@router.get("/portal/example/{number}/looked.png")
def example_looked(engine: EngineDep, number: int = ExampleNumber) -> Response:
    """Guided backpropagation for the class on top, on mid-grey."""
    result = _book.answer(engine, number).attribution
    return _picture(images.encode_png(pictures.enlarge(pictures.attribution_colour(result), 480)))


@router.get("/portal/filters.png")
def first_filters(engine: EngineDep) -> Response:
    """The default model's strongest first filters, side by side; networks have some that died out."""
    bank = engine.filters()
    strongest = np.argsort(-np.abs(bank.weights).max(axis=(1, 2, 3)), kind="stable")[:_TILES]
    tiles = pictures.filter_tiles(bank)
    return _picture(images.encode_png(pictures.grid([tiles[i] for i in sorted(strongest)], _TILES // 2, 48)))


@router.get("/portal/example/{number}.json")
def example_answer(engine: EngineDep, number: int = ExampleNumber) -> JSONResponse:
    """The classes on top for the drawn picture, with their colours."""
    prediction = _book.answer(engine, number).prediction
    classes = engine.model(prediction.model.name).classes
    body: Json = {
        "kind": EXAMPLES[number][0],
        "model": prediction.model.name,
        "predictions": [
            {"label": s.label, "probability": s.probability, "colour": classes.index(s.label) % len(PALETTE)}
            for s in prediction.scores[:_SHOWN]
        ],
    }
    return JSONResponse(body, headers={"Cache-Control": "no-cache"})


def _picture(png: bytes) -> Response:
    # The weights may change under the same address: the browser asks again after a few minutes.
    return Response(png, media_type="image/png", headers={"Cache-Control": "max-age=300"})
