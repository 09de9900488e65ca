"""DeepFashion, Category and Attribute Prediction (Liu et al. 2016): text lists, joined by the path of the picture.

The lists do not agree on upper and lower case in paths, and are not complete: they are joined ignoring case where the
exact path finds nothing, and what is in one list only is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar, TypeVar

from fashionviz.data.formats.files import box_of, inside, numbers, path_and_fields, table, whole
from fashionviz.data.formats.problems import Kind
from fashionviz.data.formats.reader import AnnotationReader
from fashionviz.data.formats.rows import LANDMARKS, Landmark, Row, Visibility
from fashionviz.errors import DataError

T = TypeVar("T")
_SPLIT = {"train": "train", "val": "validation", "test": "test"}
_TYPE = {1: "upper", 2: "lower", 3: "full"}
_VISIBILITY: dict[float, Visibility] = {0.0: "visible", 1.0: "occluded", 2.0: "outside"}
#: The landmarks of upper-body, lower-body and full-body clothes, in the publisher's order.
_POINTS = {
    1: tuple(n for n in LANDMARKS if not n.endswith("waist")),
    2: tuple(n for n in LANDMARKS if n.endswith(("waist", "hem"))),
    3: LANDMARKS,
}
#: Where the lists and the pictures may lie: the publisher has renamed the folder, and unpackers nest another one.
_LISTS = ("Anno", "Anno_coarse")
_PICTURES = ((), ("Img",), ("img",))


class DeepFashion(AnnotationReader):
    """``Anno/list_*.txt`` (or ``Anno_coarse/``), ``Eval/list_eval_partition.txt`` and the pictures in ``img/``.

    Needed are ``list_category_cloth.txt``, ``list_category_img.txt`` and the partition; attributes, boxes and landmarks
    are read where their lists are there, and are counted as missing where not.

    An attribute of a row is one marked 1; -1 (no) and 0 (unknown) are not told apart. ``extra`` holds ``type`` (upper,
    lower or full) and, where the list has it, ``variation`` (1 to 5: pose and zoom).

    The publisher lists *left* before *right* and does not say whose; the names are kept as they are. In the one row
    that was found quoted (an upper garment) all left points have the smaller x, as on the left of the picture and not
    of the wearer: look at a few pictures before relying on it.
    """

    NAME: ClassVar[str] = "deepfashion"
    TITLE: ClassVar[str] = "DeepFashion (categories and attributes)"
    SPLITS: ClassVar[tuple[str, ...]] = ("train", "validation", "test")

    def _rows(self) -> Iterator[Row]:
        partition = self.tree.need("Eval/list_eval_partition.txt", *(f"{f}/list_eval_partition.txt" for f in _LISTS))
        if not any(self.tree.find(*base, "img") for base in _PICTURES):
            raise DataError(f"{self.root} has no folder img with the pictures (unpack Img/img.zip there).")
        categories = list(self._names(self._list("list_category_cloth.txt")))
        join = _Join(self, partition)
        category = join.column(self._list("list_category_img.txt"), _category)
        # Kept as text until they are asked for: a tenth of the memory of their parts.
        boxes = join.column(self._optional("list_bbox.txt"), " ".join)
        marks = join.column(self._optional("list_landmarks.txt"), " ".join)
        attributes: dict[int, tuple[int, ...]] = {}
        names: list[str] = []
        if (path := self._optional("list_attr_img.txt")) is not None:
            names = [name for name, _ in self._names(self._list("list_attr_cloth.txt"))]
            attributes = join.column(path, lambda fields: _attributes(fields, len(names)))
        self.total = len(join.wanted)
        for i in join.wanted:
            published, split, where = join.rows[i]
            image = self._picture(inside(published, where))
            if image is None:
                self.problems.add(Kind.NO_PICTURE, published)
                continue
            label, extra = None, {}
            if i in category:
                if 1 <= category[i] <= len(categories):
                    label, kind = categories[category[i] - 1]
                    extra = {"type": _TYPE[kind]} if kind in _TYPE else {}
                else:
                    self.problems.add(Kind.UNKNOWN_LABEL, f"{published}: category {category[i]}")
            box = None
            if i in boxes:
                try:
                    box = box_of(boxes[i].split())
                except ValueError as error:
                    self.problems.add(Kind.BAD_BOX, f"{published}: {error}")
            landmarks: dict[str, Landmark] = {}
            if i in marks:
                try:
                    landmarks, variation = _landmarks(marks[i].split())
                    extra |= {"variation": variation} if variation else {}
                except ValueError as error:
                    self.problems.add(Kind.BAD_LANDMARKS, f"{published}: {error}")
            true = tuple(names[a] for a in attributes.get(i, ()))
            yield Row(image, published, split, label, true, box, landmarks, extra=extra)

    def _list(self, name: str) -> Path:
        return self.tree.need(*(f"{folder}/{name}" for folder in _LISTS))

    def _optional(self, name: str) -> Path | None:
        for folder in _LISTS:
            if (path := self.tree.find(folder, name)) is not None:
                return path
        self.problems.add(Kind.NO_FILE, name)
        return None

    def _names(self, path: Path) -> Iterator[tuple[str, int]]:
        """Names with their types. A name that cannot be read would shift all after it, so it raises."""

        def parse(text: str) -> tuple[str, int]:
            parts = text.rsplit(None, 1)  # names hold blanks
            if len(parts) != 2:
                raise ValueError("a name and its type were expected")
            return parts[0], whole(parts[1])

        before = self.problems.count(Kind.MALFORMED)
        yield from (row for _, row in table(path, self.root, parse, self.problems))
        if self.problems.count(Kind.MALFORMED) > before:
            raise DataError(f"{self.problems.examples(Kind.MALFORMED)[-1]}. The names after it would be shifted.")

    def _picture(self, parts: tuple[str, ...]) -> Path | None:
        return next((path for base in _PICTURES if (path := self.tree.find(*base, *parts)) is not None), None)


class _Join:
    """The rows of the partition, to which the columns of other lists are joined by path."""

    def __init__(self, reader: DeepFashion, partition: Path) -> None:
        self._reader = reader
        #: Path, split and place of every row.
        self.rows: list[tuple[str, str, str]] = []
        self._exact: dict[str, int] = {}
        self._folded: dict[str, int | None] = {}
        for where, (path, split) in table(partition, reader.root, _partition, reader.problems):
            inside(path, where)
            if path in self._exact:
                reader.problems.add(Kind.DUPLICATE, f"{where}: {path}")
                continue
            key = path.casefold()
            # Two rows that differ in case only are two pictures, and neither may be joined ignoring case.
            self._folded[key] = None if key in self._folded else len(self.rows)
            self._exact[path] = len(self.rows)
            self.rows.append((path, split, where))
        self._name = partition.relative_to(reader.root).as_posix()
        #: Numbers of the rows that are asked for.
        self.wanted = [i for i, (_, split, _) in enumerate(self.rows) if split in reader.wanted]

    def column(self, path: Path | None, parse: Callable[[list[str]], T]) -> dict[int, T]:
        """The values of another list by row number, for the rows that are asked for."""
        if path is None:
            return {}
        problems, wanted = self._reader.problems, set(self.wanted)
        found: dict[int, T] = {}
        seen = bytearray(len(self.rows))

        def row(text: str) -> tuple[str, T]:
            published, fields = path_and_fields(text)
            return published, parse(fields)

        for where, (published, value) in table(path, self._reader.root, row, problems):
            inside(published, where)
            i = self._exact.get(published)
            by_case = i is None
            if by_case:
                i = self._folded.get(published.casefold())
            if i is None:
                problems.add(Kind.ONE_FILE, f"{where}: {published} is not in {self._name}")
                continue
            if seen[i]:
                problems.add(Kind.DUPLICATE, f"{where}: {published}")
                continue
            seen[i] = True
            if by_case:
                problems.add(Kind.IGNORING_CASE, f"{where}: {published} for {self.rows[i][0]}")
            if i in wanted:
                found[i] = value
        name = path.relative_to(self._reader.root).as_posix()
        for i in self.wanted:
            if not seen[i]:
                problems.add(Kind.ONE_FILE, f"{self.rows[i][2]}: {self.rows[i][0]} is not in {name}")
        return found


def _partition(text: str) -> tuple[str, str]:
    path, fields = path_and_fields(text)
    if len(fields) != 1 or fields[0] not in _SPLIT:
        raise ValueError(f"train, val or test was expected, not {' '.join(fields)[:40]!r}")
    return path, _SPLIT[fields[0]]


def _category(fields: list[str]) -> int:
    if len(fields) != 1:
        raise ValueError(f"one category was expected, not {len(fields)} values")
    return whole(fields[0])


def _attributes(fields: list[str], expected: int) -> tuple[int, ...]:
    if len(fields) != expected:
        raise ValueError(f"{expected:,} attributes were expected, not {len(fields):,}")
    if not set(fields) <= {"1", "-1", "0"}:
        raise ValueError("an attribute is neither 1 nor -1 nor 0")
    return tuple(i for i, value in enumerate(fields) if value == "1")


def _landmarks(fields: list[str]) -> tuple[dict[str, Landmark], str]:
    """Points by name, and the variation where the list has that column.

    The number of fields tells whether it has: three a point, after one or two others.
    """
    kind = whole(fields[0])
    names = _POINTS.get(kind)
    if names is None:
        raise ValueError(f"the type is 1, 2 or 3, not {kind}")
    before = len(fields) - 3 * len(names)
    if before not in (1, 2):
        raise ValueError(f"{len(names)} landmarks of three numbers were expected, there are {len(fields) - 1} numbers")
    values = numbers(fields[before:])
    found = {}
    for i, name in enumerate(names):
        state, x, y = values[3 * i : 3 * i + 3]
        if state not in _VISIBILITY:
            raise ValueError(f"the visibility of {name} is 0, 1 or 2, not {state:g}")
        found[name] = Landmark(x, y, _VISIBILITY[state])
    return found, fields[1] if before == 2 else ""
