"""DeepFashion2 (Ge et al. 2019): a JSON file a picture, with any number of garments."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from fashionviz.data.formats.files import box_of, listed, numbers, pictures_by_number, read_json, whole
from fashionviz.data.formats.problems import Kind
from fashionviz.data.formats.reader import AnnotationReader
from fashionviz.data.formats.rows import Landmark, Row, Visibility
from fashionviz.errors import DataError
from fashionviz.results import Box

#: The 13 categories by number, with how many landmarks each has (294 in all).
CATEGORIES: dict[int, tuple[str, int]] = {
    1: ("short sleeve top", 25),
    2: ("long sleeve top", 33),
    3: ("short sleeve outwear", 31),
    4: ("long sleeve outwear", 39),
    5: ("vest", 15),
    6: ("sling", 15),
    7: ("shorts", 10),
    8: ("trousers", 14),
    9: ("skirt", 8),
    10: ("short sleeve dress", 29),
    11: ("long sleeve dress", 37),
    12: ("vest dress", 19),
    13: ("sling dress", 19),
}
_VISIBILITY: dict[float, Visibility] = {1.0: "occluded", 2.0: "visible"}
_EXTRA = ("scale", "occlusion", "zoom_in", "viewpoint", "style")


class DeepFashion2(AnnotationReader):
    """``SPLIT/annos/NNNNNN.json`` with ``item1`` to ``itemN``, and ``SPLIT/image/NNNNNN.jpg``.

    A row is a garment, so that a picture with three garments has three rows. Its ``product`` is ``pair_id-style`` where
    the style is above 0: garments with the same product, one of a shop and one of a customer, are a pair. ``extra``
    holds the publisher's ``source`` (user or shop), ``pair_id``, ``style``, ``scale``, ``occlusion``, ``zoom_in`` and
    ``viewpoint`` (numbers as text).

    Landmarks are named by their number in the publisher's figure, ``"1"`` onwards; each category has its own. Those
    that are not labelled (visibility 0) are left out.
    """

    NAME: ClassVar[str] = "deepfashion2"
    TITLE: ClassVar[str] = "DeepFashion2"
    SPLITS: ClassVar[tuple[str, ...]] = ("train", "validation")

    def _rows(self) -> Iterator[Row]:
        places = [(split, self.tree.find(split, "annos")) for split in self.wanted]
        if not any(place for _, place in places):
            raise DataError(f"{self.root} lacks {' and '.join(f'{split}/annos' for split in self.wanted)}.")
        for split, place in places:
            if place is None:
                self.problems.add(Kind.NO_FILE, f"{split}/annos")
                continue
            yield from self._split(split, place)

    def _split(self, split: str, annos: Path) -> Iterator[Row]:
        pictures = pictures_by_number([self.tree.need(f"{split}/image")])
        files = [p for p in listed(annos) if p.suffix.lower() == ".json" and not p.name.startswith(".")]
        self.total += len(files)
        read, reason = 0, ""
        for path in files:
            name = path.relative_to(self.root).as_posix()
            try:
                number = whole(path.stem)
            except ValueError:
                self.problems.add(Kind.MALFORMED, f"{name}: the name is no number")
                continue
            image = pictures.pop(number, None)
            if image is None:
                self.problems.add(Kind.NO_PICTURE, name)
                continue
            try:
                document = read_json(path, self.root)
                if not isinstance(document, dict):
                    raise DataError(f"{name}: an object was expected.")
            except DataError as error:  # one file of 190,000
                reason = reason or str(error)
                self.problems.add(Kind.MALFORMED, str(error).rstrip("."))
                continue
            read += 1
            for key, item in document.items():
                if key.startswith("item"):
                    if isinstance(item, dict):
                        yield self._row(image, split, f"{path.stem}-{key.removeprefix('item')}", name, document, item)
                    else:
                        self.problems.add(Kind.MALFORMED, f"{name}: {key} is no object")
        if reason and not read:
            raise DataError(f"{reason} No annotation of {split} could be read.")
        for image in pictures.values():
            self.problems.add(Kind.ONE_FILE, f"{image.relative_to(self.root).as_posix()} has no annotation")

    def _row(
        self, image: Path, split: str, identifier: str, name: str, document: dict[str, Any], item: dict[str, Any]
    ) -> Row:
        where = f"{name}, item{identifier.rsplit('-', 1)[1]}"
        number = item.get("category_id")
        category, points = CATEGORIES.get(number, (None, 0)) if isinstance(number, int) else (None, 0)
        if category is None or item.get("category_name", category) != category:
            self.problems.add(Kind.UNKNOWN_LABEL, f"{where}: {number!r} {item.get('category_name')!r}"[:120])
            category, points = None, 0
        extra = {key: str(item[key]) for key in _EXTRA if type(item.get(key)) is int}
        extra |= {key: str(document[key]) for key in ("source", "pair_id") if isinstance(document.get(key), str | int)}
        paired = "pair_id" in extra and int(extra.get("style", "0")) > 0
        return Row(
            image=image,
            id=f"{split}/{identifier}",
            split=split,
            category=category,
            box=self._box(item.get("bounding_box"), where),
            landmarks=self._landmarks(item.get("landmarks"), points, where),
            polygons=tuple(self._polygons(item.get("segmentation"), where)),
            product=f"{extra['pair_id']}-{extra['style']}" if paired else None,
            extra=extra,
        )

    def _box(self, values: Any, where: str) -> Box | None:
        try:
            return box_of(values)
        except ValueError as error:
            self.problems.add(Kind.BAD_BOX, f"{where}: {error}")
            return None

    def _landmarks(self, values: Any, points: int, where: str) -> dict[str, Landmark]:
        if not values or not points:  # not labelled, or of no known category
            return {}
        found = {}
        try:
            flat = numbers(values)
            if len(flat) != 3 * points:
                raise ValueError(f"{points} landmarks of three numbers were expected, there are {len(flat)} numbers")
            for i in range(points):
                x, y, state = flat[3 * i : 3 * i + 3]
                if state not in (0, 1, 2):
                    raise ValueError(f"the visibility of landmark {i + 1} is 0, 1 or 2, not {state:g}")
                if state in _VISIBILITY:
                    found[str(i + 1)] = Landmark(x, y, _VISIBILITY[state])
        except ValueError as error:
            self.problems.add(Kind.BAD_LANDMARKS, f"{where}: {error}")
            return {}
        return found

    def _polygons(self, values: Any, where: str) -> Iterator[tuple[float, ...]]:
        for outline in values if isinstance(values, list) else ():
            try:
                flat = numbers(outline)
                if len(flat) < 6 or len(flat) % 2:
                    raise ValueError(f"an outline has pairs of numbers, at least three, not {len(flat)} numbers")
            except ValueError as error:
                self.problems.add(Kind.BAD_POLYGON, f"{where}: {error}")
                continue
            yield flat
