"""Which catalogue items are the same product twice: equal photos, and photos that differ in hardly anything.

By the signatures of :mod:`fashionviz.data.perceptual`, within and across splits. What shares the shape alone (another
colour of one cut) stays an item of its own.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashionviz.data.cache import decoded
from fashionviz.data.duplicates import SIZE, Thresholds, search
from fashionviz.data.perceptual import signatures
from fashionviz.data.sets import ParquetSet, cache_root

log = logging.getLogger(__name__)

_VERSION = 1


@dataclass(frozen=True)
class ItemGroups:
    """A number for each product, of N items.

    Attributes:
        exact: ``(N,)`` int64, equal for items with equal pixels at 60×80.
        near: ``(N,)`` int64, equal for items whose photos are equal or nearly so (shape hash and colours), directly or
            through a chain of others.
        variant: ``(N,)`` bool, another item has the same shape in other colours; mostly a colour variant.
    """

    exact: NDArray[np.int64]
    near: NDArray[np.int64]
    variant: NDArray[np.bool_]

    def counts(self) -> dict[str, int]:
        """Items that are not alone in their group, by level, and groups."""
        found = {"items": len(self.exact)}
        for level in ("exact", "near"):
            _, sizes = np.unique(getattr(self, level), return_counts=True)
            found |= {f"{level}_items": int(sizes[sizes > 1].sum()), f"{level}_groups": int((sizes > 1).sum())}
        return found | {"variant_items": int(self.variant.sum())}


def group_pictures(pixels: NDArray[np.uint8], thresholds: Thresholds | None = None) -> ItemGroups:
    """Group pictures of one size.

    Args:
        pixels: ``(N, 80, 60, 3)``.
        thresholds: of near pictures; those of :mod:`fashionviz.data.duplicates` by default.
    """
    limits = thresholds or Thresholds()
    made = signatures(pixels)
    found = search(made, made, limits)
    other = found.rows != found.matches
    rows, matches = found.rows[other], found.matches[other]
    near = found.colours[other] <= limits.colour
    alike = (found.bits[other] == 0) & (found.colours[other] < 1e-3)
    exact = alike.copy()
    exact[alike] = [np.array_equal(pixels[a], pixels[b]) for a, b in zip(rows[alike], matches[alike], strict=True)]
    variant = np.zeros(len(pixels), bool)
    variant[rows[~near]] = True
    return ItemGroups(
        _joined(len(pixels), rows[exact], matches[exact]), _joined(len(pixels), rows[near], matches[near]), variant
    )


def _joined(n: int, rows: NDArray[np.intp], matches: NDArray[np.intp]) -> NDArray[np.int64]:
    """The connected component of each of n items."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    links = coo_matrix((np.ones(len(rows), np.int8), (rows, matches)), shape=(n, n))
    return connected_components(links, directed=False)[1].astype(np.int64)


def item_groups(parts: Sequence[ParquetSet]) -> ItemGroups:
    """The groups of the items of several splits, one after the other; made once and kept in the user's cache."""
    prints = "-".join(part.fingerprint() for part in parts)
    path = cache_root() / "cutouts" / f"groups-{prints}-{_VERSION}.npz"
    if not path.exists():
        log.info("looking for near-duplicates among %d items (once)", sum(map(len, parts)))
        made = group_pictures(np.concatenate([decoded(part, SIZE) for part in parts]))
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        with part.open("wb") as handle:
            np.savez(handle, exact=made.exact, near=made.near, variant=made.variant)
        part.replace(path)
    with np.load(path, allow_pickle=False) as kept:
        return ItemGroups(kept["exact"], kept["near"], kept["variant"])
