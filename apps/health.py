"""/health/live and /health/ready, for monitors and for the portal's light."""

from __future__ import annotations

import logging
import threading
import time

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from apps.api.inputs import EngineDep
from apps.api.schemas import LiveBody, ReadyBody
from fashionviz.errors import FashionvizError
from fashionviz.inference.engine import Engine
from fashionviz.results import Readiness
from fashionviz.serialise import readiness_json

log = logging.getLogger("fashionviz.server")

#: How long an answer stands, in seconds: a monitor that asks every second must not keep the model busy.
KEEP_S = 5.0

router = APIRouter(prefix="/health", tags=["health"])


class ReadinessCache:
    """Remembers the self-test for a few seconds; callers that come meanwhile wait for the one that is running."""

    def __init__(self, keep_s: float = KEEP_S) -> None:
        self._keep_s = keep_s
        self._lock = threading.Lock()
        self._answer: Readiness | None = None
        self._engine: Engine | None = None
        self._until = 0.0

    def ask(self, engine: Engine) -> Readiness:
        """The engine's readiness, at most :data:`KEEP_S` old. Never raises."""
        with self._lock:
            if self._answer is None or self._engine is not engine or time.monotonic() >= self._until:
                self._answer = self._test(engine)
                self._engine = engine
                self._until = time.monotonic() + self._keep_s
            return self._answer

    @staticmethod
    def _test(engine: Engine) -> Readiness:
        try:
            return engine.ready()
        except FashionvizError as error:
            return Readiness(False, "", float("nan"), 0.0, str(error))
        except Exception:
            log.exception("The self-test failed")
            return Readiness(False, "", float("nan"), 0.0, "The self-test could not run; the server's log says why.")


readiness = ReadinessCache()


@router.get("/live", response_model=LiveBody, summary="The process answers")
async def live() -> dict[str, str]:
    """Always 200 while the process runs."""
    return {"status": "live"}


@router.get(
    "/ready",
    response_model=ReadyBody,
    responses={503: {"model": ReadyBody, "description": "Not ready; `reason` says why."}},
    summary="The suite can answer",
)
def ready(engine: EngineDep) -> JSONResponse:
    """200 when a golden picture went through and its logits agree with the card's, else 503 with the reason."""
    state = readiness.ask(engine)
    return JSONResponse(
        readiness_json(state), status_code=200 if state.ready else 503, headers={"Cache-Control": "no-store"}
    )
