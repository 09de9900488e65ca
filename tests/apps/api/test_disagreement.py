"""``POST /api/v1/disagreement``."""

from __future__ import annotations

import json
from typing import Any

from starlette.testclient import TestClient

from fashionviz import images
from fashionviz.inference.disagreement import disagree
from fashionviz.inference.engine import Engine
from fashionviz.serialise import disagreement_json
from tests.apps.api.calls import NAME, PNG, error_of, post


def test_it_says_what_the_library_says(client: TestClient, engine: Engine) -> None:
    answer = post(client, "/disagreement", models=NAME)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    expected = disagreement_json(disagree(engine, images.decode(PNG), [NAME]), "dress.png")
    assert answer.json() == json.loads(json.dumps(expected))


def test_what_is_wrong_is_one_sentence(client: TestClient) -> None:
    cases: tuple[tuple[str, dict[str, Any]], ...] = (
        ("unsupported_format", {"data": b"GIF89a"}),
        ("unknown_model", {"models": f"{NAME},no.model"}),
        ("model_not_trained", {"models": "resnet152.gender_category"}),
        ("image_too_small", {"box": "0,0,2,2"}),
    )
    for code, fields in cases:
        assert error_of(post(client, "/disagreement", **fields))[0] == code
