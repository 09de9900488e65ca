"""One writer at a time: a lock that the kernel lets go of when its holder dies, however it dies."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from fashionviz.errors import StorageError
from fashionviz.match.errors import CatalogueBusy

_LOOK_S = 0.05


@contextmanager
def writing_alone(path: Path, name: str, wait_s: float = 0.0) -> Iterator[None]:
    """Hold the catalogue's lock file, which says who holds it.

    Args:
        path: the lock file; it stays.
        name: the catalogue's, for the sentence.
        wait_s: how long to wait for another writer.

    Raises:
        CatalogueBusy: another one is still at work.
        StorageError: the file cannot be made.
    """
    try:
        import fcntl
    except ImportError:  # Windows: there SQLite's own lock alone keeps two writers apart
        yield
        return
    deadline = time.monotonic() + wait_s
    try:
        handle = path.open("a+")
    except OSError as error:
        raise StorageError(f"The catalogue {name} cannot be written: {error.strerror}.") from error
    with handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise CatalogueBusy(
                        f"The catalogue {name} is being written by {_holder(path)}. One program writes at a time: "
                        "wait until it is done, or stop it. Searching goes on meanwhile."
                    ) from None
                time.sleep(_LOOK_S)
        handle.seek(0)
        handle.truncate()
        handle.write(json.dumps({"process": os.getpid(), "since": datetime.now().strftime("%H:%M:%S")}))
        handle.flush()
        yield  # closing the file lets go of the lock


def _holder(path: Path) -> str:
    try:
        facts = json.loads(path.read_text())
        return f"another program (process {int(facts['process'])}, since {facts['since']!s:.8})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another program"
