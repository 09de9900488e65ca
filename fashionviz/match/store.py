"""The file of a catalogue: one SQLite database with vectors, metadata and thumbnails together.

Write-ahead logging with ``synchronous=FULL``: what was committed outlives a killed process and a power cut, a
transaction that was cut off never happened, and readers are not blocked by the writer. The *generation* counts commits;
whoever holds vectors in memory compares it and reads what is new.
"""

from __future__ import annotations

import json
import os
import sqlite3
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fashionviz.errors import FashionvizError, StorageError
from fashionviz.match.errors import CatalogueBusy, CatalogueDamaged, CatalogueReadOnly
from fashionviz.match.places import FILE
from fashionviz.match.results import CatalogueItem
from fashionviz.match.vectors import F32, Packing
from fashionviz.results import Box

#: Of the file's layout.
SCHEMA = 1
#: The tables of a catalogue.
TABLES = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE items (
    key INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used twice: a vector never changes under its key
    id TEXT NOT NULL UNIQUE,
    category TEXT,
    title TEXT NOT NULL,
    metadata TEXT NOT NULL,
    source TEXT,
    box TEXT,
    sha256 TEXT
);
CREATE INDEX items_category ON items (category);
CREATE TABLE vectors (key INTEGER PRIMARY KEY, vector BLOB NOT NULL);
CREATE TABLE thumbnails (key INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE removed (key INTEGER PRIMARY KEY, generation INTEGER NOT NULL);
CREATE TABLE refused (id TEXT PRIMARY KEY, reason TEXT NOT NULL, sha256 TEXT) WITHOUT ROWID;
"""
#: Milliseconds to wait for a lock of SQLite's, which is held for moments only.
_BUSY_MS = 10_000
#: SQLite takes so many parameters in one statement, at least.
_AT_ONCE = 500


@dataclass(frozen=True)
class NewItem:
    """An item to be written.

    Attributes:
        item: what is known of it.
        vector: ``(D,)`` float32 of unit length.
        thumbnail: an encoded picture without metadata, or ``None``.
        sha256: hex, of the bytes of its photo: by it a second build knows that nothing has changed.
    """

    item: CatalogueItem
    vector: F32 = field(repr=False)
    thumbnail: bytes | None = field(default=None, repr=False)
    sha256: str | None = None


@dataclass(frozen=True)
class Refusal:
    """A photo that could not become an item.

    Attributes:
        id: that it would have had.
        reason: a sentence.
        sha256: of its bytes, if they could be read.
    """

    id: str
    reason: str
    sha256: str | None = None


class Store:
    """The database of one catalogue. Connections live for one call: any number of threads and processes may read.

    Args:
        folder: of the catalogue.
        name: for sentences.
        read_only: never write; a file that came with the package lies where nothing may be written.
    """

    def __init__(self, folder: Path, name: str, *, read_only: bool = False) -> None:
        self.folder, self.name = folder, name
        self.path = folder / FILE
        self.read_only = read_only or not os.access(folder, os.W_OK)

    # --- making and opening -----------------------------------------------------------------------------------

    def create(self, facts: Mapping[str, Any]) -> None:
        """Make the database with its facts, in one transaction; nothing happens where it is there already.

        Raises:
            StorageError: the disk.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"The catalogue {self.name} cannot be made: {error.strerror}.") from error
        self.read_only = False
        with self._plainly(), closing(self._connect("rwc")) as db:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("BEGIN IMMEDIATE")
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'facts'").fetchone():
                for statement in TABLES.split(";"):
                    db.execute(statement)
                _fresh_facts(db, facts)
            db.execute("COMMIT")

    def _connect(self, mode: str) -> sqlite3.Connection:
        address = self.path.absolute().as_uri()
        suffix = f"?mode={mode}"
        if self.read_only:
            # immutable: no lock and no log beside it; SQLite would otherwise write even to read. Somebody else's log
            # says that it is being written by him.
            logged = self.path.with_name(f"{FILE}-wal").exists()
            suffix = "?mode=ro" if logged else "?mode=ro&immutable=1"
        db = sqlite3.connect(address + suffix, uri=True, isolation_level=None, check_same_thread=False)
        db.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        db.execute("PRAGMA synchronous=FULL")
        return db

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        try:
            yield
        except FashionvizError:
            raise
        except sqlite3.OperationalError as error:
            said = str(error)
            if "locked" in said:
                raise CatalogueBusy(f"The catalogue {self.name} is busy; please try again in a moment.") from error
            if "readonly" in said:
                raise CatalogueReadOnly(f"The catalogue {self.name} may not be written.") from error
            if "full" in said or "I/O" in said or "unable to open" in said:
                raise StorageError(f"The catalogue {self.name} cannot be read or written: {said}.") from error
            raise self._damaged() from error
        except (sqlite3.DatabaseError, ValueError, TypeError, KeyError) as error:
            raise self._damaged() from error

    def _damaged(self) -> CatalogueDamaged:
        return CatalogueDamaged(
            f"The catalogue {self.name} is damaged, or no catalogue of ours. Build it anew with --overwrite."
        )

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A view of one moment: whatever is committed meanwhile is not seen in it.

        Raises:
            CatalogueDamaged: the file is none of ours.
        """
        with self._plainly(), closing(self._connect("rw")) as db:
            db.execute("PRAGMA query_only=1")
            db.execute("BEGIN")
            yield db

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it happens, or nothing.

        Raises:
            CatalogueReadOnly: it came with the package.
            StorageError: the disk is full.
        """
        if self.read_only:
            raise CatalogueReadOnly(
                f"The catalogue {self.name} came with fashionviz or may not be written. Build one of your own: "
                "`fashionviz catalogue build NAME PHOTOS`."
            )
        with self._plainly(), closing(self._connect("rw")) as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")


