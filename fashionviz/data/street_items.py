"""A row's photo with the items that its mask shows."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashionviz import images
from fashionviz.data.garment13 import Item, items
from fashionviz.data.sets import image_bytes
from fashionviz.errors import DataError


def photo_with_items(row: Mapping[str, Any]) -> tuple[NDArray[np.uint8], NDArray[np.uint8], tuple[Item, ...]]:
    """A row's photo ``(H, W, 3)``, its mask ``(H, W)``, and the items of the mask; a mask may show none.

    Args:
        row: with ``image`` and ``mask`` (numbers of the 59 labels as PNG).

    Raises:
        ImageError: the photo cannot be read.
        DataError: there is no mask, it cannot be read or does not fit the photo.
    """
    pixels = images.decode(image_bytes(row)).pixels
    try:
        with Image.open(io.BytesIO(image_bytes({"image": row["mask"]})), formats=("PNG",)) as picture:
            mask = np.asarray(picture)
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError("The mask is not a readable PNG picture.") from error
    if mask.dtype != np.uint8 or mask.shape != pixels.shape[:2]:
        raise DataError("The mask is no picture of one channel of the photo's size.")
    return pixels, mask, items(mask)
