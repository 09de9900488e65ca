"""The lab's gallery of attributions: which methods are asked, and what each one's tab shows. Plain functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from threading import Event
from typing import Any

from apps.lab import handlers, parts
from apps.words import INSENSITIVE, caution_html
from fashionviz.explain.methods import METHODS
from fashionviz.figures.gallery import SCALES, draw_as, trust_rows, trust_words
from fashionviz.figures.pictures import enlarge
from fashionviz.images import Photo
from fashionviz.models.registry import get_model
from fashionviz.results import Attribution, Box, ModelInfo, Progress
from fashionviz.trust_results import Trust

#: Instead of a class to compare with.
NOTHING = "Nothing: the class itself"
#: The legend of each scale.
_STYLES = dict(zip(SCALES, ("signed", "overlay", "colour"), strict=True))
#: Inputs up to this side are enlarged pixel by pixel.
_COARSE = 96


@dataclass(frozen=True)
class Asked:
    """What the gallery is about: the part of a photo, a model, a class and maybe one to compare it with."""

    photo: Photo = field(repr=False)
    box: Box | None
    model: str
    target: str | None
    against: str | None
    scale: str = SCALES[0]


@dataclass(frozen=True)
class Shown:
    """One method for the page: photo and map of one size, and words below them."""

    pair: tuple[handlers.Picture, handlers.Picture] | None = field(default=None, repr=False)
    note: str = ""
    result: Attribution | None = field(default=None, repr=False)


def order(info: ModelInfo) -> tuple[str, ...]:
    """The model's methods, the quick ones first."""
    return tuple(sorted(info.methods, key=lambda name: METHODS[name].slow))


def named(value: str | None) -> str | None:
    """A choice of class; ``None`` for the entries that name none."""
    return None if value in (None, "", handlers.TOP, NOTHING) else value


def draw(
    engine: Any, asked: Asked, method: str, on_progress: Callable[[Progress], None] | None, cancel: Event | None
) -> Shown:
    """Ask one method. A failure is a sentence in its place.

    Raises:
        Cancelled: ``cancel`` was set.
    """
    try:
        result = engine.explain(
            asked.photo, asked.model, method, target=asked.target, against=asked.against, box=asked.box,
            on_progress=on_progress, cancel=cancel,
        )  # fmt: skip
    except Exception as error:
        return Shown(note=parts.problem(handlers.sentence(error)))
    return Shown(pair(result, asked.scale), note(result, asked.scale), result)


def pair(result: Attribution, scale: str) -> tuple[handlers.Picture, handlers.Picture]:
    """Photo as the model received it, and map, for a slider between them."""
    picture = draw_as(scale, grey=get_model(result.model.name).grey)(result)
    coarse = max(result.view.pixels.shape[:2]) <= _COARSE
    return handlers.seen(result), enlarge(picture, handlers.PICTURE, smooth=not coarse)


def note(result: Attribution, scale: str) -> str:
    """What the map shows, what its colours mean, how long it took, and how well integrated gradients add up."""
    words = [f"{handlers.method_title(result.method)} for {result.question} ({result.probability:.1%})"]
    words.append(f"{result.timings.compute:.0f} ms")
    if result.layer:
        words.append(f"layer {result.layer}")
    if result.completeness_error is not None:
        words.append(f"{result.steps} steps, which miss the change of the logit by {result.completeness_error:.2%}")
    caution = f'<p class="fv-note">{caution_html()}</p>' if result.method in INSENSITIVE else ""
    explained = escape(METHODS[result.method].explanation)
    legend = parts.scale(_STYLES[scale])
    return f'{parts.status(" · ".join(words))}{legend}<p class="fv-note">{explained}</p>{caution}'


def trust_card(trust: Trust) -> str:
    """The verdict with the scores behind it."""
    sign, lead = trust_words(trust)
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{value:.3f}</td><td>{escape(compare)}</td></tr>"
        for name, value, compare in trust_rows(trust)
    )
    why = f'<p class="fv-note">{escape(trust.shares_note)}</p>' if trust.shares_note else ""
    title = escape(handlers.method_title(trust.attribution.method))
    return (
        f'<div class="fv-status fv-tall"><b>{title}: {sign} {escape(lead)}</b> {escape(trust.sentence)}'
        f"<table><thead><tr><th>score</th><th>value</th><th>compare with</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>{why}</div>"
    )
