"""``/api/v1/match`` and ``/api/v1/catalogues``: which shop items are in a photo."""

from __future__ import annotations

import logging
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Path, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from apps.api import schemas
from apps.api.answers import PHOTO_ERRORS, answer_headers
from apps.api.inputs import EngineDep, UploadDep
from apps.api.take_home import named
from fashionviz.errors import FashionvizError, InvalidRequest
from fashionviz.match.catalogue import open_catalogue
from fashionviz.match.photo import K, match_photo
from fashionviz.match.pictures import picture_of
from fashionviz.match.places import catalogue_names
from fashionviz.match.thumbnails import MEDIA_TYPE
from fashionviz.match.wiring import EngineDetector, categoriser_for, embedder_for
from fashionviz.serialise import Json
from fashionviz.serialise_matches import info_json, matches_json

log = logging.getLogger(__name__)
router = APIRouter(prefix="/api/v1")

#: Matches of a garment that one request may ask for.
MAX_MATCHES = 100
CataloguePath = Annotated[str, Path(description="Name of the catalogue, as `/api/v1/catalogues` lists it.")]


class CatalogueBody(BaseModel):
    """What is known of a catalogue."""

    name: str
    embedder: str = Field(description="The network that made its vectors.")
    sha256: str = Field(description="Of that network's weights.")
    dim: int
    items: int
    categories: dict[str, int]
    thumbnails: int
    refused: int
    packing: str
    cropper: str
    source: str
    calibrated: bool = Field(description="Whether matches come with a probability.")
    generation: int = Field(description="Commits so far: it changes with the catalogue.")
    index: str
    bytes: int
    shipped: bool


class CategoryShare(BaseModel):
    """A category with its probability."""

    label: str
    probability: float


class MatchBody(BaseModel):
    """A shop item; its further columns, such as the price, stand beside these."""

    model_config = ConfigDict(extra="allow")

    id: str
    score: float = Field(description="Cosine of the two vectors, -1 to 1.")
    probability: float | None = Field(description="That it is the same item; null where the embedder has no curve.")
    category: str | None
    title: str


class GarmentBody(BaseModel):
    """A garment of the photo."""

    box: list[float] = Field(description="x0, y0, x1, y1 in pixels of the upright photo.")
    score: float | None = Field(description="How sure the detector is; null where the region was given.")
    label: str | None = Field(description="What the detector calls it; null where the region was given.")
    category: str | None
    categories: list[CategoryShare] = Field(description="The two most probable.")
    narrowed_to: list[str] = Field(description="Categories that were searched; empty: all.")
    matches: list[MatchBody]


class MatchTimingsBody(BaseModel):
    """Milliseconds."""

    decode: float
    detect: float
    categorise: float
    embed: float
    search: float
    total: float


class MatchesBody(BaseModel):
    """The garments of a photo with the items most like each; the same keys as `fashionviz match --json`."""

    file: str
    catalogue: str
    embedder: str
    sha256: str
    calibrated: bool
    items: list[GarmentBody]
    timings_ms: MatchTimingsBody
    notes: list[str]


def _error(text: str) -> dict[str, Any]:
    return {"model": schemas.ErrorBody, "description": text}


_CATALOGUE_ERRORS: dict[int | str, dict[str, Any]] = {
    404: _error("No catalogue or item of that name, or no picture of it on this machine."),
    422: _error("A name that makes no sense."),
    503: _error("The catalogue's file is damaged."),
}
_MATCH_ERRORS: dict[int | str, dict[str, Any]] = {
    **PHOTO_ERRORS,
    404: _error("No catalogue of that name."),
    409: _error("No detector is trained, or the catalogue's vectors were made by other weights than those installed."),
}


