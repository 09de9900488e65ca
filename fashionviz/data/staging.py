"""Where a data set is made before it gets its name, so that a broken-off run leaves nothing half done."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def staging_folder(root: Path, name: str) -> Iterator[Path]:
    """A new folder in ``root`` that vanishes with all in it, unless it has been moved to its final place.

    Raises:
        OSError: it cannot be made.
    """
    folder = root / f".{name}.{os.getpid()}.new"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
