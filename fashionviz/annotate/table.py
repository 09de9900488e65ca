"""The table of annotations: a CSV that a kill, a second run and a person at work on it leave whole.

A row is appended as soon as it is answered; the file in order, one row a photo and model, replaces it at the end. Every
write is short and holds a lock, so that a person's correction and a running annotation never undo each other: what
stands in the file is the truth, and is read again before it is replaced.
"""

from __future__ import annotations

import codecs
import csv
import io
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from fashionviz.annotate.row import COLUMNS, Annotation, from_cells, printable, to_cells
from fashionviz.errors import DataError, InvalidRequest, StorageError

#: Answers less sure than this are the ones to look at first.
CHECK_BELOW = 0.6


def read_annotations(path: Path) -> tuple[Annotation, ...]:
    """The rows of a table, by photo and model; also while it is being written, or after a kill.

    Raises:
        DataError: there is no such file, or it is no table of annotations.
    """
    with _as_data_error(path):
        return merged(_parse(path.read_bytes(), path))


def parse_table(data: bytes, name: str) -> tuple[Annotation, ...]:
    """The rows of a table whose bytes are at hand, by photo and model.

    Args:
        data: the whole file.
        name: of the file, for the sentence when it is refused.

    Raises:
        DataError: it is no table of annotations.
    """
    return merged(_parse(data, Path(name)))


def table_bytes(rows: Iterable[Annotation]) -> bytes:
    """The file that holds these rows in this order: what :func:`parse_table` and :func:`read_annotations` read."""
    return _encode([COLUMNS, *(to_cells(row) for row in rows)])


def below(annotations: Iterable[Annotation], threshold: float = CHECK_BELOW) -> tuple[Annotation, ...]:
    """What a person should look at: answers less probable than ``threshold`` (0..1) that nobody has corrected.

    Returns:
        The least sure first.

    Raises:
        InvalidRequest: the threshold is not between 0 and 1.
    """
    if not 0 <= threshold <= 1:  # true for NaN too
        raise InvalidRequest(f"A threshold lies between 0 and 1, not at {threshold}.")
    unsure = [a for a in annotations if a.probability is not None and a.probability < threshold and not a.corrected]
    return tuple(sorted(unsure, key=lambda a: (a.probability or 0.0, a.key)))


def correct(path: Path, file: str, model: str, label: str | None) -> Annotation:
    """Write a person's class beside the model's; the file is replaced in one step.

    Args:
        path: the table.
        file, model: the row, as in :attr:`Annotation.file` and :attr:`Annotation.model`.
        label: one of the model's classes; ``None`` takes a correction back.

    Returns:
        The row as it stands now.

    Raises:
        UnknownModel: no such model.
        InvalidRequest: the model has no such class, or the table no such row.
        DataError: there is no such file, or it is no table of annotations.
        StorageError: it cannot be written.
    """
    if label is not None:
        from fashionviz.models.registry import get_model  # brings torch, which reading a table can do without

        classes = get_model(model).task.classes
        if label not in classes:
            raise InvalidRequest(f"{model} has no class {label!r}. Choose one of: {', '.join(classes)}.")
    path = Path(os.path.realpath(path))
    with _as_data_error(path), _held(path) as handle:
        rows = {row.key: row for row in merged(_parse(handle.read(), path))}
        if (file, model) not in rows:
            raise InvalidRequest(f"{path.name} has no row for {printable(file)} and {model}.")
        rows[file, model] = replace(rows[file, model], corrected=label)
        _replace(path, rows.values())
    return rows[file, model]


def merged(rows: Iterable[Annotation]) -> tuple[Annotation, ...]:
    """One row a photo and model, in order. The last one counts, but no correction is ever lost to a new answer."""
    last: dict[tuple[str, str], Annotation] = {}
    for row in rows:
        earlier = last.get(row.key)
        if earlier is not None and row.corrected is None:
            row = replace(row, corrected=earlier.corrected)
        last[row.key] = row
    return tuple(last[key] for key in sorted(last))


def open_table(path: Path, *, overwrite: bool = False) -> tuple[Annotation, ...]:
    """Begin a table or go on with one: afterwards it is in order, and a row that a kill cut off is gone.

    Args:
        path: where; folders that lack are made.
        overwrite: empty it first. A file that is no table of annotations is never overwritten.

    Returns:
        The rows that it holds.

    Raises:
        InvalidRequest: it cannot be written.
        DataError: it is no table of annotations.
    """
    path = Path(os.path.realpath(path))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError), path.open("xb") as fresh:
            fresh.write(_encode([COLUMNS]))
        with _held(path) as handle:
            rows = merged(_parse(handle.read(), path, rows=not overwrite))
            _replace(path, rows)
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be written: {error.strerror}.") from error
    return rows