class MatchChoice:
    """Where and how to search: form fields win over the query."""

    def __init__(
        self,
        catalogue: Annotated[str | None, Query(description="Name of the catalogue; this field is needed.")] = None,
        k: Annotated[
            int | None, Query(ge=1, le=MAX_MATCHES, description=f"Matches of each garment, {K} if left out.")
        ] = None,
        whole: Annotated[bool | None, Query(description="The whole photo is the garment: detect nothing.")] = None,
        category: Annotated[list[str] | None, Query(description="Search these categories only.")] = None,
        narrow: Annotated[
            bool | None, Query(description="Search only the categories that a garment may be of.")
        ] = None,
        catalogue_field: Annotated[str | None, Form(alias="catalogue")] = None,
        k_field: Annotated[int | None, Form(alias="k", ge=1, le=MAX_MATCHES)] = None,
        whole_field: Annotated[bool | None, Form(alias="whole")] = None,
        category_field: Annotated[list[str] | None, Form(alias="category")] = None,
        narrow_field: Annotated[bool | None, Form(alias="narrow")] = None,
    ) -> None:
        self.catalogue = catalogue_field or catalogue
        self.k = k_field or k or K
        self.whole = whole_field if whole_field is not None else bool(whole)
        self.categories = named(category_field or category)
        self.narrow = narrow_field if narrow_field is not None else bool(narrow)


@router.get("/catalogues", tags=["catalogues"], response_model=list[CatalogueBody], summary="List the catalogues")
def list_catalogues() -> list[Json]:
    """Every catalogue of this machine: how many items, of which categories, and which network made the vectors."""
    found = []
    for name in catalogue_names():
        try:
            found.append(info_json(open_catalogue(name).info()))
        except FashionvizError as error:
            log.warning("%s", error)  # the others can be searched all the same
    return found


@router.get(
    "/catalogues/{name}",
    tags=["catalogues"],
    response_model=CatalogueBody,
    responses=_CATALOGUE_ERRORS,
    summary="One catalogue",
)
def one_catalogue(name: CataloguePath) -> Json:
    """A catalogue by its name."""
    return info_json(open_catalogue(name).info())


@router.get(
    "/catalogues/{name}/items/{identifier:path}/thumbnail",
    tags=["catalogues"],
    response_class=Response,
    responses={
        **_CATALOGUE_ERRORS,
        200: {"description": "A WebP picture.", "content": {MEDIA_TYPE: {"schema": {"type": "string"}}}},
    },
    summary="An item's picture",
)
def item_thumbnail(
    name: CataloguePath, identifier: Annotated[str, Path(description="The item's id.", max_length=1000)]
) -> Response:
    """A small picture of an item: the catalogue's own, or that of the public data set it comes from."""
    return Response(picture_of(open_catalogue(name), identifier), media_type=MEDIA_TYPE)


@router.post(
    "/match",
    tags=["photos"],
    response_model=MatchesBody,
    responses=_MATCH_ERRORS,
    summary="Find the shop items in a photo",
)
def match(sent: UploadDep, choice: Annotated[MatchChoice, Depends()], engine: EngineDep) -> Response:
    """Garments of the photo, their categories, and the items of a catalogue that are most like each.

    With `box` that region is the garment, with `whole` the whole photo; else a detector finds the garments. The field
    `model` is not used: the catalogue says which network's vectors it holds.
    """
    if not choice.catalogue:
        raise InvalidRequest("The field 'catalogue' is missing. The catalogues are listed at /api/v1/catalogues.")
    if choice.whole and sent.box:
        raise InvalidRequest("The fields 'whole' and 'box' exclude each other.")
    catalogue = open_catalogue(choice.catalogue)
    result = match_photo(
        sent.photo(),
        catalogue,
        embedder_for(engine, catalogue.embedder.name),
        detector=None if choice.whole or sent.box else EngineDetector(engine),
        categoriser=categoriser_for(engine),
        boxes=[sent.box] if sent.box else None,
        k=choice.k,
        narrow=choice.narrow,
        category=choice.categories or None,
    )
    headers = answer_headers(result.embedder.name, result.embedder.sha256)
    timings = result.timings.as_dict()
    headers["Server-Timing"] = ", ".join(f"{stage};dur={ms}" for stage, ms in timings.items())
    return JSONResponse(matches_json(result, sent.file), headers=headers)
