"""The desk of the Annotate page: this visitor's photos and what is said of them, in memory alone.

One :class:`Desk` lies in a session and goes with it. Nothing of it is written to disk or shared with other sessions.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import threading
import weakref
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from PIL import Image

from fashionviz import images
from fashionviz.annotate.photos import photo_of
from fashionviz.annotate.row import Annotation
from fashionviz.annotate.run import annotate_photos, holds
from fashionviz.annotate.table import below, merged, parse_table, table_bytes
from fashionviz.errors import FashionvizError
from fashionviz.inference.engine import Engine
from fashionviz.results import ModelInfo, Progress

#: Photos on one desk: a page cannot show more in a table, and the command line has no limit.
MAX_PHOTOS = 200
#: Their bytes together, which stay in the server's memory.
MAX_TOTAL = 400 * 1024 * 1024
#: Longest side of a thumbnail in pixels.
THUMB = 160

Key = tuple[str, str]


@dataclass(frozen=True)
class Upload:
    """A photo as it came.

    Attributes:
        file: under which it stands in the table; no two photos have the same.
        name: which the visitor gave it.
        sha256: hex, of its bytes.
        data: the whole file.
    """

    file: str
    name: str
    sha256: str
    data: bytes = field(repr=False)


def upload(name: str, data: bytes) -> Upload:
    """A photo under its own name."""
    name = name or "photo"
    return Upload(name, name, hashlib.sha256(data).hexdigest(), data)


def names_for(photos: Sequence[Upload], rows: Iterable[Annotation], taken: Collection[str] = ()) -> list[str]:
    """Under which name each photo stands in the table.

    A photo whose bytes a row knows takes that row's name, wherever the photo lies now: an earlier table may come from
    a folder of folders, and of two photos called IMG_1.jpg each must find its own correction again. The others keep
    their names; one that another photo has already gets a number.

    Args:
        photos: in the order in which they came.
        rows: of an earlier table.
        taken: names that are given away.
    """
    known: dict[str, dict[str, None]] = {}
    for row in rows:
        if row.sha256 is not None:
            known.setdefault(row.sha256, {})[row.file] = None
    used, names = set(taken), [""] * len(photos)

    def strangeness(file: str, photo: Upload) -> tuple[bool, bool, str]:
        return file != photo.file, PurePosixPath(file).name != photo.name, file

    for i, photo in enumerate(photos):
        same = [file for file in known.get(photo.sha256, ()) if file not in used]
        if same:
            names[i] = min(same, key=lambda file: strangeness(file, photo))
            used.add(names[i])
    for i, photo in enumerate(photos):
        if not names[i]:
            names[i] = _free(photo.file, used)
            used.add(names[i])
    return names


def _free(name: str, used: Collection[str]) -> str:
    (stem, ending), number, free = os.path.splitext(name), 1, name
    while free in used:
        number += 1
        free = f"{stem} ({number}){ending}"
    return free


@dataclass(frozen=True)
class Sheet:
    """What the table shows: its rows stay where they are while a person corrects them.

    Attributes:
        key: of the editor.
        about: model, threshold and version of the desk; another one needs another sheet.
        rows: as they were when it was laid out.
    """

    key: str
    about: tuple[str, int, int]
    rows: tuple[Annotation, ...]


class Desk:
    """Photos, the rows that answer them, and rows of an earlier table that are about other photos.

    Attributes:
        photos: by their name in the table, in the order in which they came.
        rows: by photo and model; a correction is part of its row.
        remarks: what became of the last files, in sentences.
        changed: corrected photos whose bytes are others now.
        version: another number whenever photos or answers change, not with a correction.
    """

    def __init__(self) -> None:
        self.photos: dict[str, Upload] = {}
        self.rows: dict[Key, Annotation] = {}
        self.remarks: tuple[str, ...] = ()
        self.changed: set[str] = set()
        self.version = 0
        self._thumbnails: dict[str, str | None] = {}
        self._lock = threading.Lock()  # answers come from a thread, corrections from the page

    def take(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Bring in photos and tables (by their ending) in any order; :attr:`remarks` says what was left out.

        Args:
            files: names and bytes.
        """
        self.version += 1
        remarks: list[str] = []
        for name, data in files:
            if name.lower().endswith(".csv"):
                remarks += self._take_table(name, data)
        remarks += self._take_photos([(n, d) for n, d in files if not n.lower().endswith(".csv")])
        self.remarks = tuple(remarks)

    def _take_table(self, name: str, data: bytes) -> list[str]:
        try:
            table = parse_table(data, name)
        except FashionvizError as error:
            return [str(error)]
        here = list(self.photos.values())
        names = names_for(here, table)
        renamed = {photo.file: new for photo, new in zip(here, names, strict=True)}
        self.photos = {new: replace(photo, file=new) for photo, new in zip(here, names, strict=True)}
        own = [replace(row, file=renamed.get(row.file, row.file)) for row in self.rows.values()]
        self._merge([*table, *own])
        return [f"{counted(len(table), 'row')} of {name} {'was' if len(table) == 1 else 'were'} read."]

    def _take_photos(self, files: Sequence[tuple[str, bytes]]) -> list[str]:
        here = {(photo.name, photo.sha256) for photo in self.photos.values()}
        total = sum(len(photo.data) for photo in self.photos.values())
        fresh: list[Upload] = []
        again = many = heavy = 0
        for name, data in files:
            photo = upload(name, data)
            if (photo.name, photo.sha256) in here:
                again += 1
            elif len(self.photos) + len(fresh) >= MAX_PHOTOS:
                many += 1
            elif total + len(data) > MAX_TOTAL:
                heavy += 1
            else:
                here.add((photo.name, photo.sha256))
                total += len(data)
                fresh.append(photo)
        names = names_for(fresh, self.rows.values(), set(self.photos))
        self.photos |= {new: replace(photo, file=new) for photo, new in zip(fresh, names, strict=True)}
        remarks = []
        if again:
            remarks.append(f"{counted(again, 'photo')} {'was' if again == 1 else 'were'} here already.")
        if many:
            remarks.append(
                f"{counted(many, 'photo')} left out: at most {MAX_PHOTOS} fit on this page at a time. "
                "The command `fashionviz annotate` takes any number."
            )
        if heavy:
            remarks.append(
                f"{counted(heavy, 'photo')} left out: together the photos of this page may have at most "
                f"{MAX_TOTAL // 1048576} MB. The command `fashionviz annotate` takes any number."
            )
        return remarks

    def _merge(self, rows: Iterable[Annotation]) -> None:
        with self._lock:
            self.rows = {row.key: row for row in merged(rows)}

    def add(self, row: Annotation) -> None:
        """A new answer; a person's correction stays."""
        with self._lock:
            old = self.rows.get(row.key)
            if old is not None and old.corrected is not None:
                if old.sha256 != row.sha256:
                    self.changed.add(row.file)
                row = replace(row, corrected=old.corrected)
            self.rows[row.key] = row
            self.version += 1

    def correct(self, key: Key, label: str | None) -> None:
        """A person's class beside the model's; ``None`` takes it back."""
        with self._lock:
            if key in self.rows:
                self.rows[key] = replace(self.rows[key], corrected=label or None)

    def asked(self, model: str) -> tuple[Annotation, ...]:
        """The rows of the photos that are here, for one model, by name."""
        with self._lock:
            found = [row for key, row in self.rows.items() if key[1] == model and key[0] in self.photos]
        return tuple(sorted(found, key=lambda row: row.key))

    def elsewhere(self) -> int:
        """How many rows are about photos that are not here; they stay in the table."""
        with self._lock:
            return sum(key[0] not in self.photos for key in self.rows)

    def waiting(self, models: Sequence[ModelInfo]) -> tuple[int, int]:
        """Answers that are still to be asked, and answers that failed and may be asked again."""
        new = failed = 0
        for photo in self.photos.values():
            for info in models:
                row = self.rows.get((photo.file, info.name))
                if holds(row, photo.sha256, info.sha256):
                    continue
                if row is not None and row.error is not None and row.sha256 == photo.sha256:
                    failed += 1
                else:
                    new += 1
        return new, failed

    def csv(self) -> bytes:
        """The table as the library writes it."""
        with self._lock:
            return table_bytes(merged(self.rows.values()))

    def thumbnail(self, file: str) -> str | None:
        """A small picture of a photo as a data address, made once; ``None`` if it cannot be decoded."""
        photo = self.photos[file]
        if photo.sha256 not in self._thumbnails:
            self._thumbnails[photo.sha256] = thumbnail(photo.data)
        return self._thumbnails[photo.sha256]


