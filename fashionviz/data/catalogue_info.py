"""What lies in the data folder: known and own sets, rows a split from Parquet metadata alone, bytes, how to fetch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from fashionviz.data.publishers import PUBLICATIONS
from fashionviz.data.sets import data_root, splits_in


@dataclass(frozen=True)
class SetInfo:
    """A data set as ``data list`` shows it.

    Attributes:
        name, title, licence, publisher, note: as published; an own set has only its name.
        present: whether it lies in the data folder.
        path: its folder, ``None`` when absent.
        splits: rows a split.
        rows: rows in all.
        bytes: on the disk.
        fetch: the command that brings it; ``None`` when there is none.
        damaged: files that are no readable Parquet.
    """

    name: str
    title: str
    licence: str
    publisher: str
    note: str
    present: bool
    path: str | None
    splits: dict[str, int]
    rows: int
    bytes: int
    fetch: str | None
    damaged: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self) | {"damaged": list(self.damaged)}


def rows_by_split(folder: Path) -> dict[str, int]:
    """Rows of each split, from the footers of the Parquet files; damaged files count nothing."""
    return _count(folder)[0]


def _count(folder: Path) -> tuple[dict[str, int], tuple[str, ...]]:
    counts: dict[str, int] = {}
    damaged = []
    for split, files in splits_in(folder).items():
        for file in files:
            try:
                counts[split] = counts.get(split, 0) + pq.read_metadata(file).num_rows
            except (pa.ArrowInvalid, OSError):
                damaged.append(file.name)
    return counts, tuple(damaged)


def _info(name: str, root: Path) -> SetInfo:
    known = PUBLICATIONS.get(name)
    folder = root / name
    files = [p for p in folder.glob("*") if p.is_file()] if folder.is_dir() else []
    counts, damaged = _count(folder) if files else ({}, ())
    order = {s: i for i, s in enumerate(("train", "validation", "test", "extra", "tags", "holdout"))}
    counts = dict(sorted(counts.items(), key=lambda item: order.get(item[0], 99)))
    return SetInfo(
        name=name,
        title=known.title if known else "",
        licence=known.licence if known else "",
        publisher=known.publisher if known else "",
        note=known.note if known else "a set of your own",
        present=bool(files),
        path=str(folder) if files else None,
        splits=counts,
        rows=sum(counts.values()),
        bytes=sum(p.stat().st_size for p in files),
        fetch=f"fashionviz data fetch {name}" if known and known.packer else None,
        damaged=damaged,
    )


def list_sets(root: Path | None = None) -> list[SetInfo]:
    """Every known set, present or not, then the folders with Parquet files that are not known."""
    root = root or data_root()
    own = sorted(p.parent.name for p in root.glob("*/*.parquet")) if root.is_dir() else []
    names = [*PUBLICATIONS, *dict.fromkeys(n for n in own if n not in PUBLICATIONS and not n.startswith("."))]
    return [_info(name, root) for name in names]
