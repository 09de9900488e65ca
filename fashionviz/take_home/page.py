"""A report as one HTML file: pictures as data, one style sheet that its policy names by hash, no script, no address.

Jinja escapes every word that goes in, names of files and labels among them.
"""

from __future__ import annotations

import base64
import hashlib
import io
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from PIL import Image, ImageDraw

from fashionviz.boxes import format_box
from fashionviz.explain.caution import CAUTION, INSENSITIVE, SOURCE
from fashionviz.explain.methods import get_method
from fashionviz.figures.gallery import trust_rows, trust_words
from fashionviz.figures.landmarks import landmark_picture
from fashionviz.figures.landmarks import legend as landmark_legend
from fashionviz.figures.pictures import (
    Picture,
    activation_grid,
    attribution_overlay,
    attribution_signed,
    filter_grid,
    strongest_channels,
    view_photo,
)
from fashionviz.figures.theme import ACCENT, DARK, FONT, LIGHT, signed, viridis
from fashionviz.images import Photo, encode_png
from fashionviz.models.card import FIGURE_NAMES
from fashionviz.results import Attribution, Box, ModelInfo, Prediction
from fashionviz.take_home import code
from fashionviz.take_home.result import ModelPart, TakeHome
from fashionviz.trust_results import Trust

if TYPE_CHECKING:
    from jinja2 import Environment

HERE = Path(__file__).parent
#: Longest side of the photo in the file, in pixels.
PHOTO = 960
#: Classes in the open; the others stand below a fold.
TOP = 5
#: Channels in a grid.
CHANNELS = 16
#: Pictures with no more pixels than this on their longest side are shown as the squares that their pixels are.
TINY = 96
_VERDICTS = {"sure": "✓ Sure.", "unsure": "? Not sure.", "not-a-garment": "✕ Not a garment."}


@dataclass(frozen=True)
class Shown:
    """A picture of the page: its data, what it shows, and whether it is so small that its pixels are shown."""

    uri: str
    alt: str
    width: int
    height: int
    tiny: bool = False


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters["percent"] = lambda value: f"{value:.1%}"
    return made


def report_html(result: TakeHome) -> str:
    """The page.

    The same photo, weights and wish give the same text but for the date and what has the class ``ms``.

    Args:
        result: what the models said.
    """
    environment = _environment()
    style = environment.get_template("report.css").render(light=LIGHT, dark=DARK, accent=ACCENT, font=FONT)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return environment.get_template("report.html").render(
        report=result,
        style=style,
        policy=f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        photo=_photo(result),
        size=f"{result.photo.width}×{result.photo.height} px",
        region=format_box(result.wish.box),
        parts=[_part(part, result) for part in result.parts],
        signed=_scale(signed(np.linspace(-1, 1, 128)[None])),
        magnitude=_scale(viridis(np.linspace(0, 1, 128)[None])),
        made=result.made.strftime("%d %B %Y, %H:%M UTC").lstrip("0"),
        stamp=result.made.isoformat(timespec="seconds"),
        python=code.report_python(result.name, result.wish),
        shell=code.report_cli(result.name, result.wish),
    )


def _photo(result: TakeHome) -> Shown:
    """The photo's pixels as a new JPEG, which holds nothing else; the region asked about is outlined."""
    picture = framed(result.photo, result.wish.box)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90)
    uri = "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()
    top = next((part.prediction.top for part in result.parts if part.prediction), None)
    said = f", said to be {top.label} with {top.probability:.0%}" if top else ""
    return Shown(uri, f"The photo{said}", picture.width, picture.height)


def framed(photo: Photo, box: Box | None, longest: int = PHOTO) -> Image.Image:
    """The photo, at most so large, with the region outlined.

    Args:
        photo: the photo.
        box: in its pixels, or ``None``.
        longest: side of the picture in pixels.
    """
    scale = min(1.0, longest / max(photo.width, photo.height))
    size = (max(1, round(photo.width * scale)), max(1, round(photo.height * scale)))
    picture = Image.fromarray(photo.pixels)
    if size != picture.size:
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    if box is not None:
        x0, x1 = sorted((box[0] * scale, box[2] * scale))
        y0, y1 = sorted((box[1] * scale, box[3] * scale))
        edge = max(2, round(max(size) / 240))
        pen = ImageDraw.Draw(picture)
        pen.rectangle((x0, y0, x1, y1), outline="#FFFFFF", width=edge * 2)
        pen.rectangle((x0, y0, x1, y1), outline=ACCENT, width=edge)
    return picture


def _png(picture: Picture, alt: str) -> Shown:
    height, width = picture.shape[:2]
    uri = "data:image/png;base64," + base64.b64encode(encode_png(picture)).decode()
    return Shown(uri, alt, width, height, tiny=max(height, width) <= TINY)


def _scale(ramp: Picture) -> Shown:
    return _png(np.repeat(ramp, 8, axis=0), "")


