"""A watched video as it may come out, made up, and short clips to watch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fashionviz.images import Photo, encode_png
from fashionviz.match.build import build
from fashionviz.match.catalogue import create_catalogue, facts_for
from fashionviz.match.protocols import Found
from fashionviz.match.results import CatalogueItem, Match
from fashionviz.match.sources import MemorySource
from fashionviz.results import ModelRef
from fashionviz.video.results import Sighting, Spot, StageTime, VideoInfo, Watched
from fashionviz.video.write import writing
from tests.match.fakes import DIM, Colours

DETECTOR = ModelRef("boxes.garment13", "d" * 64)
RED = Match(CatalogueItem("red", "tops", "<i>Red shirt</i>", {"price": 5}), 0.912, 0.8)


def sighting(number: int, **changes: Any) -> Sighting:
    """An item that was seen in three frames."""
    plain = Sighting(
        id=number,
        wearer=1,
        label="top",
        label_share=0.75,
        categories=(("tops", 0.9), ("outerwear", 0.1)),
        first_s=0.5,
        last_s=2.5,
        spots=tuple(Spot(5 + 10 * i, 0.5 + i, (10, 10, 40, 60), 0.9) for i in range(3)),
        views=3,
        matches=(RED,),
        picture=np.full((50, 30, 3), (200, 30, 30), np.uint8),
    )
    return replace(plain, **changes)


def watched(**changes: Any) -> Watched:
    """Two people with three items in five seconds of ten frames each."""
    plain = Watched(
        info=VideoInfo("walk.mp4", 160, 120, 10.0, 50, 5.0, "h264"),
        catalogue="colours",
        detector=DETECTOR,
        embedder=ModelRef("colours.item", "a" * 64),
        calibrated=True,
        frames=50,
        seconds=5.0,
        every=3,
        sightings=(
            sighting(1),
            sighting(2, wearer=2, first_s=3.0, last_s=4.0, matches=()),
            sighting(3, label="bag", first_s=1.0, last_s=1.0),
        ),
        stages=(
            StageTime("decode", 50, 2.0, 3.0, 4.0, 2.1),
            StageTime("detect", 17, 200.0, 250.0, 300.0, 70.0),
            StageTime("search", 9, 0.001, 0.3, 0.4, 0.05),
            StageTime("total", 50, 210.0, 260.0, 310.0, 85.0),
        ),
        spent_s=4.27,
        dropped=2,
        damaged=0,
    )
    return replace(plain, **changes)


def clip(path: Path, seconds: float = 1.5, fps: float = 10, size: tuple[int, int] = (120, 160)) -> Path:
    """A film of a red square that walks to the right before a grey wall, with a blue one below it."""
    height, width = size
    with writing(path, fps) as film:
        for number in range(round(seconds * fps)):
            frame = np.full((height, width, 3), 128, np.uint8)
            x = 8 + 4 * number
            frame[20:60, x : x + 40] = (220, 30, 30)
            frame[60:100, x : x + 40] = (30, 30, 220)
            film.add(frame, number / fps)
    return path


class Squares:
    """A detector of the clip's squares: what is red is a top, what is blue trousers."""

    def __init__(self, *_: object, **__: object) -> None: ...

    def detect(self, photo: Photo) -> Found:
        pixels = photo.pixels.astype(int)
        boxes = []
        for mine, other in ((0, 2), (2, 0)):
            rows, columns = np.nonzero(pixels[..., mine] - pixels[..., other] > 100)
            boxes.append((float(columns.min()), float(rows.min()), float(columns.max()), float(rows.max())))
        return Found(tuple(boxes), (0.9, 0.8), ("top", "trousers"))  # type: ignore[arg-type]


def colours(root: Path) -> None:
    """A catalogue of a red and a blue thing, whose vectors are their colours."""
    catalogue = create_catalogue(root / "colours", facts_for(Colours.ref, DIM, cropper="whole photo", source="a test"))
    photos = [
        (f"{name}.png", encode_png(np.full((30, 40, 3), colour, np.uint8)))
        for name, colour in (("red", (230, 20, 20)), ("blue", (20, 20, 230)))
    ]
    build(catalogue, MemorySource(photos, "a test"), Colours())
