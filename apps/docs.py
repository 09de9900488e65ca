"""/api/v1/docs: the API's calls, read from its OpenAPI description. One page of our own, nothing from another host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from apps.pages import render

DESCRIPTION = (
    "Send a photo of a garment, get class probabilities, where the model looked, its filters and its activation maps. "
    "Every answer names the model and the SHA-256 of its weights. Photos are decoded in memory, stripped of their "
    "metadata and forgotten. Men and Women name the department an item is sold in, not a person."
)
#: A call with a body of JSON.
_JSON = "curl --json '{1}' \\\n  {{base}}/api/v1/{0}"
#: A call to try for each path; FILE and the address are filled in by the reader.
CURL = {
    "/api/v1/models": "curl {base}/api/v1/models",
    "/api/v1/models/{name}": "curl {base}/api/v1/models/{model}",
    "/api/v1/models/{name}/layers": "curl {base}/api/v1/models/{model}/layers",
    "/api/v1/models/{name}/report": "curl {base}/api/v1/models/{model}/report",
    "/api/v1/models/{name}/channels": ("curl '{base}/api/v1/models/{model}/channels?layer=features.18&channel=7'"),
    "/api/v1/models/{name}/averages": "curl '{base}/api/v1/models/{model}/averages?format=png' -o averages.png",
    "/api/v1/models/{name}/embedding-map": "curl {base}/api/v1/models/{model}/embedding-map",
    "/api/v1/predict": "curl -F file=@photo.jpg {base}/api/v1/predict",
    "/api/v1/explain": (
        "curl -F file=@photo.jpg -F method=guided-backprop -F style=overlay \\\n  {base}/api/v1/explain -o looked.png"
    ),
    "/api/v1/filters": "curl '{base}/api/v1/filters?format=png' -o filters.png",
    "/api/v1/landmarks": 'curl -F file=@photo.jpg "{base}/api/v1/landmarks?format=png" -o landmarks.png',
    "/api/v1/segment": 'curl -F file=@photo.jpg "{base}/api/v1/segment?format=png" -o regions.png',
    "/api/v1/detect": 'curl -F file=@photo.jpg "{base}/api/v1/detect?format=png" -o items.png',
    "/api/v1/activations": "curl -F file=@photo.jpg -F layer=features.3 \\\n  {base}/api/v1/activations -o maps.png",
    "/api/v1/generators": "curl {base}/api/v1/generators",
    "/api/v1/generate": _JSON.format("generate", '{"class": "Women/Apparel", "n": 16, "seed": 7, "format": "grid"}')
    + " -o drawn.png",
    "/api/v1/interpolate": _JSON.format("interpolate", '{"points": ["1", "2", "3"], "format": "gif"}') + " -o walk.gif",
    "/api/v1/formation": _JSON.format("formation", '{"point": "7"}'),
    "/api/v1/invert": "curl -F file=@photo.jpg -F format=png {base}/api/v1/invert -o found.png",
    "/api/v1/disagreement": "curl -F file=@photo.jpg {base}/api/v1/disagreement",
    "/api/v1/report": (
        "curl -F file=@photo.jpg -F models={model} -F methods=grad-cam \\\n  {base}/api/v1/report -o report.html"
    ),
    "/api/v1/match": "curl -F file=@photo.jpg -F catalogue=demo -F whole=true {base}/api/v1/match",
    "/api/v1/catalogues": "curl {base}/api/v1/catalogues",
    "/api/v1/catalogues/{name}": "curl {base}/api/v1/catalogues/demo",
    "/api/v1/catalogues/{name}/items/{identifier}/thumbnail": (
        "curl {base}/api/v1/catalogues/demo/items/dress-3/thumbnail -o dress.webp"
    ),
    "/health/live": "curl {base}/health/live",
    "/health/ready": "curl {base}/health/ready",
}
_GROUPS = {
    "photos": "Photos",
    "drawing": "Drawing",
    "catalogues": "Catalogues",
    "models": "Models",
    "health": "Health",
}

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Field:
    """A parameter or form field of a call."""

    name: str
    where: str
    kind: str
    required: bool
    text: str


@dataclass(frozen=True)
class Call:
    """A call as the page shows it."""

    method: str
    path: str
    summary: str
    text: str
    curl: str
    fields: tuple[Field, ...]
    answers: tuple[tuple[str, str, str], ...]

    @property
    def anchor(self) -> str:
        """Its place on the page."""
        return f"{self.method.lower()}{self.path.replace('/', '-').replace('{', '').replace('}', '')}"


def _kind(schema: dict[str, Any]) -> str:
    """A schema in a few words."""
    options = [s for s in schema.get("anyOf", [schema]) if s.get("type") != "null"]
    first = options[0] if options else schema
    if "enum" in first:
        return " or ".join(str(v) for v in first["enum"])
    if "contentMediaType" in first or first.get("format") == "binary":
        return "file"
    return str(first.get("type", "any"))


def _fields(operation: dict[str, Any], schemas: dict[str, Any]) -> tuple[Field, ...]:
    """Parameters and form fields; one that may come either way is listed once."""
    sent = operation.get("requestBody", {}).get("content", {})
    place = "JSON" if "application/json" in sent else "form"
    first: dict[str, Any] = next(iter(sent.values()), {})
    body: dict[str, Any] = first.get("schema", {})
    body = schemas.get(body["$ref"].rsplit("/", 1)[-1], {}) if "$ref" in body else body
    form, required = body.get("properties", {}), set(body.get("required", ()))
    found: dict[str, Field] = {}
    for name, schema in form.items():
        text = schema.get("description", "")
        found[name] = Field(name, place, _kind(schema), name in required, text)
    for p in operation.get("parameters", ()):
        where = "form or query" if p["name"] in found else str(p["in"])
        text = p.get("description") or (found[p["name"]].text if p["name"] in found else "")
        found[p["name"]] = Field(p["name"], where, _kind(p["schema"]), bool(p.get("required")), text)
    return tuple(found.values())


def _answers(operation: dict[str, Any]) -> tuple[tuple[str, str, str], ...]:
    """Status, content types and description of each answer."""
    rows = []
    for status, answer in sorted(operation.get("responses", {}).items()):
        rows.append((str(status), ", ".join(answer.get("content", {})), str(answer.get("description", ""))))
    return tuple(rows)


def calls(schema: dict[str, Any], base: str, model: str) -> dict[str, tuple[Call, ...]]:
    """The description's calls by group, photos first."""
    schemas = schema.get("components", {}).get("schemas", {})
    groups: dict[str, list[Call]] = {title: [] for title in _GROUPS.values()}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            curl = CURL.get(path, f"curl -X {method.upper()} {{base}}{path}").replace("{base}", base)
            call = Call(
                method.upper(),
                path,
                operation.get("summary", ""),
                operation.get("description", "").replace("`", ""),
                curl.replace("{model}", model),
                _fields(operation, schemas),
                _answers(operation),
            )
            groups[_GROUPS.get((operation.get("tags") or ["models"])[0], "Models")].append(call)
    return {title: tuple(found) for title, found in groups.items() if found}


@router.get("/api/v1/docs")
def api_docs(request: Request) -> HTMLResponse:
    """The page."""
    base = f"{request.url.scheme}://{request.url.netloc}"
    schema = request.app.openapi()
    page = render("docs.html", groups=calls(schema, base, "mobilenet_v2.gender_category"), about=DESCRIPTION, base=base)
    return HTMLResponse(page)


@router.get("/api/v1", response_class=HTMLResponse)
@router.get("/api", response_class=HTMLResponse)
def api_root(request: Request) -> HTMLResponse:
    """The bare address shows the documentation too."""
    return api_docs(request)
