"""The lab's new calls through ``gradio_client`` against a launched server, with the models that are shipped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import gradio as gr
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from apps.lab import annotate_layout, every_page
from apps.lab.app import chosen_tab
from apps.middleware import MAX_BODY, MAX_LAB_BODY, MAX_LAB_UPLOAD, BodyLimit
from fashionviz import images
from fashionviz.annotate.table import parse_table, table_bytes
from fashionviz.data.answers import ANSWERS
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from fashionviz.models.registry import list_models
from fashionviz.models.weights import is_trained
from tests.apps.lab.collection import HEIC, SMALL, jpeg
from tests.apps.lab.conftest import launched
from tests.conftest import MODEL

TRAINED = {spec.name for spec in list_models() if is_trained(spec.name) and ANSWERS[spec.task.answer].names}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Engine, Path]]:
    """A launched lab over the shipped weights."""
    with launched(tmp_path_factory, config=EngineConfig(device="cpu")) as lab:
        yield lab


def save(folder: Path, name: str, data: bytes) -> Path:
    (folder / name).write_bytes(data)
    return folder / name


def test_every_model_gives_the_engines_numbers(
    client: Client, server: tuple[str, Engine, Path], tmp_path: Path
) -> None:
    data = jpeg("shirt")
    answers = client.predict(handle_file(save(tmp_path, "shirt.jpg", data)), api_name="/every_model")
    assert {answer["model"] for answer in answers} == TRAINED
    for answer in answers:
        expected = server[1].predict(images.decode(data), answer["model"])
        assert answer["file"] == "shirt.jpg"
        assert [p["label"] for p in answer["predictions"]] == [s.label for s in expected.scores]
        got = [p["probability"] for p in answer["predictions"]]
        assert np.allclose(got, [s.probability for s in expected.scores], atol=1e-6)


def test_annotate_gives_a_table_that_can_be_sent_again(
    client: Client, server: tuple[str, Engine, Path], tmp_path: Path
) -> None:
    shirt, dress = (save(tmp_path, f"{kind}.jpg", jpeg(kind)) for kind in ("shirt", "dress"))
    first = client.predict([handle_file(shirt)], f"{MODEL}, {SMALL}", api_name="/annotate")
    rows = parse_table(Path(first).read_bytes(), "x")
    assert [(row.file, row.model) for row in rows] == [("shirt.jpg", SMALL), ("shirt.jpg", MODEL)]
    top = server[1].predict(images.decode(shirt.read_bytes()), MODEL).top
    assert rows[1].label == top.label
    assert rows[1].probability == pytest.approx(top.probability, abs=1e-6)
    corrected = [replace(row, corrected="Women/Other") if row.model == MODEL else row for row in rows]
    table = save(tmp_path, "labels.csv", table_bytes(corrected))
    files = [handle_file(path) for path in (shirt, dress, table)]
    again = parse_table(Path(client.predict(files, MODEL, api_name="/annotate")).read_bytes(), "x")
    assert [(row.file, row.model, row.corrected) for row in again] == [
        ("dress.jpg", MODEL, None),
        ("shirt.jpg", SMALL, None),
        ("shirt.jpg", MODEL, "Women/Other"),
    ]
    kept = {p.name for p in server[2].rglob("*.jpg")}
    assert not kept & {"shirt.jpg", "dress.jpg"}, "photos are deleted with the answer"
    assert all(b"SECRETCAMERA" not in p.read_bytes() for p in server[2].rglob("*") if p.is_file())


@pytest.mark.parametrize(
    ("name", "data", "models", "words"),
    [
        ("IMG_1.HEIC", HEIC, "", "HEIC"),
        ("a.jpg", jpeg(), "no.such_model", "no.such_model"),
        ("t.csv", b"a,b\n", "", "no table of annotations"),
    ],
)
def test_what_cannot_be_annotated_is_one_sentence(
    client: Client, server: tuple[str, Engine, Path], tmp_path: Path, name: str, data: bytes, models: str, words: str
) -> None:
    with pytest.raises(AppError, match=words) as caught:
        client.predict([handle_file(save(tmp_path, name, data))], models, api_name="/annotate")
    assert str(server[2]) not in str(caught.value)
    assert not list(server[2].rglob(name))


@pytest.mark.parametrize("tab", [every_page.TAB, annotate_layout.TAB])
def test_a_link_names_a_tab(tab: str) -> None:
    def asked(**query: str) -> gr.Request:
        return cast(gr.Request, SimpleNamespace(query_params=query))

    assert chosen_tab(asked(tab=tab)).selected == tab
    for other in (asked(), asked(tab="nonsense"), asked(model=MODEL)):
        assert not hasattr(chosen_tab(other), "selected")


def test_many_photos_may_come_in_one_body_and_nothing_else() -> None:
    limit = BodyLimit(None)._limit  # type: ignore[arg-type]
    assert limit("/lab/gradio_api/upload") == MAX_LAB_UPLOAD
    assert limit("/lab/gradio_api/queue/join") == MAX_LAB_BODY
    assert limit("/api/v1/predict") == MAX_BODY
    assert MAX_LAB_UPLOAD > annotate_layout.MOST_BYTES
