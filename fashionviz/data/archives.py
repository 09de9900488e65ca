"""Read a publisher's files without unpacking them onto the disk: a ZIP archive or a folder, by the same three calls."""

from __future__ import annotations

import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Protocol

from fashionviz.errors import FetchError

MAX_MEMBER = 512 << 20


class Damaged(FetchError):
    """An archive that is broken or not what its publisher made; it is of no use to a later try."""


class Source(Protocol):
    """Files by their relative POSIX names."""

    def names(self) -> list[str]:
        """Every file's name."""

    def read(self, name: str) -> bytes:
        """A file's content."""

    def close(self) -> None:
        """Let go of it."""


class ZipSource:
    """The files of a ZIP archive, without the single top folder that GitHub puts around them.

    Nothing is written to the disk, and an archive with a name that leads outside (``../``, ``/etc``, a link) is refused
    as a whole: it is not what the publisher made.

    Raises:
        Damaged: no ZIP archive, a damaged or truncated one, or one with such a name.
    """

    def __init__(self, path: Path) -> None:
        self._label = path.name
        try:
            self._zip = zipfile.ZipFile(path)
            infos = [i for i in self._zip.infolist() if not i.is_dir()]
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise Damaged(f"{path.name} is damaged or not a ZIP archive. Fetch it again.") from error
        for info in infos:
            parts = PurePosixPath(info.filename.replace("\\", "/"))
            link = stat.S_ISLNK(info.external_attr >> 16)
            if parts.is_absolute() or ".." in parts.parts or ":" in info.filename or link:
                self._zip.close()
                raise Damaged(f"{path.name} holds an unsafe entry ({info.filename!r}) and was refused.")
        tops = {i.filename.split("/", 1)[0] for i in infos}
        wrapped = len(tops) == 1 and all("/" in i.filename for i in infos)
        self._members = {i.filename.split("/", 1)[1] if wrapped else i.filename: i for i in infos}

    def names(self) -> list[str]:
        """Every file's name, in the archive's order."""
        return list(self._members)

    def read(self, name: str) -> bytes:
        """A file's content, its CRC checked.

        Raises:
            FetchError: missing, too large or damaged.
        """
        info = self._members.get(name)
        if info is None:
            raise FetchError(f"{self._label} lacks {name}: it is not the edition expected.")
        if info.file_size > MAX_MEMBER:
            raise FetchError(f"{name} in {self._label} has {info.file_size / 1e6:,.0f} MB: refused.")
        try:
            return self._zip.read(info)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as error:
            raise Damaged(f"{name} in {self._label} is damaged. Fetch it again.") from error

    def close(self) -> None:
        """Close the archive."""
        self._zip.close()


class FolderSource:
    """The files of a folder, such as an archive somebody has unpacked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> list[str]:
        """Every file's name, sorted."""
        return sorted(p.relative_to(self._folder).as_posix() for p in self._folder.rglob("*") if p.is_file())

    def read(self, name: str) -> bytes:
        """A file's content.

        Raises:
            FetchError: missing or unreadable.
        """
        try:
            return (self._folder / name).read_bytes()
        except OSError as error:
            raise FetchError(f"{self._folder} lacks {name}: it is not what was expected.") from error

    def close(self) -> None:
        """Nothing to close."""
