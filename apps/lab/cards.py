"""Pieces of HTML for the pages with many answers: a model's card, a photo's row, progress. Pure, everything escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from apps.lab import parts
from apps.lab.every import TOP_K, Group, Reply
from apps.words import INSENSITIVE, caution_html
from fashionviz.annotate.row import Annotation, printable
from fashionviz.explain.methods import METHODS
from fashionviz.figures.theme import class_colour
from fashionviz.results import ModelInfo


def group_heading(group: Group) -> str:
    """A task's title with the words that must stand beside its classes."""
    note = f'<p class="fv-note">{escape(group.note)}</p>' if group.note else ""
    return f"{parts.heading(group.title)}{note}"


def untrained_line(names: tuple[str, ...]) -> str:
    """The models that cannot answer, in one line."""
    if not names:
        return ""
    return f'<p class="fv-note">Not trained yet, so they do not answer: {escape(", ".join(names))}.</p>'


def _card(info: ModelInfo, inside: str, *, busy: bool = False) -> str:
    state = ' aria-busy="true"' if busy else ""
    return (
        f'<section class="fv-tile" aria-label="{escape(info.title)}"{state}><h3>{escape(info.title)}</h3>'
        f'<p class="fv-sub">{escape(info.name)}</p>{inside}</section>'
    )


def waiting_tile(info: ModelInfo, words: str = "Answers once there is a photo.", *, busy: bool = False) -> str:
    """A model before its answer."""
    return _card(info, f'<p class="fv-wait">{escape(words)}</p>', busy=busy)


def reply_tile(reply: Reply) -> str:
    """A model's first classes with bars, its times, and what its two pictures show; or why there is no answer."""
    info, answer, why = reply.model, reply.prediction, reply.attribution
    if answer is None:
        words = reply.failure[0] if reply.failure else ""
        return _card(info, f'<div class="fv-error" role="alert"><strong>No answer.</strong> {escape(words)}</div>')
    height, width = info.input_size
    facts = [f"receives {width}×{height} px", f"weights <code>{escape(answer.model.sha256[:12])}</code>"]
    facts.append(f"{answer.timings.compute:.1f} ms to answer")
    if why is not None:
        facts.append(f"{why.timings.compute:.0f} ms to explain")
    shown = parts.short_bars(answer, info.classes, TOP_K)
    return _card(info, f'{shown}<p class="fv-facts">{" · ".join(facts)}</p>{_looked(reply)}')


def _looked(reply: Reply) -> str:
    why = reply.attribution
    if why is None:
        return f'<p class="fv-facts">No map of where it looked: {escape(reply.unexplained or "not offered.")}</p>'
    title = METHODS[why.method].title if why.method in METHODS else why.method
    return (
        f'<p class="fv-facts">Left: the photo as it receives it. Right: {escape(title)} for {escape(why.target)}.</p>'
    )


def caution(methods: Iterable[str | None]) -> str:
    """What to keep in mind about the maps, once for all cards."""
    return f'<p class="fv-note">{caution_html()}</p>' if set(methods) & set(INSENSITIVE) else ""


def progress(done: int, total: int, words: str) -> str:
    """A bar with what is being done and how long it will take, in words."""
    return (
        f'<div class="fv-status fv-progress" role="status"><progress max="{max(total, 1)}" value="{done}" '
        f'aria-label="{done} of {total}"></progress><span>{escape(words)}</span></div>'
    )


def duration(seconds: float | None) -> str:
    """How long something will take, for the end of a sentence; empty if nobody knows."""
    if seconds is None:
        return ""
    if seconds < 90:
        return f", about {max(1, round(seconds))} s left"
    return f", about {round(seconds / 60)} min left"


def lines(said: Iterable[str], *, alarm: bool = False) -> str:
    """Several sentences, one below the other."""
    items = "".join(f"<p>{escape(words)}</p>" for words in said)
    if not items:
        return parts.status()
    return f'<div class="fv-error" role="alert">{items}</div>' if alarm else f'<div class="fv-status">{items}</div>'


def annotation_row(row: Annotation, title: str, classes: tuple[str, ...]) -> str:
    """A photo's name, what the model says and how sure it is, or why there is no answer."""
    name = f'<p class="fv-file">{escape(printable(row.file))}</p>'
    model = f'<p class="fv-facts">{escape(title)}</p>'
    if row.label is None or row.probability is None:
        words = escape(row.error or "No answer.")
        return f'<div class="fv-row">{name}{model}<div class="fv-error">{words}</div></div>'
    colour = class_colour(row.label, classes) if row.label in classes else "var(--fv-muted)"
    second = ""
    if row.runner_up is not None and row.runner_up_probability is not None:
        second = f'<p class="fv-facts">or {escape(row.runner_up)}, {row.runner_up_probability:.1%}</p>'
    return (
        f'<div class="fv-row">{name}{model}<ol class="fv-bars"><li><span>{escape(row.label)}</span>'
        f'<span class="fv-track" aria-hidden="true"><span class="fv-fill" style="width:{row.probability:.2%};'
        f'background:{colour}"></span></span><span class="fv-number">{row.probability:.1%}</span></li></ol>'
        f"{second}</div>"
    )
