"""Derived landmarks of a split, derived once and kept in the user's cache."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fashionviz.data.landmarks.table import Record, candidates, derive_rows, read_landmarks, write_landmarks
from fashionviz.data.sets import ParquetSet, cache_root

log = logging.getLogger(__name__)


#: Files of this folder that have no part in the rule.
_NO_RULE = ("annotated.py", "kept.py", "sheet.py")


@cache
def rule_version() -> str:
    """A checksum of the files that make the rule: another rule derives anew."""
    found = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.name not in _NO_RULE:
            found.update(path.read_bytes())
    return found.hexdigest()[:12]


def kept_landmarks(
    data: ParquetSet, rows: NDArray[np.int64], progress: Callable[[int, int], None] | None = None
) -> dict[int, Record]:
    """Derived landmarks of a catalogue's rows by row number; refused ones and rows of no kind are left out.

    Args:
        data: a split with article types.
        rows: which; those that may have landmarks are derived (about 0.08 s each), then kept.
        progress: called with (done, total).

    Raises:
        DataError: the set has no article types, or a kept file is damaged.
        StorageError: the cache cannot be written.
    """
    chosen = sorted(set(candidates(data)) & set(rows.tolist()))
    key = hashlib.sha256(np.array(chosen, dtype=np.int64).tobytes()).hexdigest()[:12]
    folder = cache_root() / "landmarks"
    path = folder / f"{data.name}-{data.split or 'all'}-{data.fingerprint()}-{rule_version()}-{key}.parquet"
    if path.exists():
        records = read_landmarks(path)
    else:
        log.info("deriving landmarks of %s %s, %d photos (once)", data.name, data.split, len(chosen))
        records = []
        for record in derive_rows(data, chosen):
            records.append(record)
            if progress:
                progress(len(records), len(chosen))
        partial = path.with_suffix(".part")
        write_landmarks(records, partial)
        partial.replace(path)
    return {record.row: record for record in records if record.derived}
