"""A catalogue as it ships with the package: vectors in int8 and metadata, no photos, one file that is only read."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from fashionviz.errors import InvalidRequest
from fashionviz.match import store
from fashionviz.match.catalogue import Catalogue
from fashionviz.match.curve import curve_to_json
from fashionviz.match.embedders import ITEM
from fashionviz.match.places import FILE, shipped_root
from fashionviz.match.vectors import pack, unpack
from fashionviz.models.registry import get_model
from fashionviz.results import ModelRef

#: Bytes that a shipped catalogue may have.
MAX_BYTES = 30 * 2**20
_BATCH = 2000


def ship(catalogue: Catalogue, root: Path | None = None) -> Path:
    """Write a catalogue's copy for the package, in one step.

    Args:
        catalogue: made by a network that was trained to embed items.
        root: where shipped catalogues lie.

    Returns:
        The file.

    Raises:
        InvalidRequest: another kind of network made it, it is empty, or it would be larger than 30 MiB.
    """
    _must_embed_items(catalogue.name, catalogue.embedder)
    if not len(catalogue):
        raise InvalidRequest(f"The catalogue {catalogue.name} is empty.")
    target = (root or shipped_root()) / catalogue.name / FILE
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{FILE}.part")
    part.unlink(missing_ok=True)
    try:
        _copy(catalogue, part)
        size = part.stat().st_size
        if size > MAX_BYTES:
            raise InvalidRequest(
                f"The catalogue would have {size / 2**20:.1f} MiB; at most {MAX_BYTES // 2**20} MiB may ship."
            )
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target


def _must_embed_items(name: str, ref: ModelRef) -> None:
    if get_model(ref.name).task.name != ITEM:
        raise InvalidRequest(
            f"{name} was made with {ref.name}, a classifier's features. What ships is made by a network that was "
            "trained to embed items."
        )


def _copy(catalogue: Catalogue, part: Path) -> None:
    with catalogue.store.reading() as db, closing(sqlite3.connect(part, isolation_level=None)) as new:
        facts = store.facts_of(db)
        packing, dim = store.packing_of(facts), int(facts["dim"])
        new.execute("PRAGMA page_size=8192")
        new.execute("PRAGMA journal_mode=OFF")  # it is whole, or it is not put in its place
        new.execute("BEGIN")
        for statement in store.TABLES.split(";"):
            new.execute(statement)
        curve = catalogue.curve()
        shipped = {**facts, "packing": "int8", "ann": None, "generation": 1}
        if curve is not None:
            shipped["curve"] = curve_to_json(curve)
        new.executemany("INSERT INTO facts VALUES (?, ?)", [(k, json.dumps(v)) for k, v in shipped.items()])
        rows = db.execute(
            "SELECT key, id, category, title, metadata, source, box, vector FROM items JOIN vectors USING (key) "
            "ORDER BY key"
        )
        while batch := rows.fetchmany(_BATCH):
            blobs = pack(unpack([row[-1] for row in batch], packing, dim), "int8")
            new.executemany("INSERT INTO items VALUES (?, ?, ?, ?, ?, ?, ?, NULL)", [row[:7] for row in batch])
            new.executemany("INSERT INTO vectors VALUES (?, ?)", [(r[0], b) for r, b in zip(batch, blobs, strict=True)])
        new.execute("COMMIT")
        new.execute("VACUUM")
