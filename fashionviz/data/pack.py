"""Pack what publishers send into our Parquet layout: ``{image: {bytes, path}, labels}``, one file a split.

Sizes and splits are those of the sets this project was built on, so that fetched and given data are the same rows in
the same order. Pictures come through the one door (``images.decode``): a file that is no picture is left out and
counted.
"""

from __future__ import annotations

import csv
import hashlib
import io
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from fashionviz import images
from fashionviz.data.archives import Source
from fashionviz.data.sets import split_of
from fashionviz.errors import FetchError, ImageError

log = logging.getLogger(__name__)

OnRows = Callable[[int, int | None], None]
_IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
_FPI_LABELS = (
    "gender",
    "masterCategory",
    "subCategory",
    "articleType",
    "baseColour",
    "season",
    "year",
    "usage",
    "productDisplayName",
)
FPI_SCHEMA = pa.schema(
    [("id", pa.int64())] + [(c, pa.int64() if c == "year" else pa.string()) for c in _FPI_LABELS] + [("image", _IMAGE)]
)
CLOTHING_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("label", pa.string()),
        ("label10", pa.string()),
        ("sender", pa.int64()),
        ("kids", pa.bool_()),
        ("image", _IMAGE),
    ]
)
CCP_TAGS_SCHEMA = pa.schema([("id", pa.int64()), ("tags", pa.list_(pa.string())), ("image", _IMAGE)])
CCP_SCHEMA = CCP_TAGS_SCHEMA.append(pa.field("mask", _IMAGE))
#: Labels of the clothing set that name no garment.
NO_GARMENT = ("Not sure", "Other", "Skip")
_GROUP = 256
#: Bytes of pictures after which a row group ends early, so that large photos do not fill the memory.
_GROUP_BYTES = 64 << 20


class Splits:
    """Writes rows into one Parquet file a split, a row group at a time: 256 rows, or 64 MB of pictures.

    Args:
        folder: where the files go.
        schema: of the rows; ``schemas`` names splits that have another.
    """

    def __init__(self, folder: Path, schema: pa.Schema, schemas: dict[str, pa.Schema] | None = None) -> None:
        self._folder, self._schema, self._schemas = folder, schema, schemas or {}
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._bytes: dict[str, int] = {}
        self._writers: dict[str, pq.ParquetWriter] = {}
        self.counts: dict[str, int] = {}
        #: Files that were no pictures, with the reason.
        self.refused: list[str] = []

    def add(self, split: str, row: dict[str, Any]) -> None:
        """Append a row."""
        rows = self._rows.setdefault(split, [])
        rows.append(row)
        self.counts[split] = self.counts.get(split, 0) + 1
        self._bytes[split] = self._bytes.get(split, 0) + len(row["image"]["bytes"])
        if len(rows) >= _GROUP or self._bytes[split] >= _GROUP_BYTES:
            self._flush(split)

    def refuse(self, name: str, error: Exception) -> None:
        """Count a file that could not be used."""
        log.warning("%s left out: %s", name, error)
        self.refused.append(f"{name}: {error}")

    def _flush(self, split: str) -> None:
        schema = self._schemas.get(split, self._schema)
        if split not in self._writers:
            path = self._folder / f"{split}-00000-of-00001.parquet"
            self._writers[split] = pq.ParquetWriter(path, schema, compression="zstd")
        self._writers[split].write_table(pa.Table.from_pylist(self._rows[split], schema=schema))
        self._rows[split], self._bytes[split] = [], 0

    def close(self) -> None:
        """Write what is left and close the files."""
        for split, rows in self._rows.items():
            if rows:
                self._flush(split)
        self.abort()

    def abort(self) -> None:
        """Close the files as they are."""
        for writer in self._writers.values():
            writer.close()
        self._writers = {}


def jpeg(image: Image.Image, quality: int) -> bytes:
    """A picture as JPEG bytes without metadata."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def resized(
    data: bytes,
    *,
    width: int | None = None,
    short_side: int | None = None,
    box: tuple[int, int] | None = None,
    quality: int,
) -> tuple[bytes, tuple[int, int]]:
    """Reduce a picture to a width, a shorter side or a box; smaller ones keep their size.

    Returns:
        JPEG bytes, and the size (width, height) of the upright original.

    Raises:
        ImageError: no picture.
    """
    photo = images.decode(data, max_side=None)
    w, h = photo.width, photo.height
    if width:
        scale = width / w
    elif short_side:
        scale = short_side / min(w, h)
    else:
        scale = min(box[0] / w, box[1] / h) if box else 1.0
    image = Image.fromarray(photo.pixels)
    if scale < 1:
        image = image.resize((max(1, round(w * scale)), max(1, round(h * scale))), Image.Resampling.LANCZOS)
    return jpeg(image, quality), (w, h)


def _text(value: Any) -> str | None:
    """An empty cell is no value; pandas writes ``NA`` and ``nan`` for it."""
    text = "" if value is None else str(value).strip()
    return None if text in ("", "NA", "nan", "NaN", "None") else text


def _year(value: Any) -> int | None:
    text = _text(value)
    try:
        return int(float(text)) if text else None
    except ValueError:
        return None


def _fpi_row(cells: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {c: _text(cells.get(c)) for c in _FPI_LABELS}
    row["year"] = _year(cells.get("year"))
    return row | {"id": int(cells["id"])}


def _styles(text: str) -> Iterator[dict[str, Any]]:
    """Rows of Kaggle's ``styles.csv``; some product names hold commas without quotes."""
    reader = csv.reader(io.StringIO(text))
    header = next(reader, [])
    if "id" not in header or "masterCategory" not in header:
        raise FetchError("styles.csv has other columns than expected.")
    for cells in reader:
        if len(cells) > len(header):
            cells = [*cells[: len(header) - 1], ",".join(cells[len(header) - 1 :])]
        row = dict(zip(header, cells, strict=False))
        if row.get("id", "").isdigit():
            yield row


