"""Every failure as ``{"error": {"code", "message"}}`` with a sentence that says what to do."""

from __future__ import annotations

import math

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from apps.pages import not_found_page
from fashionviz.errors import FashionvizError, Overloaded
from fashionviz.serialise import error_json

_CODES = {400: "bad_request", 404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}
_SENTENCES = {
    400: "The request could not be read. Send the photo as multipart form data in the field 'file'.",
    404: "There is nothing at this address. The API's calls are listed at /api/v1/docs.",
    405: "This address does not answer that method. The API's calls are listed at /api/v1/docs.",
}


def answer(error: FashionvizError) -> JSONResponse:
    """An expected failure, with its own status."""
    headers = {}
    if isinstance(error, Overloaded):
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_s)))
    return JSONResponse(error_json(error.code, str(error)), status_code=error.status, headers=headers)


def sentence(error: RequestValidationError) -> str:
    """What is wrong with a request, naming the field. What was sent is not repeated."""
    first = error.errors()[0]
    name = str(first["loc"][-1]) if first.get("loc") else "body"
    if first["type"] == "json_invalid":
        return "The body is no JSON that can be read."
    if first["type"] == "missing":
        hint = " Send the photo as multipart form data." if name == "file" else ""
        return f"The field '{name}' is missing.{hint}"
    if name == "file":
        return "The field 'file' must be a file, sent as multipart form data."
    return f"The field '{name}' is wrong: {first['msg'][0].lower()}{first['msg'][1:]}."


def install_errors(app: FastAPI) -> None:
    """Register the handlers on the application."""

    @app.exception_handler(FashionvizError)
    async def expected(_request: Request, error: FashionvizError) -> Response:
        return answer(error)

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> Response:
        return JSONResponse(error_json("invalid_request", sentence(error)), status_code=422)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        status = error.status_code
        wants_page = "text/html" in request.headers.get("accept", "")
        if status == 404 and wants_page and not request.url.path.startswith("/api"):
            return HTMLResponse(not_found_page(), status_code=404)
        body = error_json(_CODES.get(status, "error"), _SENTENCES.get(status, "The request could not be answered."))
        return JSONResponse(body, status_code=status, headers=error.headers)
