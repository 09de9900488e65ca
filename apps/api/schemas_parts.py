"""What several shapes of answers hold."""

from __future__ import annotations

from pydantic import BaseModel


class Timings(BaseModel):
    """Where the time went, in milliseconds."""

    decode: float
    queue: float
    compute: float
    total: float