def _part(part: ModelPart, result: TakeHome) -> dict[str, Any]:
    """What the template needs of one model."""
    name, model, box = result.name, part.info.name, result.wish.box
    told = {trust.attribution.method: trust for trust in part.trust}
    codes: list[tuple[str, str, str]] = []
    if part.prediction:
        codes.append(("Prediction", code.predict_python(name, model, box), code.predict_cli(name, model, box)))
    for found in part.maps:
        asked = (name, model, found.method, found.target, box)
        title = get_method(found.method).title
        codes.append((title, code.explain_python(*asked), code.explain_cli(*asked)))
        if found.method in told:
            codes.append((f"Trust in {title}", code.trust_python(*asked), code.trust_cli(*asked)))
    if part.activations:
        layer = part.activations.layer
        codes.append(
            (
                "Activation maps",
                code.activations_python(name, model, layer, box),
                code.activations_cli(name, model, layer, box),
            )
        )
    if part.filters:
        layer = part.filters.layer
        codes.append(("Filters", code.filters_python(model, layer), code.filters_cli(model, layer)))
    if part.landmarks:
        codes.append(("Landmarks", code.landmarks_python(name, model, box), code.landmarks_cli(name, model, box)))
    return {
        "info": part.info,
        "prediction": part.prediction,
        "verdict": _verdict(part.prediction),
        "first": part.prediction.scores[:TOP] if part.prediction else (),
        "more": part.prediction.scores[TOP:] if part.prediction else (),
        "groups": [(group, group.shown(2)) for group in part.prediction.tags] if part.prediction else [],
        "metric": _metric(part.info),
        "maps": [_map(found) | {"trust": _trust(told.get(found.method))} for found in part.maps],
        "activations": _activations(part),
        "filters": _filters(part),
        "landmarks": _landmarks(part, result.photo),
        "missing": part.missing,
        "codes": codes,
    }


def _verdict(prediction: Prediction | None) -> tuple[str, str] | None:
    """The sign and the reason, where the model can tell."""
    if prediction is None or prediction.assurance is None:
        return None
    return _VERDICTS[prediction.assurance.verdict], prediction.assurance.reason


def _metric(info: ModelInfo) -> str:
    """The figure that stands for the model, with its interval and n."""
    m = info.main_metric
    if m is None:
        return ""
    low, high = cast(tuple[float, float], m["ci95"])
    name = FIGURE_NAMES.get(str(m["name"]), str(m["name"]))
    return (
        f"{name} {m['value']:.3f} ({low:.3f} – {high:.3f}, 95 % interval) on {m['data_set']} {m['split']}, n {m['n']:,}"
    )


def _map(found: Attribution) -> dict[str, Any]:
    method = get_method(found.method)
    said = f"{method.title} of {found.model.name} for {found.target}"
    caution = CAUTION.format(source=SOURCE) if found.method in INSENSITIVE else ""
    return {
        "title": method.title,
        "explanation": method.explanation,
        "caution": caution,
        "target": found.target,
        "probability": found.probability,
        "ms": found.timings.compute,
        "pictures": (
            (_png(view_photo(found.view), f"The photo as {found.model.name} received it"), "As the model received it"),
            (_png(attribution_signed(found), f"{said}, signed"), "Sum over the channels, signed"),
            (_png(attribution_overlay(found), f"{said}, over the photo"), "Magnitude over the photo"),
        ),
    }


def _trust(trust: Trust | None) -> dict[str, Any] | None:
    """How far a map can be trusted: the verdict, every score, and the map that random weights give."""
    if trust is None:
        return None
    sign, lead = trust_words(trust)
    random = replace(trust.attribution, values=trust.randomised.values)
    said = f"{get_method(random.method).title} of {random.model.name} with random weights for {random.target}, signed"
    return {
        "lead": f"{sign} {lead}",
        "sentence": trust.sentence,
        "rows": trust_rows(trust),
        "note": trust.shares_note,
        "ms": trust.timings.compute,
        "random": _png(attribution_signed(random), said),
    }


def _activations(part: ModelPart) -> dict[str, Any] | None:
    maps = part.activations
    if maps is None:
        return None
    channels = strongest_channels(maps, CHANNELS)
    names = ", ".join(map(str, channels))
    return {
        "layer": maps.layer,
        "channels": names,
        "of": len(maps.maps),
        "shape": f"{maps.maps.shape[2]}×{maps.maps.shape[1]}",
        "ms": maps.timings.compute,
        "picture": _png(activation_grid(maps, channels, tile=96), f"Activation maps of the channels {names}"),
    }


def _filters(part: ModelPart) -> dict[str, Any] | None:
    bank = part.filters
    if bank is None:
        return None
    count, channels, height, width = bank.weights.shape
    return {
        "layer": bank.layer,
        "count": count,
        "shape": f"{width}×{height}",
        "coloured": bank.first and channels == 3,
        "picture": _png(filter_grid(bank, columns=16, tile=40), f"{count} filters of {bank.layer}"),
    }


def _landmarks(part: ModelPart, photo: Photo) -> dict[str, Any] | None:
    found = part.landmarks
    if found is None:
        return None
    there = ", ".join(mark.title for mark in found.found if mark.present) or "no place"
    return {
        "marks": found.found,
        "note": found.note,
        "ms": found.timings.compute,
        "legend": ", ".join(f"{letter} {word}" for letter, word, _ in landmark_legend()),
        "picture": _png(landmark_picture(found, photo.pixels, 720), f"The photo with dots at {there}"),
    }
