"""A catalogue of shop items: vectors, metadata and thumbnails together, durable, and the search in it."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionviz.errors import InvalidRequest
from fashionviz.match import snapshot, store
from fashionviz.match.curve import MatchCurve, curve_from_json, curve_of
from fashionviz.match.errors import EmbedderMismatch, UnknownCatalogue, UnknownItem
from fashionviz.match.lock import writing_alone
from fashionviz.match.places import FILE, catalogue_names, catalogues_root, checked_name, find_folder, is_shipped
from fashionviz.match.results import CatalogueItem, Hits
from fashionviz.match.store import Refusal, Store
from fashionviz.match.vectors import Packing, checked, unpack
from fashionviz.match.writer import Writer
from fashionviz.results import ModelRef

#: The writers' lock, beside the database.
LOCK = ".writer"
#: Matches that one search may ask for.
MAX_K = 1000


@dataclass(frozen=True)
class CatalogueInfo:
    """What is known of a catalogue without its vectors.

    Attributes:
        name: under which it is opened.
        embedder: which network made its vectors.
        dim: values of a vector.
        items: how many.
        categories: how many of each, most frequent first; items without one are not counted here.
        thumbnails: how many have a picture in it.
        refused: photos that could not become items.
        packing: how vectors are stored.
        cropper: who said where the article is on a photo.
        source: what it was built from, in words.
        calibrated: whether matches come with a probability.
        generation: commits so far.
        index: ``exact``, or how many items the approximate index holds.
        bytes: on the disk.
        shipped: it came with the package, and is read only.
    """

    name: str
    embedder: ModelRef
    dim: int
    items: int
    categories: dict[str, int]
    thumbnails: int
    refused: int
    packing: Packing
    cropper: str
    source: str
    calibrated: bool
    generation: int
    index: str
    bytes: int
    shipped: bool


class Catalogue:
    """A catalogue. Thread-safe: any number of threads search while one process writes.

    Args:
        folder: where it is.
        name: under which it is known; the folder's name if left out.
        read_only: never write to it.
        exact_below: items up to which every vector is compared.
    """

    def __init__(
        self,
        folder: Path,
        name: str | None = None,
        *,
        read_only: bool = False,
        exact_below: int = snapshot.EXACT_BELOW,
    ) -> None:
        self.folder = folder
        self.name = name or folder.name
        self.exact_below = exact_below
        self.store = Store(folder, self.name, read_only=read_only)
        self._lock = threading.Lock()
        self._snapshot: snapshot.Snapshot | None = None
        if not self.store.path.is_file():
            raise UnknownCatalogue(_unknown(self.name))
        with self.store.reading() as db:
            store.facts_of(db)  # a damaged file is said at once

    # --- what it is -------------------------------------------------------------------------------------------

    @property
    def embedder(self) -> ModelRef:
        """Which network made its vectors."""
        with self.store.reading() as db:
            facts = store.facts_of(db)
        return ModelRef(facts["embedder"], facts["sha256"])

    def check(self, embedder: ModelRef) -> None:
        """Whether vectors of this network can be compared with the catalogue's.

        Raises:
            EmbedderMismatch: they cannot; the sentence says why.
        """
        own = self.embedder
        if own == embedder:
            return
        if own.name != embedder.name:
            raise EmbedderMismatch(
                f"The catalogue {self.name} was made with {own.name}; vectors of {embedder.name} cannot be compared "
                f"with its. Use {own.name}, or build the catalogue anew with --overwrite."
            )
        raise EmbedderMismatch(
            f"The catalogue {self.name} was made with other weights of {own.name} ({own.sha256[:8]}…) than those that "
            f"are installed ({embedder.sha256[:8]}…). Build it anew with --overwrite."
        )

    def curve(self) -> MatchCurve | None:
        """From a cosine to a probability: the catalogue's own, else that of its embedder's weights, else ``None``."""
        with self.store.reading() as db:
            facts = store.facts_of(db)
        if facts.get("curve"):
            return curve_from_json(facts["curve"])
        return curve_of(ModelRef(facts["embedder"], facts["sha256"]))

    def __len__(self) -> int:
        with self.store.reading() as db:
            return int(db.execute("SELECT count(*) FROM items").fetchone()[0])

    def info(self) -> CatalogueInfo:
        """What is known of it, without its vectors."""

        def count(db: sqlite3.Connection, table: str) -> int:
            return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

        curve = self.curve()
        with self.store.reading() as db:
            facts = store.facts_of(db)
            found = facts.get("ann")
            groups = db.execute(
                "SELECT category, count(*) FROM items WHERE category IS NOT NULL GROUP BY category ORDER BY 2 DESC, 1"
            )
            return CatalogueInfo(
                name=self.name,
                embedder=ModelRef(facts["embedder"], facts["sha256"]),
                dim=int(facts["dim"]),
                items=count(db, "items"),
                categories=dict(groups.fetchall()),
                thumbnails=count(db, "thumbnails"),
                refused=count(db, "refused"),
                packing=store.packing_of(facts),
                cropper=str(facts["cropper"]),
                source=str(facts["source"]),
                calibrated=curve is not None,
                generation=int(facts["generation"]),
                index=f"approximate, {found['count']:,} items" if found else "exact",
                bytes=sum(p.stat().st_size for p in self.folder.glob("*") if p.is_file()),
                shipped=is_shipped(self.folder),
            )

    # --- items ------------------------------------------------------------------------------------------------

    def items(self, ids: Iterable[str]) -> dict[str, CatalogueItem]:
        """Items by id; those that are not there are left out."""
        with self.store.reading() as db:
            found = store.items_by_key(db, store.keys_of(db, ids).values())
        return {item.id: item for item in found.values()}

    def page(self, category: str | None = None, start: int = 0, count: int = 50) -> list[CatalogueItem]:
        """Items in the order in which they came, those of one category if it is given."""
        with self.store.reading() as db:
            return store.page_of_items(db, category, start, count)

    def refusals(self) -> list[Refusal]:
        """Photos that could not become items, by id."""
        with self.store.reading() as db:
            return [Refusal(*row) for row in db.execute("SELECT id, reason, sha256 FROM refused ORDER BY id")]

    def hashes(self) -> dict[str, str | None]:
        """SHA-256 of every item's photo by id: what a second build need not read again."""
        with self.store.reading() as db:
            return dict(db.execute("SELECT id, sha256 FROM items").fetchall())

    def thumbnails(self, ids: Iterable[str]) -> dict[str, bytes]:
        """Encoded pictures by id, of the items that have one here."""
        with self.store.reading() as db:
            keys = store.keys_of(db, ids)
            found = {}
            for identifier, key in keys.items():
                row = db.execute("SELECT data FROM thumbnails WHERE key = ?", (key,)).fetchone()
                if row:
                    found[identifier] = bytes(row[0])
        return found

    def vectors(self, ids: Sequence[str]) -> NDArray[np.float32]:
        """``(N, D)`` of items, for a search by an item of the catalogue.

        Raises:
            UnknownItem: one is not there.
        """
        with self.store.reading() as db:
            facts = store.facts_of(db)
            keys = store.keys_of(db, ids)
            for identifier in ids:
                if identifier not in keys:
                    raise UnknownItem(f"The catalogue {self.name} has no item {identifier[:80]!r}.")
            blobs = store.blobs_by_key(db, keys.values())
            return unpack([blobs[keys[i]] for i in ids], store.packing_of(facts), int(facts["dim"]))

    # --- search -----------------------------------------------------------------------------------------------

    def search(
        self, vectors: NDArray[np.float32], k: int = 10, category: str | Collection[str] | None = None
    ) -> tuple[Hits, ...]:
        """The items most like each vector, as the catalogue is now.

        Args:
            vectors: ``(Q, D)`` float32 of unit length, by the catalogue's embedder (:meth:`check`).
            k: how many for each, 1 to 1000.
            category: of this category, or of these, only. None of that name: no hits.

        Returns:
            For each vector its hits; fewer than ``k`` where there are fewer items.

        Raises:
            InvalidRequest: another shape, or ``k`` out of range.
        """
        if not 1 <= k <= MAX_K:
            raise InvalidRequest(f"Ask for 1 to {MAX_K} matches, not {k}.")
        names = (category,) if isinstance(category, str) else category
        with self.store.reading() as db:
            now = self._now(db)
            found = snapshot.search(now, db, checked(vectors, now.dim), k, names)
            ids: dict[int, str] = {}
            for keys, _ in found:
                ids.update({key: item.id for key, item in store.items_by_key(db, keys.tolist()).items()})
        return tuple(Hits(tuple(ids[key] for key in keys.tolist()), scores) for keys, scores in found)

    def _now(self, db: sqlite3.Connection) -> snapshot.Snapshot:
        """The snapshot of the moment that ``db`` sees; others wait while one reads what is new."""
        with self._lock:
            kept = self._snapshot
            fresh = snapshot.refreshed(kept, db, self.folder, self.exact_below)
            # A connection that began earlier may see less than the snapshot that is kept; it gets one of its own.
            if kept is None or fresh.uid != kept.uid or fresh.generation >= kept.generation:
                self._snapshot = fresh
            return fresh

    # --- writing ----------------------------------------------------------------------------------------------

    @contextmanager
    def writer(self, wait_s: float = 0.0) -> Iterator[Writer]:
        """Hold the lock and write. Readers are not held up.

        Args:
            wait_s: how long to wait for another writer.

        Raises:
            CatalogueBusy: another program writes.
            CatalogueReadOnly: it came with the package.
        """
        if self.store.read_only:
            with self.store.writing():  # says so
                raise AssertionError
        with writing_alone(self.folder / LOCK, self.name, wait_s):
            yield Writer(self)


