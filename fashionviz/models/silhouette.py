"""The bounding box of what stands on white, as paper 002 crops to the box of the garment (section 3.1)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: The darkest channel value, as a share of 255, that still counts as white ground
#: (as in :func:`fashionviz.training.augment.cut_out_alpha`).
GROUND = 0.93


def silhouette_box(pixels: NDArray[np.uint8], threshold: float = GROUND) -> tuple[int, int, int, int]:
    """The smallest box around everything that is not white.

    It is the box of the silhouette that a flood fill from the border leaves: white that the fill does not reach is
    enclosed by what is not white, so it lies in the same box. A photo without a white margin has a box as large as
    itself.

    Args:
        pixels: ``(H, W, 3)`` uint8.
        threshold: a pixel is ground if its darkest channel is at least this share of 255.

    Returns:
        ``(x0, y0, x1, y1)`` in pixels, x1 and y1 exclusive; the whole picture where everything is white.
    """
    garment = pixels.min(axis=2) < threshold * 255
    rows, columns = np.flatnonzero(garment.any(axis=1)), np.flatnonzero(garment.any(axis=0))
    if not len(rows):
        return 0, 0, pixels.shape[1], pixels.shape[0]
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def crop_to_silhouette(pixels: NDArray[np.uint8], threshold: float = GROUND) -> NDArray[np.uint8]:
    """The part of ``(H, W, 3)`` pixels inside :func:`silhouette_box`."""
    x0, y0, x1, y1 = silhouette_box(pixels, threshold)
    return pixels[y0:y1, x0:x1]
