"""iMaterialist Fashion 2018 (Guo et al. 2019): two JSON files, 228 labels in 8 tasks, pictures that often are gone."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from fashionviz.data.formats.files import objects, pictures_by_number, read_json, whole
from fashionviz.data.formats.problems import Kind
from fashionviz.data.formats.reader import AnnotationReader
from fashionviz.data.formats.rows import Row
from fashionviz.data.sets import data_root
from fashionviz.errors import DataError

LABELS = "iMat_fashion_2018_label_map_228.csv"
_FILES = {"train": ("train.json",), "validation": ("validation.json", "val.json")}
#: The first publication wrote ``imageId``, a later one ``image_id``.
_IMAGE, _LABEL = ("imageId", "image_id"), ("labelId", "label_id")


class IMaterialist(AnnotationReader):
    """``train.json`` and ``validation.json`` (or ``val.json``), pictures in a folder a split as ``<imageId>.jpg``.

    Both splits count their pictures from 1, so that each needs its own folder: ``train/``, ``images/train/`` or
    ``train_images/``. If there is only one of the JSON files, ``images/`` will do.

    The names of the labels come from the publisher's ``iMat_fashion_2018_label_map_228.csv``, beside the JSON files or
    in ``vocab/`` of the data folder. All labels of a row are its ``attributes``; its ``category`` is the one of the
    task "category", ``None`` where there are several. ``extra`` holds the picture's ``url``.

    A JSON file is read as a whole: the million rows of the training split take some 2 GB of memory.
    """

    NAME: ClassVar[str] = "imaterialist"
    TITLE: ClassVar[str] = "iMaterialist Fashion 2018"
    SPLITS: ClassVar[tuple[str, ...]] = ("train", "validation")

    def _rows(self) -> Iterator[Row]:
        labels = self._labels()
        files = {split: self._file(split) for split in self.SPLITS}
        if not any(files[split] for split in self.wanted):
            self.tree.need(*(name for split in self.wanted for name in _FILES[split]))
        alone = sum(path is not None for path in files.values()) == 1
        for split in self.wanted:
            path = files[split]
            if path is None:
                self.problems.add(Kind.NO_FILE, _FILES[split][0])
                continue
            yield from self._split(split, path, labels, pictures_by_number([self._folder(split, alone)]))

    def _file(self, split: str) -> Path | None:
        return next((p for name in _FILES[split] if (p := self.tree.find(name)) is not None), None)

    def _folder(self, split: str, alone: bool) -> Path:
        names = [split, *(["val"] if split == "validation" else [])]
        choices = [c for n in names for c in (n, f"images/{n}", f"{n}_images")] + (["images"] if alone else [])
        for choice in choices:
            if (path := self.tree.find(*choice.split("/"))) is not None and path.is_dir():
                return path
        raise DataError(f"{self.root} has no folder with the pictures of {split}: {', '.join(choices)}.")

    def _labels(self) -> dict[int, tuple[str, str]]:
        """Name and task of each label."""
        path = self.tree.find(LABELS) or data_root() / "vocab" / LABELS
        if not path.is_file():
            raise DataError(f"The names of the labels are missing: put the publisher's {LABELS} into {self.root}.")
        found: dict[int, tuple[str, str]] = {}
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as handle:
            reader = csv.DictReader(handle)  # a name holds commas
            if not {"labelId", "labelName", "taskName"} <= set(reader.fieldnames or ()):
                raise DataError(f"{LABELS}, line 1: the columns labelId, labelName and taskName were expected.")
            for row in reader:
                try:
                    found[whole(row["labelId"])] = (row["labelName"].strip(), row["taskName"].strip())
                except (ValueError, AttributeError) as error:
                    raise DataError(
                        f"{LABELS}, line {reader.line_num}: a label with name and task expected."
                    ) from error
        return found

    def _split(
        self, split: str, path: Path, labels: dict[int, tuple[str, str]], pictures: dict[int, Path]
    ) -> Iterator[Row]:
        name = path.relative_to(self.root).as_posix()
        document = read_json(path, self.root)
        if not isinstance(document, dict) or not {"images", "annotations"} <= set(document):
            raise DataError(f"{name}: an object with images and annotations was expected.")
        urls: dict[int, str] = {}
        for place, image in enumerate(objects(document.pop("images"), f"{name}, images"), start=1):
            try:
                number = whole(_value(image, _IMAGE))
                urls[number] = _url(image)
            except ValueError as error:
                self.problems.add(Kind.MALFORMED, f"{name}, image {place}: {error}")
        annotations = objects(document.pop("annotations"), f"{name}, annotations")
        self.total += len(annotations)
        seen: set[int] = set()
        reason = ""
        for place, annotation in enumerate(annotations, start=1):
            where = f"{name}, annotation {place}"
            try:
                number = whole(_value(annotation, _IMAGE))
                given = _value(annotation, _LABEL)
                if not isinstance(given, list):
                    raise ValueError("its labels are no list")
            except ValueError as error:
                reason = reason or f"{where}: {error}"
                self.problems.add(Kind.MALFORMED, f"{where}: {error}")
                continue
            if number in seen:
                self.problems.add(Kind.DUPLICATE, f"{where}: image {number}")
                continue
            seen.add(number)
            if number not in urls:
                self.problems.add(Kind.ONE_FILE, f"{where}: image {number} is not among the images")
            if number not in pictures:
                self.problems.add(Kind.NO_PICTURE, f"{where}: image {number}")
                continue
            named = [label for value in given if (label := self._label(value, labels, where)) is not None]
            categories = [label for label, task in named if task == "category"]
            yield Row(
                image=pictures[number],
                id=f"{split}/{number}",
                split=split,
                category=categories[0] if len(categories) == 1 else None,
                attributes=tuple(dict.fromkeys(label for label, _ in named)),
                extra={"url": urls[number]} if urls.get(number) else {},
            )
        for number in urls:
            if number not in seen:
                self.problems.add(Kind.ONE_FILE, f"{name}: image {number} has no annotation")
        if reason and not seen:
            raise DataError(f"{reason}. No annotation could be read.")

    def _label(self, value: Any, labels: dict[int, tuple[str, str]], where: str) -> tuple[str, str] | None:
        try:
            return labels[whole(value)]
        except (ValueError, KeyError):
            self.problems.add(Kind.UNKNOWN_LABEL, f"{where}: label {str(value)[:40]}")
            return None


def _value(row: Any, names: tuple[str, ...]) -> Any:
    if not isinstance(row, dict):
        raise ValueError("an object was expected")
    for name in names:
        if name in row:
            return row[name]
    raise ValueError(f"{names[0]} is missing")


def _url(image: dict[str, Any]) -> str:
    """A text, or a list with one."""
    url = image.get("url", "")
    url = url[0] if isinstance(url, list) and url else url
    return url if isinstance(url, str) else ""
