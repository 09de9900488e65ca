"""From a photo and a catalogue to what the tab "Find the item" shows: plain functions, no wiring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from apps.lab import parts, region
from apps.lab.visitor import Held
from apps.match_facts import alike, facts
from apps.words import category_words
from fashionviz import images
from fashionviz.boxes import smallest_at
from fashionviz.errors import FashionvizError
from fashionviz.figures.garments import garments_picture
from fashionviz.figures.why import SIGNED, why_words
from fashionviz.match import wiring
from fashionviz.match.catalogue import Catalogue, CatalogueInfo, open_catalogue
from fashionviz.match.photo import K, match_photo
from fashionviz.match.pictures import pictures_of
from fashionviz.match.places import catalogue_names
from fashionviz.match.results import Match, MatchedItem, Matches
from fashionviz.match.why import Why
from fashionviz.results import Box

#: Parts of the photo that can be searched for beside the garments found in it.
PLACES = tuple(region.PRESETS)
#: Side of a match's picture in pixels, and of the room below it for its caption.
SIDE, ROOM = 200, 92
#: Longest side of the photo with frames.
LONGEST = 960
#: Columns of the catalogue below a match, beside its category.
_FACTS = 2
_GARMENT = "garment "


@dataclass(frozen=True)
class Question:
    """Where to search."""

    catalogue: str
    categories: tuple[str, ...] = ()
    narrow: bool = False


@dataclass(frozen=True)
class Shown:
    """What the page shows: a part of the photo with its matches.

    Attributes:
        question: that was asked.
        detected: the answer about all garments found in the photo; ``None`` without a detector.
        choice: which part: ``garment 1``, … or one of :data:`PLACES`.
        result: the answer in which the part is.
        part: the part, with its matches.
        box: of the part in pixels of the photo; ``None`` for all of it.
    """

    question: Question
    detected: Matches | None = field(repr=False)
    choice: str
    result: Matches = field(repr=False)
    part: MatchedItem = field(repr=False)
    box: Box | None

    @property
    def garments(self) -> tuple[MatchedItem, ...]:
        """Found in the photo."""
        return self.detected.items if self.detected else ()


def names() -> list[str]:
    """Catalogues that can be searched; those that came with the package, and the demo, first."""
    return sorted(catalogue_names(), key=lambda name: (name not in ("fpi", "demo"), name))


def can_narrow(engine: Any, info: CatalogueInfo) -> bool:
    """Whether a network names categories that the catalogue has."""
    namer = wiring.categoriser_for(engine)
    return namer is not None and bool(set(namer.categories) & set(info.categories))


def find(engine: Any, held: Held, asked: Question, choice: str | None = None, former: Shown | None = None) -> Shown:
    """Search for a garment, or a part, of the photo.

    Args:
        engine: the shared engine.
        held: the photo.
        asked: where to search.
        choice: which part; the surest garment, or the whole photo, if ``None`` or not there.
        former: an answer to the same question about the same photo, whose garments need not be found again.

    Raises:
        FashionvizError: no such catalogue, or what :func:`fashionviz.match.photo.match_photo` raises.
    """
    catalogue = open_catalogue(asked.catalogue)
    if former and former.question == asked:
        detected = former.detected
    elif wiring.trained_detectors():
        detected = _match(engine, held, asked, catalogue, detector=wiring.EngineDetector(engine))
    else:
        detected = None
    garments = detected.items if detected else ()
    places = [f"{_GARMENT}{number}" for number in range(1, len(garments) + 1)]
    choice = choice if choice in (*places, *PLACES) else (places or PLACES)[0]
    if detected and choice in places:
        part = garments[places.index(choice)]
        return Shown(asked, detected, choice, detected, part, whole_pixels(part.box))
    box = region.edges_to_box(held.photo, region.PRESETS[choice])
    result = _match(engine, held, asked, catalogue, boxes=[box] if box else None)
    return Shown(asked, detected, choice, result, result.items[0], box)


def _match(engine: Any, held: Held, asked: Question, catalogue: Catalogue, **how: Any) -> Matches:
    return match_photo(
        held.photo, catalogue, wiring.embedder_for(engine, catalogue.embedder.name),
        categoriser=wiring.categoriser_for(engine), k=K, narrow=asked.narrow and not asked.categories,
        category=asked.categories or None, **how,
    )  # fmt: skip


def whole_pixels(box: Box) -> Box:
    """A box in whole pixels, with the garment's edge in it."""
    return float(np.floor(box[0])), float(np.floor(box[1])), float(np.ceil(box[2])), float(np.ceil(box[3]))


def name_of(garment: MatchedItem) -> str:
    """What a garment is: as the detector has it, of which its score speaks."""
    return garment.label or garment.category or "garment"


def choices(shown: Shown) -> list[tuple[str, str]]:
    """The garments with how sure the detector is, then the parts: words and value of each."""
    found = [
        (f"{number}. {name_of(g)}" + (f", {100 * g.score:.0f} %" if g.score is not None else ""), f"{_GARMENT}{number}")
        for number, g in enumerate(shown.garments, start=1)
    ]
    return [*found, *((place, place) for place in PLACES)]


