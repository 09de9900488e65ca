"""The calls under /api/v1. Each asks the engine and hands its answer to a serialiser or a figure."""

from __future__ import annotations

import threading
from typing import Annotated, Literal

import anyio
from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import JSONResponse

from apps.api import schemas
from apps.api.answers import (
    MODEL_ERRORS,
    PHOTO_ERRORS,
    Format,
    NamePath,
    answer_headers,
    files,
    latin,
    npy_answer,
    png_answer,
)
from apps.api.inputs import EngineDep, LayerQuery, ModelQuery, Upload, UploadDep
from apps.api.leaving import unless_gone
from apps.api.schemas_detect import BoxReportBody
from fashionviz import serialise
from fashionviz.data.landmarks.kinds import LANDMARKS
from fashionviz.errors import DataError, InvalidRequest
from fashionviz.evaluation.box_report import load_box_report
from fashionviz.evaluation.region_report import load_region_report
from fashionviz.evaluation.reliability import item_scores, reliability
from fashionviz.evaluation.report import items_in_cell, load_items, load_report
from fashionviz.evaluation.tagging_report import load_tagging_report
from fashionviz.figures import pictures
from fashionviz.figures.landmarks import heat_picture, landmark_picture
from fashionviz.region_json import region_report_json
from fashionviz.results import ActivationMaps, Attribution
from fashionviz.serialise_detections import box_report_json

Style = Literal["colour", "signed", "overlay"]

STYLES = {
    "colour": pictures.attribution_colour,
    "signed": pictures.attribution_signed,
    "overlay": pictures.attribution_overlay,
}
#: Longest side of a picture in an answer, in pixels: inputs are small, and a map of 20 pixels shows nothing.
PICTURE = 640
#: Channels in an activation grid: the strongest, eight a row.
GRID_CHANNELS = 64


router = APIRouter(prefix="/api/v1")


class ReportMissing(DataError):
    """The model has no committed report."""

    code = "report_missing"


@router.get("/models", tags=["models"], response_model=list[schemas.ModelBody], summary="List the models")
def list_models(engine: EngineDep) -> list[serialise.Json]:
    """Every registered model with its task, its metrics and whether it is trained."""
    return [serialise.model_json(m) for m in engine.models()]


@router.get(
    "/models/{name}", tags=["models"], response_model=schemas.ModelBody, responses=MODEL_ERRORS, summary="One model"
)
def one_model(name: NamePath, engine: EngineDep) -> serialise.Json:
    """One model by its name, `architecture.task`."""
    return serialise.model_json(engine.model(name))


@router.get(
    "/models/{name}/layers",
    tags=["models"],
    response_model=list[schemas.LayerBody],
    responses=MODEL_ERRORS,
    summary="A model's layers",
)
def list_layers(name: NamePath, engine: EngineDep) -> list[serialise.Json]:
    """The layers as the model itself lists them, in the order they run."""
    return [serialise.layer_json(layer) for layer in engine.layers(name)]


@router.get(
    "/models/{name}/report",
    tags=["models"],
    response_model=schemas.ReportBody | schemas.TaggingReportBody | schemas.RegionReportBody | BoxReportBody,
    responses=MODEL_ERRORS,
    summary="How often a model is right",
)
def one_report(name: NamePath, engine: EngineDep) -> serialise.Json:
    """The model's committed report on its test split.

    Of a classifier accuracy and each class's precision, recall and F1 with 95 % intervals, the confusion matrix, and
    how often it is right at which confidence; of a tagger F1 and average precision; of a segmenter intersection over
    union; of a detector average precision.
    """
    info = engine.model(name)
    tagging = load_tagging_report(info.name)
    if tagging is not None:
        return serialise.tagging_report_json(tagging)
    regions = load_region_report(info.name)
    if regions is not None:
        return region_report_json(regions)
    boxes = load_box_report(info.name)
    if boxes is not None:
        return box_report_json(boxes)
    report = load_report(info.name)
    if report is None:
        raise ReportMissing(f"There is no report of {info.name}: it has not been trained and evaluated yet.")
    items = load_items(info.name)
    found = reliability(*item_scores(items, report.classes)) if items else None
    return {**serialise.report_json(report), "reliability": found and serialise.reliability_json(found)}


