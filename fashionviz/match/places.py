"""Where catalogues are: a folder each, the user's own before those that came with the package."""

from __future__ import annotations

import os
import re
from pathlib import Path

from fashionviz.errors import InvalidRequest

#: The file that makes a folder a catalogue.
FILE = "catalogue.sqlite"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def catalogues_root() -> Path:
    """The user's catalogues: ``FASHIONVIZ_CATALOGUES``, else ``fashionviz/catalogues`` in the user's data folder."""
    if named := os.environ.get("FASHIONVIZ_CATALOGUES"):
        return Path(named).expanduser()
    return Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser() / "fashionviz" / "catalogues"


def shipped_root() -> Path:
    """Catalogues that came with the package: ``catalogues/`` of the checkout. They are read, never written."""
    return Path(__file__).resolve().parents[2] / "catalogues"


def checked_name(name: str) -> str:
    """A catalogue's name. It becomes a folder's, and may come from anybody's address.

    Raises:
        InvalidRequest: it holds other characters than small letters, digits, hyphens and underscores.
    """
    if not _NAME.fullmatch(name):
        raise InvalidRequest(
            f"{name[:80]!r} is no name of a catalogue: use small letters, digits, - and _, at most 64, as in demo."
        )
    return name


def find_folder(name: str) -> Path | None:
    """The folder of a catalogue, the user's own before a shipped one; ``None`` where there is none."""
    checked_name(name)
    for root in (catalogues_root(), shipped_root()):
        if (root / name / FILE).is_file():
            return root / name
    return None


def is_shipped(folder: Path) -> bool:
    """Whether a catalogue came with the package."""
    return folder.parent == shipped_root()


def catalogue_names() -> tuple[str, ...]:
    """All catalogues, by name."""
    found = {
        path.parent.name
        for root in (catalogues_root(), shipped_root())
        if root.is_dir()
        for path in root.glob(f"*/{FILE}")
        if _NAME.fullmatch(path.parent.name)
    }
    return tuple(sorted(found))
