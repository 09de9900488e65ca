"""The shapes of the API's answers about items with boxes."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from apps.api.schemas_parts import Timings

DetectFormat = Literal["png", "json"]


class ItemBody(BaseModel):
    """An item that was found."""

    box: list[float] = Field(description="x0, y0, x1, y1 in pixels of the photo.", examples=[[84, 12, 251, 404]])
    score: float = Field(description="0 to 1.")
    label: str = Field(examples=["dress"])


class DetectionsBody(BaseModel):
    """What is worn and carried on a photo."""

    file: str
    model: str
    sha256: str
    items: list[ItemBody] = Field(description="The surest first.")
    min_score: float = Field(description="The least score that was asked for.")
    timings_ms: Timings
    box: list[float] | None = Field(description="The region that was asked about.")
    note: str


class BoxScores(BaseModel):
    """One class of a detector's report."""

    label: str
    ap: float | None = Field(description="Average precision, mean over overlaps; null of a class that no photo shows.")
    ap50: float | None
    ap50_ci95: list[float]
    support: int = Field(description="How many there are to be found.")


class BoxReportBody(BaseModel):
    """How well a detector finds items on a split, by COCO's figures with 95 % intervals over resampled photos."""

    model: str
    sha256: str
    data_set: str
    split: str
    n: int = Field(description="Photos.")
    boxes: int = Field(description="Items on them.")
    skipped: int
    ap: float
    ap_ci95: list[float]
    ap50: float
    ap50_ci95: list[float]
    ap75: float
    ap75_ci95: list[float]
    ar: float
    ar_ci95: list[float]
    per_class: list[BoxScores]
    classes: list[str]
    note: str
