"""The shapes of the API's answers about what a model sees: attributions, trust, filters, activations."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from apps.api.schemas_parts import Timings


class ArrayBody(BaseModel):
    """Base64 of little-endian float32 in C order.

    `numpy.frombuffer(base64.b64decode(a["data"]), "<f4").reshape(a["shape"])` gives the array back.
    """

    shape: list[int] = Field(examples=[[3, 160, 120]])
    dtype: Literal["float32"]
    byte_order: Literal["little"]
    encoding: Literal["base64"]
    data: str


class PlacementBody(BaseModel):
    """Where the photo lies inside the model's input, in input pixels."""

    top: int
    left: int
    height: int
    width: int
    frame: list[int] = Field(description="Height and width of the input.")


class ExplanationBody(BaseModel):
    """An attribution: how much each value of the model's normalised input spoke for the class."""

    file: str
    model: str
    sha256: str
    method: str
    target: str
    against: str | None = Field(description="The class it is compared with: the logit difference is explained then.")
    probability: float
    layer: str | None = Field(description="That the method looked at; null where it looks at none.")
    steps: int | None = Field(description="Of integrated gradients.")
    completeness_error: float | None = Field(
        description="Of integrated gradients: by which share of the explained change their sum misses it."
    )
    values: ArrayBody = Field(description="Shape 3, H, W; signed.")
    placement: PlacementBody
    timings_ms: Timings


class RandomisedBody(BaseModel):
    """How much the map resembles that of the same network with random weights; 1 means that weights do not matter."""

    spearman: float = Field(description="Rank correlation of the magnitudes over the photo.")
    ssim: float = Field(description="Structural similarity of the magnitudes as they are shown.")


class CurveBody(BaseModel):
    """The class's probability while pixels are taken away, or brought in, by the map's order."""

    auc: float
    control_auc: float = Field(description="Of the same map moved to other places, the mean of several.")
    probabilities: list[float] = Field(description="At equal shares of the pixels, from none to all.")
    control: list[float]


class RegionShareBody(BaseModel):
    """How much of the map lies on one kind of thing."""

    region: str
    saliency: float = Field(description="Share of the map's magnitude.")
    pixels: float = Field(description="Share of the photo's pixels.")
    lift: float | None = Field(description="The one divided by the other; null of no pixels.")


class TrustBody(BaseModel):
    """How far an attribution can be trusted."""

    file: str
    model: str
    sha256: str
    method: str
    target: str
    against: str | None
    probability: float
    layer: str | None
    steps: int | None
    completeness_error: float | None
    level: Literal["good", "caution", "poor"]
    sentence: str = Field(description="The verdict in plain words.")
    randomised: RandomisedBody
    deletion: CurveBody = Field(description="A low curve is good.")
    insertion: CurveBody = Field(description="A high curve is good.")
    shares: list[RegionShareBody] | None = Field(description="Null where nobody could tell; `shares_note` says why.")
    shares_note: str
    timings_ms: Timings


class FiltersBody(BaseModel):
    """The weights of one convolution."""

    model: str
    sha256: str
    layer: str
    first: bool = Field(description="Whether the layer sees the RGB input itself.")
    weights: ArrayBody = Field(description="Shape N, C, kh, kw.")


class ActivationsBody(BaseModel):
    """The output of one layer for the photo."""

    file: str
    model: str
    sha256: str
    layer: str
    channels: int = Field(description="How many channels the layer has.")
    channel: int | None = Field(description="The channel asked for; null for all.")
    maps: ArrayBody = Field(description="Shape C, h, w, or 1, h, w for one channel.")
    placement: PlacementBody
    timings_ms: Timings
