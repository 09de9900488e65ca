"""A tagger through the API: tags by group, and a report of tags."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from apps.api import get_engine
from apps.server import create_app
from fashionviz import images
from fashionviz.evaluation.tagging import Tagged
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from tests.apps.api.calls import API, PNG, error_of, post
from tests.conftest import TAGGER
from tests.reports import N


@pytest.fixture(scope="module")
def engine(random_tagger: tuple[Path, Tagged]) -> Iterator[Engine]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASHIONVIZ_WEIGHTS", str(random_tagger[0]))
        made = Engine(EngineConfig(device="cpu"))
        yield made
        made.close()


@pytest.fixture(scope="module")
def client(engine: Engine) -> Iterator[TestClient]:
    app = create_app(lab=False, studio=False)
    app.dependency_overrides[get_engine] = lambda: engine
    with TestClient(app) as made:
        yield made


def test_predict_has_every_tag_with_its_threshold(client: TestClient, engine: Engine) -> None:
    answer = post(client, "/predict", model=TAGGER)
    assert answer.status_code == 200, answer.text
    body, expected = answer.json(), engine.predict(images.decode(PNG), TAGGER)
    (group,) = body["tags"]
    assert group["said"] == [t.value for t in expected.tags[0].said]
    assert [t["value"] for t in group["tags"]] == [t.value for t in expected.tags[0].tags]
    got = [t["probability"] for t in group["tags"]]
    assert got == pytest.approx([t.probability for t in expected.tags[0].tags], abs=1e-6)
    assert all(t["said"] == (t["probability"] >= t["threshold"]) for t in group["tags"])
    assert [p["label"] for p in body["predictions"]] == [t["value"] for t in group["tags"]], "the one group is all"
    assert body["assurance"] is None
    info = client.get(f"{API}/models/{TAGGER}").json()
    assert info["multilabel"]
    assert {m["name"] for m in info["metrics"]} == {"micro_f1", "macro_f1", "map"}


def test_the_report_is_about_tags(client: TestClient, random_tagger: tuple[Path, Tagged]) -> None:
    body, report = client.get(f"{API}/models/{TAGGER}/report").json(), random_tagger[1].report
    assert (body["model"], body["n"], body["labels"]) == (TAGGER, N, report.labels)
    assert body["micro_f1"] == body["micro"]["f1"] == report.micro.f1
    assert body["macro_f1"] == body["macro"]["f1"] == report.macro.f1
    assert body["map"] == report.mean_average_precision
    assert body["map_ci95"] == list(report.map_ci95)
    assert [t["label"] for t in body["per_tag"]] == list(client.get(f"{API}/models/{TAGGER}").json()["classes"])
    assert body["per_tag"][1]["average_precision"] == report.per_tag[1].average_precision
    assert not {"confusion", "top2", "per_class"} & set(body)


def test_explaining_nothing_in_particular_is_about_the_most_probable_tag(client: TestClient, engine: Engine) -> None:
    body = post(client, "/explain", model=TAGGER, method="gradient", format="json").json()
    assert body["target"] == engine.predict(images.decode(PNG), TAGGER).top.label
    refused = post(client, "/explain", model=TAGGER, method="gradient", target="Men/Apparel")
    assert refused.status_code == 422
    assert error_of(refused)[0] == "invalid_request"
