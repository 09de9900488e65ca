"""A catalogue's vectors in memory, as of one generation, and the search in them.

Up to :data:`EXACT_BELOW` items every vector is compared (FAISS, flat). Beyond, those that the index file holds are
searched in it, and all that came later are compared one by one: what was committed is found at once, whatever the age
of the index. Which index, and why: docs/catalogue.md.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionviz.match import ann, store
from fashionviz.match.vectors import F32, unpack

log = logging.getLogger(__name__)

#: From here on an approximate index answers.
EXACT_BELOW = 100_000
#: Candidates that the index gives for each match that is asked for; they are compared anew with their own vectors.
CANDIDATES = 4
#: From so many queries at once on, several threads pay: waking them takes longer than most single searches.
_MANY = 20
#: When fewer of the vectors in memory than this share are still there, they are read anew.
_SPARSE = 0.5

I64 = NDArray[np.int64]


@dataclass(frozen=True)
class Snapshot:
    """Vectors of one moment. Never changed: what is new gives another snapshot.

    Attributes:
        uid, generation: which catalogue, and when.
        dim: values of a vector.
        keys: ``(N,)`` rising, of all items that have been there since it was loaded.
        alive: ``(N,)``: those that are still there.
        codes: ``(N,)``: place of the category in ``names``, -1 without one.
        names: categories.
        index: the approximate index of the first keys, if there is one.
        flat: FAISS' flat index of the keys from ``first`` on.
        first: place of the first key that the flat index holds.
        last: the largest key ever seen.
    """

    uid: str
    generation: int
    dim: int
    keys: I64 = field(repr=False)
    alive: NDArray[np.bool_] = field(repr=False)
    codes: NDArray[np.int32] = field(repr=False)
    names: tuple[str, ...]
    index: ann.Index | None
    flat: Any = field(repr=False)
    first: int
    last: int

    def __len__(self) -> int:
        return int(self.alive.sum())

    @property
    def exact(self) -> bool:
        """Whether every vector is compared."""
        return self.index is None


def load(db: sqlite3.Connection, folder: Path, exact_below: int = EXACT_BELOW) -> Snapshot:
    """All of a catalogue, within a view of one moment.

    Raises:
        ValueError, sqlite3.Error: it is damaged.
    """
    facts = store.facts_of(db)
    index = None
    if facts.get("ann") and db.execute("SELECT count(*) FROM vectors").fetchone()[0] > exact_below:
        index = ann.read(folder, facts["ann"], facts["uid"], int(facts["dim"]))
    empty = Snapshot(
        facts["uid"],
        int(facts["generation"]),
        int(facts["dim"]),
        np.empty(0, np.int64),
        np.empty(0, np.bool_),
        np.empty(0, np.int32),
        (),
        index,
        _flat(int(facts["dim"])),
        0,
        0,
    )
    return _grown(empty, db, facts)


def refreshed(old: Snapshot | None, db: sqlite3.Connection, folder: Path, exact_below: int = EXACT_BELOW) -> Snapshot:
    """The catalogue as it is now: the old snapshot where nothing happened, else with what is new.

    Raises:
        ValueError, sqlite3.Error: it is damaged.
    """
    uid, generation = store.state_of(db)
    if old is not None and (old.uid, old.generation) == (uid, generation):
        return old
    facts = store.facts_of(db)
    if old is None or old.uid != uid or old.generation > generation or _other_index(old, facts, exact_below):
        return load(db, folder, exact_below)
    gone = [key for (key,) in db.execute("SELECT key FROM removed WHERE generation > ?", (old.generation,))]
    alive = old.alive & ~np.isin(old.keys, gone) if gone else old.alive
    if alive.sum() < _SPARSE * len(alive):
        return load(db, folder, exact_below)
    return _grown(replace(old, alive=alive, generation=generation), db, facts)


def _other_index(old: Snapshot, facts: dict[str, Any], exact_below: int) -> bool:
    kept = old.index.facts if old.index else None
    return facts.get("ann") != kept and len(old) > exact_below


def _flat(dim: int) -> Any:
    return ann.library().IndexFlatIP(dim)


def _grown(old: Snapshot, db: sqlite3.Connection, facts: dict[str, Any]) -> Snapshot:
    """With the items whose keys are larger than any that the old one has seen."""
    faiss = ann.library()
    rows = db.execute("SELECT key, category FROM items WHERE key > ? ORDER BY key", (old.last,)).fetchall()
    if not rows:
        return old
    names = list(old.names)
    place = {name: i for i, name in enumerate(names)}
    codes = np.full(len(rows), -1, np.int32)
    for i, (_, category) in enumerate(rows):
        if category is not None:
            codes[i] = place.setdefault(category, len(place))
    fresh = np.fromiter((key for key, _ in rows), np.int64, len(rows))
    held = old.index.last_key if old.index else 0
    keys = np.concatenate([old.keys, fresh])
    # Only what the index does not hold is read: a million vectors stay where they are.
    blobs = [b for (b,) in db.execute("SELECT vector FROM vectors WHERE key > ? ORDER BY key", (max(held, old.last),))]
    vectors = unpack(blobs, store.packing_of(facts), old.dim)
    first = int(np.searchsorted(keys, held, side="right"))
    flat = faiss.clone_index(old.flat)  # whoever is searching goes on in the old one
    if len(vectors):
        flat.add(vectors)
    if flat.ntotal != len(keys) - first:
        raise ValueError("items without vectors")
    return replace(
        old,
        keys=keys,
        alive=np.concatenate([old.alive, np.ones(len(rows), np.bool_)]),
        codes=np.concatenate([old.codes, codes]),
        names=tuple(place),
        flat=flat,
        first=first,
        last=int(keys[-1]),
    )


def search(
    snapshot: Snapshot, db: sqlite3.Connection, vectors: F32, k: int, categories: Collection[str] | None
) -> list[tuple[I64, F32]]:
    """The nearest items of each vector by cosine.

    Args:
        snapshot: of the moment that ``db`` sees.
        db: where the candidates of an approximate index are compared anew.
        vectors: ``(Q, D)`` float32 of unit length.
        k: how many.
        categories: items of these only.

    Returns:
        For each vector keys and cosines, most alike first; fewer where there are fewer.
    """
    faiss = ann.library()
    wanted = snapshot.alive
    if categories is not None:
        codes = [snapshot.names.index(name) for name in categories if name in snapshot.names]
        wanted = wanted & np.isin(snapshot.codes, codes)
    faiss.omp_set_num_threads(1 if len(vectors) < _MANY else os.cpu_count() or 1)
    late = wanted[snapshot.first :]
    parts = [_in_flat(snapshot, vectors, k, late)]
    if snapshot.index is not None:
        early = wanted[: snapshot.first]
        parts.append(_in_index(snapshot, db, vectors, k, early))
    found = []
    for q in range(len(vectors)):
        keys = np.concatenate([part[q][0] for part in parts])
        scores = np.concatenate([part[q][1] for part in parts])
        best = np.lexsort((keys, -scores))[:k]  # of equals the elder first, so that an answer stays the same
        found.append((keys[best], scores[best]))
    return found


def _in_flat(snapshot: Snapshot, vectors: F32, k: int, wanted: NDArray[np.bool_]) -> list[tuple[I64, F32]]:
    faiss = ann.library()
    count = int(wanted.sum())
    if not count:
        return [(np.empty(0, np.int64), np.empty(0, np.float32))] * len(vectors)
    given = {}
    if count < len(wanted):
        bits = np.packbits(wanted, bitorder="little")
        given = {"params": faiss.SearchParameters(sel=faiss.IDSelectorBitmap(bits))}
    scores, places = snapshot.flat.search(vectors, min(k, count), **given)
    keys = snapshot.keys[snapshot.first :]
    return [(keys[row[row >= 0]], score[row >= 0]) for row, score in zip(places, scores, strict=True)]


def _in_index(
    snapshot: Snapshot, db: sqlite3.Connection, vectors: F32, k: int, wanted: NDArray[np.bool_]
) -> list[tuple[I64, F32]]:
    assert snapshot.index is not None
    candidates = snapshot.index.search(vectors, CANDIDATES * k, snapshot.keys[: snapshot.first][wanted])
    packing = store.packing_of(store.facts_of(db))
    found = []
    for query, keys in zip(vectors, candidates, strict=True):
        blobs = store.blobs_by_key(db, keys.tolist())
        here = np.array([key for key in keys.tolist() if key in blobs], np.int64)
        own = unpack([blobs[key] for key in here.tolist()], packing, snapshot.dim)
        found.append((here, own @ query))
    return found
