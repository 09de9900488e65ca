"""The quiz's pictures: each round's number gives the same one to everybody, and the score with its interval."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from apps.studio import committed, drawing
from fashionviz import images
from fashionviz.data.items import ItemRef, item_bytes
from fashionviz.data.sets import open_set
from fashionviz.drawing_results import Drawing, GeneratorInfo
from fashionviz.errors import DataError
from fashionviz.evaluation.metrics import wilson
from fashionviz.evaluation.report import load_report
from fashionviz.models.preprocess import letterbox
from fashionviz.models.registry import list_models

REAL, DRAWN = "real", "drawn"
#: Seeds of the drawings; the first ones are what everybody tries on the page Draw.
SEEDS = range(10_000, 1_000_000)
DATA_SET, SPLIT, TASK = "fpi", "test", "gender_category"


@dataclass(frozen=True)
class Question:
    """One picture, what can be said of it and what is right.

    Attributes:
        round: its number.
        pixels: ``(H, W, 3)`` uint8, at the generator's size in either case.
        options: what can be said.
        right: which of them is.
        about: what is known beforehand, in a few words.
        drawn: the drawing; ``None`` of a photo.
        generator: what drew it.
        item: the photo's name; ``None`` of a drawing.
    """

    round: int
    pixels: NDArray[np.uint8] = field(repr=False)
    options: tuple[str, str]
    right: str
    about: str
    drawn: Drawing | None = None
    generator: str = ""
    item: ItemRef | None = None


@dataclass
class Score:
    """What one visitor has said so far, each round once."""

    answers: dict[int, tuple[str, bool]] = field(default_factory=dict)

    def keep(self, number: int, said: str, right: bool) -> None:
        """The first answer to a round counts."""
        self.answers.setdefault(number, (said, right))

    def said(self, number: int) -> str | None:
        """The answer to a round, or ``None``."""
        return self.answers[number][0] if number in self.answers else None

    @property
    def n(self) -> int:
        """Rounds answered."""
        return len(self.answers)

    @property
    def right(self) -> int:
        """Right answers."""
        return sum(right for _, right in self.answers.values())

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the share of right answers (Wilson), 0..1."""
        return wilson(self.right, self.n)


def photos_here() -> bool:
    """Whether the photos of the test split are on this machine, and it is known what they show."""
    try:
        return "image" in open_set(DATA_SET, SPLIT).columns and bool(_labelled())
    except DataError:
        return False


def _labelled() -> dict[str, tuple[str, ...]]:
    """Ids of the test split by class, as the committed reports list them."""
    for spec in list_models():
        if spec.task.name != TASK:
            continue
        report = load_report(spec.name)
        if report is None or (report.data_set, report.split) != (DATA_SET, SPLIT):
            continue
        found: dict[str, list[str]] = {}
        for item in committed.items(spec.name):
            found.setdefault(item.label, []).append(item.id)
        return {label: tuple(ids) for label, ids in found.items()}
    return {}


def _seed_and_label(info: GeneratorInfo, dice: random.Random) -> tuple[int, str | None]:
    return dice.choice(SEEDS), dice.choice(info.classes) if info.classes else None


def real_or_drawn(info: GeneratorInfo, number: int) -> Question:
    """A round of the quiz: a photo of the test split or a drawing, as likely, of the generator's classes.

    Args:
        info: what draws.
        number: of the round; the same gives the same picture.

    Raises:
        FashionvizError: the photos or the weights are not here.
    """
    dice = random.Random(f"{info.name} {number}")
    seed, label = _seed_and_label(info, dice)
    options = (REAL, DRAWN)
    if dice.random() < 0.5:
        drawn = drawing.draw(info, str(seed), label)
        about = drawn.label or ", ".join(info.learns) or "A garment of any class"
        return Question(number, drawn.pixels, options, DRAWN, about, drawn=drawn, generator=info.name)
    labelled = _labelled()
    classes = [c for c in ((label,) if label else info.learns or tuple(labelled)) if labelled.get(c)]
    if not classes:
        raise DataError(f"No photo of the {SPLIT} split of {DATA_SET} is of the classes that {info.name} draws.")
    ids = [identifier for name in classes for identifier in labelled[name]]
    dice.shuffle(ids)
    item = ItemRef(DATA_SET, SPLIT, _present(tuple(ids[:8])))
    about = label or ", ".join(info.learns) or "A garment of any class"
    return Question(number, small_photo(item, info.size), options, REAL, about, item=item)


@st.cache_data(show_spinner=False, max_entries=64)
def _present(ids: tuple[str, ...]) -> str:
    """The first of these ids that this edition of the set has."""
    found = item_bytes(DATA_SET, SPLIT, ids)
    for identifier in ids:
        if identifier in found:
            return identifier
    raise DataError(f"None of these items is in this edition of {DATA_SET}.")


@st.cache_data(show_spinner=False, max_entries=64)
def small_photo(item: ItemRef, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A public photo as generators see it: letterboxed on white, at their size."""
    found = item_bytes(item.data_set, item.split, [item.id])
    return letterbox(images.decode(found[item.id]).pixels, size)[0]


def first_photos(info: GeneratorInfo, labels: Sequence[str | None]) -> list[tuple[str, NDArray[np.uint8]]]:
    """Test photos of these classes, in the order of their ids; empty where the photos are not here.

    Args:
        info: the generator, whose size they get.
        labels: a class for each photo; ``None`` is any.

    Returns:
        Id and pixels of each.
    """
    waiting = {label: list(ids) for label, ids in _labelled().items()}
    every = sorted(identifier for ids in waiting.values() for identifier in ids)
    chosen = []
    for label in labels:
        pool = every if label is None else waiting.get(label, [])
        if pool:
            chosen.append(pool.pop(0))
    try:
        return list(_small_photos(tuple(chosen), info.size).items())
    except DataError:
        return []


@st.cache_data(show_spinner=False, max_entries=8)
def _small_photos(ids: tuple[str, ...], size: tuple[int, int]) -> dict[str, NDArray[np.uint8]]:
    found = item_bytes(DATA_SET, SPLIT, ids)
    return {i: letterbox(images.decode(found[i]).pixels, size)[0] for i in ids if i in found}


def which_drew(info: GeneratorInfo, others: Sequence[GeneratorInfo], number: int) -> Question:
    """A round of the other quiz: this generator or another one drew it.

    Args:
        info: the generator that was chosen.
        others: those that are trained too; one of them at least.
        number: of the round; the same gives the same picture.

    Raises:
        FashionvizError: it cannot be drawn.
    """
    dice = random.Random(f"which {info.name} {number}")
    seed, label = _seed_and_label(info, dice)
    other = dice.choice(list(others))
    chosen = info if dice.random() < 0.5 else other
    asked = label if label in chosen.classes else dice.choice(chosen.classes) if chosen.classes else None
    drawn = drawing.draw(chosen, str(seed), asked)
    return Question(
        number,
        drawn.pixels,
        (info.name, other.name),
        chosen.name,
        "A drawn garment",
        drawn=drawn,
        generator=chosen.name,
    )
