"""Write a published format as our Parquet layout, which ``open_set`` reads: one file a split, the pictures inside."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from fashionviz import images
from fashionviz.data.formats.garment import as_garment
from fashionviz.data.formats.problems import Kind, Problems
from fashionviz.data.formats.reader import AnnotationReader
from fashionviz.data.formats.rows import Row
from fashionviz.data.pack import Splits
from fashionviz.data.sets import splits_in
from fashionviz.data.staging import staging_folder
from fashionviz.errors import DataError, ImageError, InvalidRequest, StorageError
from fashionviz.results import Box

_LANDMARK = pa.struct(
    [("name", pa.string()), ("x", pa.float64()), ("y", pa.float64()), ("visibility", pa.string())],
)
#: ``width`` and ``height`` are those of the picture, in whose pixels box, landmarks and polygons are. ``x`` and ``y``
#: of a landmark outside the picture are null.
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("category", pa.string()),
        ("attributes", pa.list_(pa.string())),
        ("box", pa.list_(pa.float64())),
        ("landmarks", pa.list_(_LANDMARK)),
        ("polygons", pa.list_(pa.list_(pa.float64()))),
        ("product", pa.string()),
        ("extra", pa.map_(pa.string(), pa.string())),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
    ]
)


@dataclass(frozen=True)
class Converted:
    """A data set that was written.

    Attributes:
        folder: where it is.
        splits: rows a split.
        problems: what was wrong, by kind.
    """

    folder: Path
    splits: dict[str, int]
    problems: Problems


def convert(
    reader: AnnotationReader,
    folder: str | Path,
    *,
    limit: int | None = None,
    garments: bool = False,
    on_rows: Callable[[int, int], None] | None = None,
) -> Converted:
    """Pack the rows of a reader, the pictures as published.

    Memory holds the labels and a few hundred pictures (at most about 64 MB of them a split). What is written appears
    in its place at the end; a run that breaks off leaves nothing.

    Args:
        reader: what to read.
        folder: where the Parquet files go; it may hold other splits already.
        limit: at most so many rows of each split, at least 1.
        garments: cut each picture to its garment and shrink it (:mod:`fashionviz.data.formats.garment`); of a data set
            without a validation split, a tenth of the training pictures becomes one.
        on_rows: called with rows done and about how many there are in all.

    Raises:
        InvalidRequest: the folder holds one of the splits already, or is no folder.
        DataError: a damaged file (see the reader), or not one row with a readable picture.
        StorageError: the folder cannot be written.
    """
    folder = Path(folder).expanduser()
    if folder.exists() and not folder.is_dir():
        raise InvalidRequest(f"{folder} is a file; choose a folder.")
    if taken := [split for split in splits_in(folder) if split in reader.wanted]:
        raise InvalidRequest(f"{folder} already holds {' and '.join(taken)}; remove it or choose another folder.")
    with contextlib.ExitStack() as stack:
        with _writing(folder):
            staging = stack.enter_context(staging_folder(folder.parent, folder.name))
        splits = Splits(staging, SCHEMA)
        stack.callback(splits.abort)
        picture = _Picture()
        hold_out = garments and "validation" not in reader.SPLITS
        for done, row in enumerate(reader, start=1):
            split = "validation" if hold_out and row.split == "train" and _held_out(row) else row.split
            if limit is None or splits.counts.get(split, 0) < limit:
                try:
                    packed = _packed(row, reader, picture)
                    if garments:
                        packed = as_garment(packed)
                except ImageError as error:
                    reader.problems.add(Kind.UNREADABLE, f"{row.image.relative_to(reader.root).as_posix()}: {error}")
                else:
                    with _writing(folder):
                        splits.add(split, packed)
            elif all(splits.counts.get(split, 0) >= limit for split in reader.wanted):
                break
            if on_rows:
                on_rows(done, max(done, reader.total))
        if not splits.counts:
            why = reader.problems.kinds[:1]
            found = f" There are {reader.problems.count(why[0]):,} {why[0]}." if why else ""
            raise DataError(f"{reader.TITLE} in {reader.root} has no row with a readable picture.{found}")
        with _writing(folder):
            splits.close()
            folder.mkdir(exist_ok=True)
            for path in sorted(staging.iterdir()):
                path.replace(folder / path.name)
    return Converted(folder, splits.counts, reader.problems)


def _held_out(row: Row) -> bool:
    """A tenth of the products: pictures of one product stay together."""
    return int(hashlib.md5((row.product or row.id).encode("utf-8", "backslashreplace")).hexdigest(), 16) % 10 == 0


@contextlib.contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(f"{folder} cannot be written ({error.strerror or error}).") from error


class _Picture:
    """Bytes and size of the picture read last: the garments of one picture follow each other."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._read: tuple[bytes, int, int] = (b"", 0, 0)

    def read(self, path: Path) -> tuple[bytes, int, int]:
        """Bytes, width and height.

        Raises:
            ImageError: it cannot be read or is no picture.
        """
        if path != self._path:
            try:
                if (size := path.stat().st_size) > images.MAX_BYTES:
                    raise images.too_large(size)
                data = path.read_bytes()
            except OSError as error:
                raise ImageError(f"it cannot be read ({error.strerror or error}).") from error
            # A small decoding finds damage as a full one does, in a fraction of the time.
            width, height = images.decode(data, max_side=64).original_size
            self._path, self._read = path, (data, width, height)
        return self._read


def _packed(row: Row, reader: AnnotationReader, picture: _Picture) -> dict[str, Any]:
    """A row as the schema has it, its labels fitted to the picture."""
    data, width, height = picture.read(row.image)
    box = _fitted(row.box, width, height, row.id, reader.problems) if row.box else None
    landmarks: list[dict[str, Any]] = []
    for name, (x, y, visibility) in row.landmarks.items():
        if visibility == "outside":
            landmarks.append({"name": name, "x": None, "y": None, "visibility": visibility})
        elif 0 <= x <= width and 0 <= y <= height:
            landmarks.append({"name": name, "x": x, "y": y, "visibility": visibility})
        else:
            reader.problems.add(Kind.BAD_LANDMARKS, f"{row.id}: {name} {x:g},{y:g} in {width}×{height}")
    return {
        "id": _text(row.id),
        "category": row.category,
        "attributes": list(row.attributes),
        "box": box,
        "landmarks": landmarks,
        "polygons": [list(outline) for outline in row.polygons],
        "product": None if row.product is None else _text(row.product),
        "extra": [(key, _text(value)) for key, value in row.extra.items()],
        "width": width,
        "height": height,
        "image": {"bytes": data, "path": _text(row.image.relative_to(reader.root).as_posix())},
    }


def _fitted(box: Box, width: int, height: int, identifier: str, problems: Problems) -> Box | None:
    """The part of a box that lies in the picture; ``None`` where none does."""
    x0, y0, x1, y1 = box
    fitted = max(x0, 0.0), max(y0, 0.0), min(x1, float(width)), min(y1, float(height))
    if fitted == box:
        return box
    example = f"{identifier}: {x0:g},{y0:g},{x1:g},{y1:g} in {width}×{height}"
    if fitted[0] >= fitted[2] or fitted[1] >= fitted[3]:
        problems.add(Kind.BAD_BOX, example)
        return None
    problems.add(Kind.BOX_OUTSIDE, example)
    return fitted


def _text(value: str) -> str:
    """Text that Parquet takes: JSON may hold half a surrogate pair, and a file's name bytes that are no UTF-8."""
    return value.encode("utf-8", "backslashreplace").decode()
