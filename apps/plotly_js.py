"""Plotly's own script from the installed package, for charts that a visitor takes along: no other host is asked."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import plotly
from fastapi import APIRouter
from fastapi.responses import FileResponse

#: The version is in the address, so that browsers may keep it.
ADDRESS = f"/static/plotly-{plotly.__version__}.min.js"

router = APIRouter(include_in_schema=False)


@cache
def script() -> Path:
    """Where it lies."""
    return Path(plotly.__file__).parent / "package_data" / "plotly.min.js"


@router.get(ADDRESS)
def plotly_js() -> FileResponse:
    """The script."""
    return FileResponse(
        script(), media_type="text/javascript", headers={"Cache-Control": "public, max-age=31536000, immutable"}
    )
