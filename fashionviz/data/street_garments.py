"""Single garments cut out of street photos: ``ccp-garments``, made once from the masks of Clothing Co-Parsing.

A classifier of single garments cannot be asked about a whole outfit. Each garment that the publisher's mask names, and
that is one of Street2Shop's categories, becomes a photo of its own: the box of its pixels with a margin, as a detector
would cut it, with whatever else is in the box. The set has the columns of the others and serves to train and to score.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image

from fashionviz import images
from fashionviz.data.sets import ParquetSet, cache_root, image_bytes, open_set
from fashionviz.data.street2shop import STREET_LABELS
from fashionviz.errors import DataError, StorageError

NAME = "ccp-garments"
#: Margin around a garment's pixels, as a share of the box's sides.
MARGIN = 0.1
#: Smallest longer side of a garment in pixels of the photo: less shows nothing that could be named.
LEAST = 32

_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("category11", pa.string()),
        ("box", pa.list_(pa.int32(), 4)),
        ("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
    ]
)


def garment_boxes(mask: NDArray[np.uint8], least: int = LEAST) -> Iterator[tuple[str, tuple[int, int, int, int]]]:
    """The categories that a mask shows, with the box of each, margin included.

    Args:
        mask: ``(h, w)``, label numbers of the publisher's 59.
        least: smallest longer side in pixels.

    Yields:
        Category and ``(left, top, right, bottom)`` in pixels.
    """
    height, width = mask.shape
    for category, labels in STREET_LABELS.items():
        ys, xs = np.nonzero(np.isin(mask, labels))
        if not len(ys):
            continue
        left, top, right, bottom = int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1
        if max(right - left, bottom - top) < least:
            continue
        dx, dy = round(MARGIN * (right - left)), round(MARGIN * (bottom - top))
        yield category, (max(0, left - dx), max(0, top - dy), min(width, right + dx), min(height, bottom + dy))


def _cut(data: ParquetSet) -> Iterator[dict[str, Any]]:
    for row in data.rows(["id", "image", "mask"]):
        photo = images.decode(image_bytes(row)).pixels
        with Image.open(io.BytesIO(image_bytes({"image": row["mask"]})), formats=("PNG",)) as picture:
            mask = np.asarray(picture)
        if mask.shape != photo.shape[:2]:
            raise DataError(f"The mask of the street photo {row['id']} has another size than the photo.")
        for category, (left, top, right, bottom) in garment_boxes(mask):
            out = io.BytesIO()
            Image.fromarray(photo[top:bottom, left:right]).save(out, "JPEG", quality=95)
            name = f"{row['id']}-{category}"
            yield {
                "id": name,
                "category11": category,
                "box": [left, top, right, bottom],
                "image": {"bytes": out.getvalue(), "path": f"{name}.jpg"},
            }


def street_garments(split: str) -> Path:
    """The Parquet file of a split in the cache, cut on first use and whenever the photos change.

    Raises:
        DataError: the street photos are not there, or have no masks.
        StorageError: the cache cannot be written.
    """
    source = open_set("ccp", split)
    if "mask" not in source.columns:
        raise DataError(f"ccp's split {split!r} has no masks to cut garments by.")
    folder = cache_root() / "derived" / f"{NAME}-{source.fingerprint()}" / NAME
    path = folder / f"{split}-00000-of-00001.parquet"
    if not path.exists():
        part = path.with_suffix(f".{os.getpid()}.part")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.Table.from_pylist(list(_cut(source)), schema=_SCHEMA), part, row_group_size=256)
            os.replace(part, path)
        except OSError as error:
            raise StorageError(f"The garments cannot be written to {folder}: {error.strerror}.") from error
        finally:
            part.unlink(missing_ok=True)
    return path
