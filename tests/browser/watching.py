"""The suite with a detector of squares and a catalogue of two colours: what a clip shows is known by hand."""

from __future__ import annotations

import os
from pathlib import Path

from tests.video_results import DETECTOR, Squares, clip, colours


def serve() -> None:
    """Build the catalogue, then serve the suite at a free port; the environment says where catalogues are."""
    from apps import server, videos
    from fashionviz.match import places
    from fashionviz.video import wiring
    from tests.match.fakes import Colours

    catalogues = Path(os.environ["FASHIONVIZ_CATALOGUES"])
    places.shipped_root = lambda: Path("/nowhere/catalogues")  # the one that ships would be chosen first
    colours(catalogues)
    sample = clip(catalogues.parent / "sample.mp4", seconds=2)
    videos.trained_detectors = lambda: (DETECTOR.name,)  # type: ignore[assignment]
    wiring.EngineDetector = Squares  # type: ignore[assignment,misc]
    wiring.detector_ref = lambda engine, model=None: DETECTOR  # type: ignore[assignment]
    wiring.embedder_for = lambda engine, name=None: Colours()  # type: ignore[assignment]
    wiring.categoriser_for = lambda engine: None  # type: ignore[assignment]
    wiring.sample_video = lambda: sample  # type: ignore[assignment]
    server.serve(port=0)
