"""The one place where watching meets the engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fashionviz.match.catalogue import Catalogue
from fashionviz.match.errors import NoDetector
from fashionviz.match.wiring import EngineDetector, categoriser_for, embedder_for
from fashionviz.results import ModelRef
from fashionviz.video.results import Watched
from fashionviz.video.track import UNSURE
from fashionviz.video.watch import watch_video


def watch(
    engine: Any, source: Path | bytes, catalogue: Catalogue, *, model: str | None = None, **choices: Any
) -> Watched:
    """:func:`fashionviz.video.watch.watch_video` with the engine's networks.

    Args:
        engine: the shared engine.
        source: a file, or its bytes.
        catalogue: to search in; it says which network embeds.
        model: the detector; the default one if ``None``.
        choices: further arguments of :func:`watch_video`.

    Raises:
        NoDetector: no detector is trained.
        ModelNotTrained, WeightsError: a network cannot answer.
        And what :func:`watch_video` raises.
    """
    detector = EngineDetector(engine, model, min_score=UNSURE)
    ref = detector_ref(engine, model)
    return watch_video(
        source, catalogue, embedder_for(engine, catalogue.embedder.name), detector, ref,
        categoriser=categoriser_for(engine), **choices,
    )  # fmt: skip


def detector_ref(engine: Any, model: str | None = None) -> ModelRef:
    """Name and weights of the detector that is asked.

    Raises:
        NoDetector: none is trained.
    """
    from fashionviz.inference.detect import detector

    info = engine.model(model or detector())
    if info.sha256 is None:
        raise NoDetector(f"{info.name} has no weights, so no items are found in a video.")
    return ModelRef(info.name, str(info.sha256))


def sample_video() -> Path | None:
    """The public video of people who walk in one by one, where its data set is on this machine (CC BY 4.0, Intel)."""
    from fashionviz.data.publishers import VIDEO
    from fashionviz.data.sets import data_root

    path = data_root() / "video" / VIDEO
    return path if path.is_file() else None
