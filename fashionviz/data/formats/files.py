"""Reading what publishers send: files found whatever their case, lines with numbers, paths that stay inside.

What is wrong with a whole file (missing, cut off, no JSON, another format) raises ``DataError`` with file and line.
What is wrong with a single row is counted. A path that leads out of the data set is no slip but an attack, and raises.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, TypeVar

from fashionviz.data.formats.problems import Kind, Problems
from fashionviz.errors import DataError
from fashionviz.images import ENDINGS
from fashionviz.results import Box

T = TypeVar("T")
_PATH = re.compile(rf"(.+?(?:{'|'.join(re.escape(e) for e in ENDINGS)}))\s+(\S.*)", re.IGNORECASE)
#: Digits of a picture's number that are believed: longer ones are no numbers of this world.
_DIGITS = 18
#: Folders whose content is remembered. Lists go folder by folder, so that few are needed at a time.
_FOLDERS = 256


class Tree:
    """Files below a root, found whatever their case. What lies in a folder is remembered."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._listed: dict[Path, dict[str, str | None]] = {}

    def _entries(self, folder: Path) -> dict[str, str | None]:
        """Names in a folder by their lower-case form, ``None`` where two differ in case only; empty if it is none."""
        if (known := self._listed.get(folder)) is not None:
            return known
        found: dict[str, str | None] = {}
        with contextlib.suppress(OSError):
            for path in folder.iterdir():
                key = path.name.casefold()
                found[key] = None if key in found else path.name
        if len(self._listed) >= _FOLDERS:
            self._listed.clear()
        self._listed[folder] = found
        return found

    def find(self, *parts: str) -> Path | None:
        """A file or folder: by its exact name, else the only one that differs in case alone."""
        exact = self.root.joinpath(*parts)
        if exact.exists():
            return exact
        place = self.root
        for part in parts:
            name = part if (place / part).exists() else self._entries(place).get(part.casefold())
            if name is None:
                return None
            place = place / name
        return place

    def need(self, *choices: str) -> Path:
        """The first of some files (relative POSIX paths) that is there.

        Raises:
            DataError: none is.
        """
        for choice in choices:
            if (path := self.find(*choice.split("/"))) is not None:
                return path
        raise DataError(f"{self.root} lacks {' or '.join(choices)}.")


def inside(path: str, where: str) -> tuple[str, ...]:
    """The parts of a relative path that stays below its root.

    Args:
        path: as an annotation file has it, with either kind of slash.
        where: file and line, for the message.

    Raises:
        DataError: it is absolute or climbs out.
    """
    parts = PurePosixPath(path.replace("\\", "/")).parts
    if not parts or parts[0] == "/" or ".." in parts or PureWindowsPath(path).drive or "\0" in path:
        raise DataError(f"{where}: the path {path!r} leads out of the data set, which was refused.")
    return parts


def path_and_fields(text: str) -> tuple[str, list[str]]:
    """A line ``PATH VALUE VALUE …`` apart; the path ends in a picture's ending and may hold blanks.

    Raises:
        ValueError: no such line.
    """
    match = _PATH.fullmatch(text)
    if not match:
        raise ValueError("no path of a picture followed by values")
    return match[1], match[2].split()


def _text(path: Path, name: str) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as handle:
            yield from handle
    except OSError as error:
        raise DataError(f"{name} cannot be read: {error.strerror or error}.") from error


def table(path: Path, root: Path, parse: Callable[[str], T], problems: Problems) -> Iterator[tuple[str, T]]:
    """Rows of a DeepFashion list: a line with their number, a header, then a row a line.

    Args:
        path: the list.
        root: of the data set, for names in messages.
        parse: turns a line into a row, raising ``ValueError`` with the reason where it cannot.
        problems: where rows that cannot be parsed are counted.

    Yields:
        Where a row stands (``Anno/list_bbox.txt, line 7``), and the row.

    Raises:
        DataError: unreadable, no number in the first line, another number of rows than it says, or no row at all that
            can be parsed.
    """
    name = path.relative_to(root).as_posix()
    lines = _text(path, name)
    first = next(lines, "").strip()
    if not (first.isascii() and first.isdigit() and len(first) <= _DIGITS):
        raise DataError(f"{name}, line 1: the number of rows was expected, not {first[:60]!r}.")
    if not next(lines, "").strip():
        raise DataError(f"{name}, line 2: the names of the columns were expected.")
    rows, good, reason = 0, 0, ""
    for number, line in enumerate(lines, start=3):
        if not (text := line.strip()):
            continue
        rows += 1
        where = f"{name}, line {number}"
        try:
            row = parse(text)
        except ValueError as error:
            problems.add(Kind.MALFORMED, f"{where}: {error}")
            reason = reason or f"{where}: {error}"
            continue
        good += 1
        yield where, row
    if rows != int(first):
        raise DataError(f"{name}: line 1 says {int(first):,} rows, there are {rows:,}. Is the file cut off?")
    if rows and not good:
        raise DataError(f"{name} is not in the form expected. {reason}.")


def read_json(path: Path, root: Path) -> Any:
    """The content of a JSON file.

    Raises:
        DataError: unreadable or no JSON; the message names the line.
    """
    name = path.relative_to(root).as_posix()
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        raise DataError(f"{name}, line {error.lineno}: no valid JSON ({error.msg}).") from error
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}.") from error


def objects(value: Any, name: str) -> list[Any]:
    """A JSON list.

    Raises:
        DataError: it is none.
    """
    if not isinstance(value, list):
        raise DataError(f"{name}: a list was expected.")
    return value


def whole(value: Any) -> int:
    """A whole number, also where it is written as text (``"66"``, ``"000000066"``).

    Raises:
        ValueError: something else.
    """
    text = str(value).strip()
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise ValueError(f"{str(value)[:40]!r} is no whole number")
    return int(text)


def numbers(values: Any) -> tuple[float, ...]:
    """Finite numbers.

    Raises:
        ValueError: no list, or something in it is no number, NaN or infinite.
    """
    if not isinstance(values, Sequence) or isinstance(values, str):
        raise ValueError("a list of numbers was expected")
    try:
        found = tuple(float(v) for v in values)
    except (TypeError, ValueError, OverflowError):
        found = (math.nan,)
    if not all(math.isfinite(v) for v in found):
        raise ValueError(f"{str(values)[:60]} are not all finite numbers")
    return found


def box_of(values: Any) -> Box:
    """A box ``x0, y0, x1, y1``.

    Raises:
        ValueError: not four finite numbers, or no area.
    """
    found = numbers(values)
    if len(found) != 4:
        raise ValueError(f"a box has four numbers, not {len(found)}")
    x0, y0, x1, y1 = found
    if not (x0 < x1 and y0 < y1):
        raise ValueError(f"the box {x0:g},{y0:g},{x1:g},{y1:g} has no area")
    return x0, y0, x1, y1


def listed(folder: Path) -> list[Path]:
    """What lies in a folder, sorted.

    Raises:
        DataError: it cannot be read.
    """
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise DataError(f"The folder {folder} cannot be read: {error.strerror or error}.") from error


def pictures_by_number(folders: Iterable[Path]) -> dict[int, Path]:
    """Pictures that are named by a number, with whatever padding and ending; the first folder that has one wins.

    A million of them take some hundred MB.

    Raises:
        DataError: a folder cannot be read.
    """
    found: dict[int, Path] = {}
    for folder in folders:
        for path in listed(folder):
            stem = path.stem
            if path.suffix.lower() in ENDINGS and stem.isascii() and stem.isdigit() and len(stem) <= _DIGITS:
                found.setdefault(int(stem), path)
    return found
