"""Files of visitors: a folder that other accounts cannot read, and their end."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import shutil
import stat
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger("fashionviz.server")

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


def begun_folder(root: Path) -> Path:
    """A new folder of one visitor, which nobody can guess. Its name says when it was begun, so that whoever finds it
    knows when it must go, also after the server was killed.

    Args:
        root: of :func:`own_folder`.
    """
    folder = root / f"{int(time.time())}-{secrets.token_hex(8)}"
    folder.mkdir(mode=0o700)
    return folder


def sweep_folders(root: Path, oldest_s: float = OLDEST_S) -> int:
    """Delete the folders of :func:`begun_folder` that were begun longer ago; how many.

    Args:
        root: where they are.
        oldest_s: age in seconds.
    """
    count = 0
    for folder in root.iterdir():
        begun = folder.name.partition("-")[0]
        if begun.isdecimal() and time.time() - int(begun) > oldest_s:
            with contextlib.suppress(OSError):  # another server of ours may sweep the same folder
                shutil.rmtree(folder)
                count += 1
    return count


def sweep_always(sweep: Callable[[], object], name: str) -> None:
    """Sweep now, and every five minutes as long as the process lives.

    Args:
        sweep: deletes what is too old.
        name: of the thread.
    """
    sweep()

    def watch() -> None:
        while True:
            time.sleep(EVERY_S)
            try:
                sweep()
            except Exception:  # the promise to visitors must outlive any one failure
                log.exception("Old files of visitors could not be deleted")

    threading.Thread(target=watch, name=name, daemon=True).start()
