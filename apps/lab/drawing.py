"""The tab "Draw" without its wiring: what can be chosen, captions, variations, files. Plain functions."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from apps.lab import handlers, parts
from fashionviz.drawing_results import Drawing, GeneratorInfo, Samples, Walk
from fashionviz.errors import InvalidRequest
from fashionviz.figures.pictures import enlarge
from fashionviz.generate import code
from fashionviz.generate.files import gif_bytes, grid_picture, mp4_bytes, strip_picture, zip_bytes
from fashionviz.generate.limits import MAX_KEYS, MAX_TRUNCATION, MIN_KEYS, MIN_TRUNCATION
from fashionviz.generate.points import parse_point
from fashionviz.images import encode_png
from fashionviz.results import ModelRef, Timings

#: Instead of a class: each seed has its turn.
EVERY = "Each class in turn"
#: The slider's right end: latents as they come.
AS_IT_COMES = MAX_TRUNCATION
COUNTS = (6, 12, 24, 48, 96)
COUNT = 24
#: Variations of a drawing.
VARIATIONS = 12
#: The first of the seeds towards which variations go: far from those that anybody has on the page.
_OTHERS = 1_000_000
#: Seeds of the dice: few digits are easily told on.
_FACES = 100_000
#: Longest side of a single drawing on the page, in pixels.
LARGE = 320
NOTHING = "Nothing is drawn yet."


def choices(engine: Any) -> list[tuple[str, str]]:
    """The generators by title; untrained ones say so."""
    return [(i.title if i.trained else f"{i.title} (not trained yet)", i.name) for i in engine.generators()]


def first_choice(engine: Any) -> str:
    """The default generator where it is trained, else the first trained one, else the default."""
    infos = engine.generators()
    return str(next((info for info in infos if info.trained), infos[0]).name)


def class_choices(info: GeneratorInfo) -> list[str]:
    """What a generator can be asked for."""
    return [EVERY, *info.classes] if info.classes else [info.learns[0] if len(info.learns) == 1 else "All garments"]


def asked_class(info: GeneratorInfo, label: str | None) -> str | None:
    """The class of a choice; ``None`` where none is asked for."""
    return label if label in info.classes else None


def asked_truncation(value: float | None) -> float | None:
    """The truncation of the slider; ``None`` at its right end."""
    if value is None or value >= AS_IT_COMES:
        return None
    return max(MIN_TRUNCATION, float(value))


def dice() -> int:
    """A seed by chance."""
    return secrets.randbelow(_FACES)


def as_seed(value: Any) -> int:
    """A seed from the page's field.

    Raises:
        InvalidRequest: it is no whole number.
    """
    if value is None or isinstance(value, bool) or float(value) != int(value):
        raise InvalidRequest("A seed is a whole number, 0 or more.")
    return int(value)


# --- what is on the page ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Basis:
    """What a point's picture depends on beside the class: with another basis the picks are pictures of the past."""

    model: ModelRef
    truncation: float | None

    @classmethod
    def of(cls, samples: Samples) -> Basis:
        """Of drawings."""
        return cls(samples.model, samples.truncation)

    def samples(self, drawings: Sequence[Drawing]) -> Samples:
        """Drawings put together."""
        return Samples(self.model, tuple(drawings), self.truncation, Timings(0.0, 0.0, 0.0))


def short(point: str) -> str:
    """A point in a caption."""
    if point.startswith("z:"):
        return "your photo" if ">" not in point else "like your photo"
    head, *moves = point.split(">")
    return head if not moves else f"like {head}" if len(point) > 12 else point


def tiles(drawings: Sequence[Drawing], picks: Sequence[Drawing]) -> list[tuple[np.ndarray, str]]:
    """Pictures with captions for a gallery; picked ones have a check mark and their number."""
    order = {same(pick): number for number, pick in enumerate(picks, 1)}
    return [
        (drawing.pixels, f"✓ {order[same(drawing)]}" if same(drawing) in order else short(drawing.point))
        for drawing in drawings
    ]


def same(drawing: Drawing) -> tuple[str, str | None]:
    """What makes two drawings of one basis the same."""
    return drawing.point, drawing.label


def toggled(picks: Sequence[Drawing], drawing: Drawing) -> tuple[tuple[Drawing, ...], str]:
    """The picks with a drawing added, or taken away again; and a sentence."""
    kept = tuple(pick for pick in picks if same(pick) != same(drawing))
    if len(kept) < len(picks):
        return kept, f"Taken away. {picked(kept)}"
    if len(kept) >= MAX_KEYS:
        return tuple(picks), f"{MAX_KEYS} are picked, which is the most; click one again to take it away."
    return (*kept, drawing), picked((*kept, drawing))


def picked(picks: Sequence[Drawing]) -> str:
    """How many are picked, and what to do next."""
    if not picks:
        return f"Click drawings above to pick {MIN_KEYS} to {MAX_KEYS}."
    if len(picks) < MIN_KEYS:
        return "1 picked; one more, and you can walk between them."
    return f"{len(picks)} picked, of {MAX_KEYS} at most."


