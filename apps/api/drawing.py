"""Garments that nobody has made: ``/api/v1/generators``, ``generate``, ``interpolate``, ``formation``, ``invert``."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from apps.api.answers import MODEL_ERRORS, PHOTO_ERRORS, answer_headers, latin
from apps.api.drawing_schemas import (
    FormationAsked,
    FormationBody,
    GenerateAsked,
    GeneratorBody,
    InterpolateAsked,
    InversionBody,
    SamplesBody,
)
from apps.api.inputs import EngineDep, UploadDep
from apps.api.leaving import unless_gone
from fashionviz.drawing_results import Inversion, Samples, Walk
from fashionviz.errors import FashionvizError, InvalidRequest, Overloaded
from fashionviz.generate.files import FILMS, MEDIA_TYPES, grid_picture, zip_bytes
from fashionviz.generate.limits import MAX_DRAWINGS
from fashionviz.images import encode_png
from fashionviz.inference.engine import Engine
from fashionviz.serialise import Json, error_json
from fashionviz.serialise_drawing import drawing_json, formation_json, generator_json, inversion_json, samples_json

#: Requests that draw at a time: a network draws them one after the other, and films take memory while they are written.
DRAWING = 8
#: Pictures in a line of a stream.
BATCH = 16
_places = threading.BoundedSemaphore(DRAWING)

router = APIRouter(prefix="/api/v1")

_FULL: dict[int | str, dict[str, Any]] = {**MODEL_ERRORS, 429: PHOTO_ERRORS[429]}


def _files(errors: dict[int | str, dict[str, Any]], what: str, *kinds: str) -> dict[int | str, dict[str, Any]]:
    binary = {"schema": {"type": "string", "format": "binary"}}
    return {**errors, 200: {"description": what, "content": dict.fromkeys(kinds, binary)}}


@contextmanager
def _place() -> Iterator[None]:
    if not _places.acquire(blocking=False):
        raise Overloaded(f"{DRAWING} requests are being drawn already; please try again in a few seconds.", 3.0)
    try:
        yield
    finally:
        _places.release()


@router.get("/generators", tags=["drawing"], response_model=list[GeneratorBody], summary="List the generators")
def list_generators(engine: EngineDep) -> list[Json]:
    """Every network that draws: the default, the other trained ones, then those without weights, which draw nothing."""
    return [generator_json(info) for info in engine.generators()]


@router.post(
    "/generate",
    tags=["drawing"],
    response_model=SamplesBody,
    responses=_files(
        _FULL,
        "Drawings as JSON, as one PNG, as ZIP with a manifest, or as a line of JSON a batch.",
        "image/png", "application/zip", "application/x-ndjson",
    ),
    summary="Draw garments",
)  # fmt: skip
async def generate(request: Request, asked: GenerateAsked, engine: EngineDep) -> Response:
    """Garments that nobody has made. The same seed, class, truncation and weights give the same pixels everywhere."""
    if asked.format == "ndjson":
        return await _stream(asked, engine)

    def work(cancel: threading.Event) -> Response:
        with _place():
            drawn = engine.generate(
                asked.model, label=asked.label, seed=asked.seed, n=asked.n, points=asked.points,
                truncation=asked.truncation, cancel=cancel,
            )  # fmt: skip
            return _samples_answer(drawn, asked.format)

    return await unless_gone(request, work)


def _samples_answer(drawn: Samples, kind: str) -> Response:
    headers = answer_headers(drawn.model.name, drawn.model.sha256, drawn.timings)
    if kind == "grid":
        return Response(encode_png(grid_picture(drawn.pixels)), media_type="image/png", headers=headers)
    if kind == "zip":
        headers["Content-Disposition"] = 'attachment; filename="drawings.zip"'
        return Response(zip_bytes(drawn), media_type="application/zip", headers=headers)
    return JSONResponse(samples_json(drawn), headers=headers)


async def _stream(asked: GenerateAsked, engine: Engine) -> Response:
    """A line a batch. What is wrong with the request is said before the first one, with its own status.

    The place is held by the batch that is drawn, not by a caller who reads slowly.
    """
    count = len(asked.points) if asked.points is not None else asked.n
    if not 1 <= count <= MAX_DRAWINGS:
        raise InvalidRequest(f"One to {MAX_DRAWINGS} pictures can be drawn at once, not {count}.")
    points = asked.points if asked.points is not None else [str(asked.seed + k) for k in range(count)]

    def batch(start: int) -> Samples:
        with _place():
            return engine.generate(
                asked.model, label=asked.label, points=points[start : start + BATCH], truncation=asked.truncation
            )

    first = await anyio.to_thread.run_sync(batch, 0)

    def lines() -> Iterator[bytes]:
        for start in range(0, count, BATCH):
            try:
                drawn = first if start == 0 else batch(start)
            except FashionvizError as error:  # the status is sent; the line says what happened
                yield _line(error_json(error.code, str(error)))
                return
            rows = [drawing_json(drawing) for drawing in drawn.drawings]
            facts = {"model": drawn.model.name, "sha256": drawn.model.sha256, "truncation": drawn.truncation}
            yield _line({**facts, "done": start + len(rows), "total": count, "drawings": rows})

    headers = answer_headers(first.model.name, first.model.sha256)
    return StreamingResponse(lines(), media_type="application/x-ndjson", headers=headers)


def _line(document: Json) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode() + b"\n"


@router.post(
    "/interpolate",
    tags=["drawing"],
    response_class=Response,
    responses=_files(_FULL, "The film, or a strip as PNG.", *dict.fromkeys(MEDIA_TYPES.values())),
    summary="Turn one drawing into the next",
)
async def interpolate(request: Request, asked: InterpolateAsked, engine: EngineDep) -> Response:
    """A walk from point to point along great circles of latent space, as a film that runs for ever or as a strip."""

    def work(cancel: threading.Event) -> tuple[Walk, bytes]:
        with _place():
            walk = engine.walk(
                asked.points, asked.model, label=asked.label, labels=asked.classes, steps=asked.steps, loop=asked.loop,
                truncation=asked.truncation, cancel=cancel,
            )  # fmt: skip
            return walk, FILMS[f".{asked.format}"](walk.frames)

    walk, film = await unless_gone(request, work)
    headers = answer_headers(walk.model.name, walk.model.sha256, walk.timings)
    headers["X-Fashionviz-Frames"] = str(len(walk.frames))
    headers["Content-Disposition"] = f'inline; filename="walk.{asked.format}"'
    return Response(film, media_type=MEDIA_TYPES[f".{asked.format}"], headers=headers)


@router.post(
    "/formation", tags=["drawing"], response_model=FormationBody, responses=_FULL, summary="How a drawing forms"
)
def formation(asked: FormationAsked, engine: EngineDep) -> Response:
    """What each stage of the generator gives of a picture, from 4×4 to the picture itself."""
    with _place():
        found = engine.formation(asked.point, asked.model, label=asked.label, truncation=asked.truncation)
    return JSONResponse(formation_json(found), headers=answer_headers(found.model.name, found.model.sha256))


class InvertChoice:
    """How to search: form fields win over the query."""

    def __init__(
        self,
        label: Annotated[
            str | None, Query(alias="class", description="What is drawn; the likeliest without it.")
        ] = None,
        steps: Annotated[int | None, Query(description="Of the search, 1 to 1000; 200 without it.")] = None,
        format: Annotated[str | None, Query(pattern="^(json|png)$", description="`json` without it.")] = None,
        label_field: Annotated[str | None, Form(alias="class")] = None,
        steps_field: Annotated[int | None, Form(alias="steps")] = None,
        format_field: Annotated[str | None, Form(alias="format", pattern="^(json|png)$")] = None,
    ) -> None:
        self.label = label_field or label or None
        chosen = steps_field if steps_field is not None else steps
        self.steps = 200 if chosen is None else chosen
        self.format = format_field or format or "json"


@router.post(
    "/invert",
    tags=["drawing"],
    response_model=InversionBody,
    responses=_files(PHOTO_ERRORS, "What the latent draws, as PNG, or everything as JSON.", "image/png"),
    summary="Find a photo's latent",
)
async def invert(
    request: Request, sent: UploadDep, choice: Annotated[InvertChoice, Depends()], engine: EngineDep
) -> Response:
    """The latent that draws what is most like a photo; takes seconds. When the caller hangs up, the work stops."""

    def work(cancel: threading.Event) -> Inversion:
        return engine.invert(
            sent.photo(), sent.model, label=choice.label, steps=choice.steps, box=sent.box, cancel=cancel
        )

    found = await unless_gone(request, work)
    headers = answer_headers(found.model.name, found.model.sha256, found.timings)
    headers |= {"X-Fashionviz-Point": latin(found.point), "X-Fashionviz-Class": latin(found.label or "")}
    if choice.format == "png":
        return Response(encode_png(found.pixels), media_type="image/png", headers=headers)
    return JSONResponse(inversion_json(found, sent.file), headers=headers)
