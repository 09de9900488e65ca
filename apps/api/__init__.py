"""The REST API under /api/v1: thin calls to the engine, typed answers, errors as one plain sentence."""

from apps.api.errors import install_errors
from apps.api.inputs import get_engine
from apps.api.routes import router
from apps.api.trust import router as trust_router

router.include_router(trust_router)

__all__ = ["get_engine", "install_errors", "router"]