def counted(number: int, noun: str) -> str:
    """A number with its noun: 1 photo, 2 photos."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def thumbnail(data: bytes) -> str | None:
    """A small JPEG of a photo's pixels as a ``data:`` address, or ``None`` if it is no photo."""
    try:
        pixels = images.decode(data, max_side=THUMB).pixels
    except FashionvizError:
        return None
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=82)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode("ascii")


def listed(rows: Sequence[Annotation], percent: int) -> tuple[Annotation, ...]:
    """The rows to look at: those without an answer first, then the least sure.

    Args:
        rows: of one model.
        percent: show answers less probable than this that nobody has corrected; 100 shows every row.
    """
    failed = [row for row in rows if row.error is not None and (percent >= 100 or not row.corrected)]
    if percent < 100:
        return (*failed, *below(rows, percent / 100))
    answered = [row for row in rows if row.error is None]
    return (*failed, *sorted(answered, key=lambda row: (row.probability or 0.0, row.key)))


def annotation_work(
    desk: Desk, models: Sequence[str], engine: Engine
) -> Callable[[Callable[[Progress], None], threading.Event], bool]:
    """What a job does to annotate a desk's photos: rows come to the desk as they are answered.

    The job holds the photos but not the desk: when the visitor's session ends, the desk goes, and the job stops at its
    next answer and lets go of the photos too.
    """
    photos = {file: photo.data for file, photo in desk.photos.items()}
    known = tuple(desk.rows.values())
    there = weakref.ref(desk)
    del desk

    def work(on_progress: Callable[[Progress], None], cancel: threading.Event) -> bool:
        def add(row: Annotation) -> None:
            owner = there()
            if owner is None:
                cancel.set()
            else:
                owner.add(row)

        annotate_photos(
            tuple(photos),
            lambda file: photo_of(photos[file]),
            models=models,
            known=known,
            engine=engine,
            on_row=add,
            on_progress=on_progress,
            cancel=cancel,
        )
        return True

    return work
