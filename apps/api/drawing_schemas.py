"""What is asked of a generator over the API, and the shapes of its answers."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from apps.api.schemas import ArrayBody
from apps.api.schemas_parts import Timings
from fashionviz.generate.limits import MAX_DRAWINGS, MAX_KEYS, MAX_STEPS, MIN_KEYS, MIN_STEPS

_SHA = "b2c1a6f0f5a94f8f0a0a3e6a6f5d6a4d2f4f0a7c9f1f9f6f6f3f2a1b0c9d8e7f"
_MODEL = "Name of a generator, as `/api/v1/generators` lists it; the default one without it."
_CLASS = "What is drawn, for example `Women/Apparel`; each seed has its own without it."
_TRUNCATION = "0.3 to 3: the smaller, the more typical and the more alike; as it comes without it."
_POINT = "A seed such as `7`, or a way such as `7>12@0.3`: from 7 three tenths of the way to 12."


def _example(*values: dict[str, Any], **config: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": list(values)}, **config)  # type: ignore[typeddict-item]


class Asked(BaseModel):
    """What every call that draws takes."""

    model: str | None = Field(None, description=_MODEL)
    label: str | None = Field(None, alias="class", description=_CLASS)
    truncation: float | None = Field(None, description=_TRUNCATION)


class GenerateAsked(Asked):
    """What is to be drawn."""

    model_config = _example(
        {"class": "Women/Apparel", "n": 4, "seed": 7},
        {"points": ["7", "7>12@0.3"], "class": "Men/Apparel", "format": "grid"},
        extra="forbid",
    )

    n: int = Field(16, description=f"How many, at most {MAX_DRAWINGS}.")
    seed: int = Field(0, description="Of the first; the others have those after it.")
    points: list[str] | None = Field(None, description=f"Draw these instead of seeds. {_POINT}")
    format: Literal["json", "grid", "zip", "ndjson"] = Field(
        "json",
        description="`json` with PNG as base64; `grid`, one PNG; `zip`, PNG files with a manifest; `ndjson`, a line of "
        "JSON for each batch as soon as it is drawn.",
    )


class InterpolateAsked(Asked):
    """What is to be walked."""

    model_config = _example({"points": ["1", "2", "3"], "class": "Women/Apparel", "format": "gif"}, extra="forbid")

    points: list[str] = Field(description=f"{MIN_KEYS} to {MAX_KEYS}. {_POINT}")
    classes: list[str | None] | None = Field(None, description="A class for each point, instead of `class`.")
    steps: int = Field(12, description=f"Pictures from one to the next, {MIN_STEPS} to {MAX_STEPS}.")
    loop: bool = Field(True, description="Go back to the first one.")
    format: Literal["gif", "webp", "mp4", "png"] = Field("gif", description="`png` is a strip.")


class FormationAsked(Asked):
    """Of which picture the stages are wanted."""

    model_config = _example({"point": "7", "class": "Women/Apparel"}, extra="forbid")

    point: str = Field(description=_POINT)


class GeneratorBody(BaseModel):
    """A generator; the same keys as `fashionviz models --json`."""

    name: str = Field(examples=["cgan64.gender_category"])
    task: str
    architecture: str
    title: str
    trained: bool = Field(description="Whether weights are installed; an untrained one draws nothing.")
    default: bool = Field(description="Whether it draws where nobody chose.")
    metrics: list[dict[str, Any]]
    sha256: str | None
    classes: list[str] = Field(description="Those it can be asked for; empty where it is not conditional.")
    learns: list[str] = Field(description="The labels it learned from; empty for all photos.")
    size: list[int] = Field(description="Height and width of its pictures in pixels.")
    latent: int = Field(description="Dimensions of a latent.")
    parameters: int
    judged: bool = Field(description="Whether its discriminator is installed.")
    note: str
    paper: str
    answer: str


class DrawingBody(BaseModel):
    """A drawing."""

    point: str = Field(description="Where it comes from: draws the same picture again.")
    label: str | None = Field(alias="class")
    png: str = Field(description="PNG file, base64.")


class SamplesBody(BaseModel):
    """Drawings in order."""

    model_config = _example(
        {
            "model": "cgan64.gender_category", "sha256": _SHA, "truncation": None, "n": 1,
            "drawings": [{"point": "7", "class": "Women/Apparel", "png": "iVBORw0KGgo…"}],
            "timings_ms": {"decode": 0.0, "queue": 0.1, "compute": 9.4, "total": 9.5},
        }
    )  # fmt: skip

    model: str
    sha256: str
    truncation: float | None
    n: int
    drawings: list[DrawingBody]
    timings_ms: Timings


class StageBody(BaseModel):
    """What a stage gives."""

    name: str
    maps: ArrayBody = Field(description="`(C, h, w)`; of the last stage the picture in -1..1.")


class FormationBody(BaseModel):
    """How a picture forms, stage by stage."""

    model: str
    sha256: str
    point: str
    label: str | None = Field(alias="class")
    stages: list[StageBody]
    png: str = Field(description="PNG file, base64.")


class InversionBody(BaseModel):
    """The latent that draws what is most like a photo; the same keys as `fashionviz invert --json`."""

    file: str
    model: str
    sha256: str
    label: str | None = Field(alias="class")
    point: str = Field(description="The latent found: send it to `/api/v1/generate`, with the class.")
    steps: int
    distance: float = Field(description="Mean squared difference of pixels in 0..1, at the end.")
    distances: list[float] = Field(description="The same after each step.")
    png: str = Field(description="What it draws: PNG file, base64.")
    target: str = Field(description="The photo as it was compared: PNG file, base64.")
    timings_ms: Timings
