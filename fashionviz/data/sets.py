"""Parquet data sets: ``NAME/SPLIT-00000-of-00001.parquet`` with an ``image`` column ``{bytes, path}`` and labels.

Only what is asked for is read: label columns without the pictures, pictures one row group at a time.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fashionviz.errors import DataError

_NAME = re.compile(r"^(?P<split>[A-Za-z0-9_]+)-\d+-of-\d+\.parquet$")
#: Upper bounds of md5(id) % 100 for train, validation and test; the rest is the hold-out, never trained on.
SPLIT_BOUNDS = {"fpi": (75, 85, 95), "fpi-large": (75, 85, 95), "ccp": (78, 86, 94)}


def cache_root() -> Path:
    """Where decoded caches, checkpoints and fetched data go: ``FASHIONVIZ_CACHE`` or the user's cache folder."""
    base = os.environ.get("FASHIONVIZ_CACHE")
    if base:
        return Path(base).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "fashionviz"


def data_root() -> Path:
    """The data folder: ``FASHIONVIZ_DATA``, else ``../shared/data`` beside the checkout, else the user's cache."""
    if named := os.environ.get("FASHIONVIZ_DATA"):
        return Path(named).expanduser()
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    return beside if beside.is_dir() else cache_root() / "data"


def split_of(data_set: str, identifier: object) -> str:
    """The split of a row by its id: ``md5(str(id)) % 100`` against fixed bounds (train, validation, test, holdout).

    Raises:
        DataError: the set's split is its publisher's own, not a rule.
    """
    if data_set not in SPLIT_BOUNDS:
        raise DataError(f"The split of {data_set!r} is its publisher's own; there is no rule from the id.")
    value = int(hashlib.md5(str(identifier).encode()).hexdigest(), 16) % 100
    train, validation, test = SPLIT_BOUNDS[data_set]
    return "train" if value < train else "validation" if value < validation else "test" if value < test else "holdout"