@router.get(
    "/models/{name}/report/cell",
    tags=["models"],
    response_model=schemas.CellBody,
    responses=MODEL_ERRORS,
    summary="The pictures behind one cell of the confusion matrix",
)
def one_cell(
    name: NamePath,
    engine: EngineDep,
    true: Annotated[str, Query(description="True class.")],
    predicted: Annotated[str, Query(description="Class that the model said.")],
) -> serialise.Json:
    """Ids and probabilities of the test pictures of a true class that were given a certain class, the surest first."""
    info = engine.model(name)
    report = load_report(info.name)
    if report is None:
        raise ReportMissing(f"There is no confusion matrix of {info.name}: it gives tags, or is not evaluated yet.")
    for wanted in (true, predicted):
        if wanted not in report.classes:
            raise InvalidRequest(f"There is no class {wanted!r}. Choose one of: {', '.join(report.classes)}.")
    return serialise.cell_json(report, items_in_cell(load_items(info.name), true, predicted), true, predicted)


@router.post(
    "/predict",
    tags=["photos"],
    response_model=schemas.PredictionBody,
    responses=PHOTO_ERRORS,
    summary="What is on the photo",
)
def predict(sent: UploadDep, engine: EngineDep, response: Response) -> serialise.Json:
    """Class probabilities of a photo, or of a region of it. The photo stays in memory and is forgotten."""
    result = engine.predict(sent.photo(), model=sent.model, box=sent.box)
    response.headers.update(answer_headers(result.model.name, result.model.sha256, result.timings))
    return serialise.prediction_json(result, sent.file, engine.model(result.model.name).note)


class ExplainChoice:
    """How to explain: form fields win over the query."""

    def __init__(
        self,
        method: Annotated[str | None, Query(description="Attribution method, `guided-backprop` without it.")] = None,
        target: Annotated[str | None, Query(description="Class to explain; the most probable without it.")] = None,
        format: Annotated[Format | None, Query(description="`png` without it.")] = None,
        style: Annotated[Style | None, Query(description="How the PNG looks; `colour` without it.")] = None,
        against: Annotated[str | None, Query(description="A second class: why the first and not this one?")] = None,
        layer: LayerQuery = None,
        method_field: Annotated[str | None, Form(alias="method")] = None,
        target_field: Annotated[str | None, Form(alias="target")] = None,
        against_field: Annotated[str | None, Form(alias="against")] = None,
        layer_field: Annotated[str | None, Form(alias="layer")] = None,
        format_field: Annotated[Format | None, Form(alias="format")] = None,
        style_field: Annotated[Style | None, Form(alias="style")] = None,
    ) -> None:
        self.method = method_field or method or "guided-backprop"
        self.target = target_field or target or None
        self.against = against_field or against or None
        self.layer = layer_field or layer or None
        self.format: Format = format_field or format or "png"
        self.style: Style = style_field or style or "colour"


@router.post(
    "/explain",
    tags=["photos"],
    response_model=schemas.ExplanationBody,
    responses=files(PHOTO_ERRORS, "The attribution as PNG, as JSON, or as `.npy` of shape (3, H, W)."),
    summary="Where the model looked",
)
async def explain(
    request: Request, sent: UploadDep, choice: Annotated[ExplainChoice, Depends()], engine: EngineDep
) -> Response:
    """How much each part of the photo spoke for a class. When the caller hangs up, the work stops."""

    def work(cancel: threading.Event) -> Attribution:
        return engine.explain(
            sent.photo(), model=sent.model, method=choice.method, target=choice.target, against=choice.against,
            layer=choice.layer, box=sent.box, cancel=cancel,
        )  # fmt: skip

    result = await unless_gone(request, work)
    return await anyio.to_thread.run_sync(_attribution_answer, result, choice, sent)


def _attribution_answer(result: Attribution, choice: ExplainChoice, sent: Upload) -> Response:
    headers = {
        **answer_headers(result.model.name, result.model.sha256, result.timings),
        "X-Fashionviz-Method": result.method,
        "X-Fashionviz-Target": latin(result.target),
        "X-Fashionviz-Probability": f"{result.probability:.6f}",
    }
    if result.against is not None:
        headers["X-Fashionviz-Against"] = latin(result.against)
    if result.completeness_error is not None:
        headers["X-Fashionviz-Completeness-Error"] = f"{result.completeness_error:.6f}"
    if choice.format == "json":
        return JSONResponse(serialise.attribution_json(result, sent.file), headers=headers)
    if choice.format == "npy":
        return npy_answer(result.values, f"{result.method}.npy", headers)
    picture = STYLES[choice.style](result)
    return png_answer(pictures.enlarge(picture, PICTURE), headers)


class LandmarkChoice:
    """Which picture: form fields win over the query."""

    def __init__(
        self,
        name: Annotated[str | None, Query(description="Heat of one landmark instead of dots.")] = None,
        format: Annotated[Format | None, Query(description="`json` without it.")] = None,
        name_field: Annotated[str | None, Form(alias="name")] = None,
        format_field: Annotated[Format | None, Form(alias="format")] = None,
    ) -> None:
        self.name = name_field or name or None
        self.format: Format = format_field or format or "json"


