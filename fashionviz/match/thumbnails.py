"""Small pictures of items: WebP made from pixels alone, so that nothing of a file's metadata is in them."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

#: Longest side in pixels. Smaller photos are kept at their size.
SIDE = 224
MEDIA_TYPE = "image/webp"


def thumbnail(pixels: NDArray[np.uint8]) -> bytes:
    """``(H, W, 3)`` uint8 to a WebP file of at most 224 pixels a side."""
    picture = Image.fromarray(pixels)
    picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=82, method=4)
    return out.getvalue()
