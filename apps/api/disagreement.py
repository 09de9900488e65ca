"""``POST /api/v1/disagreement``: how much the models disagree on a photo."""

from __future__ import annotations

import threading
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from apps.api.answers import PHOTO_ERRORS
from apps.api.inputs import EngineDep, UploadDep
from apps.api.leaving import unless_gone
from apps.api.take_home import named
from fashionviz.inference.disagreement import disagree
from fashionviz.serialise import Json, disagreement_json

router = APIRouter(prefix="/api/v1")


class OpinionBody(BaseModel):
    """What one model says, and how far it stands from the others."""

    model: str
    sha256: str
    task: str
    label: str
    probability: float
    mean_bits: float | None = Field(description="Mean divergence from the models it can be compared with; null: none.")
    compared: int = Field(description="How many these are.")


class SaidBody(BaseModel):
    """The most probable word with its share."""

    word: str
    share: float


class PairBody(BaseModel):
    """Two models on the same photo."""

    first: str
    second: str
    words: str = Field(description="What they are compared in; empty where they are not.")
    bits: float | None = Field(description="Jensen-Shannon divergence, 0 to 1; null where they cannot be compared.")
    coverage: float | None = Field(description="Smaller share of the answers that lies on words both have.")
    first_says: SaidBody | None
    second_says: SaidBody | None
    reason: str = Field(description="Why they cannot be compared.")
    differs: bool | None


class TaskBody(BaseModel):
    """All models of one task together."""

    task: str
    title: str
    models: list[str]
    bits: float = Field(description="Generalised Jensen-Shannon divergence.")
    most: float = Field(description="What it can be at most: log2 of the number of models.")
    says: dict[str, list[str]] = Field(description="Each most probable class with the models that say it.")


class FailedBody(BaseModel):
    """A model that did not answer."""

    model: str
    error: str


class DisagreementBody(BaseModel):
    """How much models disagree on a photo; the same keys as `fashionviz disagree --json`."""

    file: str
    box: list[float] | None
    sentence: str = Field(description="What they disagree about.")
    models: list[OpinionBody] = Field(description="The one farthest from the others first.")
    pairs: list[PairBody]
    tasks: list[TaskBody]
    failed: list[FailedBody]


class DisagreementChoice:
    """Which models: form fields win over the query."""

    def __init__(
        self,
        models: Annotated[
            list[str] | None, Query(description="Models, repeated or separated by commas; all trained ones without it.")
        ] = None,
        models_field: Annotated[list[str] | None, Form(alias="models")] = None,
    ) -> None:
        self.models = named(models_field or models)


@router.post(
    "/disagreement",
    tags=["photos"],
    response_model=DisagreementBody,
    responses=PHOTO_ERRORS,
    summary="How much the models disagree",
)
async def disagreement(
    request: Request, sent: UploadDep, choice: Annotated[DisagreementChoice, Depends()], engine: EngineDep
) -> Response:
    """All trained models on one photo, or those named, and how much every two of them disagree.

    Models of different tasks are compared in words that both have, where such are written down. When the caller hangs
    up, the work stops.
    """

    def work(cancel: threading.Event) -> Json:
        found = disagree(engine, sent.photo(), choice.models, box=sent.box, cancel=cancel)
        return disagreement_json(found, sent.file, sent.box)

    return JSONResponse(await unless_gone(request, work), headers={"Cache-Control": "no-store"})
