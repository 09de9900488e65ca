"""A box that moves steadily: the Kalman filter of SORT (Bewley et al. 2016, arXiv:1602.00763), with time steps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fashionviz.results import Box

#: Standard deviations as shares of the box's height, after DeepSORT (Wojke et al. 2017): of a place that is measured,
#: and of how place and speed wander in a second.
_MEASURED, _PLACE, _SPEED = 0.05, 0.25, 0.6


class MovingBox:
    """Centre, width and height of a box, each with its speed.

    Args:
        box: ``(x0, y0, x1, y1)`` where it is seen first.
    """

    def __init__(self, box: Box) -> None:
        self.mean = np.concatenate([_centred(box), np.zeros(4)])
        scale = self.mean[3]
        self.cov = np.diag(np.r_[np.full(4, 2 * _MEASURED * scale), np.full(4, 2 * _SPEED * scale)] ** 2)

    def move(self, seconds: float) -> None:
        """Let time go by."""
        step = np.eye(8)
        step[:4, 4:] = np.eye(4) * seconds
        scale = max(self.mean[3], 1.0)
        wander = np.r_[np.full(4, _PLACE * scale), np.full(4, _SPEED * scale)] ** 2 * seconds
        self.mean = step @ self.mean
        self.cov = step @ self.cov @ step.T + np.diag(wander)
        self.mean[2:4] = np.maximum(self.mean[2:4], 1.0)

    def see(self, box: Box) -> None:
        """Take in where it is seen."""
        scale = max(self.mean[3], 1.0)
        spread = self.cov[:4, :4] + np.eye(4) * (_MEASURED * scale) ** 2
        gain = np.linalg.solve(spread, self.cov[:, :4].T).T
        self.mean = self.mean + gain @ (_centred(box) - self.mean[:4])
        self.cov = self.cov - gain @ spread @ gain.T
        self.mean[2:4] = np.maximum(self.mean[2:4], 1.0)

    @property
    def box(self) -> Box:
        """Where it is now."""
        x, y, w, h = self.mean[:4]
        return float(x - w / 2), float(y - h / 2), float(x + w / 2), float(y + h / 2)


def _centred(box: Box) -> NDArray[np.float64]:
    x0, y0, x1, y1 = box
    return np.array([(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0], np.float64)
