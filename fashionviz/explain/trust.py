"""Scores of an attribution: does it need the parameters, do its pixels matter, where does it lie? Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from fashionviz.trust_results import Curve, Level, RegionShare

Map = NDArray[np.floating]
#: Equal shares of the pixels that are taken away or brought in one after the other.
STEPS = 20
#: Other places at which the map is laid for the control.
SHIFTS = 3
#: From this rank correlation on two maps count as much the same: a choice of ours, Adebayo et al. name none.
ALIKE = 0.5
#: By how much the curves together must beat the control to count.
MARGIN = 0.05


def magnitude(values: Map) -> NDArray[np.float64]:
    """Sum of |values| over the colour channels, ``(3, h, w)`` to ``(h, w)``."""
    out: NDArray[np.float64] = np.abs(np.asarray(values, np.float64)).sum(axis=0)
    return out


def ranking(values: Map, *, evidence: bool) -> NDArray[np.float64]:
    """What pixels are ordered by, ``(h, w)``: what speaks for the class first, or the strongest first.

    Args:
        values: ``(3, h, w)``.
        evidence: whether a value's sign says for or against (:class:`fashionviz.explain.methods.Method`).
    """
    if not evidence:
        return magnitude(values)
    out: NDArray[np.float64] = np.asarray(values, np.float64).sum(axis=0)
    return out


# --- does it need the parameters? ----------------------------------------------------------------------------------


def spearman(one: Map, other: Map) -> float:
    """Rank correlation of two maps of one shape, equal values sharing their mean rank; 0 where one is even."""
    first, second = _ranks(one), _ranks(other)
    first, second = first - first.mean(), second - second.mean()
    norm = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float((first * second).sum() / norm) if norm > 0 else 0.0


def _ranks(values: Map) -> NDArray[np.float64]:
    _, where, counts = np.unique(np.asarray(values).ravel(), return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    out: NDArray[np.float64] = (ends - (counts - 1) / 2)[where.ravel()]
    return out


def as_shown(values: Map) -> NDArray[np.float64]:
    """A magnitude ``(h, w)`` scaled to 0..1 by its 99th percentile, as the pictures show it."""
    scale = float(np.percentile(values, 99)) or float(values.max()) or 1.0
    out: NDArray[np.float64] = np.clip(values / scale, 0, 1)
    return out


def ssim(one: Map, other: Map) -> float:
    """Structural similarity of two maps in 0..1 (Wang et al. 2004: Gaussian window of 1.5 pixels, 11 across).

    Small maps get as large a window as fits.
    """
    across = min(11, *one.shape)
    across -= 1 - across % 2
    taps = torch.exp(-((torch.arange(across, dtype=torch.float64) - across // 2) ** 2) / (2 * 1.5**2))
    window = torch.outer(taps, taps)[None, None] / taps.sum() ** 2
    a, b = (torch.from_numpy(np.ascontiguousarray(m, np.float64))[None, None] for m in (one, other))
    mean_a, mean_b, aa, bb, ab = (F.conv2d(v, window) for v in (a, b, a * a, b * b, a * b))
    var_a, var_b, both = aa - mean_a**2, bb - mean_b**2, ab - mean_a * mean_b
    c1, c2 = 0.01**2, 0.03**2
    local = (2 * mean_a * mean_b + c1) * (2 * both + c2) / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))
    return float(local.mean())


# --- do its pixels matter? -----------------------------------------------------------------------------------------


def blurred(x: Tensor) -> Tensor:
    """An input ``(3, H, W)`` of which only broad shapes are left: a Gaussian of a twentieth of the longer side."""
    sigma = max(x.shape[1:]) / 20
    reach = max(1, min(round(2 * sigma), min(x.shape[1:]) - 1))
    taps = torch.exp(-(torch.arange(-reach, reach + 1, dtype=x.dtype, device=x.device) ** 2) / (2 * sigma**2))
    taps = (taps / taps.sum()).expand(3, 1, 1, -1)
    rows = F.conv2d(F.pad(x[None], (reach, reach, 0, 0), mode="reflect"), taps, groups=3)
    return F.conv2d(F.pad(rows, (0, 0, reach, reach), mode="reflect"), taps.transpose(2, 3), groups=3)[0]


def replaced(start: Tensor, end: Tensor, order: NDArray[np.int64], steps: int = STEPS) -> Tensor:
    """Pictures ``(steps + 1, 3, H, W)`` on the way from ``start`` to ``end``, pixel by pixel in an order.

    Args:
        start, end: ``(3, H, W)``.
        order: indices into the ``H × W`` pixels; the others are never touched.
    """
    out = start[None].repeat(steps + 1, 1, 1, 1)
    flat, goal = out.flatten(2), end.flatten(1)
    for step in range(1, steps + 1):
        taken = torch.from_numpy(order[: round(len(order) * step / steps)]).to(start.device)
        flat[step, :, taken] = goal[:, taken]
    return out


def pixel_order(field: Map, top: int, left: int, frame: tuple[int, int]) -> NDArray[np.int64]:
    """Pixels of a field ``(h, w)`` laid into a frame at an offset, highest first, as indices into the frame."""
    rows, columns = np.divmod(np.argsort(-np.asarray(field).ravel(), kind="stable"), field.shape[1])
    out: NDArray[np.int64] = (rows + top) * frame[1] + columns + left
    return out


def moved(field: Map, count: int = SHIFTS, seed: int = 0) -> list[Map]:
    """The field laid elsewhere, around the edges: the same grain, in places that know nothing of the photo.

    Pixels in plain random order would be no fair control: single pixels scattered over a photo confuse a network more
    than a patch of as many does, so that every coarse map would seem worse than chance.
    """
    rng = np.random.default_rng(seed)
    out = []
    for _ in range(count):
        by = [int(rng.integers(side // 4, side - side // 4 + 1)) for side in field.shape]
        out.append(np.roll(field, by, axis=(0, 1)))
    return out


def auc(curve: NDArray[np.float64]) -> float:
    """Area under a curve over 0..1 by the trapezoid rule."""
    return float((curve[:-1] + curve[1:]).mean() / 2)


def curves(
    x: Tensor, field: Map, top: int, left: int, score: Callable[[Tensor], NDArray[np.float64]]
) -> tuple[Curve, Curve]:
    """Deletion and insertion.

    Args:
        x: the input ``(3, H, W)``, normalised, so that 0 is mean grey.
        field: what pixels are ordered by, ``(h, w)``, over the photo's part of the input.
        top, left: where that part begins.
        score: probabilities ``(N,)`` of inputs ``(N, 3, H, W)``; called ``2 × (1 + SHIFTS)`` times.
    """
    frame = (int(x.shape[1]), int(x.shape[2]))
    orders = [pixel_order(f, top, left, frame) for f in (field, *moved(field))]
    found = []
    for start, end in ((x, torch.zeros_like(x)), (blurred(x), x)):
        own, *others = (np.asarray(score(replaced(start, end, order)), np.float64) for order in orders)
        control = np.mean(others, axis=0)
        found.append(Curve(own, control, auc(own), auc(control)))
    return found[0], found[1]


# --- where does it lie? --------------------------------------------------------------------------------------------


def region_shares(values: Map, labels: NDArray[np.integer], names: Sequence[str]) -> tuple[RegionShare, ...]:
    """How much of a map lies on each region, beside the region's share of the pixels.

    Args:
        values: magnitude ``(h, w)``.
        labels: ``(h, w)``, an index into ``names`` for each pixel.
        names: of the regions.

    Raises:
        ValueError: map and labels differ in size.
    """
    if values.shape != labels.shape:
        raise ValueError(f"a map of {values.shape} and labels of {labels.shape} do not belong together")
    whole = float(values.sum())
    return tuple(
        RegionShare(name, float(values[labels == i].sum() / whole) if whole else 0.0, float((labels == i).mean()))
        for i, name in enumerate(names)
    )


# --- the verdict ---------------------------------------------------------------------------------------------------


def verdict(blank: bool, alike: float, deletion: Curve, insertion: Curve) -> tuple[Level, str]:
    """One sentence on a map. The rules, the first that applies:

    1. ``poor``: nothing is marked.
    2. ``poor``: with random parameters the map is much the same, rank correlation :data:`ALIKE` or more.
    3. ``good``: the curves beat the control by :data:`MARGIN` or more, the sum of what deletion falls below it and
       what insertion rises above it.
    4. ``caution``: they do not.
    """
    if blank:
        return "poor", "The map is blank: the method found nothing that counts for this class."
    if alike >= ALIKE:
        return "poor", (
            "Do not read it as the network's reasons: with random weights the map looks much the same "
            f"(rank correlation {alike:.2f})."
        )
    gain = (deletion.control_auc - deletion.auc) + (insertion.auc - insertion.control_auc)
    if gain >= MARGIN:
        return "good", (
            f"It depends on what the network learned (rank correlation with random weights {alike:.2f}), and the "
            f"pixels it marks matter to the answer more than others do (by {gain:.2f})."
        )
    return "caution", (
        "Read with caution: it depends on what the network learned (rank correlation with random weights "
        f"{alike:.2f}), but the pixels it marks matter to the answer hardly more than those elsewhere ({gain:+.2f})."
    )
