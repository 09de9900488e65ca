"""What a study is: rows that differ in one thing, and the photos that they are scored on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from fashionviz.training.recipes import Recipe


@dataclass(frozen=True)
class Scoring:
    """Photos that a row is scored on.

    Attributes:
        data_set, split: which.
        crop: whether they are cropped to the box of what stands on white first.
    """

    data_set: str
    split: str = "validation"
    crop: bool = False


@dataclass(frozen=True)
class Row:
    """One training run of a study, or none.

    Attributes:
        name: short, unique in the study; its run's folder.
        title: for people.
        recipe: how it is trained, and at what size it is scored (``validate_at``).
        scored: what its last epoch is scored on.
        start: the row whose weights it starts from; what ``recipe.init`` names if ``None``.
        trained: whether it is trained; if not, the weights of ``start`` are scored as they are.
    """

    name: str
    title: str
    recipe: Recipe
    scored: tuple[Scoring, ...]
    start: str | None = None
    trained: bool = True

    def settings(self) -> dict[str, Any]:
        """What determines the row, as plain JSON; of the recipe only what differs from a recipe's defaults.

        A field that recipes get later does not make the rows of before out of date.
        """
        facts, usual = asdict(self.recipe), asdict(Recipe(model="", stages=()))
        chosen = {k: v for k, v in facts.items() if v != usual[k] or k == "init"}
        found: dict[str, Any] = json.loads(json.dumps({**chosen, "scored": [asdict(s) for s in self.scored]}))
        if self.start:
            found |= {"init": f"row {self.start}"}
        if not self.trained:
            found |= {"trained": False}
        return found


@dataclass(frozen=True)
class Study:
    """Rows that are compared.

    Attributes:
        name: the argument of ``fashionviz study``, and the record's file.
        title: of the page.
        about: paragraphs: what is compared, on what, what was left out to keep it short.
        rows: in the order of the table; a row comes after the one that it starts from.
        reference: the row that the others are compared with.
        paper: what the paper reports, on its own data.
    """

    name: str
    title: str
    about: tuple[str, ...]
    rows: tuple[Row, ...]
    reference: str
    paper: str

    def __post_init__(self) -> None:
        known: set[str] = set()
        for row in self.rows:
            if row.name in known:
                raise ValueError(f"{self.name}: two rows are called {row.name!r}")
            if row.start is not None and row.start not in known:
                raise ValueError(f"{self.name}: {row.name!r} starts from {row.start!r}, which does not come before it")
            if row.start is None and not row.trained:
                raise ValueError(f"{self.name}: {row.name!r} is not trained and starts from nothing")
            known.add(row.name)
        if self.reference not in known:
            raise ValueError(f"{self.name}: no row {self.reference!r} to compare with")
