"""``POST /api/v1/segment``: what each pixel of a photo shows."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Response
from fastapi.responses import JSONResponse

from apps.api import schemas
from apps.api.answers import PHOTO_ERRORS, Format, answer_headers, files, npy_answer, png_answer
from apps.api.inputs import EngineDep, UploadDep
from fashionviz.figures.regions import region_picture, with_legend
from fashionviz.region_json import segmentation_json

router = APIRouter(prefix="/api/v1")


class SegmentChoice:
    """Which answer: form fields win over the query."""

    def __init__(
        self,
        format: Annotated[Format | None, Query(description="`json` without it.")] = None,
        format_field: Annotated[Format | None, Form(alias="format")] = None,
    ) -> None:
        self.format: Format = format_field or format or "json"


@router.post(
    "/segment",
    tags=["photos"],
    response_model=schemas.SegmentationBody,
    responses=files(
        PHOTO_ERRORS, "The regions over the photo as PNG with a legend; probabilities as `.npy` (3, h, w)."
    ),
    summary="What each pixel shows",
)
def segment(sent: UploadDep, choice: Annotated[SegmentChoice, Depends()], engine: EngineDep) -> Response:
    """Garment (everything worn or carried), skin and hair, or background, pixel by pixel."""
    photo = sent.photo()
    part = photo.crop(sent.box) if sent.box else photo
    result = engine.segment(photo, model=sent.model, box=sent.box)
    headers = answer_headers(result.model.name, result.model.sha256, result.timings)
    if choice.format == "json":
        return JSONResponse(segmentation_json(result, sent.file, (part.height, part.width)), headers=headers)
    if choice.format == "npy":
        return npy_answer(result.view.placement.cut(result.probabilities), "regions.npy", headers)
    return png_answer(with_legend(region_picture(result, part.pixels), result), headers)
