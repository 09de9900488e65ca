"""The row of examples: CC0 photos once somebody has fetched them, and drawings: the generator's, else our own."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashionviz import images
from fashionviz.data.examples import KINDS, draw
from fashionviz.data.sets import cache_root
from fashionviz.errors import FashionvizError, FetchError
from fashionviz.generate.examples import example_refs, short_words
from fashionviz.generate.named import drawn_photo, is_drawn, parse_drawn
from fashionviz.images import Photo
from fashionviz.inference.engine import shared_engine

log = logging.getLogger("fashionviz.lab")

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
_TILE = (96, 128)


def folder() -> Path:
    """Where fetched example photos lie."""
    return cache_root() / "examples"


def fetched() -> list[Path]:
    """Photos already fetched, by name."""
    try:
        return sorted(p for p in folder().iterdir() if p.suffix.lower() in SUFFIXES)
    except OSError:
        return []


@lru_cache(maxsize=64)
def _drawn(kind: str) -> NDArray[np.uint8]:
    return draw(kind, 0)


def _tile(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A small picture of one size, on white."""
    picture = Image.fromarray(np.asarray(pixels))
    picture.thumbnail(_TILE, Image.Resampling.LANCZOS)
    out = Image.new("RGB", _TILE, "#FFFFFF")
    out.paste(picture, ((_TILE[0] - picture.width) // 2, (_TILE[1] - picture.height) // 2))
    return np.asarray(out)


def sources() -> list[str]:
    """What the row holds, in order: paths of fetched photos, then what the generator draws, else the kinds we draw."""
    return [str(p) for p in fetched()] + ([str(ref) for ref in example_refs()] or list(KINDS))


def example_tiles(names: list[str] | None = None) -> list[tuple[NDArray[np.uint8], str]]:
    """Thumbnails with captions for :func:`sources`; a photo that cannot be read is left out of view as a blank."""
    tiles = []
    for name in sources() if names is None else names:
        try:
            tiles.append((_tile(open_example(name)[0].pixels), _caption(name)))
        except FashionvizError as error:
            log.warning("The example %s cannot be shown: %s", name, error)
            tiles.append((np.full((_TILE[1], _TILE[0], 3), 255, np.uint8), "unreadable"))
    return tiles


def in_words(name: str) -> str:
    """What a photo is called on a page: a drawing by its class and seed, any other by its name."""
    return f"drawn: {short_words(name)}" if is_drawn(name) else name


def _caption(name: str) -> str:
    return in_words(name) if is_drawn(name) or name in KINDS else f"{Path(name).stem} (photo)"


def open_example(name: str) -> tuple[Photo, str]:
    """An example by its entry in :func:`sources`: the photo, and a file name for the code snippets.

    Raises:
        ImageError: a fetched photo is gone or damaged.
        FashionvizError: the generator cannot draw now.
    """
    if is_drawn(name):
        return drawn_photo(parse_drawn(name), shared_engine()), name
    if name in KINDS:
        return images.from_pixels(_drawn(name)), f"{name.replace(' ', '-')}.png"
    path = Path(name)
    try:
        return images.decode(path.read_bytes()), path.name
    except OSError as error:
        raise images.ImageError("This example is no longer here; please fetch the photos again.") from error


def fetch(on_progress: Callable[[int, int], None]) -> list[Path]:
    """Download the example photos from their publisher into the user's cache.

    Raises:
        FetchError: the publisher cannot be reached, or sent something else.
    """
    from fashionviz.data.fetch import fetch_examples

    place = folder()
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FetchError(f"The folder for fetched photos, {place.name}, cannot be written on the server.") from error
    return list(fetch_examples(place, on_progress))
