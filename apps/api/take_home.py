"""``POST /api/v1/report``: what the models say of a photo, as one HTML file."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, cast
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Query, Request, Response

from apps.api.answers import PHOTO_ERRORS
from apps.api.inputs import EngineDep, Upload, UploadDep
from apps.api.leaving import unless_gone
from fashionviz.errors import Overloaded
from fashionviz.take_home.gather import take_home
from fashionviz.take_home.page import report_html
from fashionviz.take_home.result import METHODS, TRUSTED, Trusted, Wish

#: Reports made at a time: each asks several networks for several answers.
REPORTS = 2
_places = threading.BoundedSemaphore(REPORTS)

router = APIRouter(prefix="/api/v1")


class ReportChoice:
    """What stands in the report: form fields win over the query. Lists may be repeated, or separated by commas."""

    def __init__(
        self,
        models: Annotated[
            list[str] | None, Query(description="Models, repeated or separated by commas; the default one without it.")
        ] = None,
        methods: Annotated[
            list[str] | None, Query(description=f"Attribution methods likewise; {', '.join(METHODS)} without it.")
        ] = None,
        target: Annotated[str | None, Query(description="Class to explain; the most probable without it.")] = None,
        trust: Annotated[
            str | None,
            Query(
                description=f"Of which maps to find out how far they can be trusted: {', '.join(TRUSTED)}; "
                f"{Wish.trust} without it. Quick methods take seconds a map, slow ones minutes."
            ),
        ] = None,
        models_field: Annotated[list[str] | None, Form(alias="models")] = None,
        methods_field: Annotated[list[str] | None, Form(alias="methods")] = None,
        target_field: Annotated[str | None, Form(alias="target")] = None,
        trust_field: Annotated[str | None, Form(alias="trust")] = None,
    ) -> None:
        self.models = named(models_field or models)
        self.methods = named(methods_field or methods) or METHODS
        self.target = target_field or target or None
        self.trust = cast(Trusted, trust_field or trust or Wish.trust)  # what it does not know is refused in words

    def wish(self, sent: Upload) -> Wish:
        """With the model and the region that every call takes."""
        return Wish(
            self.models or ((sent.model,) if sent.model else ()), self.methods, self.target, sent.box, self.trust
        )


def named(values: list[str] | None) -> tuple[str, ...]:
    """Names of a field that may be repeated, or hold several between commas."""
    return tuple(word.strip() for value in values or () for word in value.split(",") if word.strip())


@contextmanager
def _place() -> Iterator[None]:
    if not _places.acquire(blocking=False):
        raise Overloaded("Other reports are being made; please try again in a while.", 20.0)
    try:
        yield
    finally:
        _places.release()


_ANSWERS: dict[int | str, dict[str, Any]] = {
    **PHOTO_ERRORS,
    200: {
        "description": "One HTML file that needs nothing else.",
        "content": {"text/html": {"schema": {"type": "string"}}},
    },
}


@router.post("/report", tags=["photos"], response_class=Response, responses=_ANSWERS, summary="A report to take home")
async def report(
    request: Request, sent: UploadDep, choice: Annotated[ReportChoice, Depends()], engine: EngineDep
) -> Response:
    """What the models say of a photo, where they looked, how far that can be trusted and what their layers see, as one
    HTML file to keep.

    It holds the photo's pixels without metadata, the weights' hashes and the code that makes it again. When the caller
    hangs up, the work stops.
    """

    def work(cancel: threading.Event) -> str:
        with _place():
            return report_html(take_home(engine, sent.photo(), sent.file, choice.wish(sent), cancel=cancel))

    page = await unless_gone(request, work)
    stem = sent.file.rpartition(".")[0] or sent.file
    headers = {
        "Content-Disposition": f"attachment; filename=\"report.html\"; filename*=UTF-8''{quote(stem, safe='')}.html",
        "Cache-Control": "no-store",
    }
    body = page.encode("utf-8", errors="replace")
    return Response(body, media_type="text/html; charset=utf-8", headers=headers)
