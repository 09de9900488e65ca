"""``POST /api/v1/report``."""

from __future__ import annotations

import threading
from typing import Any

from starlette.testclient import TestClient

from apps.api import take_home
from fashionviz.errors import Cancelled
from tests.apps.api.calls import NAME, error_of, post


def test_a_report_comes_as_a_file(client: TestClient) -> None:
    answer = post(
        client, "/report", name="<i>été.png", models=NAME, methods="gradient,grad-cam", target="Men/Other",
        trust="none",
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"report.html\"; filename*=UTF-8''%3Ci%3E%C3%A9t%C3%A9.html"
    )
    assert answer.headers["cache-control"] == "no-store"
    page = answer.text
    assert page.startswith("<!doctype html>")
    assert "&lt;i&gt;été.png" in page
    assert "<i>" not in page
    assert page.count("<h3>Gradient for Men/Other") == page.count("<h3>Grad-CAM for Men/Other") == 1
    assert "<h3>Guided" not in page


def test_what_is_wrong_is_one_sentence(client: TestClient, replace: Any, monkeypatch: Any) -> None:
    for status, code, data, fields in (
        (415, "unsupported_format", b"GIF89a", {}),
        (422, "unreadable_image", b"\xff\xd8\xff broken", {}),
        (404, "unknown_model", None, {"models": "no.model"}),
        (409, "model_not_trained", None, {"models": f"{NAME},resnet152.gender_category"}),
        (422, "invalid_request", None, {"methods": "tea-leaves"}),
        (422, "invalid_request", None, {"target": "Pets"}),
        (422, "invalid_request", None, {"trust": "some"}),
    ):
        answer = post(client, "/report", **({} if data is None else {"data": data}), **fields)
        assert answer.status_code == status
        assert error_of(answer)[0] == code
    monkeypatch.setattr(take_home, "_places", threading.BoundedSemaphore(1))
    with take_home._place():
        answer = post(client, "/report")
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "20"

    def stopped(*_: object, **__: object) -> None:
        raise Cancelled("The report was cancelled.")

    replace(predict=stopped)
    assert error_of(post(client, "/report"))[0] == "cancelled"
    assert take_home._places.acquire(blocking=False), "its place is free again"
