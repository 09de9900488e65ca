"""The REST API under /api/v1: thin calls to the engine, typed answers, errors as one plain sentence."""

from apps.api.errors import install_errors
from apps.api.explore import router as explore_router
from apps.api.inputs import get_engine
from apps.api.routes import router

__all__ = ["explore_router", "get_engine", "install_errors", "router"]
