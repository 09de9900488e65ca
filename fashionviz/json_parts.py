"""What every JSON shape is made of: boxes, arrays, where a photo lies in a model's input."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionviz.models.preprocess import Placement
from fashionviz.results import Box

Json = dict[str, Any]


def box_json(box: Box | None) -> list[float] | None:
    """``[x0, y0, x1, y1]`` in pixels of the decoded photo, or ``None`` for all of it."""
    return None if box is None else [float(v) for v in box]


def array_json(values: NDArray[Any]) -> Json:
    """An array as its shape, its dtype and base64 of its little-endian float32 values in C order.

    ``numpy.frombuffer(base64.b64decode(a["data"]), "<f4").reshape(a["shape"])`` gives it back.
    """
    packed = np.ascontiguousarray(values, dtype="<f4")
    return {
        "shape": list(packed.shape),
        "dtype": "float32",
        "byte_order": "little",
        "encoding": "base64",
        "data": base64.b64encode(packed.tobytes()).decode("ascii"),
    }


def array_from_json(packed: Json) -> NDArray[np.float32]:
    """The inverse of :func:`array_json`."""
    values = np.frombuffer(base64.b64decode(packed["data"]), dtype="<f4")
    return values.reshape(packed["shape"]).astype(np.float32)


def placement_json(place: Placement) -> Json:
    """Where the photo lies in the model's input, in input pixels: needed to lay values back over the photo."""
    return {
        "top": place.top,
        "left": place.left,
        "height": place.height,
        "width": place.width,
        "frame": list(place.frame),
    }
