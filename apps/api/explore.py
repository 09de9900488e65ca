"""What was computed over a split: a channel's top items, class averages, the embedding map."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from apps.api.answers import MODEL_ERRORS, NamePath, answer_headers, files, png_answer
from apps.api.inputs import EngineDep
from apps.api.schemas import ArrayBody
from fashionviz.errors import InvalidRequest
from fashionviz.explain.channels import load_index
from fashionviz.figures.averages import Look, average_sheet
from fashionviz.serialise import Json
from fashionviz.serialise_explore import averages_json, embedding_map_json, index_json, top_items_json

router = APIRouter(prefix="/api/v1")


class SourceBody(BaseModel):
    """The items that something was made from."""

    data_set: str
    split: str
    n: int
    limit: int | None = Field(description="Items of each class at most; null where all were taken.")


class IndexedLayer(BaseModel):
    """A layer of the index."""

    layer: str
    channels: int


class IndexBody(BaseModel):
    """Which layers the index of top items holds."""

    model: str
    sha256: str
    source: SourceBody
    layers: list[IndexedLayer]


class TopItemBody(BaseModel):
    """An item by its id in the data set, and the largest value of the channel's map for it."""

    id: str
    value: float


class TopItemsBody(BaseModel):
    """The items that excite a channel most, strongest first."""

    model: str
    sha256: str
    layer: str
    channel: int
    source: SourceBody
    items: list[TopItemBody]


class AveragedClass(BaseModel):
    """A class and how many items were averaged."""

    label: str
    n: int


class ClassAveragesBody(BaseModel):
    """Average photo and attribution of every class."""

    model: str
    sha256: str
    method: str
    right_only: bool = Field(description="Whether only rightly answered items count.")
    source: SourceBody
    classes: list[AveragedClass]
    photos: ArrayBody = Field(description="Shape K, h, w, 3; 0..1.")
    signed: ArrayBody = Field(description="Shape K, 3, h, w: mean of the signed attributions.")
    magnitude: ArrayBody = Field(description="Shape K, h, w: mean of the largest magnitude over the channels.")


class MappedItem(BaseModel):
    """Where an item lies; the axes have no unit."""

    id: str
    x: float
    y: float


class EmbeddingMapBody(BaseModel):
    """The split's embeddings in two dimensions."""

    model: str
    sha256: str
    method: str
    source: SourceBody
    items: list[MappedItem]


@router.get(
    "/models/{name}/channels",
    tags=["models"],
    response_model=TopItemsBody | IndexBody,
    responses=MODEL_ERRORS,
    summary="Which test items excite a channel",
)
def channels(
    name: NamePath,
    engine: EngineDep,
    layer: Annotated[str | None, Query(description="A layer of the index; without it, the layers it holds.")] = None,
    channel: Annotated[int | None, Query(ge=0, description="A channel of that layer.")] = None,
) -> Json:
    """The nine test items with the largest value in a channel's map, as ids of the data set."""
    if (layer is None) != (channel is None):
        raise InvalidRequest("The fields 'layer' and 'channel' belong together.")
    if layer is None or channel is None:
        return index_json(load_index(engine.model(name).name))
    return top_items_json(engine.top_items(name, layer, channel))


@router.get(
    "/models/{name}/averages",
    tags=["models"],
    response_model=ClassAveragesBody,
    responses=files(MODEL_ERRORS, "The averages as JSON, or as one picture of all classes."),
    summary="What a model looks at in each class",
)
def averages(
    name: NamePath,
    engine: EngineDep,
    format: Annotated[Literal["json", "png"], Query(description="`json` without it.")] = "json",
    look: Annotated[Look, Query(description="What the PNG shows; `magnitude` without it.")] = "magnitude",
) -> Response:
    """Average photo and average attribution of every class over the test split."""
    found = engine.averages(name)
    told = answer_headers(found.model.name, found.model.sha256)
    if format == "json":
        return JSONResponse(averages_json(found, arrays=True), headers=told)
    return png_answer(average_sheet(found, [int(place) for place in np.flatnonzero(found.counts)], look), told)


@router.get(
    "/models/{name}/embedding-map",
    tags=["models"],
    response_model=EmbeddingMapBody,
    responses=MODEL_ERRORS,
    summary="Which test items look alike to a model",
)
def embedding_map(name: NamePath, engine: EngineDep) -> Json:
    """The test split's embeddings in two dimensions, computed once. Closeness means something, the axes do not."""
    return embedding_map_json(engine.embedding_map(name))
