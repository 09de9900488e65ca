"""One row of the table: a photo and a model, with its way into a CSV and back."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Any

#: A spreadsheet takes a cell that begins with one of these for a formula, and runs it (OWASP, "CSV Injection").
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
_HEX = re.compile(r"[0-9a-f]{64}")
_ESCAPED = re.compile(r"\\u(d[89a-f][0-9a-f]{2}|005c)")


@dataclass(frozen=True)
class Annotation:
    """What one model says of one photo, and what a person says instead.

    Attributes:
        file: path of the photo below its folder, with ``/`` between the parts.
        sha256: hex, of the photo's bytes; ``None`` if they could not be read.
        model: registry name.
        weights: hex SHA-256 of the weights that answered.
        label, probability: the most probable class and its probability (0..1); ``None`` where ``error`` says why.
        runner_up, runner_up_probability: the second most probable class.
        corrected: the class that a person gave, or ``None``.
        error: a sentence where there is no answer.
    """

    file: str
    sha256: str | None
    model: str
    weights: str | None
    label: str | None = None
    probability: float | None = None
    runner_up: str | None = None
    runner_up_probability: float | None = None
    corrected: str | None = None
    error: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Photo and model: there is one row for each."""
        return self.file, self.model

    @property
    def final(self) -> str | None:
        """The person's class where there is one, else the model's."""
        return self.corrected or self.label


COLUMNS: tuple[str, ...] = tuple(field.name for field in fields(Annotation))


def printable(name: str) -> str:
    r"""A file's name as text that UTF-8 can hold.

    A name on disk may hold bytes that are no UTF-8; Python keeps them as lone surrogates, which no UTF-8 file can
    hold. They become ``\udcff``, and a backslash before what looks like that becomes ``\u005c``: every name stays
    different from every other, and :func:`from_printable` gives it back.
    """
    return _ESCAPED.sub(r"\\u005cu\1", name).encode("utf-8", "backslashreplace").decode("utf-8")


def from_printable(text: str) -> str:
    """The inverse of :func:`printable`."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def guard(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would run as a formula, and before an apostrophe."""
    return f"'{text}" if text.startswith((*_FORMULA, "'")) else text


def unguard(cell: str) -> str:
    """The inverse of :func:`guard`."""
    return cell.removeprefix("'")


def to_cells(row: Annotation) -> list[str]:
    """The row as cells in the order of :data:`COLUMNS`; what is ``None`` is empty, no number is rounded."""
    return [_cell(getattr(row, name)) for name in COLUMNS]


def _cell(value: str | float | None) -> str:
    if value is None:
        return ""
    return repr(value) if isinstance(value, float) else guard(printable(value))


def from_cells(cells: list[str]) -> Annotation:
    """The inverse of :func:`to_cells`.

    Raises:
        ValueError: these cells are no row; the message says which cell is wrong.
    """
    if len(cells) != len(COLUMNS):
        raise ValueError(f"it has {len(cells)} cells instead of {len(COLUMNS)}")
    texts = {name: from_printable(unguard(cell)) or None for name, cell in zip(COLUMNS, cells, strict=True)}
    values: dict[str, Any] = {**texts}
    for name in ("probability", "runner_up_probability"):
        values[name] = _share(name, texts[name])
    for name in ("sha256", "weights"):
        if texts[name] is not None and not _HEX.fullmatch(str(texts[name])):
            raise ValueError(f"its {name} is no SHA-256")
    row = Annotation(**values)
    if not row.file or not row.model:
        raise ValueError("it names no photo or no model")
    if row.error is None and None in (row.sha256, row.weights, row.label, row.probability):
        raise ValueError("it has neither an answer nor an error")
    if row.error is not None and row.label is not None:
        raise ValueError("it has an answer and an error")
    return row


def _share(name: str, text: str | None) -> float | None:
    if text is None:
        return None
    value = float(text)
    if not 0 <= value <= 1:  # false for NaN too
        raise ValueError(f"its {name} is not between 0 and 1")
    return value


def to_json(row: Annotation) -> dict[str, Any]:
    """The row as a JSON object with the keys of :data:`COLUMNS`; ``file`` as :func:`printable` writes it."""
    return {**{name: getattr(row, name) for name in COLUMNS}, "file": printable(row.file)}
