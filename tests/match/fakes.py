"""Stand-ins for networks, and photos whose matches are known by hand."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fashionviz.match.catalogue import Catalogue, create_catalogue, facts_for
from fashionviz.match.protocols import Pixels
from fashionviz.match.results import CatalogueItem
from fashionviz.match.store import NewItem
from fashionviz.results import ModelRef

DIM = 16
REF = ModelRef("colours.item", "a" * 64)


class Colours:
    """An embedder without weights: the mean of each cell of a 2 × 2 grid, red, green and blue, and 4 constants."""

    ref, dim = REF, DIM

    def embed(self, pictures: Sequence[Pixels]) -> NDArray[np.float32]:
        rows = []
        for pixels in pictures:
            h, w = max(1, pixels.shape[0] // 2), max(1, pixels.shape[1] // 2)
            cells = [pixels[y : y + h, x : x + w].mean(axis=(0, 1)) - 100 for y in (0, h) for x in (0, w)]
            rows.append(np.concatenate([*cells, np.full(4, 10.0)]))
        values = np.array(rows, np.float32)
        return values / np.linalg.norm(values, axis=1, keepdims=True)


def unit(n: int, dim: int = DIM, seed: int = 0) -> NDArray[np.float32]:
    values = np.random.default_rng(seed).standard_normal((n, dim)).astype(np.float32)
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def new(identifier: str, vector: NDArray[np.float32], category: str | None = None, **metadata: object) -> NewItem:
    item = CatalogueItem(identifier, category, f"Item {identifier}", metadata)
    return NewItem(item, vector, f"picture of {identifier}".encode(), hashlib.sha256(identifier.encode()).hexdigest())


def many(vectors: NDArray[np.float32], start: int = 0) -> list[NewItem]:
    return [new(f"i{n}", vector, f"c{n % 3}", price=n) for n, vector in enumerate(vectors, start)]


def made(folder: Path, dim: int = DIM, **choices: object) -> Catalogue:
    return create_catalogue(folder, facts_for(REF, dim, cropper="whole photo", source="a test", **choices))
