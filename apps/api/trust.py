"""``POST /api/v1/trust``: how far a map of where the model looked can be trusted."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response

from apps.api import schemas
from apps.api.answers import PHOTO_ERRORS, answer_headers
from apps.api.inputs import EngineDep, LayerQuery, UploadDep
from apps.api.leaving import unless_gone
from fashionviz import serialise

router = APIRouter(prefix="/api/v1")


@router.post(
    "/trust",
    tags=["photos"],
    response_model=schemas.TrustBody,
    responses=PHOTO_ERRORS,
    summary="How far a map can be trusted",
)
async def trust(
    request: Request,
    response: Response,
    sent: UploadDep,
    engine: EngineDep,
    method: Annotated[str | None, Query(description="Attribution method, `guided-backprop` without it.")] = None,
    target: Annotated[str | None, Query(description="Class to explain; the most probable without it.")] = None,
    against: Annotated[str | None, Query(description="A second class: why the first and not this one?")] = None,
    layer: LayerQuery = None,
    method_field: Annotated[str | None, Form(alias="method")] = None,
    target_field: Annotated[str | None, Form(alias="target")] = None,
    against_field: Annotated[str | None, Form(alias="against")] = None,
    layer_field: Annotated[str | None, Form(alias="layer")] = None,
) -> Any:
    """Does the map need the network's weights, do the pixels it marks matter, and where does it lie?

    Takes seconds to minutes, one at a time. When the caller hangs up, the work stops. Form fields win over the query.
    """
    result = await unless_gone(
        request,
        lambda cancel: engine.trust(
            sent.photo(),
            model=sent.model,
            method=method_field or method or "guided-backprop",
            target=target_field or target or None,
            against=against_field or against or None,
            layer=layer_field or layer or None,
            box=sent.box,
            cancel=cancel,
        ),
    )
    found = result.attribution.model
    response.headers.update(answer_headers(found.name, found.sha256, result.timings))
    return serialise.trust_json(result, sent.file)
