"""What a request carries: the photo, the model, a region. Each may come as a form field or in the query."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated

from fastapi import Depends, File, Form, Query, UploadFile

from fashionviz import images
from fashionviz.boxes import parse_box
from fashionviz.errors import Overloaded
from fashionviz.inference.engine import Engine, shared_engine
from fashionviz.results import Box

#: Photos decoded at a time: one of 50 million pixels takes 150 MB while it is opened.
DECODERS = 4
DECODE_WAIT_S = 10.0
_decoders = threading.BoundedSemaphore(DECODERS)

_MODEL = "Name of the model, for example `mobilenet_v2.gender_category`; the default model without it."
_BOX = "Region of the photo in pixels, `x0,y0,x1,y1`; all of it without it."


def get_engine() -> Engine:
    """The process's engine; tests put another in its place."""
    return shared_engine()


EngineDep = Annotated[Engine, Depends(get_engine)]
ModelQuery = Annotated[str | None, Query(description=_MODEL)]
LayerQuery = Annotated[str | None, Query(description="Dotted name of a layer, as `/models/{name}/layers` lists them.")]


@dataclass(frozen=True)
class Upload:
    """A photo as sent.

    Attributes:
        file: the name it was sent under, without folders.
        data: the whole file.
        model: which model is asked, or ``None``.
        box: region in pixels, or ``None``.
    """

    file: str
    data: bytes
    model: str | None
    box: Box | None

    def photo(self) -> images.Photo:
        """Decode it; at most :data:`DECODERS` at a time.

        Raises:
            ImageError: it is not a picture that can be read.
            Overloaded: too many photos are being opened.
        """
        with _turn():
            return images.decode(self.data)


@contextmanager
def _turn() -> Iterator[None]:
    if not _decoders.acquire(timeout=DECODE_WAIT_S):
        raise Overloaded("The server is busy opening other photos. Please try again in a few seconds.", 5.0)
    try:
        yield
    finally:
        _decoders.release()


def plain_name(name: str | None) -> str:
    """A file's name without folders (of either slash) and control characters, at most 200 characters."""
    last = PurePosixPath((name or "").replace("\\", "/")).name
    return "".join(c for c in last if c.isprintable())[:200] or "photo"


def upload(
    file: Annotated[UploadFile, File(description="The photo: JPEG, PNG or WebP, at most 25 MB.")],
    model: ModelQuery = None,
    box: Annotated[str | None, Query(description=_BOX, examples=["40,30,200,260"])] = None,
    model_field: Annotated[str | None, Form(alias="model", description=_MODEL)] = None,
    box_field: Annotated[str | None, Form(alias="box", description=_BOX)] = None,
) -> Upload:
    """The photo and what is asked of it; a form field wins over the query."""
    chosen = parse_box(box_field if box_field is not None else box)
    return Upload(plain_name(file.filename), file.file.read(), model_field or model or None, chosen)


UploadDep = Annotated[Upload, Depends(upload)]
