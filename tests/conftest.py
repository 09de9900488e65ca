"""Fixtures shared by all tests."""

from __future__ import annotations

import os

if "PYTEST_XDIST_WORKER" in os.environ:  # before torch is imported
    # One thread an operation: processes beside each other fill the cores, threads would only wait for each other.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("STREAMLIT_BROWSER_GATHER_USAGE_STATS", "false")

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from fashionviz.data.answers import ANSWERS
from fashionviz.data.examples import draw, golden_picture
from fashionviz.evaluation.tagging import Tagged
from fashionviz.images import Photo, from_pixels
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from fashionviz.models.card import Golden, Metric, ModelCard
from fashionviz.models.packing import unpack
from fashionviz.models.preprocess import to_input
from fashionviz.models.registry import get_model, list_models
from fashionviz.models.weights import FILE, is_trained, save_weights
from tests.reports import write_made_up_report, write_made_up_tags

MODEL = "mobilenet_v2.gender_category"
TAGGER = "mobilenet_v2.street_tags"
TRAINED = [spec.name for spec in list_models() if is_trained(spec.name) and not spec.own]
#: Those of one class a photo: the others are taggers, or say what each pixel shows.
CLASSIFIERS = [name for name in TRAINED if get_model(name).task.answer == "classes"]
#: Those that name what a photo shows.
NAMING = [name for name in TRAINED if ANSWERS[get_model(name).task.answer].names]
FIGURES = {
    "classes": ("accuracy",),
    "tags": ("micro_f1", "macro_f1", "map"),
    "embedding": ("recall_at_1", "recall_at_10", "match_ece"),
    "regions": ("miou", "pixel_accuracy", "person_as_garment", "garment_as_person"),
    "boxes": ("ap50", "ap", "ap75", "ar"),
}

#: Where the long ones are. Processes take whole files: the long ones first, or one of them runs alone at the end.
LONG_FIRST = ("tests/browser/", "tests/models/", "tests/training/", "tests/explain/", "tests/apps/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the places of LONG_FIRST first, in their order; all else stays in the order it has."""
    places = len(LONG_FIRST)
    items.sort(key=lambda item: next((i for i, p in enumerate(LONG_FIRST) if item.nodeid.startswith(p)), places))


def make_weights(root: Path, name: str = MODEL, seed: int = 0) -> ModelCard:
    """Write random weights with a matching card into ``root``: for tests of the machinery, never of accuracy."""
    spec = get_model(name)
    torch.manual_seed(seed)
    network = spec.build()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():  # statistics of one batch: without them the signal dies out on its way
        network(torch.randn(8, 3, *spec.input_size))
        if not spec.task.regions:
            network.classifier[-1].weight.mul_(20)
    network.eval()
    folder = root / name
    stored = save_weights(network, name, folder / FILE)
    figures = FIGURES[spec.task.answer]
    metrics = tuple(
        Metric(
            name=figure, value=0.5, ci95=(0.4, 0.6), n=96, data_set=spec.task.data_set, split="test",
            command="fashionviz evaluate",
        )
        for figure in figures
    )  # fmt: skip
    card = ModelCard(
        name=name,
        title="Random weights",
        description="random weights",
        task=spec.task.name,
        classes=spec.task.classes,
        input_size=spec.input_size,
        mean=spec.mean,
        std=spec.std,
        first_conv=spec.first_conv,
        activation_layer=spec.activation_layer,
        parameters=sum(p.numel() for p in network.parameters()),
        dtype=stored.dtype,
        sha256=stored.sha256,
        data_sets=(),
        licence="Apache-2.0",
        intended_use="tests",
        limits="knows nothing",
        recipe={},
        command="none",
        metrics=metrics,
        thresholds=(0.5,) * len(spec.task.classes) if spec.task.multilabel else (),
    )
    x = to_input(golden_picture(1), spec.input_size, spec.mean, spec.std)[0]
    network.load_state_dict(unpack(load_file(folder / FILE)))
    with torch.no_grad():
        answer = network(x[None])[0]
    logits = tuple(float(v) for v in (answer.flatten(1).mean(1) if spec.task.regions else answer))
    card = card.model_copy(update={"golden": Golden(kind="golden", seed=1, logits=logits)})
    card.save(folder / "card.json")
    return card


@pytest.fixture(autouse=True)
def no_shipped_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests see the catalogues that they make themselves; the one that ships has a test of its own."""
    monkeypatch.setattr("fashionviz.match.places.shipped_root", lambda: Path("/nowhere/catalogues"))


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A weights folder with a random model in it."""
    root = tmp_path / "weights"
    make_weights(root)
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(root))
    return root


@pytest.fixture(scope="session")
def random_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights folder that lasts for the whole run: a random default model with a report."""
    root = tmp_path_factory.mktemp("weights")
    make_weights(root)
    write_made_up_report(root / MODEL)
    return root


@pytest.fixture(scope="session")
def random_tagger(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Tagged]:
    """A weights folder that lasts for the whole run, of a random tagger, and the report beside its weights."""
    root = tmp_path_factory.mktemp("tagger")
    make_weights(root, TAGGER)
    return root, write_made_up_tags(root / TAGGER)


@pytest.fixture
def engine(weights: Path) -> Iterator[Engine]:
    """An engine over the random model."""
    made = Engine(EngineConfig(device="cpu"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def shirt() -> Photo:
    """A drawn garment."""
    return from_pixels(draw("t-shirt", 0))


@pytest.fixture
def rng() -> np.random.Generator:
    """Seeded random numbers."""
    return np.random.default_rng(0)
