"""Street2Shop (Kiapour et al. 2015): photos of people paired with products, and the shops' pictures of the products."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from fashionviz.data.formats.files import box_of, listed, objects, pictures_by_number, read_json, whole
from fashionviz.data.formats.problems import Kind
from fashionviz.data.formats.reader import AnnotationReader
from fashionviz.data.formats.rows import Row
from fashionviz.data.street2shop import CATEGORY11
from fashionviz.errors import DataError

_STEM = {"train": "train_pairs", "test": "test_pairs", "shop": "retrieval"}
_LISTS = ("meta/json", "meta/meta/json", "json")
_PICTURES = ("photos", "images")


class Street2Shop(AnnotationReader):
    """``meta/json/{train,test}_pairs_CATEGORY.json``, ``retrieval_CATEGORY.json``, and pictures named by photo id.

    The splits are ``train`` and ``test``, a row a garment in a street photo with its box, and ``shop``, a row a shop's
    picture of a product, without one. Rows of the same ``product`` show the same thing. A street photo with two
    garments, or two boxes of one product, has two rows. The publisher calls the categories by the names in
    :data:`fashionviz.data.street2shop.CATEGORY11`; other files are read too and counted.

    Pictures lie in ``photos/`` or ``images/``, there or in a folder a category, with or without padding, with any
    ending: what people use to download them differs. ``extra`` holds the ``photo`` and, where ``photos/photos.txt`` is
    there, its ``url``.
    """

    NAME: ClassVar[str] = "street2shop"
    TITLE: ClassVar[str] = "Street2Shop"
    SPLITS: ClassVar[tuple[str, ...]] = ("train", "test", "shop")

    def _rows(self) -> Iterator[Row]:
        folder = self.tree.need(*_LISTS)
        files = [(split, path) for split in self.wanted for path in sorted(folder.glob(f"{_STEM[split]}_*.json"))]
        if not files:
            raise DataError(f"{self.root} lacks {' and '.join(f'{_STEM[s]}_CATEGORY.json' for s in self.wanted)}.")
        pictures = self._pictures()
        urls = self._urls()
        for split, path in files:
            yield from self._file(split, path, pictures, urls)

    def _pictures(self) -> dict[int, Path]:
        folders = [path for name in _PICTURES if (path := self.tree.find(name)) is not None and path.is_dir()]
        below = [p for folder in folders for p in listed(folder) if p.is_dir()]
        found = pictures_by_number([*folders, *below])
        if not found:
            raise DataError(f"There are no pictures in {' or '.join(_PICTURES)} of {self.root}.")
        return found

    def _urls(self) -> dict[int, str] | None:
        path = self.tree.find("photos", "photos.txt")
        if path is None:
            self.problems.add(Kind.NO_FILE, "photos/photos.txt")
            return None
        found: dict[int, str] = {}
        reason = ""
        try:
            with path.open(encoding="utf-8-sig", errors="replace") as handle:
                for number, line in enumerate(handle, start=1):
                    identifier, comma, url = line.strip().partition(",")  # an address may hold commas
                    try:
                        if not comma and identifier:
                            raise ValueError("an id, a comma and an address were expected")
                        if identifier:
                            found[whole(identifier)] = url.strip()
                    except ValueError as error:
                        reason = reason or f"photos/photos.txt, line {number}: {error}"
                        self.problems.add(Kind.MALFORMED, f"photos/photos.txt, line {number}: {error}")
        except OSError as error:
            raise DataError(f"photos/photos.txt cannot be read: {error.strerror or error}.") from error
        if reason and not found:
            raise DataError(f"{reason}. No photo could be read.")
        return found

    def _file(self, split: str, path: Path, pictures: dict[int, Path], urls: dict[int, str] | None) -> Iterator[Row]:
        name = path.relative_to(self.root).as_posix()
        category: str | None = path.stem.removeprefix(f"{_STEM[split]}_")
        if category not in CATEGORY11:
            self.problems.add(Kind.UNKNOWN_LABEL, f"{name}: the category {category}")
            category = None
        entries = objects(read_json(path, self.root), name)
        self.total += len(entries)
        good, reason = 0, ""
        for place, entry in enumerate(entries, start=1):
            where = f"{name}, entry {place}"
            try:
                if not isinstance(entry, dict):
                    raise ValueError("an object was expected")
                photo, product = whole(entry.get("photo")), whole(entry.get("product"))
            except ValueError as error:
                reason = reason or f"{where}: {error}"
                self.problems.add(Kind.MALFORMED, f"{where}: {error}")
                continue
            good += 1
            if urls is not None and photo not in urls:
                self.problems.add(Kind.ONE_FILE, f"{where}: photo {photo} is not in photos/photos.txt")
            if photo not in pictures:
                self.problems.add(Kind.NO_PICTURE, f"{where}: photo {photo}")
                continue
            box = None
            if split != "shop":
                try:
                    box = box_of(_corners(entry.get("bbox")))
                except ValueError as error:
                    self.problems.add(Kind.BAD_BOX, f"{where}: {error}")
            url = (urls or {}).get(photo)
            yield Row(
                image=pictures[photo],
                id=f"{path.stem}/{place}",
                split=split,
                category=category,
                box=box,
                product=str(product),
                extra={"photo": str(photo)} | ({"url": url} if url else {}),
            )
        if reason and not good:
            raise DataError(f"{reason}. No entry could be read.")


def _corners(bbox: Any) -> list[float]:
    """``left, top, width, height`` as corners.

    Raises:
        ValueError: one is missing or no number.
    """
    if not isinstance(bbox, dict):
        raise ValueError("there is no bbox")
    try:
        left, top, width, height = (float(bbox[key]) for key in ("left", "top", "width", "height"))
    except (KeyError, TypeError, ValueError, OverflowError):
        raise ValueError("the bbox lacks left, top, width or height, or one of them is no number") from None
    return [left, top, left + width, top + height]
