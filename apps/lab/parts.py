"""Pieces of HTML: header, prediction bars, legends, empty states and errors. Pure functions, everything escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from apps.words import INSENSITIVE, assurance_words, caution_html, tags_headline
from fashionviz.figures.theme import class_colour, tag_colour
from fashionviz.results import ActivationMaps, Assurance, Attribution, ClassScore, ModelInfo, Prediction, TagGroup

DEPARTMENT_NOTE = "Men and Women name the department an item is sold in, not a person."
PRIVACY = (
    "Your photo is turned into plain pixels as it arrives: place, camera and every other hidden entry are dropped and "
    "the file you sent is deleted at once. The pixels stay in this server's memory and its pictures in a temporary "
    "folder for your page alone; all of it is deleted within the hour. Nothing is sent anywhere else."
)

PRIVACY_SHORT = "Photos are kept in memory or deleted within the hour, and never leave this server."

STYLES = {"Colour": "colour", "Signed": "signed", "Overlay": "overlay"}


def header() -> str:
    """Name, purpose, and the way to the other doors."""
    return (
        '<header class="fv-head"><h1>fashionviz lab</h1>'
        '<nav aria-label="Other pages"><a href="/">Portal</a><a href="/studio">Studio</a>'
        '<a href="/api/v1/docs">API</a></nav>'
        "<p>One photo in: what the model predicts, where it looked, and what its layers see.</p></header>"
    )


def heading(text: str) -> str:
    """A section's title."""
    return f'<h2 class="fv-title">{escape(text)}</h2>'


def over(text: str) -> str:
    """A caption over a picture."""
    return f'<p class="fv-cap">{escape(text)}</p>'


def bars(scores: Sequence[ClassScore], classes: tuple[str, ...]) -> str:
    """Classes as bars, each in its colour, with the probability; the logit is the tooltip."""
    rows = []
    for score in scores:
        share = f"{score.probability:.1%}"
        rows.append(
            f'<li title="logit {score.logit:.2f}"><span>{escape(score.label)}</span>'
            f'<span class="fv-track" aria-hidden="true"><span class="fv-fill" style="width:{score.probability:.2%};'
            f'background:{class_colour(score.label, classes)}"></span></span>'
            f'<span class="fv-number">{share}</span></li>'
        )
    return f'<ol class="fv-bars">{"".join(rows)}</ol>'


def tag_bars(groups: Sequence[TagGroup], least: int = 2) -> str:
    """A tagger's groups: what is said and the next most probable tags as bars, the others under a fold.

    A line across a bar's track stands where the tag begins to be said.

    Args:
        groups: of the prediction.
        least: bars of each group at least.
    """
    blocks = []
    for group in groups:
        seen = group.shown(least)
        rest = [tag for tag in group.tags if tag not in seen]
        fold = ""
        if rest:
            words = f"The other {len(rest)}" if len(rest) > 1 else "The other one"
            fold = f"<details><summary>{words}</summary>{_tag_list(rest, groups)}</details>"
        blocks.append(f"<section><h3>{escape(group.title)}</h3>{_tag_list(seen, groups)}{fold}</section>")
    return f'<div class="fv-tags">{"".join(blocks)}</div>'


def _tag_list(tags: Sequence[ClassScore], groups: Sequence[TagGroup]) -> str:
    rows = []
    for tag in tags:
        threshold = tag.threshold or 0.0
        said = '<b title="said" aria-label="said">✓</b> ' if tag.said else ""
        rows.append(
            f'<li title="said from {threshold:.1%}, logit {tag.logit:.2f}"><span>{said}{escape(tag.value)}</span>'
            f'<span class="fv-track" aria-hidden="true"><span class="fv-fill" style="width:{tag.probability:.2%};'
            f'background:{tag_colour(tag, groups)}"></span><i style="left:{threshold:.2%}"></i></span>'
            f'<span class="fv-number">{tag.probability:.1%}</span></li>'
        )
    return f'<ol class="fv-bars">{"".join(rows)}</ol>'


def short_bars(prediction: Prediction, classes: tuple[str, ...], count: int) -> str:
    """The most probable classes or, of a tagger, the most probable tag of each group."""
    if not prediction.tags:
        return bars(prediction.first(count), classes)
    return f'<div class="fv-tags">{_tag_list(prediction.first(count), prediction.tags)}</div>'


def _lead(prediction: Prediction, asked: str) -> str:
    """Headline and the line under it: the class, or what is said of the photo."""
    if not prediction.tags:
        return (
            f"<h2>{escape(prediction.top.label)}</h2>"
            f'<p class="fv-sub">{prediction.top.probability:.1%} probable, asked about {escape(asked)}</p>'
        )
    said = sum(len(group.said) for group in prediction.tags)
    count = sum(len(group.tags) for group in prediction.tags)
    return (
        f"<h2>{escape(tags_headline(prediction.tags))}</h2>"
        f'<p class="fv-sub">{said} of {count} tags, asked about {escape(asked)}. The line in a bar is where a tag '
        "begins to be said.</p>"
    )