def drawn_words(info: GeneratorInfo, samples: Samples, what: str = "") -> str:
    """What was drawn, by whom, in what time."""
    how = "" if samples.truncation is None else f", truncated at {samples.truncation:g}"
    spent = f" in {samples.timings.total / 1000:.1f} s" if samples.timings.total else ""
    return (
        f"{what or f'{len(samples.drawings)} drawn'} by {info.title}{how}{spent}. Click one to pick it and look closer."
    )


def untrained_words(info: GeneratorInfo) -> str:
    """What to do where a generator has no weights."""
    return f"{info.title} is not trained yet, so it draws nothing. Train it with fashionviz train {info.name}."


def variations(drawing: Drawing, share: float, turn: int) -> tuple[str, ...]:
    """Points near a drawing's: so far towards other seeds, which are others each turn.

    Args:
        drawing: in the middle.
        share: 0 stays, 1 leaves it for the other.
        turn: how often the button was pressed before.
    """
    begin = parse_point(drawing.point)
    first = _OTHERS + turn * VARIATIONS
    return tuple(str(begin.towards(parse_point(str(first + k)), share)) for k in range(VARIATIONS))


def mixed(first: Drawing, second: Drawing, share: float) -> str:
    """The point between two drawings."""
    return str(parse_point(first.point).towards(parse_point(second.point), share))


def large(drawing: Drawing) -> handlers.Picture:
    """One drawing, enlarged."""
    return enlarge(drawing.pixels, LARGE, smooth=True)


def origin(drawing: Drawing) -> str:
    """Where a drawing comes from, in words."""
    label = f"<b>{escape(drawing.label)}</b>, " if drawing.label else ""
    shown = drawing.point if len(drawing.point) <= 48 else f"{drawing.point[:48]}…"
    kind = "seed" if drawing.point.isdecimal() else "point"
    return f'<div class="fv-status" aria-live="polite">{label}{kind} <code>{escape(shown)}</code></div>'


# --- files and code ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Saved:
    """Files of drawings or of a walk, by their paths."""

    png: str
    archive: str = ""
    gif: str = ""
    mp4: str = ""


def save_drawings(folder: Path, samples: Samples) -> Saved:
    """Write the grid and the ZIP."""
    return Saved(
        handlers.write_file(folder, "drawn.png", encode_png(grid_picture(samples.pixels))),
        archive=handlers.write_file(folder, "drawn.zip", zip_bytes(samples)),
    )


#: Pictures of the strip on the page: more would be too small to be told apart.
STRIP = 12


def save_walk(folder: Path, walk: Walk) -> Saved:
    """Write the strip and both films."""
    return Saved(
        handlers.write_file(folder, "walk.png", encode_png(strip_picture(walk.frames))),
        gif=handlers.write_file(folder, "walk.gif", gif_bytes(walk.frames)),
        mp4=handlers.write_file(folder, "walk.mp4", mp4_bytes(walk.frames)),
    )


def strip(walk: Walk) -> handlers.Picture:
    """Pictures on the way, for the page; where the walk returns, its first one stands at the end again."""
    frames = np.concatenate([walk.frames, walk.frames[:1]]) if walk.loop else walk.frames
    return strip_picture(frames, STRIP, gap=2)


def drawn_code(url: str, samples: Samples) -> tuple[str, str, str, str]:
    """Drawings in Python, on the command line, with curl and through ``gradio_client``."""
    points, labels = [d.point for d in samples.drawings], {d.label for d in samples.drawings}
    label = labels.pop() if len(labels) == 1 else None
    asked = (samples.model.name, points, label, samples.truncation)
    return (
        code.generate_python(*asked), code.generate_cli(*asked),
        code.generate_curl(url, *asked), code.generate_client(f"{url}/lab", *asked),
    )  # fmt: skip


def walk_code(url: str, walk: Walk) -> tuple[str, str, str, str]:
    """A walk likewise."""
    asked = (walk.model.name, walk.keys, walk.labels, walk.steps, walk.truncation)
    return (
        code.walk_python(*asked), code.walk_cli(*asked),
        code.walk_curl(url, *asked), code.walk_client(f"{url}/lab", *asked),
    )  # fmt: skip


# --- one drawing, looked at -------------------------------------------------------------------------------------

NO_LOOK = "Pick a drawing: what the classifier says of it appears here."


def said(engine: Any, drawing: Drawing, photo: Any) -> tuple[str, handlers.Picture | None]:
    """What the default classifier says of a drawing, and where it looked; or a sentence in their place."""
    name = handlers.default_model(engine)
    answer = handlers.predict(engine, photo, name, None, f"the drawing {short(drawing.point)}")
    if answer.prediction is None:
        return answer.html, None
    why = handlers.explain(engine, photo, name, "guided-backprop", None, None, "Colour")
    info = engine.model(name)
    top = answer.prediction.top
    agrees = ""
    if drawing.label in info.classes:
        agrees = (
            f"It was asked for {drawing.label}: the classifier agrees. "
            if top.label == drawing.label
            else f"It was asked for {drawing.label}; the classifier says {top.label}. "
        )
    bars = parts.short_bars(answer.prediction, info.classes, 3)
    words = f"{agrees}By {info.title}, which took no part in drawing it."
    return f'<section class="fv-look">{bars}<p class="fv-note">{escape(words)}</p></section>', why.picture
