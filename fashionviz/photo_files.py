"""Photos that commands read, pictures and arrays that they write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fashionviz import images
from fashionviz.data.items import item_photo, named_item
from fashionviz.errors import ImageError, InvalidRequest
from fashionviz.images import Photo, encode_png


def read_photo(path: Path | str) -> Photo:
    """Decode a file through the visitor's door.

    Args:
        path: the file or, where there is none of that name, an item of a public data set as ``DATASET:SPLIT:ID``, or a
            drawing as ``drawn:MODEL:CLASS:TRUNCATION:POINT``: what a page says of either runs anywhere the data, or
            the weights, are.

    Raises:
        ImageError: it cannot be read, or is no picture.
        DataError: the item's data set is not here, or has no such item.
        FashionvizError: the drawing cannot be drawn.
    """
    path = Path(path)
    if str(path).startswith("drawn:"):  # only who asks for a drawing waits for what draws
        from fashionviz.generate.named import drawn_photo, parse_drawn
        from fashionviz.inference.engine import shared_engine

        return drawn_photo(parse_drawn(str(path)), shared_engine())
    try:
        data = path.read_bytes()
    except OSError as error:
        if isinstance(error, FileNotFoundError) and (item := named_item(str(path))) is not None:
            return item_photo(item)
        raise ImageError(f"{path.name} cannot be read: {error.strerror}.") from error
    return images.decode(data)


def check_ending(path: Path) -> None:
    """Refuse a file name before the work is done, not after.

    Raises:
        InvalidRequest: it ends in neither ``.png`` nor ``.npy``.
    """
    if path.suffix.lower() not in (".png", ".npy"):
        raise InvalidRequest(f"--out must end in .png (a picture) or .npy (raw values), not {path.suffix!r}.")


def save_picture(
    path: Path, picture: Callable[[], NDArray[np.uint8]], values: Callable[[], NDArray[np.floating]]
) -> None:
    """Write the picture or the raw values, by the ending of the file's name.

    Args:
        path: the file; its folder is made if need be.
        picture: ``(H, W, 3)`` uint8, made when needed.
        values: the array, made when needed.

    Raises:
        InvalidRequest: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix.lower() == ".png":
            path.write_bytes(encode_png(picture()))
        else:
            with path.open("wb") as handle:  # np.save would add an ending of its own to .NPY
                np.save(handle, values())
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be written: {error.strerror}.") from error
