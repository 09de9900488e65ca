"""Derived landmarks of a whole data set: rows, arrays for training, and a Parquet table."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image

from fashionviz import images
from fashionviz.data.landmarks.derive import Derived, from_photo, refusal
from fashionviz.data.landmarks.kinds import NOTE, Kind, kind_of
from fashionviz.data.landmarks.street import street_landmarks
from fashionviz.data.sets import ParquetSet, data_root, image_bytes
from fashionviz.errors import DataError, ImageError, StorageError

#: Reason of a photo that no decoder reads.
UNREADABLE = "the photo cannot be read"

_SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        ("id", pa.string()),
        ("garment", pa.string()),
        ("kind", pa.string()),
        ("points", pa.list_(pa.float32(), 16)),
        ("visibility", pa.list_(pa.int8(), 8)),
        ("size", pa.float32()),
        ("reason", pa.string()),
    ],
    metadata={"note": NOTE},
)


@dataclass(frozen=True)
class Record:
    """Derived landmarks of one garment of a data set.

    Attributes:
        row: number in the split.
        id: the set's own.
        garment: article type, or label of the mask.
        derived: the landmarks.
    """

    row: int
    id: str
    garment: str
    derived: Derived


def candidates(data: ParquetSet) -> list[int]:
    """Rows that may have landmarks: those of an article type with a kind; every row of a set with masks."""
    if "articleType" not in data.columns:
        return list(range(len(data)))
    articles = data.table(["articleType"]).column("articleType").to_pylist()
    return [i for i, article in enumerate(articles) if kind_of(article) is not Kind.NONE]


def derive_rows(data: ParquetSet, rows: Iterable[int] | None = None) -> Iterator[Record]:
    """Derive the landmarks of a catalogue (``articleType``) or of street photos with masks (``mask``).

    Args:
        data: a split; a row's kind is read from its labels. Rows of no kind are passed over in silence.
        rows: which rows, in any order; all by default.

    Yields:
        Catalogue: one record for each row of a kind. Street: one for each garment of a kind.

    Raises:
        DataError: the set has neither column, or its labels' names are missing.
    """
    if "articleType" in data.columns:
        return _catalogue(data, rows)
    if "mask" in data.columns:
        return _street(data, rows)
    raise DataError(f"{data.name} has neither article types nor masks to derive landmarks from.")


def _chosen(
    data: ParquetSet, columns: Sequence[str], rows: Iterable[int] | None
) -> Iterator[tuple[int, dict[str, Any]]]:
    wanted = None if rows is None else set(rows)
    for i, row in enumerate(data.rows(columns)):
        if wanted is None or i in wanted:
            yield i, row


def _catalogue(data: ParquetSet, rows: Iterable[int] | None) -> Iterator[Record]:
    for i, row in _chosen(data, ["id", "articleType", "image"], rows):
        kind = kind_of(row["articleType"])
        if kind is Kind.NONE:
            continue
        try:
            derived = from_photo(images.decode(image_bytes(row)).pixels, kind)
        except ImageError:
            derived = refusal(kind, UNREADABLE)
        yield Record(i, str(row["id"]), row["articleType"], derived)


def label_names(data: ParquetSet) -> tuple[str, ...]:
    """Names of the mask's labels by number, from ``labels.txt`` beside the files.

    Raises:
        DataError: it is not there.
    """
    path = data.files[0].parent / "labels.txt"
    try:
        return tuple(path.read_text(encoding="utf-8").split())
    except OSError as error:
        raise DataError(
            f"labels.txt, which names the numbers of the masks, is missing in {data_root().name}."
        ) from error


def _street(data: ParquetSet, rows: Iterable[int] | None) -> Iterator[Record]:
    names = label_names(data)
    for i, row in _chosen(data, ["id", "mask"], rows):
        with Image.open(io.BytesIO(image_bytes({"image": row["mask"]})), formats=("PNG",)) as picture:
            mask = np.asarray(picture)
        for name, derived in street_landmarks(mask, names):
            yield Record(i, str(row["id"]), name, derived)


def arrays(records: Sequence[Record]) -> tuple[NDArray[np.float32], NDArray[np.int8], NDArray[np.float32]]:
    """For training: points ``(N, 8, 2)`` from 0 to 1, visibility ``(N, 8)``, sizes ``(N,)`` in pixels of the photo.

    A refused record has NaN points, visibility 0 and size 0.
    """
    if not records:
        return np.zeros((0, 8, 2), np.float32), np.zeros((0, 8), np.int8), np.zeros(0, np.float32)
    found = [r.derived for r in records]
    return (
        np.stack([d.points for d in found]),
        np.stack([d.visibility for d in found]),
        np.array([d.size for d in found], np.float32),
    )


def tally(records: Iterable[Record]) -> dict[str, dict[str, int]]:
    """For each kind, how many records have landmarks (under ``""``) and how many are refused for which reason."""
    counts: dict[str, Counter[str]] = {}
    for record in records:
        counts.setdefault(record.derived.kind.value, Counter())[record.derived.reason] += 1
    return {kind: dict(counts[kind].most_common()) for kind in sorted(counts)}


def write_landmarks(records: Sequence[Record], path: Path) -> None:
    """Write records as Parquet, with the note that they are derived in the file's metadata.

    Raises:
        StorageError: the file cannot be written.
    """
    rows = [
        {
            "row": r.row,
            "id": r.id,
            "garment": r.garment,
            "kind": r.derived.kind.value,
            "points": r.derived.points.ravel().tolist(),
            "visibility": r.derived.visibility.tolist(),
            "size": r.derived.size,
            "reason": r.derived.reason,
        }
        for r in records
    ]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA), path)
    except OSError as error:
        raise StorageError(f"{path.name} cannot be written: {error.strerror}.") from error


def read_landmarks(path: Path) -> list[Record]:
    """Records as :func:`write_landmarks` wrote them; the part maps are not kept.

    Raises:
        DataError: not such a file.
    """
    try:
        table = pq.read_table(path, columns=_SCHEMA.names)
    except (OSError, pa.ArrowInvalid, KeyError) as error:
        raise DataError(f"{path.name} is not a readable file of derived landmarks.") from error
    records = []
    for row in table.to_pylist():
        points = np.array(row["points"], np.float32).reshape(8, 2)
        seen = np.array(row["visibility"], np.int8)
        derived = Derived(Kind(row["kind"]), points, seen, row["size"], row["reason"])
        records.append(Record(row["row"], row["id"], row["garment"], derived))
    return records
