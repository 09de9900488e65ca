"""A visitor's collection: the photos in a private folder of their own, the table of answers in memory.

The folder lies within the lab's temporary one under a name that nobody can guess, and is swept with it; the page never
learns a path in it. The library's ``annotate`` does the work and its table functions write the CSV.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.lab.intake import Upload, drop, take
from fashionviz import images
from fashionviz.annotate.photos import read_photo
from fashionviz.annotate.row import Annotation, printable
from fashionviz.annotate.run import AnnotationRun, annotate
from fashionviz.annotate.table import below, merged, parse_table, read_annotations, table_bytes
from fashionviz.errors import FashionvizError, InvalidRequest, StorageError
from fashionviz.images import ENDINGS, Photo
from fashionviz.results import Progress

#: Photos and bytes of a collection, and rows of its table, that the page takes.
MOST_PHOTOS = 200
MOST_BYTES = 400 * 1024 * 1024
MOST_ROWS = 20_000
#: Longest side of a thumbnail in pixels.
THUMB = 120
#: Longest name of a file in bytes; file systems take 255.
_NAME = 180

Key = tuple[str, str]


@dataclass(frozen=True)
class Receipt:
    """What became of an upload.

    Attributes:
        photos: how many were added.
        rows: how many rows an earlier CSV brought.
        refused: a sentence for each file that was left out.
    """

    photos: int
    rows: int
    refused: tuple[str, ...]


class Desk:
    """The photos and the table of one session. Its methods may be called from several threads.

    Args:
        root: the lab's temporary folder.
    """

    def __init__(self, root: Path) -> None:
        self.folder = root / secrets.token_urlsafe(16)
        self.rows: tuple[Annotation, ...] = ()
        self._photos: dict[str, tuple[str, int]] = {}  # name below the folder: SHA-256, bytes
        self._thumbs: dict[str, NDArray[np.uint8] | None] = {}
        self._lock = threading.RLock()

    @property
    def root(self) -> Path:
        """Where the photos lie."""
        return self.folder / "photos"

    @property
    def photos(self) -> tuple[str, ...]:
        """Names of the photos that are still here, in order."""
        with self._lock:
            return tuple(sorted(name for name in self._photos if (self.root / name).is_file()))

    @property
    def size(self) -> int:
        """Bytes of the photos."""
        return sum(size for _, size in self._photos.values())

    def clear(self) -> None:
        """Delete the photos and forget the table."""
        with self._lock:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.rows = ()
            self._photos.clear()
            self._thumbs.clear()

    # --- what comes in ----------------------------------------------------------------------------------------

    def receive(self, uploads: Iterable[Upload]) -> Receipt:
        """Take photos and earlier tables; the uploaded files are deleted, whatever becomes of them.

        A file that is no photo, or one too many, is left out with a sentence. A damaged photo is taken: it gets a row
        that says so.
        """
        waiting = list({u.path or u.inline: u for u in uploads}.values())
        refused: list[str] = []
        photos = rows = 0
        try:
            with self._lock:
                self._forget_swept()
                while waiting:
                    upload = waiting.pop(0)
                    try:
                        if PurePosixPath(upload.name).suffix.lower() == ".csv":
                            rows += self._add_table(upload)
                        else:
                            photos += self._add_photo(upload)
                    except FashionvizError as error:
                        name, words = printable(upload.name), str(error)
                        refused.append(words if words.startswith(name) else f"{name}: {words}")
                self._settle()
        except OSError as error:
            raise StorageError(f"The server cannot keep the photos: {error.strerror}.") from error
        finally:
            for upload in waiting:
                drop(upload)
        return Receipt(photos, rows, tuple(refused))

    def _forget_swept(self) -> None:
        """Photos that are deleted by now take no room any more."""
        here = set(self.photos)
        self._photos = {name: facts for name, facts in self._photos.items() if name in here}

    def _add_table(self, upload: Upload) -> int:
        found = parse_table(take(upload), printable(upload.name))
        both = merged([*self.rows, *found])
        if len(both) > MOST_ROWS:
            raise InvalidRequest(
                f"Together with it the table would have {len(both):,} rows; this page takes {MOST_ROWS:,}. "
                "Use fashionviz annotate on the command line for more."
            )
        self.rows = both
        return len(found)

    def _add_photo(self, upload: Upload) -> int:
        if len(self._photos) >= MOST_PHOTOS:
            drop(upload)
            raise InvalidRequest(
                f"Left out, since this page takes {MOST_PHOTOS} photos. Use fashionviz annotate on the command line "
                "for more."
            )
        data = take(upload)
        if self.size + len(data) > MOST_BYTES:
            raise InvalidRequest(
                f"Left out, since all photos together may have {MOST_BYTES // 1048576} MB. Use smaller ones, or "
                "fashionviz annotate on the command line."
            )
        name = _file_name(upload.name)
        if PurePosixPath(name).suffix.lower() not in ENDINGS:
            images.decode(data)  # says what the file is, if it is no photo
            raise InvalidRequest(f"The name of a photo ends in one of {', '.join(ENDINGS)}. Please rename it.")
        sha256 = hashlib.sha256(data).hexdigest()
        name = self._free(name, sha256)
        if name in self._photos:
            return 0  # the same photo again
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.root / name).write_bytes(data)
        self._photos[name] = (sha256, len(data))
        self._thumbs.pop(name, None)
        return 1

    def _free(self, name: str, sha256: str) -> str:
        """The name, or with a number if another photo has it already."""
        path, number = PurePosixPath(name), 2
        while name in self._photos and self._photos[name][0] != sha256:
            name = f"{path.stem} ({number}){path.suffix}"
            number += 1
        return name

    def _settle(self) -> None:
        """Give photos that the table knows by their bytes the table's name: ``men/shirt.jpg``, not ``shirt.jpg``."""
        known = {row.file for row in self.rows}
        homes: dict[str, set[str]] = {}
        for row in self.rows:
            if row.sha256:
                homes.setdefault(row.sha256, set()).add(row.file)
        for name, (sha256, size) in list(self._photos.items()):
            free = {home for home in homes.get(sha256, ()) if home not in self._photos and _harmless(home)}
            if name in known or len(free) != 1:
                continue
            home = free.pop()
            with contextlib.suppress(OSError):  # say, a folder of that name is a file here: then the photo is new
                (self.root / home).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                os.replace(self.root / name, self.root / home)
                del self._photos[name]
                self._photos[home] = (sha256, size)

    # --- the work ---------------------------------------------------------------------------------------------

    def annotate(
        self,
        engine: Any,
        models: Sequence[str],
        on_progress: Callable[[Progress], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> AnnotationRun:
        """Ask the models about the photos that the table does not answer yet; what was answered is kept on errors.

        Raises:
            InvalidRequest: no photos, or no models.
            FashionvizError: what :func:`fashionviz.annotate.run.annotate` raises, ``Cancelled`` among it.
        """
        if not self.photos:
            raise InvalidRequest("There are no photos here (they are deleted within the hour). Please add some.")
        if not models:
            raise InvalidRequest("Please choose at least one model.")
        out = self.folder / "table" / "labels.csv"
        try:
            out.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            out.write_bytes(table_bytes(self.rows))
        except OSError as error:
            raise StorageError(f"The server cannot write the table: {error.strerror}.") from error
        try:
            return annotate(self.root, out, models=models, engine=engine, on_progress=on_progress, cancel=cancel)
        finally:
            self._gather(out)

    def _gather(self, out: Path) -> None:
        """Take the rows from the file. Corrections made in the meantime stand."""
        with self._lock:
            corrected = {row.key: row.corrected for row in self.rows}
            with contextlib.suppress(FashionvizError):
                found = read_annotations(out)
                self.rows = tuple(replace(row, corrected=corrected.get(row.key, row.corrected)) for row in found)
            out.unlink(missing_ok=True)

    # --- the table --------------------------------------------------------------------------------------------

    def shown(self, percent: float) -> tuple[Annotation, ...]:
        """The rows to look at: all of them at 100, else the uncorrected answers below, the least sure first."""
        return self.rows if percent >= 100 else below(self.rows, percent / 100)

    def correct(self, engine: Any, key: Key, label: str | None) -> Annotation:
        """Write a person's class beside the model's; ``None`` takes it back.

        Raises:
            UnknownModel: the row is of a model that is not here.
            InvalidRequest: there is no such row, or the model has no such class.
        """
        classes = engine.model(key[1]).classes
        if label is not None and label not in classes:
            raise InvalidRequest(f"{key[1]} has no class {label!r}. Choose one of: {', '.join(classes)}.")
        with self._lock:
            for place, row in enumerate(self.rows):
                if row.key == key:
                    new = replace(row, corrected=label)
                    self.rows = (*self.rows[:place], new, *self.rows[place + 1 :])
                    return new
        raise InvalidRequest(f"The table has no row for {printable(key[0])} any more.")

    def csv(self) -> bytes:
        """The table as the library writes it."""
        return table_bytes(self.rows)

    def thumbnail(self, name: str) -> NDArray[np.uint8] | None:
        """A small picture ``(h, w, 3)`` of a photo, or ``None`` if it is not here or cannot be read."""
        with self._lock:
            if name not in self._thumbs:
                photo = self._small(name)
                self._thumbs[name] = np.asarray(photo.pixels) if photo else None
            return self._thumbs[name]

    def _small(self, name: str) -> Photo | None:
        if name not in self._photos:
            return None
        data = read_photo(self.root / name).data
        try:
            return images.decode(data, max_side=THUMB) if data is not None else None
        except FashionvizError:
            return None


def _file_name(name: str) -> str:
    """A visitor's file name as one that can be written here: no folder, not hidden, not too long."""
    path = PurePosixPath(name.encode("utf-8", "replace").decode().replace("\0", ""))
    stem = path.stem.lstrip(".").encode()[: _NAME - len(path.suffix.encode())].decode("utf-8", "ignore")
    return f"{stem or 'photo'}{path.suffix}"


def _harmless(name: str) -> bool:
    """Whether a path from somebody's table stays below the folder it is put in."""
    path = PurePosixPath(name)
    try:
        sizes = [len(part.encode()) for part in path.parts]
    except UnicodeEncodeError:
        return False
    return (
        path.suffix.lower() in ENDINGS
        and not path.is_absolute()
        and "\0" not in name
        and len(sizes) <= 16
        and max(sizes) <= _NAME
        and not any(part.startswith(".") for part in path.parts)
    )
