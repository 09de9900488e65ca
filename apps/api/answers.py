"""What the calls share: formats, error descriptions, headers, pictures and arrays as answers."""

from __future__ import annotations

import io
from typing import Annotated, Any, Literal
from urllib.parse import quote

import numpy as np
from fastapi import Path, Response
from numpy.typing import NDArray

from apps.api import schemas
from fashionviz.figures.pictures import Picture
from fashionviz.images import encode_png
from fashionviz.results import Timings

Format = Literal["png", "json", "npy"]
NamePath = Annotated[str, Path(description="Name of the model, as `/api/v1/models` lists it.")]


def _error(text: str) -> dict[str, Any]:
    return {"model": schemas.ErrorBody, "description": text}


MODEL_ERRORS: dict[int | str, dict[str, Any]] = {
    404: _error("No model of that name, or it has nothing of the kind."),
    409: _error("The model is registered but not trained."),
    422: _error("A field is missing or makes no sense; the sentence names it."),
    503: _error("The weights are damaged, or the model's worker stopped."),
}
PHOTO_ERRORS: dict[int | str, dict[str, Any]] = {
    **MODEL_ERRORS,
    413: _error("More than 25 MB, or more than 50 million pixels."),
    415: _error("Not a JPEG, PNG or WebP picture."),
    422: _error("The picture is damaged or too small, or a field makes no sense."),
    429: _error("Too many requests at once; the header Retry-After says when to come back."),
}


def files(errors: dict[int | str, dict[str, Any]], what: str) -> dict[int | str, dict[str, Any]]:
    """OpenAPI's answers of a call that serves PNG and arrays beside JSON."""
    binary = {"schema": {"type": "string", "format": "binary"}}
    content: dict[str, Any] = {"image/png": binary, "application/octet-stream": binary}
    headers = {
        name: {"description": text, "schema": {"type": "string"}}
        for name, text in {
            "X-Fashionviz-Model": "The model that answered.",
            "X-Fashionviz-Weights": "SHA-256 of its weights.",
        }.items()
    }
    return {**errors, 200: {"description": what, "content": content, "headers": headers}}


def answer_headers(model: str, sha256: str, timings: Timings | None = None) -> dict[str, str]:
    """Which weights answered, and where the time went."""
    headers = {"X-Fashionviz-Model": model, "X-Fashionviz-Weights": sha256, "Cache-Control": "no-store"}
    if timings is not None:
        headers["Server-Timing"] = ", ".join(f"{k};dur={v}" for k, v in timings.as_dict().items())
    return headers


def latin(text: str) -> str:
    """A header's value: as it is where headers can hold it, else percent-encoded."""
    return text if text.isascii() and text.isprintable() else quote(text)


def png_answer(picture: Picture, headers: dict[str, str]) -> Response:
    """A picture as PNG."""
    return Response(encode_png(picture), media_type="image/png", headers=headers)


def npy_answer(values: NDArray[np.float32], name: str, headers: dict[str, str]) -> Response:
    """An array as a little-endian float32 ``.npy`` file to save."""
    out = io.BytesIO()
    np.save(out, np.ascontiguousarray(values, dtype="<f4"), allow_pickle=False)
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(out.getvalue(), media_type="application/octet-stream", headers={**headers, **disposition})
