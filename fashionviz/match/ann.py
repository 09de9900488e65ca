"""The approximate index of a large catalogue: FAISS' inverted lists over fp16 (Jégou et al. 2011; Douze et al. 2024).

It is a file beside the database that can be made again at any time; what it holds is written into the database once the
file lies there whole. Chosen by measurement: docs/catalogue.md.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionviz.match import store
from fashionviz.match.vectors import F32, Packing, unpack

log = logging.getLogger(__name__)

#: Lists for the square root of the number of vectors, and the share of them that a search looks into.
LISTS, PROBED = 4, 1 / 32
#: Vectors for each list that k-means sees, and its passes.
SAMPLE, PASSES = 64, 10
#: Of a filter that leaves no more items than this every one is compared.
FEW = 2000
#: The index is brought up to date when more than this share of the items came later, and made anew when more than this
#: share of what it holds has gone, or when there are twice as many items as its lists were made for.
LATE, GONE, GROWN = 0.1, 0.2, 2.0
_CHUNK = 20_000

I64 = NDArray[np.int64]


def library() -> Any:
    """FAISS, imported when needed and untyped: its stubs describe the constructors of C++, not those of Python."""
    import faiss

    return faiss


@dataclass(frozen=True)
class Index:
    """An index in memory.

    Attributes:
        facts: as the database has them: ``file``, ``last_key``, ``count``, ``trained_on``, ``uid``.
        faiss: FAISS' own; its ids are the items' keys.
    """

    facts: dict[str, Any]
    faiss: Any = field(repr=False)

    @property
    def last_key(self) -> int:
        """Items up to this key are in it."""
        return int(self.facts["last_key"])

    def search(self, vectors: F32, count: int, wanted: I64) -> list[I64]:
        """Keys of probable neighbours of each vector, among those wanted.

        Args:
            vectors: ``(Q, D)``.
            count: at most so many.
            wanted: keys, rising.
        """
        faiss = library()
        if len(wanted) <= FEW:
            return [wanted] * len(vectors)
        bits = np.zeros(int(wanted[-1]) + 1, np.bool_)
        bits[wanted] = True
        packed = np.packbits(bits, bitorder="little")
        probes = max(1, round(self.faiss.nlist * PROBED))
        parameters = faiss.SearchParametersIVF(nprobe=probes, sel=faiss.IDSelectorBitmap(packed))
        keys = self.faiss.search(vectors, count, params=parameters)[1]
        return [row[row >= 0] for row in keys]


def read(folder: Path, facts: dict[str, Any], uid: str, dim: int) -> Index | None:
    """The index that the database names; ``None`` where it is not what it should be: then every vector is compared."""
    faiss = library()
    path = folder / str(facts["file"])
    try:
        found = faiss.read_index(str(path))
    except RuntimeError as error:
        log.warning("The index %s cannot be read (%s); every vector is compared instead.", path.name, error)
        return None
    if facts["uid"] != uid or found.d != dim or found.ntotal != facts["count"]:
        log.warning("The index %s does not belong to the catalogue; every vector is compared instead.", path.name)
        return None
    return Index(dict(facts), found)


def is_due(db: sqlite3.Connection, exact_below: int) -> bool:
    """Whether an index should be made, or brought up to date."""
    count = db.execute("SELECT count(*) FROM vectors").fetchone()[0]
    if count <= exact_below:
        return False
    facts = store.facts_of(db).get("ann")
    if facts is None:
        return True
    late = db.execute("SELECT count(*) FROM vectors WHERE key > ?", (facts["last_key"],)).fetchone()[0]
    return late > LATE * count or (facts["count"] - (count - late)) > GONE * facts["count"]


def make(db: sqlite3.Connection, folder: Path) -> dict[str, Any]:
    """Write an index of all items that ``db`` sees: the old one with what came later, or one made anew.

    Returns:
        Its facts, to be kept in the database. The file lies on the disk whole before they are.

    Raises:
        OSError: the disk.
    """
    faiss = library()
    facts = store.facts_of(db)
    dim, packing = int(facts["dim"]), store.packing_of(facts)
    count, last = db.execute("SELECT count(*), max(key) FROM vectors").fetchone()
    faiss.omp_set_num_threads(os.cpu_count() or 1)
    old = read(folder, facts["ann"], facts["uid"], dim) if facts.get("ann") else None
    start = 0
    if old is not None:
        kept = db.execute("SELECT count(*) FROM vectors WHERE key <= ?", (old.last_key,)).fetchone()[0]
        gone = old.facts["count"] - kept
        if gone <= GONE * old.facts["count"] and count <= GROWN * old.facts["trained_on"]:
            start = old.last_key
    if old is not None and start:
        index, trained_on = old.faiss, old.facts["trained_on"]
    else:
        index, trained_on = _trained(db, packing, dim, count), count
    for keys, vectors in _chunks(db, packing, dim, start):
        index.add_with_ids(vectors, keys)
    name = f"index-{facts['generation']}.faiss"
    part = folder / f".{name}.part"
    faiss.write_index(index, str(part))
    with part.open("rb+") as handle:
        os.fsync(handle.fileno())
    part.replace(folder / name)
    return {
        "file": name, "last_key": int(last), "count": int(index.ntotal), "trained_on": int(trained_on),
        "uid": facts["uid"],
    }  # fmt: skip


def sweep(folder: Path, keep: str | None) -> None:
    """Delete index files but the one that the database names. Whoever has another in memory keeps it there."""
    for path in [*folder.glob("index-*.faiss"), *folder.glob(".index-*.faiss.part")]:
        if path.name != keep:
            path.unlink(missing_ok=True)


def _trained(db: sqlite3.Connection, packing: Packing, dim: int, count: int) -> Any:
    faiss = library()
    lists = max(1, int(LISTS * count**0.5))
    step = max(1, count // (lists * SAMPLE))
    rows = db.execute("SELECT key FROM vectors ORDER BY key").fetchall()[::step]
    blobs = store.blobs_by_key(db, [key for (key,) in rows])
    sample = unpack(blobs.values(), packing, dim)
    coarse = faiss.IndexFlatIP(dim)
    index = faiss.IndexIVFScalarQuantizer(coarse, dim, lists, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    index.cp.niter, index.cp.min_points_per_centroid = PASSES, 1
    index.train(sample)
    return index


def _chunks(db: sqlite3.Connection, packing: Packing, dim: int, start: int) -> Iterator[tuple[I64, F32]]:
    rows = db.execute("SELECT key, vector FROM vectors WHERE key > ? ORDER BY key", (start,))
    while part := rows.fetchmany(_CHUNK):
        keys = np.fromiter((key for key, _ in part), np.int64, len(part))
        yield keys, unpack([blob for _, blob in part], packing, dim)
