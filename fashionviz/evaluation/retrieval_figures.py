"""From similarities to figures: ranks, recall at k, precision at k, the probability that a match is right."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from fashionviz.embed_results import DEPTHS, Interval, Recall
from fashionviz.evaluation.metrics import DRAWS

Vectors = NDArray[np.float32]
Codes = NDArray[np.int64]
#: Queries that are compared at once.
_AT_ONCE = 512


def ranks(queries: Vectors, gallery: Vectors, true: Codes, groups: Codes) -> Codes:
    """Where the first item of each query's group stands, 1 for the first.

    Items that are exactly as similar as the right one count as standing before it: a network that gives every picture
    the same vector finds nothing.

    Args:
        queries: ``(Q, D)`` of norm 1.
        gallery: ``(N, D)`` of norm 1.
        true: ``(Q,)`` group of each query.
        groups: ``(N,)`` group of each item of the gallery.
    """
    out = np.empty(len(queries), np.int64)
    items, numbers = torch.from_numpy(gallery).T.contiguous(), torch.from_numpy(groups)
    for start in range(0, len(queries), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        similar = torch.from_numpy(np.ascontiguousarray(queries[part])) @ items
        right = numbers[None] == torch.from_numpy(true[part])[:, None]
        best = similar.masked_fill(~right, -2.0).amax(dim=1, keepdim=True)
        out[part] = (((similar >= best) & ~right).sum(dim=1) + 1).numpy()
    return out


def nearest(queries: Vectors, gallery: Vectors, count: int) -> tuple[Codes, Vectors]:
    """Rows ``(Q, count)`` of the most similar items, and their similarities."""
    rows, values = [], []
    items = torch.from_numpy(gallery).T.contiguous()
    for start in range(0, len(queries), _AT_ONCE):
        found = (torch.from_numpy(np.ascontiguousarray(queries[start : start + _AT_ONCE])) @ items).topk(count, dim=1)
        rows.append(found.indices.numpy())
        values.append(found.values.numpy())
    return np.concatenate(rows), np.concatenate(values)


def resampled(values: NDArray[np.floating], items: Codes, draws: int = DRAWS) -> tuple[float, Interval]:
    """The mean of values and its 95 % interval over resampled items (percentile bootstrap).

    Args:
        values: ``(Q,)``.
        items: ``(Q,)`` which item each is about: all values of an item are drawn together.
        draws: resamplings.
    """
    _, number = np.unique(items, return_inverse=True)
    count = int(number.max()) + 1
    sums, sizes = np.bincount(number, weights=values), np.bincount(number)
    rng = np.random.default_rng(0)
    found = np.empty(draws)
    for i in range(draws):
        pick = rng.integers(0, count, count)
        found[i] = sums[pick].sum() / sizes[pick].sum()
    low, high = np.quantile(found, (0.025, 0.975))
    return float(values.mean()), (float(low), float(high))


def recall(places: Codes, items: Codes) -> Recall:
    """Recall at :data:`~fashionviz.embed_results.DEPTHS` and the median rank of ranks ``(Q,)`` of items ``(Q,)``."""
    found = [resampled((places <= k).astype(np.float64), items) for k in DEPTHS]
    return Recall(len(places), tuple(v for v, _ in found), tuple(i for _, i in found), float(np.median(places)))


def match_error(probabilities: NDArray[np.floating], right: NDArray[np.bool_]) -> tuple[float, Interval]:
    """Expected calibration error of match probabilities ``(Q,)`` over 15 bins, with a basic bootstrap interval.

    By torchmetrics, L1 norm; the resamplings by the same formula.
    """
    from torchmetrics.functional.classification import binary_calibration_error

    bins = 15
    scores, truth = torch.from_numpy(np.asarray(probabilities, np.float64)), torch.from_numpy(right.astype(np.int64))
    whole = float(binary_calibration_error(scores, truth, n_bins=bins, norm="l1"))
    place = np.clip((np.asarray(probabilities) * bins).astype(int), 0, bins - 1)
    gap = np.asarray(probabilities) - right
    rng, found = np.random.default_rng(0), []
    for _ in range(300):
        pick = rng.integers(0, len(gap), len(gap))
        found.append(np.abs(np.bincount(place[pick], weights=gap[pick], minlength=bins)).sum() / len(gap))
    low, high = np.quantile(found, (0.025, 0.975))
    shift = float(np.mean(found)) - whole
    return whole, (min(whole, max(0.0, float(low) - shift)), max(whole, float(high) - shift))
