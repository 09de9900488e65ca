"""A catalogue of photos that a visitor dropped: in a folder of his session, deleted within the hour."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

from apps.short_lived import EVERY_S as EVERY_S
from apps.short_lived import OLDEST_S, begun_folder, own_folder, sweep_always, sweep_folders
from fashionviz.errors import FashionvizError
from fashionviz.match.build import BuildResult, build, open_for_build
from fashionviz.match.catalogue import Catalogue
from fashionviz.match.protocols import Embedder, WholePhoto
from fashionviz.match.sources import MemorySource
from fashionviz.results import Progress

#: How it is called in the list of catalogues, and in the address.
NAME = "your-photos"
#: Photos of one catalogue, and their bytes together, which stay in memory until they are embedded.
MAX_PHOTOS, MAX_TOTAL = 500, 400 * 2**20
_KEY = "own_catalogue"
_watching = threading.Lock()


def root() -> Path:
    """Where the sessions' folders are."""
    return own_folder("catalogues")


def begin() -> Path:
    """A new folder for this session; the one before goes."""
    drop()
    folder: Path = begun_folder(root())
    st.session_state[_KEY] = folder
    return folder


def drop() -> None:
    """Delete this session's catalogue; for callbacks."""
    folder: Path | None = st.session_state.pop(_KEY, None)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def held() -> Catalogue | None:
    """This session's catalogue; ``None`` where there is none, or its hour is over."""
    folder: Path | None = st.session_state.get(_KEY)
    if folder is None:
        return None
    try:
        return Catalogue(folder, NAME)
    except FashionvizError:
        return None


def accepted(files: Sequence[tuple[str, bytes]]) -> tuple[list[tuple[str, bytes]], list[str]]:
    """The photos that fit, and sentences about the others."""
    taken: list[tuple[str, bytes]] = []
    total = 0
    for name, data in files:
        if len(taken) < MAX_PHOTOS and total + len(data) <= MAX_TOTAL:
            taken.append((name, data))
            total += len(data)
    left = len(files) - len(taken)
    if not left:
        return taken, []
    return taken, [
        f"{left:,} photo{'s' if left > 1 else ''} left out: a catalogue on this page holds at most {MAX_PHOTOS} with "
        f"{MAX_TOTAL // 2**20} MB together. The command `fashionviz catalogue build` takes any number."
    ]


def build_work(
    folder: Path, photos: Sequence[tuple[str, bytes]], embedder: Callable[[], Embedder]
) -> Callable[[Callable[[Progress], None], threading.Event], BuildResult]:
    """What a job does to make a catalogue of dropped photos."""

    def work(on_progress: Callable[[Progress], None], cancel: threading.Event) -> BuildResult:
        source, network = MemorySource(photos, "photos of a visitor"), embedder()
        catalogue = open_for_build(folder, source, network, WholePhoto(), name=NAME)
        return build(catalogue, source, network, on_progress=on_progress, cancel=cancel)

    return work


def sweep(oldest_s: float = OLDEST_S) -> int:
    """Delete the folders that were begun longer ago; how many.

    Args:
        oldest_s: age in seconds.
    """
    return sweep_folders(root(), oldest_s)


def look_after() -> None:
    """Sweep now, and every five minutes as long as the process lives. Called again it does nothing."""
    if _watching.acquire(blocking=False):
        sweep_always(sweep, "fashionviz-catalogues-sweep")