def prediction_card(prediction: Prediction, info: ModelInfo, asked: str) -> str:
    """Every class or tag as a bar, most probable first, with the model, its weights and the time.

    Args:
        prediction: the result.
        info: the model, for its classes and the words that must stand beside them.
        asked: which part of the photo was asked about.
    """
    times = prediction.timings
    done = f" The photo was {_and(prediction.notes)}." if prediction.notes else ""
    return (
        f'<section class="fv-card" aria-live="polite" aria-label="Prediction">{_lead(prediction, asked)}'
        f"{_assurance(prediction.assurance)}"
        f"{tag_bars(prediction.tags) if prediction.tags else bars(prediction.scores, info.classes)}"
        f'<div class="fv-foot"><p>{escape(info.note)}{escape(done)}</p>'
        f"<p>{escape(prediction.model.name)} · weights <code>{escape(prediction.model.sha256[:12])}</code> · "
        f"{times.total:.0f} ms: decode {times.decode:.0f}, queue {times.queue:.0f}, compute {times.compute:.0f}</p>"
        "</div></section>"
    )


def _assurance(assurance: Assurance | None) -> str:
    if assurance is None:
        return ""
    sign, lead, more = assurance_words(assurance)
    return f'<p class="fv-sub"><span aria-hidden="true">{sign}</span> <b>{escape(lead)}</b> {escape(more)}</p>'


def _and(words: tuple[str, ...]) -> str:
    return ", ".join(words)


def empty_card() -> str:
    """Before the first photo."""
    return (
        '<section class="fv-card" aria-live="polite" aria-label="Prediction"><div class="fv-empty">'
        "<strong>No photo yet</strong><span>Drop, paste or snap a photo of a garment, or choose an example below."
        f"</span><span>{escape(DEPARTMENT_NOTE)}</span></div></section>"
    )


def working_card() -> str:
    """While the model is asked."""
    return (
        '<section class="fv-card" aria-live="polite" aria-label="Prediction" aria-busy="true"><div class="fv-empty">'
        "<span>Asking the model…</span></div></section>"
    )


def error_card(sentence: str) -> str:
    """In place of a prediction: one sentence."""
    return (
        '<section class="fv-card" aria-label="Prediction"><div class="fv-error" role="alert">'
        f"<strong>No answer.</strong> {escape(sentence)}</div></section>"
    )


def status(text: str = "", *, tall: bool = False) -> str:
    """A line under a picture whose height does not change."""
    return f'<div class="fv-status{" fv-tall" if tall else ""}" aria-live="polite">{escape(text)}</div>'


def problem(sentence: str, *, tall: bool = False) -> str:
    """An error in a status line."""
    return (
        f'<div class="fv-status{" fv-tall" if tall else ""}"><div class="fv-error" role="alert">{escape(sentence)}'
        "</div></div>"
    )


def saliency_caption(result: Attribution, title: str, explanation: str, style: str) -> str:
    """What the attribution shows, with the legend of its scale."""
    words = _RAMPS[style][3]
    caution = f'<span class="fv-words">{caution_html()}</span>' if result.method in INSENSITIVE else ""
    if result.completeness_error is not None:
        caution += (
            f'<span class="fv-words">{result.steps} steps; the values miss the change of the logit by '
            f"{result.completeness_error:.2%}.</span>"
        )
    return (
        f'<div class="fv-status fv-tall" aria-live="polite"><b>{escape(title)}</b> for '
        f"<b>{escape(result.question)}</b> ({result.probability:.1%}), {result.timings.total:.0f} ms"
        f'{scale(style)}<span class="fv-words">{words} Full colour at the 99th percentile. {escape(explanation)}</span>'
        f"{caution}</div>"
    )


def scale(style: str) -> str:
    """The colours of a style between the words for their ends."""
    ramp, low, high, _ = _RAMPS[style]
    return (
        f'<div class="fv-scale"><span>{low}</span><span class="fv-ramp {ramp}" role="img" '
        f'aria-label="Scale from {low} to {high}"></span><span>{high}</span></div>'
    )


#: For each style: the scale's colours, its two ends, and how to read it.
_RAMPS = {
    "colour": ("fv-grey", "negative", "positive", "Every colour channel on its own; grey is zero."),
    "signed": ("fv-signed", "against the class", "for the class", "Sum of the colour channels; white is zero."),
    "overlay": ("fv-viridis", "weak", "strong", "Strength either way, over the greyed photo."),
}


def channels_caption(result: ActivationMaps, shown: int) -> str:
    """How many channels of the layer are shown."""
    count, height, width = result.maps.shape
    return status(
        f"{result.layer}: the {shown} strongest of {count} channels, {width}×{height} values each, every map scaled on "
        f"its own. {result.timings.total:.0f} ms. Choose one to enlarge it."
    )


def channel_caption(channel: int, low: float, high: float, *, laid_over: bool) -> str:
    """One channel's range, with the viridis scale."""
    place = "over the greyed photo" if laid_over else "on its own"
    return (
        f'<div class="fv-status" aria-live="polite"><b>Channel {channel}</b> {place}'
        f'<div class="fv-scale"><span>{low:.3g}</span><span class="fv-ramp fv-viridis" role="img" '
        f'aria-label="Activation from {low:.3g} to {high:.3g}"></span><span>{high:.3g}</span></div></div>'
    )
