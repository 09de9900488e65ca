"""A catalogue as one Parquet file in the layout of our data sets: another program, or another build, reads it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from fashionviz.errors import InvalidRequest, StorageError
from fashionviz.match import store
from fashionviz.match.catalogue import Catalogue
from fashionviz.match.vectors import unpack

_BATCH = 1000


def export(catalogue: Catalogue, out: Path) -> int:
    """Write every item: ``id, category, title, metadata`` (JSON), ``image`` (the thumbnail), ``vector`` (float32).

    Returns:
        How many items.

    Raises:
        InvalidRequest: the file's name does not end in ``.parquet``.
        StorageError: it cannot be written.
    """
    if out.suffix.lower() != ".parquet":
        raise InvalidRequest(f"--out must end in .parquet, not {out.suffix!r}.")
    part, count = out.with_name(f".{out.name}.part"), 0
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with catalogue.store.reading() as db:
            facts = store.facts_of(db)
            dim, packing = int(facts["dim"]), store.packing_of(facts)
            schema = pa.schema(
                [
                    ("id", pa.string()), ("category", pa.string()), ("title", pa.string()), ("metadata", pa.string()),
                    ("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
                    ("vector", pa.list_(pa.float32(), dim)),
                ],
                metadata={"fashionviz": json.dumps({"embedder": facts["embedder"], "sha256": facts["sha256"]})},
            )  # fmt: skip
            rows = db.execute(
                "SELECT id, category, title, metadata, data, vector FROM items JOIN vectors USING (key) "
                "LEFT JOIN thumbnails USING (key) ORDER BY items.key"
            )
            with pq.ParquetWriter(part, schema, compression="zstd") as writer:
                while batch := rows.fetchmany(_BATCH):
                    vectors = unpack([row[5] for row in batch], packing, dim)
                    columns = [list(column) for column in zip(*(row[:4] for row in batch), strict=True)]
                    pictures = [{"bytes": row[4], "path": None} if row[4] is not None else None for row in batch]
                    writer.write_table(pa.table([*columns, pictures, list(vectors)], schema=schema))
                    count += len(batch)
        os.replace(part, out)
    except OSError as error:
        raise StorageError(f"{out} cannot be written: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)
    return count
