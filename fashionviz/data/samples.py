"""scikit-image's sample photos, where it is installed: photographs that have nothing to do with fashion.

They are read as files, without importing scikit-image, and are never part of this repository.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fashionviz import images

#: Left out, and why.
EXCLUDED: dict[str, str] = {
    "astronaut.png": "a portrait in a space suit: clothing fills the picture",
    "camera.png": "a man in a long coat",
    "motorcycle_right.png": "the second view of motorcycle_left.png",
    "chessboard_RGB.png": "the same picture as chessboard_GRAY.png",
}


def sample_photos() -> dict[str, NDArray[np.uint8]]:
    """The PNG and JPEG pictures of the installed scikit-image by file name, without :data:`EXCLUDED`.

    Returns:
        ``(H, W, 3)`` uint8 each; empty where scikit-image is not installed.
    """
    spec = find_spec("skimage")
    if spec is None or not spec.submodule_search_locations:
        return {}
    folder = Path(next(iter(spec.submodule_search_locations))) / "data"
    files = sorted(f for f in folder.glob("*") if f.suffix in (".png", ".jpg") and f.name not in EXCLUDED)
    return {f.name: images.decode(f.read_bytes()).pixels for f in files}