@dataclass(frozen=True)
class ParquetSet:
    """Rows of one or more Parquet files, in file order.

    Attributes:
        name: for messages and reports.
        files: the files, in order.
        split: the split chosen, or ``None`` for every row.
    """

    name: str
    files: tuple[Path, ...]
    split: str | None = None

    def __len__(self) -> int:
        return sum(pq.ParquetFile(f).metadata.num_rows for f in self.files)

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names of the first file."""
        return tuple(pq.ParquetFile(self.files[0]).schema_arrow.names)

    def table(self, columns: Sequence[str]) -> pa.Table:
        """Label columns of every row, without reading the pictures.

        Raises:
            DataError: a column is missing.
        """
        missing = [c for c in columns if c not in self.columns]
        if missing:
            raise DataError(f"{self.name} lacks the column(s) {', '.join(missing)}; it has {', '.join(self.columns)}.")
        return pa.concat_tables([pq.read_table(f, columns=list(columns)) for f in self.files])

    def rows(self, columns: Sequence[str] | None = None, *, start: int = 0) -> Iterator[dict[str, Any]]:
        """Rows one by one, one row group in memory at a time; ``image`` comes as ``{"bytes", "path"}``."""
        index = 0
        for path in self.files:
            file = pq.ParquetFile(path)
            for group in range(file.num_row_groups):
                count = file.metadata.row_group(group).num_rows
                if index + count > start:
                    rows = file.read_row_group(group, columns=list(columns) if columns else None).to_pylist()
                    yield from rows[max(0, start - index) :]
                index += count

    def images(self, indices: Sequence[int]) -> dict[int, bytes]:
        """The encoded pictures at these row numbers, reading only the row groups that hold them."""
        wanted = sorted({int(i) for i in indices})
        found: dict[int, bytes] = {}
        offset = 0
        for path in self.files:
            file = pq.ParquetFile(path)
            for group in range(file.num_row_groups):
                count = file.metadata.row_group(group).num_rows
                here = [i for i in wanted if offset <= i < offset + count]
                if here:
                    column = file.read_row_group(group, columns=["image"]).column("image")
                    for i in here:
                        found[i] = image_bytes({"image": column[i - offset].as_py()})
                offset += count
        return found

    def fingerprint(self) -> str:
        """Changes with the files' names and labels, and with the pictures as far as samples of them tell.

        A copy has the same, whatever its time: hashed are the footers (place, size and statistics of every column), the
        labels whole, and of the pictures evenly spaced blocks.
        """
        found = hashlib.sha256()
        for file in self.files:
            found.update(f"{file.name}:{file.stat().st_size}|".encode())
            for part in _telling(file):
                found.update(part)
        return found.hexdigest()[:16]


#: Blocks of a column of pictures that a fingerprint reads in each row group, and their bytes.
_BLOCKS, _BLOCK = 16, 4096


def _telling(file: Path) -> Iterator[bytes]:
    """What a fingerprint is made of: a Parquet file's footer, its labels, and samples of its pictures."""
    facts = pq.read_metadata(file)
    with file.open("rb") as handle:
        handle.seek(-8 - facts.serialized_size, os.SEEK_END)
        yield handle.read(facts.serialized_size)
        for group in range(facts.num_row_groups):
            for place in range(facts.num_columns):
                column = facts.row_group(group).column(place)
                start = column.dictionary_page_offset or column.data_page_offset
                size = column.total_compressed_size
                if size <= _BLOCKS * _BLOCK or not column.path_in_schema.endswith(".bytes"):
                    handle.seek(start)
                    yield handle.read(size)
                    continue
                for block in range(_BLOCKS):
                    handle.seek(start + block * (size - _BLOCK) // (_BLOCKS - 1))
                    yield handle.read(_BLOCK)


def splits_in(folder: Path) -> dict[str, tuple[Path, ...]]:
    """The splits of a folder, from the names of its Parquet files."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.parquet")):
        match = _NAME.match(path.name)
        found.setdefault(match["split"] if match else path.stem, []).append(path)
    return {name: tuple(paths) for name, paths in found.items()}


def open_set(source: str | Path, split: str | None = None) -> ParquetSet:
    """Open a data set by name (in the data folder), or a user's folder or Parquet file in the same layout.

    Args:
        source: ``"fpi"``, a folder, or a ``.parquet`` file; ``"ccp-garments"`` is made from ``ccp``
            (:mod:`fashionviz.data.street_garments`) and needs a split.
        split: ``train``, ``validation``, ``test``, …; ``None`` takes every file.

    Raises:
        DataError: nothing there, no such split, or an unreadable file; the message says what to do.
    """
    path = Path(source).expanduser()
    if not path.exists():
        if source == "ccp-garments":  # cut out of ccp's photos on first use
            from fashionviz.data.street_garments import street_garments

            if not split:
                raise DataError("ccp-garments is cut split by split: choose train, validation or test.")
            return ParquetSet(str(source), (street_garments(split),), split)
        named = data_root() / str(source)
        if not named.exists() and not path.is_absolute():
            named = cache_root() / "data" / str(source)  # a user's own, cut to garments
        if not named.exists():
            raise DataError(
                f"There is no data set {str(source)!r} in {data_root()}. "
                f"Fetch it with `fashionviz data fetch {source}`, or set FASHIONVIZ_DATA."
            )
        path = named
    if path.is_file():
        match = _NAME.match(path.name)
        if split and match and match["split"] != split:
            raise DataError(f"{path.name} holds the split {match['split']!r}, not {split!r}.")
        chosen: tuple[Path, ...] = (path,)
    else:
        splits = splits_in(path)
        if not splits:
            raise DataError(f"There are no Parquet files in {path}.")
        if split and split not in splits:
            raise DataError(f"{path.name} has no split {split!r}; it has {', '.join(sorted(splits))}.")
        chosen = splits[split] if split else tuple(f for files in splits.values() for f in files)
    for file in chosen:
        try:
            pq.read_schema(file)
        except (pa.ArrowInvalid, OSError) as error:
            raise DataError(f"{file.name} is not a readable Parquet file.") from error
    return ParquetSet(path.stem if path.is_file() else path.name, chosen, split)


def image_bytes(row: Mapping[str, Any]) -> bytes:
    """The encoded picture of a row: a struct ``{bytes, path}``, or plain bytes; empty where it is null."""
    image = row["image"]
    if isinstance(image, Mapping):
        image = image.get("bytes")
    return image if isinstance(image, bytes) else b""


def string_codes(values: Sequence[str | None], vocabulary: Sequence[str]) -> np.ndarray:
    """Index of each value in the vocabulary as int64; -1 where it is null or unknown."""
    index = {v: i for i, v in enumerate(vocabulary)}
    return np.array([index.get(v, -1) if v is not None else -1 for v in values], dtype=np.int64)
