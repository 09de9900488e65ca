"""The committed pages of the studies, for whoever shows them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).resolve().parents[2] / "docs" / "studies"


@dataclass(frozen=True)
class StudyPage:
    """A study's page.

    Attributes:
        name: of the study, as ``fashionviz study NAME`` takes it.
        title: for people.
        text: Markdown below the title.
    """

    name: str
    title: str
    text: str


def study_pages(folder: Path = _FOLDER) -> tuple[StudyPage, ...]:
    """Every page that has been written, by title; none where the package was installed without its documents."""
    found = []
    for path in sorted(folder.glob("*.md")):
        first, _, rest = path.read_text(encoding="utf-8").partition("\n")
        found.append(StudyPage(path.stem, first.removeprefix("#").strip(), rest.strip()))
    return tuple(sorted(found, key=lambda page: page.title.lower()))
