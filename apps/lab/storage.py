"""What Gradio keeps on disk for a visitor, and its end within the hour.

Gradio's ``delete_cache`` alone does not keep the promise: it loses sight of files that reach the page through an
updated component, and a killed server leaves everything behind. So the lab has a folder of its own and looks after it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
import weakref
from pathlib import Path

import gradio as gr

from apps.short_lived import EVERY_S, OLDEST_S, own_folder

log = logging.getLogger("fashionviz.lab")


def private_folder() -> Path:
    """The temporary folder, which other accounts cannot read; Gradio is told to use it."""
    if named := os.environ.get("GRADIO_TEMP_DIR"):
        folder = Path(named)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder
    folder = own_folder("lab")
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    return folder


#: Files that belong to the page itself, such as the thumbnails of the examples: never a visitor's.
_ours: set[str] = set()


def is_ours(path: Path) -> bool:
    """Whether a file belongs to the page rather than to a visitor."""
    return str(path) in _ours


def sweep(folder: Path, keep: set[str] | None = None, oldest_s: float = OLDEST_S) -> int:
    """Delete files older than ``oldest_s`` seconds and the folders they leave empty.

    Args:
        folder: where to look.
        keep: paths that belong to the page itself, such as the thumbnails of the examples.
        oldest_s: age in seconds.

    Returns:
        How many files were deleted.
    """
    count = 0
    for path in list(folder.rglob("*")):
        with contextlib.suppress(OSError):  # another server of ours may sweep the same folder
            if path.is_file() and str(path) not in (keep or ()) and time.time() - path.stat().st_mtime > oldest_s:
                path.unlink()
                count += 1
                for parent in path.parents:
                    if parent == folder:
                        break
                    parent.rmdir()  # ends at the first that still holds something
    return count


def _pages_files(blocks: gr.Blocks) -> set[str]:
    return {str(f) for block in blocks.blocks.values() for f in getattr(block, "keep_in_cache", ())}


def look_after(blocks: gr.Blocks, folder: Path) -> None:
    """Sweep now, and every five minutes as long as the page exists."""
    alive = weakref.ref(blocks)
    _ours.update(_pages_files(blocks))
    sweep(folder, _ours)

    def watch() -> None:
        while (page := alive()) is not None:
            _ours.update(_pages_files(page))
            del page  # not held while sleeping
            try:
                sweep(folder, _ours)
            except Exception:  # the promise to visitors must outlive any one failure
                log.exception("Old files could not be deleted")
            time.sleep(EVERY_S)

    threading.Thread(target=watch, name="fashionviz-lab-sweep", daemon=True).start()
