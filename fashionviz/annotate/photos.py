"""Find the photos of a folder, and read one without trusting it."""

from __future__ import annotations

import hashlib
import os
import stat
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from fashionviz.errors import FashionvizError, ImageError, InvalidRequest
from fashionviz.images import ENDINGS, MAX_BYTES, too_large

#: Pictures that people take for photos but that the door does not accept: left out, and counted aloud.
OTHER_PICTURES = frozenset(
    (".heic", ".heif", ".avif", ".gif", ".bmp", ".tif", ".tiff", ".jxl", ".dng", ".cr2", ".cr3", ".nef", ".arw")
)


@dataclass(frozen=True)
class Collection:
    """The photos of a folder.

    Attributes:
        root: the folder.
        files: paths below it with ``/`` between the parts, sorted by code point: the same on every machine.
        unreadable: folders below it that could not be listed.
        left_out: endings of pictures in a format that is not accepted, with their number.
    """

    root: Path
    files: tuple[str, ...]
    unreadable: tuple[str, ...] = ()
    left_out: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class PhotoFile:
    """The bytes of a photo.

    Attributes:
        sha256: hex, of the whole file, or ``None`` if it could not be read.
        data: the whole file, or ``None`` where ``error`` says why not.
        error: why there are no bytes to decode.
    """

    sha256: str | None
    data: bytes | None
    error: FashionvizError | None = None


def find_photos(folder: Path) -> Collection:
    """Every file below a folder whose name ends as a JPEG, PNG or WebP file's does.

    Hidden files and folders are left out, and so is whatever is no regular file (a pipe would be waited for, for
    ever). A link to a photo is read; a link to a folder is not followed, so that nothing goes round in circles or out
    of the folder. ``folder`` may itself be a link, or a single file.

    Raises:
        InvalidRequest: no such folder, it cannot be listed, or there is no photo in it.
    """
    if _regular(folder):
        return Collection(folder.parent, (folder.name,))
    if not folder.is_dir():
        raise InvalidRequest(f"There is no folder {folder}.")
    files: list[str] = []
    unreadable: list[str] = []
    others: Counter[str] = Counter()
    waiting = [folder]
    while waiting:  # not recursive: folders may be nested deeper than Python's stack
        here = waiting.pop()
        try:
            with os.scandir(here) as listing:
                entries = [entry for entry in listing if not entry.name.startswith(".")]
        except OSError:
            unreadable.append(here.relative_to(folder).as_posix())
            continue
        for entry in entries:
            path, ending = here / entry.name, os.path.splitext(entry.name)[1].lower()
            if entry.is_dir(follow_symlinks=False):
                waiting.append(path)
            elif ending in ENDINGS and _regular(path):
                files.append(path.relative_to(folder).as_posix())
            elif ending in OTHER_PICTURES:
                others[ending] += 1
    if "." in unreadable:
        raise InvalidRequest(f"The folder {folder} cannot be read.")
    if not files:
        left = f", but {sum(others.values())} pictures in other formats" if others else ""
        raise InvalidRequest(f"There is no JPEG, PNG or WebP photo in {folder}{left}.")
    return Collection(folder, tuple(sorted(files)), tuple(sorted(unreadable)), tuple(sorted(others.items())))


def _regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except PermissionError:
        return True  # reading it will say so, in its own row
    except (OSError, ValueError):
        return False  # a broken link, or one that leads to itself


def read_photo(path: Path) -> PhotoFile:
    """Read and hash a file; one that is too large is hashed piece by piece and never held in memory.

    Never raises: what is wrong with a photo stands in its row.
    """
    try:
        with path.open("rb") as handle:
            data = handle.read(MAX_BYTES + 1)
            digest = hashlib.sha256(data)
            if len(data) <= MAX_BYTES:
                return PhotoFile(digest.hexdigest(), data)
            size = len(data)
            while piece := handle.read(1 << 20):
                digest.update(piece)
                size += len(piece)
    except OSError as error:
        return PhotoFile(None, None, ImageError(f"The file cannot be read: {error.strerror}."))
    return PhotoFile(digest.hexdigest(), None, too_large(size))


def photo_of(data: bytes) -> PhotoFile:
    """What :func:`read_photo` makes of a file with these bytes, for photos that lie in memory."""
    digest = hashlib.sha256(data).hexdigest()
    if len(data) > MAX_BYTES:
        return PhotoFile(digest, None, too_large(len(data)))
    return PhotoFile(digest, data)