def _fpi_records(source: Source) -> tuple[int | None, Iterator[tuple[dict[str, Any], bytes | None]]]:
    """Labels and picture of every product, from Kaggle's ``styles.csv`` and ``images/`` or from a Parquet mirror."""
    names = source.names()
    tables = [n for n in names if n.endswith(".parquet")]
    styles = sorted((n for n in names if PurePosixPath(n).name == "styles.csv"), key=len)
    if styles:
        base = styles[0][: -len("styles.csv")]
        rows = list(_styles(source.read(styles[0]).decode("utf-8", "replace")))
        have = set(names)

        def from_csv() -> Iterator[tuple[dict[str, Any], bytes | None]]:
            for row in rows:
                name = f"{base}images/{row['id']}.jpg"
                yield row, source.read(name) if name in have else None

        return len(rows), from_csv()
    if not tables:
        raise FetchError("There is neither styles.csv nor a Parquet file with the products in what was fetched.")
    files = []
    try:
        files = [pq.ParquetFile(io.BytesIO(source.read(n))) for n in tables]
    except pa.ArrowInvalid as error:
        raise FetchError("A Parquet file of the mirror is damaged. Fetch it again.") from error
    for file in files:
        if missing := {"id", "masterCategory", "gender", "image"} - set(file.schema_arrow.names):
            raise FetchError(f"The mirror lacks the column(s) {', '.join(sorted(missing))}.")

    def from_parquet() -> Iterator[tuple[dict[str, Any], bytes | None]]:
        for file in files:
            for batch in file.iter_batches(batch_size=_GROUP):
                for row in batch.to_pylist():
                    yield row, (row.get("image") or {}).get("bytes")

    return sum(f.metadata.num_rows for f in files), from_parquet()


def _pack_fpi(sources: Sequence[Source], folder: Path, on_rows: OnRows, box: tuple[int, int] | None) -> Splits:
    splits = Splits(folder, FPI_SCHEMA)
    seen: set[int] = set()
    total, records = _fpi_records(sources[0])
    try:
        for done, (cells, data) in enumerate(records, start=1):
            row = _fpi_row(cells)
            identifier = row["id"]
            if data is not None and identifier not in seen:
                seen.add(identifier)
                try:
                    if box:
                        data = resized(data, box=box, quality=72)[0]
                    else:
                        images.decode(data)  # kept as published once it is known to be a picture
                except ImageError as error:
                    splits.refuse(f"{identifier}.jpg", error)
                else:
                    row["image"] = {"bytes": data, "path": f"{identifier}.jpg"}
                    splits.add(split_of("fpi", identifier), row)
            on_rows(done, total)
        splits.close()
    finally:
        splits.abort()
    return splits


def fpi(sources: Sequence[Source], folder: Path, on_rows: OnRows) -> Splits:
    """Fashion Product Images, the pictures as published (60×80)."""
    return _pack_fpi(sources, folder, on_rows, None)


def fpi_large(sources: Sequence[Source], folder: Path, on_rows: OnRows) -> Splits:
    """Fashion Product Images, reduced to at most 168×224."""
    return _pack_fpi(sources, folder, on_rows, (168, 224))


