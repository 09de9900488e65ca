"""Vectors of unit length as bytes: fp16, or int8 with a scale for each where they ship with the package."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fashionviz.errors import InvalidRequest

Packing = Literal["float16", "int8"]
F32 = NDArray[np.float32]


def checked(vectors: NDArray, dim: int) -> F32:
    """``(N, dim)`` float32 of unit length.

    Raises:
        InvalidRequest: another shape, a value that is no number, or a row of another length: a network whose vectors
            have collapsed to zero gives such.
    """
    values = np.ascontiguousarray(vectors, dtype=np.float32)
    if values.ndim != 2 or values.shape[1] != dim:
        raise InvalidRequest(f"Vectors of {dim} values are needed, not an array of shape {values.shape}.")
    lengths = np.linalg.norm(values, axis=1)
    if not np.all(np.isfinite(lengths)) or np.any(np.abs(lengths - 1) > 1e-2):
        raise InvalidRequest("Vectors must have length 1; of these some have not. Normalise them first.")
    return values


def pack(vectors: F32, packing: Packing) -> list[bytes]:
    """Rows ``(N, D)`` of unit length as bytes: 2 D each, or D + 4 in int8."""
    if packing == "float16":
        return [row.tobytes() for row in vectors.astype("<f2")]
    scales = np.abs(vectors).max(axis=1, keepdims=True).astype("<f4") / np.float32(127)
    codes = np.rint(vectors / scales).astype(np.int8)
    return [scale.tobytes() + row.tobytes() for scale, row in zip(scales, codes, strict=True)]


def unpack(blobs: Iterable[bytes], packing: Packing, dim: int) -> F32:
    """The inverse, again of unit length: ``(N, dim)`` float32.

    Raises:
        ValueError: the bytes are not whole rows.
    """
    data = b"".join(blobs)
    if packing == "float16":
        values = np.frombuffer(data, dtype="<f2").reshape(-1, dim).astype(np.float32)
    else:
        rows = np.frombuffer(data, dtype=np.uint8).reshape(-1, dim + 4)
        scales = np.ascontiguousarray(rows[:, :4]).view("<f4")
        values = rows[:, 4:].view(np.int8).astype(np.float32) * scales
    values /= np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12)
    return values
