"""How far apart two sets of pictures are, in the features of a network; every function takes feature rows ``(N, D)``.

Fréchet distance after Heusel et al. (arXiv:1706.08500), kernel distance after Bińkowski et al. (arXiv:1801.01401),
precision and recall of generators after Kynkäänniemi et al. (arXiv:1904.06991). The papers take Inception's features;
here the caller says whose they are, so none of these figures may be called FID or KID.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Features = NDArray[np.float32]


def _root(matrix: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    return (vectors * values.clamp(min=0).sqrt()) @ vectors.T


def frechet_distance(a: Features, b: Features) -> float:
    """Fréchet distance of two Gaussians with the sets' means and covariances; 0 for equal sets.

    ``|μa - μb|² + tr(A + B - 2 (A B)^½)``. The last trace is the sum of the singular values of ``X Yᵀ``, where X and Y
    are the centred rows over the roots of their numbers less one, or that of ``(A^½ B A^½)^½``: whichever is smaller.

    Args:
        a, b: ``(N, D)`` and ``(M, D)``, two rows or more each.
    """
    x, y = torch.from_numpy(a).double(), torch.from_numpy(b).double()
    between = (x.mean(dim=0) - y.mean(dim=0)).square().sum()
    x, y = ((z - z.mean(dim=0)) / np.sqrt(len(z) - 1) for z in (x, y))
    if min(len(x), len(y)) < x.shape[1]:
        shared = torch.linalg.svdvals(x @ y.T).sum()
    else:
        root = _root(x.T @ x)
        middle = root @ (y.T @ y) @ root
        shared = torch.linalg.eigvalsh((middle + middle.T) / 2).clamp(min=0).sqrt().sum()
    return float(between + x.square().sum() + y.square().sum() - 2 * shared)


def kernel_distance(
    a: Features, b: Features, *, subset: int = 500, subsets: int = 40, seed: int = 0
) -> tuple[float, tuple[float, float]]:
    """Squared maximum mean discrepancy with the kernel ``(x·y / D + 1)³``, unbiased, mean over random subsets.

    Args:
        a, b: ``(N, D)`` and ``(M, D)``.
        subset: rows of each set that a subset has; fewer where a set has fewer.
        subsets: how many.
        seed: of the choice.

    Returns:
        The mean, and the ends of its 95 % interval by the normal approximation over the subsets.
    """
    rng = np.random.default_rng(seed)
    size = min(subset, len(a), len(b))
    values = []
    for _ in range(subsets):
        x = torch.from_numpy(a[rng.choice(len(a), size, replace=False)]).double()
        y = torch.from_numpy(b[rng.choice(len(b), size, replace=False)]).double()
        values.append(_discrepancy(x, y))
    found = np.asarray(values)
    half = 1.96 * found.std(ddof=1) / np.sqrt(len(found)) if len(found) > 1 else 0.0
    return float(found.mean()), (float(found.mean() - half), float(found.mean() + half))


def _discrepancy(x: Tensor, y: Tensor) -> float:
    def kernel(p: Tensor, q: Tensor) -> Tensor:
        return (p @ q.T / p.shape[1] + 1) ** 3

    n = len(x)
    xx, yy, xy = kernel(x, x), kernel(y, y), kernel(x, y)
    within = (xx.sum() - xx.diag().sum() + yy.sum() - yy.diag().sum()) / (n * (n - 1))
    return float(within - 2 * xy.mean())


def _nearest(x: Tensor, y: Tensor, k: int, *, skip_self: bool = False) -> Tensor:
    """Distances ``(N,)`` from each row of x to its k-th nearest row of y."""
    found = []
    for start in range(0, len(x), 1024):
        distance = torch.cdist(x[start : start + 1024], y)
        found.append(distance.kthvalue(k + 1 if skip_self else k, dim=1).values)
    return torch.cat(found)


def _inside(x: Tensor, y: Tensor, radius: Tensor) -> Tensor:
    """Whether each row of x lies within the radius of some row of y, ``(N,)`` bool."""
    return torch.cat(
        [(torch.cdist(x[start : start + 1024], y) <= radius[None]).any(dim=1) for start in range(0, len(x), 1024)]
    )


def precision_recall(real: Features, drawn: Features, *, k: int = 3) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which drawn pictures lie where real ones do (precision), and which real ones lie where drawn ones do (recall).

    "Where they do" is within the distance of some picture of the set to its own k-th nearest.

    Args:
        real, drawn: ``(N, D)`` and ``(M, D)``.
        k: neighbours.

    Returns:
        ``(M,)`` and ``(N,)`` bool; their means are precision and recall.
    """
    x, y = torch.from_numpy(real).float(), torch.from_numpy(drawn).float()
    precise = _inside(y, x, _nearest(x, x, k, skip_self=True))
    recalled = _inside(x, y, _nearest(y, y, k, skip_self=True))
    return precise.numpy(), recalled.numpy()


def nearest_rows(queries: Features, rows: Features) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The most alike row of each query by cosine.

    Returns:
        Its place ``(N,)`` and the cosine ``(N,)``, -1..1.
    """
    x = torch.nn.functional.normalize(torch.from_numpy(queries).float(), dim=1)
    y = torch.nn.functional.normalize(torch.from_numpy(rows).float(), dim=1)
    places, values = [], []
    for start in range(0, len(x), 1024):
        best = (x[start : start + 1024] @ y.T).max(dim=1)
        places.append(best.indices)
        values.append(best.values)
    return torch.cat(places).numpy(), torch.cat(values).numpy()


def spread(features: Features) -> float:
    """Mean distance between two pictures of a set: it falls towards 0 when a generator draws one picture only."""
    x = torch.from_numpy(features[:1024]).float()
    distance = torch.cdist(x, x)
    return float(distance.sum() / (len(x) * (len(x) - 1)))