# --- statements, each within a connection -------------------------------------------------------------------------


def _fresh_facts(db: sqlite3.Connection, facts: Mapping[str, Any]) -> None:
    every = {**facts, "schema": SCHEMA, "uid": uuid.uuid4().hex, "generation": 0}
    db.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", [(k, json.dumps(v)) for k, v in every.items()])


def reset(db: sqlite3.Connection, facts: Mapping[str, Any]) -> None:
    """Empty everything and begin anew with other facts, within one transaction."""
    for table in ("facts", "items", "vectors", "thumbnails", "removed", "refused"):
        db.execute(f"DELETE FROM {table}")
    _fresh_facts(db, facts)


def facts_of(db: sqlite3.Connection) -> dict[str, Any]:
    """All facts.

    Raises:
        ValueError: the file has another layout.
    """
    found = {name: json.loads(value) for name, value in db.execute("SELECT name, value FROM facts")}
    if found["schema"] != SCHEMA:
        raise ValueError("another layout")
    return found


def set_fact(db: sqlite3.Connection, name: str, value: Any) -> None:
    """Keep a fact; it may be anything that JSON holds."""
    db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, json.dumps(value)))


def state_of(db: sqlite3.Connection) -> tuple[str, int]:
    """Which catalogue this is (it is another one after a new beginning), and its generation."""
    found = dict(db.execute("SELECT name, value FROM facts WHERE name IN ('uid', 'generation')"))
    return json.loads(found["uid"]), int(found["generation"])


def next_generation(db: sqlite3.Connection) -> int:
    """Count one further commit."""
    number = state_of(db)[1] + 1
    set_fact(db, "generation", number)
    return number


def insert(db: sqlite3.Connection, items: Sequence[NewItem], blobs: Sequence[bytes]) -> None:
    """Write items; those whose ids are there already are replaced, under new keys."""
    generation = next_generation(db)
    delete(db, [new.item.id for new in items], generation)
    for new, blob in zip(items, blobs, strict=True):
        item = new.item
        key = db.execute(
            "INSERT INTO items (id, category, title, metadata, source, box, sha256) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                item.id, item.category, item.title, json.dumps(dict(item.metadata), ensure_ascii=False), item.source,
                json.dumps(item.box) if item.box else None, new.sha256,
            ),
        ).lastrowid  # fmt: skip
        db.execute("INSERT INTO vectors VALUES (?, ?)", (key, blob))
        if new.thumbnail is not None:
            db.execute("INSERT INTO thumbnails VALUES (?, ?)", (key, new.thumbnail))
    db.executemany("DELETE FROM refused WHERE id = ?", [(new.item.id,) for new in items])


def delete(db: sqlite3.Connection, ids: Iterable[str], generation: int) -> set[str]:
    """Delete items by id; those that were there."""
    found = keys_of(db, ids)
    keys = [(key,) for key in found.values()]
    for table in ("items", "vectors", "thumbnails"):
        db.executemany(f"DELETE FROM {table} WHERE key = ?", keys)
    db.executemany("INSERT INTO removed VALUES (?, ?)", [(key, generation) for (key,) in keys])
    return set(found)


def refuse(db: sqlite3.Connection, refusals: Iterable[Refusal]) -> None:
    """Remember why photos could not become items."""
    rows = [(r.id, r.reason, r.sha256) for r in refusals]
    db.executemany("INSERT OR REPLACE INTO refused VALUES (?, ?, ?)", rows)


def _parts(values: Iterable[Any]) -> Iterator[list[Any]]:
    every = list(values)
    for start in range(0, len(every), _AT_ONCE):
        yield every[start : start + _AT_ONCE]


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))


def keys_of(db: sqlite3.Connection, ids: Iterable[str]) -> dict[str, int]:
    """Keys by id of those that are there."""
    found: dict[str, int] = {}
    for part in _parts(dict.fromkeys(ids)):
        found.update(db.execute(f"SELECT id, key FROM items WHERE id IN ({_marks(part)})", part).fetchall())
    return found


_COLUMNS = "id, category, title, metadata, source, box"


def item_from(row: Sequence[Any]) -> CatalogueItem:
    """An item from the columns ``id, category, title, metadata, source, box``."""
    box: Box | None = tuple(json.loads(row[5])) if row[5] else None  # type: ignore[assignment]
    return CatalogueItem(row[0], row[1], row[2], json.loads(row[3]), row[4], box)


def items_by_key(db: sqlite3.Connection, keys: Iterable[int]) -> dict[int, CatalogueItem]:
    """Items by key."""
    found = {}
    for part in _parts(keys):
        for key, *row in db.execute(f"SELECT key, {_COLUMNS} FROM items WHERE key IN ({_marks(part)})", part):
            found[key] = item_from(row)
    return found


def page_of_items(db: sqlite3.Connection, category: str | None, start: int, count: int) -> list[CatalogueItem]:
    """Items in the order in which they came."""
    where, given = ("WHERE category = ?", [category]) if category is not None else ("", [])
    query = f"SELECT {_COLUMNS} FROM items {where} ORDER BY key LIMIT ? OFFSET ?"
    return [item_from(row) for row in db.execute(query, [*given, count, start])]


def blobs_by_key(db: sqlite3.Connection, keys: Iterable[int]) -> dict[int, bytes]:
    """Packed vectors by key."""
    found: dict[int, bytes] = {}
    for part in _parts(keys):
        found.update(db.execute(f"SELECT key, vector FROM vectors WHERE key IN ({_marks(part)})", part).fetchall())
    return found


def packing_of(facts: Mapping[str, Any]) -> Packing:
    """How its vectors are stored."""
    packing = facts["packing"]
    if packing not in ("float16", "int8"):
        raise ValueError(packing)
    return packing