def photo_with_frames(held: Held, shown: Shown) -> NDArray[np.uint8]:
    """The photo with every garment framed; a part that is no garment has a frame, too."""
    boxes = [garment.box for garment in shown.garments]
    words = [f"{number} {name_of(garment)}" for number, garment in enumerate(shown.garments, start=1)]
    if shown.choice in PLACES:
        chosen = len(boxes)
        boxes.append(shown.box or (0.0, 0.0, float(held.photo.width), float(held.photo.height)))
        words.append(shown.choice.lower())
    else:
        chosen = int(shown.choice.removeprefix(_GARMENT)) - 1
    return garments_picture(np.asarray(held.photo.pixels), boxes, words, chosen, LONGEST)


def clicked(held: Held, shown: Shown, x: float, y: float) -> str | None:
    """The garment that a click means; ``None`` beside all of them.

    Args:
        held: the photo.
        shown: what stands on it.
        x, y: in pixels of :func:`photo_with_frames`.
    """
    scale = LONGEST / max(held.photo.width, held.photo.height)
    place = smallest_at([garment.box for garment in shown.garments], x / scale, y / scale)
    return None if place is None else f"{_GARMENT}{place + 1}"


# --- the matches ------------------------------------------------------------------------------------------------


def tiles(catalogue: Catalogue, matches: Sequence[Match]) -> list[tuple[NDArray[np.uint8], str]]:
    """A picture with a caption for each match, most alike first."""
    pictures = pictures_of(catalogue, [match.item.id for match in matches])
    found = []
    for place, match in enumerate(matches, start=1):
        title = match.item.title or match.item.id
        words = "\n".join([f"{place}. {title[:60]}", alike(match), " · ".join(facts(match.item, _FACTS))[:80]])
        found.append((_tile(pictures.get(match.item.id)), words))
    return found


def _tile(data: bytes | None) -> NDArray[np.uint8]:
    """A picture on white with room for its caption, or words in its place."""
    page = Image.new("RGB", (SIDE, SIDE + ROOM), "white")
    try:
        if data is not None:
            picture = Image.fromarray(images.decode(data).pixels)
            scale = SIDE / max(picture.size)
            size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
            page.paste(picture.resize(size, Image.Resampling.BICUBIC), ((SIDE - size[0]) // 2, (SIDE - size[1]) // 2))
            return np.asarray(page)
    except FashionvizError:
        pass
    text = "Its picture is not\non this machine."
    ImageDraw.Draw(page).text((SIDE // 2, SIDE // 2), text, "#5B6478", ImageFont.load_default(16), anchor="mm")
    return np.asarray(page)


def category_line(shown: Shown) -> str:
    """The two most probable categories, and where was searched."""
    part, words = shown.part, []
    if part.categories:
        words.append(category_words(part))
    if part.narrowed_to:
        words.append(f"Searched among {' and '.join(part.narrowed_to)} only.")
    if not part.matches:
        words.append("The catalogue has no item there. Choose other categories.")
    return parts.status(" ".join(words))


def times_line(shown: Shown, info: CatalogueInfo) -> str:
    """How many items were searched, by which network, and how long it took."""
    times = shown.result.timings.as_dict()
    spent = ", ".join(f"{stage} {times[stage]:.0f}" for stage in ("decode", "detect", "categorise", "embed", "search"))
    probable = "" if info.calibrated else " No probability is given, since none was measured for this network."
    return (
        f'<p class="fv-note">{info.items:,} items, {times["total"]:.0f} ms: {spent}. Vectors by '
        f"{escape(info.embedder.name)}, weights <code>{escape(info.embedder.sha256[:12])}</code>. Similarity is the "
        f"cosine of two vectors.{probable}</p>"
    )


def why_caption(result: Why, style: str) -> str:
    """What the two maps say, with the scale, the time and what must be known of the pictures."""
    found = result.explanation
    ramp, low, high = ("signed", "tells apart", "makes alike") if style == SIGNED else ("viridis", "weak", "strong")
    notes = "".join(f'<span class="fv-words">{escape(note)}</span>' for note in result.notes)
    return (
        f'<div class="fv-status fv-tall" aria-live="polite"><b>{escape(result.item.title or result.item.id)}</b>'
        f'<div class="fv-scale"><span>{low}</span><span class="fv-ramp fv-{ramp}" role="img" '
        f'aria-label="Scale from {low} to {high}"></span><span>{high}</span></div>'
        f'<span class="fv-words">{escape(why_words(found, style))} It took {found.timings.total / 1000:.1f} s.</span>'
        f"{notes}</div>"
    )


def no_catalogue() -> str:
    """There is nothing to search in yet."""
    return (
        '<section class="fv-card" aria-label="Catalogue"><div class="fv-empty"><strong>There is no catalogue on this '
        "machine yet</strong><span>Try it with articles that our own generator has drawn: press the button, or run "
        "<code>fashionviz catalogue demo</code>.</span><span>For photos of your own: "
        "<code>fashionviz catalogue build myshop photos/</code>.</span></div></section>"
    )