def _unknown(name: str) -> str:
    here = ", ".join(catalogue_names())
    return f"There is no catalogue {name!r}; " + (
        f"there are {here}." if here else "there is none yet. `fashionviz catalogue demo` makes one of drawn items."
    )


def facts_for(
    embedder: ModelRef, dim: int, *, cropper: str, source: str, packing: Packing = "float16"
) -> dict[str, Any]:
    """What a new catalogue begins with."""
    return {
        "embedder": embedder.name,
        "sha256": embedder.sha256,
        "dim": dim,
        "packing": packing,
        "cropper": cropper,
        "source": source,
        "curve": None,
        "ann": None,
    }  # fmt: skip


def create_catalogue(folder: Path, facts: dict[str, Any], name: str | None = None) -> Catalogue:
    """Make an empty catalogue in a folder, or open the one that is there.

    Raises:
        StorageError: the disk.
    """
    Store(folder, name or folder.name).create(facts)
    return Catalogue(folder, name)


_opened: dict[Path, Catalogue] = {}
_opening = threading.Lock()


def open_catalogue(name: str) -> Catalogue:
    """A catalogue by name; all callers of this process share its vectors in memory.

    Raises:
        UnknownCatalogue: there is none; the sentence says which there are.
        InvalidRequest: no name of a catalogue.
        CatalogueDamaged: its file is none of ours.
    """
    folder = find_folder(name)
    if folder is None:
        raise UnknownCatalogue(_unknown(name))
    with _opening:
        found = _opened.get(folder)
        if found is None or not found.store.path.is_file():
            found = _opened[folder] = Catalogue(folder, name, read_only=is_shipped(folder))
        return found


def own_folder(name: str) -> Path:
    """Where a catalogue of the user's is or would be."""
    return catalogues_root() / checked_name(name)


def delete_catalogue(name: str) -> None:
    """Delete a catalogue of the user's with everything in it.

    Raises:
        UnknownCatalogue: there is none of the user's own.
        CatalogueBusy: somebody writes it.
    """
    folder = own_folder(name)
    if not (folder / FILE).is_file():
        raise UnknownCatalogue(f"There is no catalogue {name!r} of your own to delete.")
    remove_files(folder, name)
    with contextlib.suppress(OSError):
        folder.rmdir()  # something of the user's lies in it: it stays


def remove_files(folder: Path, name: str) -> None:
    """Delete what a catalogue consists of, damaged or not, and nothing else.

    Raises:
        CatalogueBusy: somebody writes it.
    """
    lock = folder / LOCK
    with writing_alone(lock, name):
        for path in [*folder.glob(f"{FILE}*"), *folder.glob("index-*.faiss"), *folder.glob(".index-*.part"), lock]:
            path.unlink(missing_ok=True)
