"""In which order the classes of a matrix stand: as given, by frequency, by error, or mistaken ones side by side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: What :func:`order_classes` knows.
ORDERS = ("as given", "by frequency", "by error", "clustered")


def order_classes(confusion: NDArray[np.integer], order: str) -> tuple[int, ...]:
    """Class numbers in the order in which they stand.

    Args:
        confusion: ``(K, K)`` counts, true class by row.
        order: ``as given``; ``by frequency``, most items first; ``by error``, lowest recall first, classes without
            items last; ``clustered``, classes that are often taken for each other side by side.

    Raises:
        ValueError: another order.
    """
    items = confusion.sum(axis=1)
    given = np.arange(len(confusion))
    if order == "as given":
        return tuple(int(i) for i in given)
    if order == "by frequency":
        return tuple(int(i) for i in np.lexsort((given, -items)))
    if order == "by error":
        recall = np.where(items > 0, np.diagonal(confusion) / np.maximum(items, 1), 2.0)
        return tuple(int(i) for i in np.lexsort((given, recall)))
    if order == "clustered":
        return clustered(mistaken_shares(confusion))
    raise ValueError(f"no order {order!r}")


def mistaken_shares(confusion: NDArray[np.integer]) -> NDArray[np.float64]:
    """How often two classes are taken for each other, as a share of their items: symmetric, zero diagonal, 0..1.

    Args:
        confusion: ``(K, K)`` counts, true class by row.
    """
    items = confusion.sum(axis=1)
    both = (confusion + confusion.T).astype(np.float64)
    shares = np.divide(both, np.add.outer(items, items), out=np.zeros_like(both), where=np.add.outer(items, items) > 0)
    np.fill_diagonal(shares, 0.0)
    return np.minimum(shares, 1.0)


def clustered(similarity: NDArray[np.floating]) -> tuple[int, ...]:
    """Leaves of a hierarchical clustering, so that similar ones stand side by side.

    Average linkage (UPGMA; Sokal and Michener 1958) of one less the similarity, leaves turned so that neighbours are
    as close as they can be (Bar-Joseph et al. 2001), by SciPy. Of the two directions the one is taken in which lower
    numbers tend to stand first.

    Args:
        similarity: ``(K, K)``, symmetric, 0..1; the diagonal does not count.
    """
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    count = len(similarity)
    if count < 3:
        return tuple(range(count))
    distance = 1.0 - np.asarray(similarity, dtype=np.float64)
    np.fill_diagonal(distance, 0.0)
    condensed = squareform(distance, checks=False)
    found = [int(i) for i in leaves_list(linkage(condensed, "average", optimal_ordering=True))]
    backwards = np.corrcoef(found, np.arange(count))[0, 1] < 0
    return tuple(found[::-1] if backwards else found)
