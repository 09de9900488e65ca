"""Where a catalogue's items come from: a folder of photos, a Parquet set, or our own drawings."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from fashionviz.annotate.photos import find_photos, read_photo
from fashionviz.annotate.row import printable
from fashionviz.data.examples import draw
from fashionviz.data.items import ItemRef
from fashionviz.data.publishers import PUBLICATIONS
from fashionviz.data.sets import ParquetSet, image_bytes, open_set, splits_in
from fashionviz.data.street2shop import category11
from fashionviz.errors import DataError, ImageError, InvalidRequest
from fashionviz.images import encode_png

#: A table of a shop's own beside its photos: a row a photo, its path in the column ``file``.
TABLE = "items.csv"
#: Columns that say what an item is called.
_TITLES = ("title", "productDisplayName", "name")
#: Drawn articles of the demo by their category: one of Street2Shop's eleven, as the catalogue's networks name them.
DEMO: dict[str, str] = {
    "t-shirt": "tops", "shirt": "tops", "dress": "dresses", "skirt": "skirts", "trousers": "pants",
    "jacket": "outerwear", "handbag": "bags", "watch": "watches", "sneaker": "footwear", "heel": "footwear",
    "sunglasses": "eyewear", "hat": "hats",
}  # fmt: skip


@dataclass(frozen=True)
class SourceItem:
    """An item before its photo is read.

    Attributes:
        id: unique within the source.
        read: gives the encoded photo; raises an ``ImageError`` where it cannot.
        category, title, metadata, source: as in :class:`~fashionviz.match.results.CatalogueItem`.
    """

    id: str
    read: Callable[[], bytes] = field(repr=False)
    category: str | None = None
    title: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    source: str | None = None


class ItemSource(Protocol):
    """Items one by one, their number known before."""

    @property
    def words(self) -> str:
        """What it is, for the catalogue's description."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[SourceItem]: ...


class FolderSource:
    """The photos of a folder and of the folders below it, with ``items.csv`` where there is one.

    The table's columns ``id``, ``category`` and ``title`` are those of the item; all others become metadata. Without a
    table an item's id is its path, and its category the first folder of it.

    Raises:
        InvalidRequest: no such folder, or no photo in it; a table without the column ``file``.
    """

    def __init__(self, folder: Path) -> None:
        self._found = find_photos(folder)
        self._rows = _table(self._found.root / TABLE)
        self.words = f"the folder {self._found.root.name}"
        #: Pictures in formats that are not accepted, by ending.
        self.left_out = self._found.left_out

    def __len__(self) -> int:
        return len(self._found.files)

    def __iter__(self) -> Iterator[SourceItem]:
        for file in self._found.files:
            name = printable(file)
            row = dict(self._rows.get(name, {}))
            above, _, last = name.rpartition("/")
            identifier = row.pop("id", None) or name
            category = row.pop("category", None) or (above.split("/")[0] or None)
            title = row.pop("title", None) or last.rpartition(".")[0]
            yield SourceItem(identifier, _reader(self._found.root / file), category, title, row)


def _reader(path: Path) -> Callable[[], bytes]:
    def read() -> bytes:
        photo = read_photo(path)
        if photo.data is None:
            raise photo.error or ImageError("The file cannot be read.")
        return photo.data

    return read


