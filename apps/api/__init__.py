"""The REST API under /api/v1: thin calls to the engine, typed answers, errors as one plain sentence."""

from apps.api.detect import router as detect_router
from apps.api.disagreement import router as disagreement_router
from apps.api.drawing import router as drawing_router
from apps.api.errors import install_errors
from apps.api.explore import router as explore_router
from apps.api.inputs import get_engine
from apps.api.match import router as match_router
from apps.api.match_why import router as match_why_router
from apps.api.regions import router as regions_router
from apps.api.routes import router
from apps.api.take_home import router as take_home_router
from apps.api.trust import router as trust_router

#: Every router of the API.
routers = (
    router,
    regions_router,
    detect_router,
    trust_router,
    explore_router,
    take_home_router,
    disagreement_router,
    match_router,
    match_why_router,
    drawing_router,
)

__all__ = ["get_engine", "install_errors", "router", "routers"]
