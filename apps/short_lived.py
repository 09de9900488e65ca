"""Files of visitors: a folder that other accounts cannot read, and their end."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

#: Age in seconds at which what a visitor left is deleted, and seconds between two looks: within the hour.
OLDEST_S = 3000
EVERY_S = 300


def own_folder(kind: str) -> Path:
    """A folder for what visitors bring, in the system's temporary folder.

    Args:
        kind: what for, part of its name.
    """
    uid = os.getuid() if hasattr(os, "getuid") else None
    folder = Path(tempfile.gettempdir()) / f"fashionviz-{kind}-{'user' if uid is None else uid}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    facts = folder.lstat()
    if uid is not None and (facts.st_uid != uid or stat.S_IMODE(facts.st_mode) != 0o700 or folder.is_symlink()):
        folder = Path(tempfile.mkdtemp(prefix=f"fashionviz-{kind}-"))  # somebody else made the one with our name
    return folder