def _table(path: Path) -> dict[str, dict[str, Any]]:
    """Rows of a shop's table by file; empty cells are left out, numbers are numbers."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{path.name} cannot be read as UTF-8 text.") from error
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if "file" not in (reader.fieldnames or ()):
        raise InvalidRequest(f"{path.name} needs a column 'file' with the path of each photo below the folder.")
    rows = {}
    for row in reader:
        cells = {k: v for k, v in row.items() if k and isinstance(v, str) and v.strip()}
        file = cells.pop("file", None)
        if file:
            words = ("id", "category", "title")
            rows[file] = {k: v if k in words else _number(v) for k, v in cells.items()}
    return rows


def _number(text: str) -> Any:
    """A cell as a number where it is one beyond doubt; 007 is a name."""
    try:
        value: Any = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) else text


class ParquetSource:
    """The rows of a data set by name, a folder of Parquet files, or one file.

    Ids are those of the column ``id``, else row numbers. The category is the column ``category``; of the catalogue sets
    Street2Shop's category of the article type, else the article type.

    Raises:
        DataError: no such set, or no pictures in it.
    """

    def __init__(self, source: str | Path, split: str | None = None) -> None:
        self._parts = _by_split(open_set(source, split), split)
        first = self._parts[0][1]
        if "image" not in first.columns:
            raise DataError(f"{first.name} holds no pictures.")
        self._name = first.name
        self._published = self._name in PUBLICATIONS and Path(source).name == str(source)
        self.words = f"{self._name}, {split or 'all splits'}"

    def __len__(self) -> int:
        return sum(len(data) for _, data in self._parts)

    def __iter__(self) -> Iterator[SourceItem]:
        number = 0
        for split, data in self._parts:
            for place, row in enumerate(data.rows()):
                picture = image_bytes(row)
                identifier = str(row["id"]) if row.get("id") is not None else str(number)
                own = str(row["id"]) if "id" in row else str(place)
                number += 1
                facts = {k: v for k, v in row.items() if k not in ("image", "id", "mask") and _plain(v)}
                facts |= _spread(facts.pop("metadata", None))
                title = next((facts.pop(k) for k in _TITLES if facts.get(k)), "")
                yield SourceItem(
                    identifier,
                    lambda picture=picture: picture,  # type: ignore[misc]
                    _category(facts),
                    str(title),
                    facts,
                    str(ItemRef(self._name, split, own)) if self._published and split else None,
                )


def _by_split(data: ParquetSet, split: str | None) -> list[tuple[str | None, ParquetSet]]:
    if split is not None:
        return [(split, data)]
    parts: list[tuple[str | None, ParquetSet]] = []
    for name, files in splits_in(data.files[0].parent).items():
        held = tuple(file for file in files if file in data.files)
        if held:
            parts.append((name, ParquetSet(data.name, held, name)))
    return parts


def _plain(value: Any) -> bool:
    """Whether JSON holds it, and it says something."""
    return isinstance(value, str | int | bool) or (isinstance(value, float) and math.isfinite(value))


def _spread(metadata: Any) -> dict[str, Any]:
    """The further columns of a catalogue that was exported, which keeps them as one of JSON."""
    try:
        found = json.loads(metadata) if isinstance(metadata, str) else None
    except ValueError:
        return {"metadata": metadata}
    return found if isinstance(found, dict) else {} if metadata is None else {"metadata": metadata}


def _category(facts: dict[str, Any]) -> str | None:
    if isinstance(facts.get("category"), str):
        return str(facts.pop("category"))
    article = facts.get("articleType")
    return category11(facts) or (str(article).lower() if article else None) if "articleType" in facts else None


class PhotosSource:
    """Single photos, each an item with its file's name as id.

    Args:
        photos: the files.
        category: of all of them.
        title: of all of them; the file's name without its ending if ``None``.
        metadata: of all of them.
    """

    words = "single photos"

    def __init__(
        self,
        photos: Sequence[Path],
        category: str | None = None,
        title: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self._photos, self._category, self._title, self._metadata = photos, category, title, dict(metadata or {})

    def __len__(self) -> int:
        return len(self._photos)

    def __iter__(self) -> Iterator[SourceItem]:
        for path in self._photos:
            name = printable(path.name)
            title = self._title if self._title is not None else printable(path.stem)
            yield SourceItem(name, _reader(path), self._category, title, self._metadata)


class MemorySource:
    """Photos that lie in memory, as a browser sends them.

    Args:
        photos: names and bytes; a name that comes twice gets a number.
        words: what they are.
    """

    def __init__(self, photos: Sequence[tuple[str, bytes]], words: str) -> None:
        self._photos, self.words = photos, words

    def __len__(self) -> int:
        return len(self._photos)

    def __iter__(self) -> Iterator[SourceItem]:
        used: set[str] = set()
        for name, data in self._photos:
            name, number = name or "photo", 1
            free = name
            while free in used:
                number += 1
                free = f"{name} ({number})"
            used.add(free)
            yield SourceItem(free, lambda data=data: data, None, name.rpartition(".")[0] or name)  # type: ignore[misc]


class DemoSource:
    """Articles drawn by our own generator: pictures that are nobody's, the same everywhere.

    Args:
        seeds: of every kind so many, 0, 1, 2, …
    """

    def __init__(self, seeds: int = 8) -> None:
        self._seeds = seeds
        self.words = f"drawn by our own generator, {len(DEMO)} kinds, seeds 0 to {seeds - 1}"

    def __len__(self) -> int:
        return len(DEMO) * self._seeds

    def __iter__(self) -> Iterator[SourceItem]:
        for kind, category in DEMO.items():
            for seed in range(self._seeds):
                yield SourceItem(
                    f"{kind}-{seed}",
                    lambda kind=kind, seed=seed: encode_png(draw(kind, seed)),  # type: ignore[misc]
                    category,
                    f"{kind[0].upper()}{kind[1:]} no. {seed}, drawn",
                    {"kind": kind, "seed": seed},
                )


def open_source(text: str, split: str | None = None) -> ItemSource:
    """What a person named: a folder of photos, a Parquet file or folder, or the name of a data set.

    Raises:
        InvalidRequest, DataError: it is none of them; the sentence says what to do.
    """
    path = Path(text).expanduser()
    if path.suffix == ".parquet" or (path.is_dir() and any(path.glob("*.parquet"))):
        return ParquetSource(path, split)
    if path.exists():
        if split is not None:
            raise InvalidRequest("A folder of photos has no splits.")
        return FolderSource(path)
    if "/" in text or text.startswith("."):
        raise InvalidRequest(f"There is no folder {text}.")
    return ParquetSource(text, split)