@router.post(
    "/landmarks",
    tags=["photos"],
    response_model=schemas.LandmarksBody,
    responses=files(PHOTO_ERRORS, "The photo with dots, or the heat of one landmark, as PNG; all heat as `.npy`."),
    summary="Where collar, sleeves, waist and hem are",
)
def landmarks(sent: UploadDep, choice: Annotated[LandmarkChoice, Depends()], engine: EngineDep) -> Response:
    """Eight landmarks with the probability that the garment shows them. What they were learned from is derived."""
    if choice.name is not None and choice.name not in LANDMARKS:
        raise InvalidRequest(f"There is no landmark {choice.name!r}. Choose one of: {', '.join(LANDMARKS)}.")
    photo = sent.photo()
    result = engine.landmarks(photo, model=sent.model, box=sent.box)
    headers = answer_headers(result.model.name, result.model.sha256, result.timings)
    if choice.format == "json":
        return JSONResponse(serialise.landmarks_json(result, sent.file), headers=headers)
    if choice.format == "npy":
        return npy_answer(result.heat, "landmarks.npy", headers)
    if choice.name is not None:
        return png_answer(pictures.enlarge(heat_picture(result, choice.name), PICTURE, smooth=True), headers)
    return png_answer(landmark_picture(result, photo.pixels), headers)


@router.get(
    "/filters",
    tags=["models"],
    response_model=schemas.FiltersBody,
    responses=files(MODEL_ERRORS, "The filters as PNG tiles, as JSON, or as `.npy` of shape (N, C, kh, kw)."),
    summary="A convolution's filters",
)
def filters(
    engine: EngineDep,
    model: ModelQuery = None,
    layer: LayerQuery = None,
    format: Annotated[Format, Query(description="`png` without it.")] = "png",
) -> Response:
    """The filters of a convolution, the first one's without `layer`. Each tile is normalised on its own."""
    bank = engine.filters(model=model or None, layer=layer or None)
    headers = {**answer_headers(bank.model.name, bank.model.sha256), "X-Fashionviz-Layer": latin(bank.layer)}
    if format == "json":
        return JSONResponse(serialise.filters_json(bank), headers=headers)
    if format == "npy":
        return npy_answer(bank.weights, "filters.npy", headers)
    return png_answer(pictures.filter_grid(bank), headers)


class ActivationChoice:
    """Which maps: form fields win over the query."""

    def __init__(
        self,
        layer: LayerQuery = None,
        channel: Annotated[int | None, Query(ge=0, description="One channel; all without it.")] = None,
        format: Annotated[Format | None, Query(description="`png` without it.")] = None,
        layer_field: Annotated[str | None, Form(alias="layer")] = None,
        channel_field: Annotated[int | None, Form(alias="channel", ge=0)] = None,
        format_field: Annotated[Format | None, Form(alias="format")] = None,
    ) -> None:
        self.layer = layer_field or layer or None
        self.channel = channel_field if channel_field is not None else channel
        self.format: Format = format_field or format or "png"


@router.post(
    "/activations",
    tags=["photos"],
    response_model=schemas.ActivationsBody,
    responses=files(PHOTO_ERRORS, "The maps as PNG, as JSON, or as `.npy` of shape (C, h, w)."),
    summary="What a layer sees",
)
def activations(sent: UploadDep, choice: Annotated[ActivationChoice, Depends()], engine: EngineDep) -> Response:
    """A layer's output for the photo. As PNG the strongest channels in a grid, or one channel large."""
    result = engine.activations(sent.photo(), model=sent.model, layer=choice.layer, box=sent.box)
    count = result.maps.shape[0]
    if choice.channel is not None and choice.channel >= count:
        raise InvalidRequest(
            f"The field 'channel' is {choice.channel}, but {result.layer} has {count} channels, 0 to {count - 1}."
        )
    headers = {
        **answer_headers(result.model.name, result.model.sha256, result.timings),
        "X-Fashionviz-Layer": latin(result.layer),
        "X-Fashionviz-Channels": str(count),
    }
    if choice.format == "json":
        return JSONResponse(serialise.activations_json(result, sent.file, choice.channel), headers=headers)
    if choice.format == "npy":
        maps = result.maps if choice.channel is None else result.maps[choice.channel][None]
        return npy_answer(maps, "activations.npy", headers)
    return png_answer(_activation_picture(result, choice.channel), headers)


def _activation_picture(result: ActivationMaps, channel: int | None) -> pictures.Picture:
    if channel is not None:
        return pictures.activation_tile(result, channel, PICTURE)
    return pictures.activation_grid(result, pictures.strongest_channels(result, GRID_CHANNELS))
