"""``POST /api/v1/detect``: the items on a photo, with boxes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Response
from fastapi.responses import JSONResponse

from apps.api import schemas_detect
from apps.api.answers import PHOTO_ERRORS, answer_headers, files, png_answer
from apps.api.inputs import EngineDep, UploadDep
from fashionviz.figures.detections import detection_picture
from fashionviz.serialise_detections import detections_json

router = APIRouter(prefix="/api/v1")

_SCORE = "Least score of an item, 0 to 1; 0.6 without it."


class DetectChoice:
    """Which answer: form fields win over the query."""

    def __init__(
        self,
        format: Annotated[schemas_detect.DetectFormat | None, Query(description="`json` without it.")] = None,
        min_score: Annotated[float | None, Query(description=_SCORE)] = None,
        format_field: Annotated[schemas_detect.DetectFormat | None, Form(alias="format")] = None,
        min_score_field: Annotated[float | None, Form(alias="min_score", description=_SCORE)] = None,
    ) -> None:
        self.format: schemas_detect.DetectFormat = format_field or format or "json"
        self.min_score = min_score if min_score_field is None else min_score_field


@router.post(
    "/detect",
    tags=["photos"],
    response_model=schemas_detect.DetectionsBody,
    responses=files(PHOTO_ERRORS, "The photo with its boxes as PNG."),
    summary="The items on a photo, with boxes",
)
def detect(sent: UploadDep, choice: Annotated[DetectChoice, Depends()], engine: EngineDep) -> Response:
    """What is worn and carried: a box in pixels of the upright photo, a kind and a score for each item."""
    photo = sent.photo()
    result = engine.detect(photo, sent.model, choice.min_score, sent.box)
    headers = answer_headers(result.model.name, result.model.sha256, result.timings)
    if choice.format == "json":
        return JSONResponse(detections_json(result, sent.file), headers=headers)
    return png_answer(detection_picture(result, photo.pixels), headers)
