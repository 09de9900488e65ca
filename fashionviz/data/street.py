"""Departments of Clothing Co-Parsing street photos: our own labels, by id, without photos.

``street_department.csv`` holds a row a photo: ``how`` is ``viewed`` where the photo was looked at, and ``tags`` where
the label follows from the publisher's tags alone (dress, skirt, heels, …). ``unclear`` photos (two people, or an outfit
of either department) are never trained on nor scored. Every validation and test photo was looked at.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("street_department.csv")


@cache
def _table() -> dict[int, tuple[str, str]]:
    with _FILE.open(newline="") as handle:
        return {int(r["id"]): (r["split"], r["department"]) for r in csv.DictReader(handle)}


def street_label(row: Mapping[str, Any]) -> str | None:
    """``Men/Apparel`` or ``Women/Apparel`` for a street photo by its id; ``None`` where unclear or not labelled."""
    try:
        identifier = int(row["id"])
    except (TypeError, ValueError):
        return None
    department = _table().get(identifier, ("", "unclear"))[1]
    return f"{department}/Apparel" if department in ("Men", "Women") else None


def weak_labels() -> int:
    """How many training photos have a department from the publisher's tags alone."""
    with _FILE.open(newline="") as handle:
        return sum(row["how"] == "tags" for row in csv.DictReader(handle))


def street_ids(split: str) -> set[int]:
    """Ids of the labelled street photos of a split."""
    return {i for i, (s, department) in _table().items() if s == split and department != "unclear"}