def append(path: Path, rows: Iterable[Annotation]) -> None:
    """Add rows at the end. They have reached the operating system when this returns: killing us loses none.

    Raises:
        StorageError: the file has gone, the disk is full.
    """
    data = _encode(to_cells(row) for row in rows)
    path = Path(os.path.realpath(path))
    with _as_storage_error(path), _held(path) as handle:
        handle.seek(0, os.SEEK_END)
        handle.write(data)


def close_table(path: Path, fresh: Iterable[Annotation] = ()) -> tuple[Annotation, ...]:
    """Put the table in order, in one step.

    Args:
        path: the table.
        fresh: rows that were appended, in case another program has saved an older state over them.

    Returns:
        All its rows.

    Raises:
        DataError: another program has made something else of it.
        StorageError: it cannot be written.
    """
    path = Path(os.path.realpath(path))
    with _as_storage_error(path), _held(path) as handle:
        rows = merged([*fresh, *_parse(handle.read(), path)])
        _replace(path, rows)
    return rows


# --- the file ---------------------------------------------------------------------------------------------------


def _encode(records: Iterable[Iterable[str]]) -> bytes:
    # Every cell is quoted: a program that separates at semicolons must not find a formula within a name.
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(records)
    return text.getvalue().encode("utf-8")


def _parse(data: bytes, path: Path, *, rows: bool = True) -> list[Annotation]:
    """The rows of a file's bytes. Only the last record may be cut off, as a kill leaves it: it is passed over.

    Args:
        data: the whole file; an empty one has no rows.
        path: for messages.
        rows: ``False`` checks the header alone.

    Raises:
        DataError: anything else than what this module writes.
    """
    if not data:
        return []

    def refused(why: str) -> DataError:
        return DataError(f"{path} is no table of annotations: {why}. It is left as it is; choose another file.")

    try:  # a character that was cut in two at the end is no error here
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(data)
    except UnicodeDecodeError as error:
        raise refused("it is not in UTF-8") from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    records: list[tuple[int, list[str]]] = []
    whole = text.endswith("\n")
    try:
        for cells in reader:
            records.append((reader.line_num, cells))
            if not rows:
                break
    except csv.Error as error:
        if str(error) != "unexpected end of data":
            raise refused(f"line {reader.line_num} is damaged, {error}") from error
        whole = True  # the record that was cut off within a quoted cell is not among the records
    if not records or tuple(records[0][1]) != COLUMNS:
        raise refused(f"its first line is not {','.join(COLUMNS)}")
    found: list[Annotation] = []
    for number, (line, cells) in enumerate(records[1:], start=2):
        try:
            if cells:
                found.append(from_cells(cells))
        except ValueError as error:
            if whole or number < len(records):
                raise refused(f"line {line} is damaged, {error}") from error
    return found


def _replace(path: Path, rows: Iterable[Annotation]) -> None:
    """Write a new file beside the old one, and give it the old one's name and mode in one step."""
    part = path.with_name(f".{path.name}.part")  # one name, under the lock: what a kill left is written over
    try:
        with part.open("wb") as handle:
            handle.write(table_bytes(rows))
            handle.flush()
            os.fsync(handle.fileno())
        shutil.copymode(path, part)
        part.replace(path)
    except BaseException:  # only then: once it is replaced, the next writer may have a part of that name already
        part.unlink(missing_ok=True)
        raise


@contextmanager
def _held(path: Path) -> Iterator[BinaryIO]:
    """The file, open for reading and writing, while every other writer of this module waits."""
    while True:
        with path.open("r+b") as handle:
            with suppress(ImportError):  # Windows has no fcntl: there two writers are the user's own care
                import fcntl

                fcntl.flock(handle, fcntl.LOCK_EX)
            # Whoever held it before may have put another file in its place.
            if os.path.samestat(os.fstat(handle.fileno()), path.stat()):
                yield handle
                return


@contextmanager
def _as_data_error(path: Path) -> Iterator[None]:
    """A file that lacks is the caller's; any other failure of reading or writing is the disk's."""
    with _as_storage_error(path):
        try:
            yield
        except (FileNotFoundError, IsADirectoryError) as error:
            raise DataError(f"There is no table of annotations {path}.") from error


@contextmanager
def _as_storage_error(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(f"{path} cannot be read or written: {error.strerror}.") from error
