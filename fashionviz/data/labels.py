"""Label vocabularies and the rules that turn a data set's columns into a task's label."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionviz.data.answers import Kind
from fashionviz.data.garment13 import GARMENT13
from fashionviz.data.landmarks.kinds import articles
from fashionviz.data.regions import REGIONS
from fashionviz.data.street2shop import CATEGORY5, CATEGORY11, category5, category11
from fashionviz.data.street_tags import STREET_TAGS, street_targets
from fashionviz.data.tags import GROUPS, shipped_vocabulary

#: Classes of the official small subset of the Clothing data set, alphabetical as its publisher lists them.
CLOTHING10 = (
    "dress",
    "hat",
    "longsleeve",
    "outwear",
    "pants",
    "shirt",
    "shoes",
    "shorts",
    "skirt",
    "t-shirt",
)

GENDER_CATEGORY = (
    "Men/Accessories",
    "Women/Accessories",
    "Men/Apparel",
    "Women/Apparel",
    "Men/Other",
    "Women/Other",
)


def gender_category(row: Mapping[str, Any]) -> str | None:
    """The six classes of paper 003: department × category.

    ``gender`` must be Men or Women (other departments have no label); every ``masterCategory`` that is neither
    Apparel nor Accessories is Other. The department is the one in which an item is sold, not a person.
    """
    department, category = row.get("gender"), row.get("masterCategory")
    if department not in ("Men", "Women") or not category:
        return None
    return f"{department}/{category if category in ('Apparel', 'Accessories') else 'Other'}"


def clothing10(row: Mapping[str, Any]) -> str | None:
    """The class of the official small subset; ``None`` outside it (every row of ``extra``)."""
    label = row.get("label10")
    return label if label in CLOTHING10 else None


Targets = Callable[[Sequence[Mapping[str, Any]]], tuple[NDArray[np.bool_], NDArray[np.bool_]]]


def category50(row: Mapping[str, Any]) -> str | None:
    """The article type where it is one of the catalogue's fifty most frequent (paper 004 has fifty categories)."""
    article = row.get("articleType")
    return article if article in articles() else None


@dataclass(frozen=True)
class LabelGroup:
    """Labels of a multi-label task that answer one question.

    Attributes:
        name: before the colon in the labels' names, empty where they have none.
        title: for people.
        start, stop: where they stand among the logits.
        exclusive: whether one of them at most is true of an item.
    """

    name: str
    title: str
    start: int
    stop: int
    exclusive: bool = True


@dataclass(frozen=True)
class Task:
    """A task: what is asked of a picture, and by which rule a data set's rows answer it.

    Attributes:
        name: the part after the dot in a model's name.
        title: for people.
        classes: in the order of the logits; none where pictures are compared and not named.
        columns: which columns the rule reads.
        label_of: a row's label, or ``None`` when it has none.
        data_set: the data set the task is scored on by default.
        note: words that must stand wherever the classes are shown.
        groups: of a multi-label task, in the order of the logits; the first one says what the item is.
        targets: of a multi-label task: what is true of rows, and what is known, ``(N, K)`` bool each.
        answer: what its models say of a picture (:data:`fashionviz.data.answers.ANSWERS`).
        dimensions: of the vector, where the answer is one.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    columns: tuple[str, ...]
    label_of: Callable[[Mapping[str, Any]], str | None]
    data_set: str
    note: str = ""
    groups: tuple[LabelGroup, ...] = ()
    targets: Targets | None = None
    answer: Kind = "classes"
    dimensions: int = 0

    @property
    def multilabel(self) -> bool:
        """Whether a picture may have several labels."""
        return self.answer == "tags"

    @property
    def regions(self) -> bool:
        """Whether the classes are those of pixels."""
        return self.answer == "regions"

    @property
    def outputs(self) -> int:
        """How many numbers a network of this task is asked for (for each pixel, where it answers those)."""
        return self.dimensions or len(self.classes)


def _no_class(row: Mapping[str, Any]) -> None:
    """A picture whose labels are several, or those of its pixels or items, has no one class."""


def _tag_groups() -> tuple[LabelGroup, ...]:
    tags = shipped_vocabulary()
    places = ((group, title, tags.places(group)) for group, title in GROUPS.items())
    return tuple(LabelGroup(group, title, place.start, place.stop) for group, title, place in places)


_DEPARTMENT_NOTE = "Men and Women name the department an item is sold in, not a person."

TASKS: dict[str, Task] = {
    "gender_category": Task(
        name="gender_category",
        title="Department × category, six classes",
        classes=GENDER_CATEGORY,
        columns=("gender", "masterCategory"),
        label_of=gender_category,
        data_set="fpi",
        note=_DEPARTMENT_NOTE,
    ),
    "clothing10": Task(
        name="clothing10",
        title="Garment type, ten classes",
        classes=CLOTHING10,
        columns=("label10",),
        label_of=clothing10,
        data_set="clothing",
    ),
    "category11": Task(
        name="category11",
        title="Shop category, eleven classes",
        classes=CATEGORY11,
        columns=("articleType",),
        label_of=category11,
        data_set="fpi",
    ),
    "category5": Task(
        name="category5",
        title="Shop category, five classes",
        classes=CATEGORY5,
        columns=("articleType",),
        label_of=category5,
        data_set="fpi",
    ),
    "category50": Task(
        name="category50",
        title="Article type, the fifty most frequent",
        classes=tuple(articles()),
        columns=("articleType",),
        label_of=category50,
        data_set="fpi-large",
    ),
    "tags": Task(
        name="tags",
        title=f"Tags: article type, colour, department, season, usage ({len(shipped_vocabulary())} labels)",
        classes=shipped_vocabulary().names,
        columns=tuple(GROUPS),
        label_of=_no_class,
        data_set="fpi",
        note=_DEPARTMENT_NOTE,
        answer="tags",
        groups=_tag_groups(),
        targets=shipped_vocabulary().targets,
    ),
    "street_tags": Task(
        name="street_tags",
        title=f"What is worn on a street photo ({len(STREET_TAGS)} labels)",
        classes=STREET_TAGS,
        columns=("tags",),
        label_of=_no_class,
        data_set="ccp",
        answer="tags",
        groups=(LabelGroup("", "Worn", 0, len(STREET_TAGS), exclusive=False),),
        targets=street_targets,
    ),
    "garment": Task(
        name="garment",
        title="Garment, skin and hair, background",
        classes=REGIONS,
        columns=("mask",),
        label_of=_no_class,
        data_set="ccp",
        note="Garment is everything worn or carried: shoes, bags, glasses and jewellery too.",
        answer="regions",
    ),
    "item": Task(
        name="item",
        title="Shop item: a vector by which pictures of one item find each other",
        classes=(),
        columns=("id",),
        label_of=_no_class,
        data_set="fpi",
        note="Figures are on synthetic street views: catalogue items cut out and pasted onto street and home photos.",
        answer="embedding",
        dimensions=256,
    ),
    "garment13": Task(
        name="garment13",
        title="What is worn and carried, with boxes, thirteen classes",
        classes=GARMENT13,
        columns=("mask",),
        label_of=_no_class,
        data_set="ccp",
        note="Boxes are derived from masks by a rule; a pair of shoes is one item.",
        answer="boxes",
    ),
}
