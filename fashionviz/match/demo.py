"""The demo catalogue in one call: for whoever has no shop photos at hand."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from fashionviz.match import sources, wiring
from fashionviz.match.build import BuildResult, build, open_for_build
from fashionviz.match.catalogue import Catalogue, own_folder
from fashionviz.match.places import FILE
from fashionviz.match.protocols import WholePhoto
from fashionviz.results import Progress

#: Its name.
DEMO = "demo"


def build_demo(
    engine: Any, on_progress: Callable[[Progress], None] | None = None, cancel: threading.Event | None = None
) -> BuildResult:
    """Articles drawn by our own generator, embedded by the best network that is here.

    Made by another network before, it is made anew.

    Args:
        engine: the shared engine.
        on_progress: called after each batch.
        cancel: set it from another thread to stop; what was embedded before stays.

    Raises:
        FashionvizError: what :func:`fashionviz.match.build.build` raises, ``Cancelled`` among it.
    """
    source, embedder = sources.DemoSource(), wiring.best_embedder(engine)
    folder = own_folder(DEMO)
    other = (folder / FILE).is_file() and Catalogue(folder).embedder != embedder.ref
    catalogue = open_for_build(folder, source, embedder, WholePhoto(), overwrite=other)
    return build(catalogue, source, embedder, on_progress=on_progress, cancel=cancel)
