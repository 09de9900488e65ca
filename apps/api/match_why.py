"""``POST /api/v1/match/why``: what the similarity of a garment and a catalogue's item rests on."""

from __future__ import annotations

import threading
from typing import Annotated, Any, Literal

import anyio
import numpy as np
from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from apps.api.answers import PHOTO_ERRORS, Format, answer_headers, files, latin, npy_answer, png_answer
from apps.api.inputs import EngineDep, Upload, UploadDep
from apps.api.leaving import unless_gone
from apps.api.schemas import ErrorBody
from apps.api.schemas_explain import ArrayBody, PlacementBody
from apps.api.schemas_parts import Timings
from fashionviz.errors import InvalidRequest
from fashionviz.figures.why import OVERLAY, SIGNED, why_picture
from fashionviz.match.catalogue import open_catalogue
from fashionviz.match.why import METHOD, Why, why_match
from fashionviz.serialise_matches import why_json

router = APIRouter(prefix="/api/v1")

Style = Literal["overlay", "signed"]
_STYLES = {"overlay": OVERLAY, "signed": SIGNED}
_ERRORS: dict[int | str, dict[str, Any]] = {
    **PHOTO_ERRORS,
    404: {
        "model": ErrorBody,
        "description": "No catalogue or item of that name, or no picture of the item on this machine.",
    },
    409: {
        "model": ErrorBody,
        "description": "The catalogue's vectors are a classifier's features, or of other weights than those installed.",
    },
}


class ItemBody(BaseModel):
    """An item as the catalogue keeps it."""

    id: str
    category: str | None
    title: str
    metadata: dict[str, Any]
    source: str | None
    box: list[float] | None


class MapBody(BaseModel):
    """How much each value of the network's normalised input counts for the similarity."""

    values: ArrayBody = Field(description="Shape 3, H, W; signed.")
    placement: PlacementBody


class WhyBody(BaseModel):
    """Why an item is like a garment; without the maps what `fashionviz match-why --json` prints."""

    file: str
    catalogue: str
    item: ItemBody
    box: list[float] | None = Field(description="The garment, in pixels of the upright photo; null for all of it.")
    model: str
    sha256: str
    method: str
    similarity: float = Field(description="Cosine of the two pictures' vectors, -1 to 1.")
    query: MapBody = Field(description="Of the garment.")
    match: MapBody = Field(description="Of the item.")
    timings_ms: Timings
    notes: list[str]


class WhyChoice:
    """Which item and how: form fields win over the query."""

    def __init__(
        self,
        catalogue: Annotated[str | None, Query(description="Name of the catalogue; this field is needed.")] = None,
        item: Annotated[str | None, Query(max_length=1000, description="Id of the item; this field is needed.")] = None,
        method: Annotated[str | None, Query(description=f"Attribution method, `{METHOD}` without it.")] = None,
        format: Annotated[Format | None, Query(description="`json` without it.")] = None,
        style: Annotated[Style | None, Query(description="How the PNG looks; `overlay` without it.")] = None,
        catalogue_field: Annotated[str | None, Form(alias="catalogue")] = None,
        item_field: Annotated[str | None, Form(alias="item", max_length=1000)] = None,
        method_field: Annotated[str | None, Form(alias="method")] = None,
        format_field: Annotated[Format | None, Form(alias="format")] = None,
        style_field: Annotated[Style | None, Form(alias="style")] = None,
    ) -> None:
        self.catalogue = catalogue_field or catalogue or ""
        self.item = item_field or item or ""
        self.method = method_field or method or METHOD
        self.format: Format = format_field or format or "json"
        self.style: Style = style_field or style or "overlay"


@router.post(
    "/match/why",
    tags=["photos"],
    response_model=WhyBody,
    responses=files(_ERRORS, "Both maps as JSON, side by side as PNG, or as `.npy` of shape (2, 3, H, W)."),
    summary="Why an item is like a garment",
)
async def match_why(
    request: Request, sent: UploadDep, choice: Annotated[WhyChoice, Depends()], engine: EngineDep
) -> Response:
    """Which parts of the garment, and of the item's picture, their similarity rests on.

    The field `model` is not used: the catalogue says which network's vectors it holds. When the caller hangs up, the
    work stops.
    """
    for name in ("catalogue", "item"):
        if not getattr(choice, name):
            raise InvalidRequest(f"The field {name!r} is missing. `/api/v1/match` answers with catalogue and ids.")

    def work(cancel: threading.Event) -> Why:
        return why_match(
            sent.photo(), open_catalogue(choice.catalogue), choice.item, engine, box=sent.box, method=choice.method,
            cancel=cancel,
        )  # fmt: skip

    result = await unless_gone(request, work)
    return await anyio.to_thread.run_sync(_answer, result, choice, sent)


def _answer(result: Why, choice: WhyChoice, sent: Upload) -> Response:
    found = result.explanation
    headers = {
        **answer_headers(found.model.name, found.model.sha256, found.timings),
        "X-Fashionviz-Method": found.method,
        "X-Fashionviz-Item": latin(result.item.id),
        "X-Fashionviz-Similarity": f"{found.similarity:.6f}",
    }
    if choice.format == "json":
        return JSONResponse(why_json(result, sent.file), headers=headers)
    if choice.format == "npy":
        return npy_answer(np.stack([found.query, found.item]), f"why-{found.method}.npy", headers)
    return png_answer(why_picture(found, _STYLES[choice.style]), headers)
