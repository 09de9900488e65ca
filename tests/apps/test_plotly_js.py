"""Plotly's script comes from this server, and browsers may keep it."""

from __future__ import annotations

from starlette.testclient import TestClient

from apps.plotly_js import ADDRESS
from apps.server import create_app


def test_the_script_is_served_from_the_installed_package() -> None:
    with TestClient(create_app(lab=False, studio=False)) as client:
        answer = client.get(ADDRESS)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]
    assert "plotly.js v" in answer.text[:300]