def clothing(sources: Sequence[Source], folder: Path, on_rows: OnRows) -> Splits:
    """The clothing set: rows of ``images.csv``, splits and ten labels from the folders of the small set.

    What the small set leaves out and names a garment becomes ``extra``, a tenth of it (by id) the hold-out.
    """
    full, small = sources
    places: dict[str, tuple[str, str]] = {}
    for name in small.names():
        parts = PurePosixPath(name).parts
        if len(parts) == 3 and parts[0] in ("train", "validation", "test") and parts[2].endswith(".jpg"):
            places[parts[2][:-4]] = ("holdout" if parts[0] == "test" else parts[0], parts[1])
    if not places:
        raise FetchError("The small clothing set has no train, validation and test folders.")
    rows = list(csv.DictReader(io.StringIO(full.read("images.csv").decode("utf-8"))))
    if rows and not {"image", "sender_id", "label", "kids"} <= set(rows[0]):
        raise FetchError("images.csv has other columns than expected.")
    have = set(full.names())
    splits = Splits(folder, CLOTHING_SCHEMA)
    try:
        for done, row in enumerate(rows, start=1):
            identifier = row["image"]
            split, label10 = places.get(identifier, ("extra", None))
            name = f"images/{identifier}.jpg"
            on_rows(done, len(rows))
            if name not in have or (label10 is None and row["label"] in NO_GARMENT):
                continue
            if label10 is None and int(hashlib.md5(identifier.encode()).hexdigest(), 16) % 100 >= 90:
                split = "holdout"
            try:
                data = full.read(name)
                if split == "holdout":
                    images.decode(data)  # kept as its photographer sent it
                else:
                    data = resized(data, short_side=224, quality=72)[0]
            except ImageError as error:
                splits.refuse(name, error)
                continue
            splits.add(
                split,
                {
                    "id": identifier,
                    "label": row["label"],
                    "label10": label10,
                    "sender": int(row["sender_id"]),
                    "kids": row["kids"].strip().lower() == "true",
                    "image": {"bytes": data, "path": f"{identifier}.jpg"},
                },
            )
        splits.close()
    finally:
        splits.abort()
    return splits


def _matlab(data: bytes, variable: str) -> np.ndarray:
    try:
        from scipy.io import loadmat
        from scipy.io.matlab import MatReadError
    except ImportError as error:
        raise FetchError(
            "Reading the .mat files of this set needs scipy: run `pip install scipy` (or `pip install "
            "'fashionviz[fetch]'`), then this command again."
        ) from error
    try:
        return np.asarray(loadmat(io.BytesIO(data))[variable])
    except (KeyError, ValueError, TypeError, OSError, NotImplementedError, MatReadError) as error:
        raise FetchError(f"An annotation file is damaged or has no {variable!r}.") from error


def ccp(sources: Sequence[Source], folder: Path, on_rows: OnRows) -> Splits:
    """Clothing Co-Parsing: photos 336 wide with masks, 208 wide with tags; the label names into ``labels.txt``."""
    source = sources[0]
    names = set(source.names())
    labels = [str(np.ravel(cell)[0]) for cell in np.ravel(_matlab(source.read("label_list.mat"), "label_list"))]
    (folder / "labels.txt").write_text("\n".join(labels) + "\n", encoding="utf-8")
    masks = sorted(n for n in names if n.startswith("annotations/pixel-level/") and n.endswith(".mat"))
    tagged = sorted(n for n in names if n.startswith("annotations/image-level/") and n.endswith(".mat"))
    splits = Splits(folder, CCP_SCHEMA, {"tags": CCP_TAGS_SCHEMA})
    try:
        for done, name in enumerate([*masks, *tagged], start=1):
            on_rows(done, len(masks) + len(tagged))
            stem = PurePosixPath(name).stem
            photo = f"photos/{stem}.jpg"
            if photo not in names:
                continue
            try:
                if name in masks:
                    split, row = (
                        split_of("ccp", int(stem)),
                        _ccp_mask(source.read(photo), source.read(name), labels, stem),
                    )
                else:
                    split, row = "tags", _ccp_tags(source.read(photo), source.read(name), labels, stem)
            except ImageError as error:
                splits.refuse(photo, error)
                continue
            splits.add(split, row)
        splits.close()
    finally:
        splits.abort()
    return splits


def _ccp_mask(photo: bytes, annotation: bytes, labels: list[str], stem: str) -> dict[str, Any]:
    data, size = resized(photo, width=336, quality=78)
    truth = _matlab(annotation, "groundtruth")
    if truth.shape != (size[1], size[0]) or truth.max(initial=0) >= len(labels):
        raise ImageError(f"the mask ({truth.shape[1]}×{truth.shape[0]}) does not fit the photo ({size[0]}×{size[1]})")
    with Image.open(io.BytesIO(data)) as small:
        shape = small.size
    mask = Image.fromarray(truth.astype(np.uint8)).resize(shape, Image.Resampling.NEAREST)
    present = sorted(labels[i] for i in np.unique(np.asarray(mask)) if i)
    return {
        "id": int(stem),
        "tags": present,
        "image": {"bytes": data, "path": f"{stem}.jpg"},
        "mask": {"bytes": images.encode_png(np.asarray(mask)), "path": f"{stem}.png"},
    }


def _ccp_tags(photo: bytes, annotation: bytes, labels: list[str], stem: str) -> dict[str, Any]:
    data, _ = resized(photo, width=208, quality=75)
    numbers = [int(i) for i in np.ravel(_matlab(annotation, "tags"))]
    # The publisher's MATLAB counts from one and adds one: tag 0 is the first name, null.
    tags = sorted({labels[i] for i in numbers if 0 < i < len(labels)})
    return {"id": int(stem), "tags": tags, "image": {"bytes": data, "path": f"{stem}.jpg"}}


PACKERS: dict[str, Callable[[Sequence[Source], Path, OnRows], Splits]] = {
    "fpi": fpi,
    "fpi_large": fpi_large,
    "clothing": clothing,
    "ccp": ccp,
}
