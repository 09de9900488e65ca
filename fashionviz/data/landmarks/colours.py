"""Colour models of what a photo shows: k-means clusters of a few sample pixels, and how well a pixel fits them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fashionviz.data.landmarks.parts import Refused

Features = NDArray[np.float64]

#: Least spread of a cluster, in units of :func:`features`: JPEG and weave make a plain cloth vary as much.
_FLOOR = 5.0


def luma_chroma(pixels: NDArray[np.uint8]) -> tuple[Features, Features, Features]:
    """Y, Cr and Cb (ITU-R BT.601, 0..255) of ``(H, W, 3)`` RGB, each ``(H, W)``."""
    r, g, b = np.moveaxis(pixels.astype(np.float64), -1, 0)
    y = 0.299 * r + 0.587 * g + 0.114 * b
    return y, (r - y) * 0.713 + 128, (b - y) * 0.564 + 128


def features(pixels: NDArray[np.uint8]) -> Features:
    """``(H, W, 3)``: Y, Cr and Cb, colour weighted above brightness since folds and shade change the latter."""
    y, cr, cb = luma_chroma(pixels)
    return np.stack([0.55 * y, 1.5 * cr, 1.5 * cb], axis=-1)


def looks_like_skin(pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Pixels of ``(H, W, 3)`` in the range of skin in YCrCb (after Chai and Ngan, 1999, with brightness bounds).

    Beige, pink and brown cloth is in it too.
    """
    y, cr, cb = luma_chroma(pixels)
    r, g, b = np.moveaxis(pixels.astype(np.int32), -1, 0)
    return (cr >= 134) & (cr <= 176) & (cb >= 84) & (cb <= 125) & (y > 50) & (r > g) & (g >= b - 6) & (r - b > 18)


class Clusters:
    """A mixture of round clusters fitted by k-means from a deterministic start."""

    def __init__(self, samples: Features, k: int, rounds: int = 6) -> None:
        """Fit to ``(N, 3)`` samples; at most 500 of them, evenly spaced, are used.

        Raises:
            Refused: there is no sample.
        """
        if not len(samples):
            raise Refused("a part that must be sampled does not show")
        if len(samples) > 500:
            samples = samples[np.linspace(0, len(samples) - 1, 500).astype(int)]
        centres = [samples[np.argmin(((samples - np.median(samples, axis=0)) ** 2).sum(1))]]
        gap = ((samples - centres[0]) ** 2).sum(1)
        while len(centres) < k and gap.max() > _FLOOR**2:
            centres.append(samples[int(gap.argmax())])
            gap = np.minimum(gap, ((samples - centres[-1]) ** 2).sum(1))
        middle = np.array(centres)
        for _ in range(rounds):
            own = self._gaps(samples, middle).argmin(1)
            middle = np.array([samples[own == i].mean(0) if (own == i).any() else c for i, c in enumerate(middle)])
        gaps = self._gaps(samples, middle)
        own = gaps.argmin(1)
        count = np.bincount(own, minlength=len(middle))
        spread = np.bincount(own, weights=gaps.min(1), minlength=len(middle)) / np.maximum(3 * count, 1)
        kept = count >= max(1.0, 0.03 * len(samples))
        self.middle, self.variance = middle[kept], np.maximum(spread[kept], _FLOOR**2)
        self.weight = count[kept] / count[kept].sum()

    @staticmethod
    def _gaps(points: Features, middle: Features) -> Features:
        return ((points[..., None, :] - middle) ** 2).sum(-1)

    def fit(self, points: Features) -> Features:
        """Log-likelihood of ``(..., 3)`` points under the closest cluster, ``(...)``."""
        terms = (
            np.log(self.weight) - 1.5 * np.log(self.variance) - self._gaps(points, self.middle) / (2 * self.variance)
        )
        return terms.max(-1)
