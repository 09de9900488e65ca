"""Label vocabularies and the rules that turn a data set's columns into a task's label."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fashionviz.data.street2shop import CATEGORY5, CATEGORY11, category5, category11

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


@dataclass(frozen=True)
class Task:
    """A classification task.

    Attributes:
        name: the part after the dot in a model's name.
        title: for people.
        classes: in the order of the logits.
        columns: which columns the rule reads.
        label_of: a row's label, or ``None`` when it has none.
        data_set: the data set the task is scored on by default.
        note: words that must stand wherever the classes are shown.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    columns: tuple[str, ...]
    label_of: Callable[[Mapping[str, Any]], str | None]
    data_set: str
    note: str = ""


TASKS: dict[str, Task] = {
    "gender_category": Task(
        name="gender_category",
        title="Department × category, six classes",
        classes=GENDER_CATEGORY,
        columns=("gender", "masterCategory"),
        label_of=gender_category,
        data_set="fpi",
        note="Men and Women name the department an item is sold in, not a person.",
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
}
