"""A model with random weights: enough for every call, and there before anything is trained."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from fashionviz.data.examples import golden_picture
from fashionviz.models.card import Golden, Metric, ModelCard
from fashionviz.models.preprocess import to_input
from fashionviz.models.registry import ModelSpec, get_model
from fashionviz.models.weights import load_trained, save_weights

NAME = "mobilenet_v2.gender_category"


def write_random_model(root: Path, name: str = NAME, seed: int = 0) -> Path:
    """Weights, card and golden logits of an untrained network in ``root``; returns the model's folder."""
    spec = get_model(name)
    torch.manual_seed(seed)
    network = spec.build()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():  # statistics of one batch: without them the signal dies out on its way
        network(torch.randn(8, 3, *spec.input_size))
        network.classifier[-1].weight.mul_(20)  # type: ignore[index,union-attr]
    network.eval()
    folder = root / name
    sha256 = save_weights(network, name, folder / "model.safetensors")
    card = _card(spec, sha256, sum(p.numel() for p in network.parameters()))
    card.save(folder / "card.json")
    # The golden logits come from the weights as stored, in fp16.
    before = os.environ.get("FASHIONVIZ_WEIGHTS")
    os.environ["FASHIONVIZ_WEIGHTS"] = str(root)
    try:
        stored, _ = load_trained(name)
    finally:
        os.environ.pop("FASHIONVIZ_WEIGHTS") if before is None else os.environ.update(FASHIONVIZ_WEIGHTS=before)
    x, _, _ = to_input(golden_picture(0), spec.input_size, spec.mean, spec.std)
    with torch.inference_mode():
        logits = tuple(float(v) for v in stored(x[None])[0])
    golden = Golden(kind="golden", seed=0, logits=logits)
    card.model_copy(update={"golden": golden}).save(folder / "card.json")
    return folder


def _card(spec: ModelSpec, sha256: str, parameters: int) -> ModelCard:
    accuracy = Metric(
        name="accuracy", value=0.5, ci95=(0.4, 0.6), n=96, data_set="fpi", split="test", command="fashionviz evaluate"
    )
    return ModelCard(
        name=spec.name,
        title="Random weights",
        description="For tests.",
        task=spec.task.name,
        classes=spec.task.classes,
        input_size=spec.input_size,
        mean=spec.mean,
        std=spec.std,
        first_conv=spec.first_conv,
        activation_layer=spec.activation_layer,
        parameters=parameters,
        dtype="float16",
        sha256=sha256,
        data_sets=("none",),
        licence="none",
        intended_use="tests",
        limits="knows nothing",
        recipe={},
        command="none",
        metrics=(accuracy,),
    )


def write_report(folder: Path) -> None:
    """A small report beside the weights."""
    classes = get_model(folder.name).task.classes
    k = len(classes)
    confusion = (np.eye(k, dtype=int) * 15 + 1 - np.eye(k, dtype=int)).tolist()
    rows = [
        {"label": c, "precision": 0.75, "recall": 0.75, "f1": 0.75, "support": 20, "predicted": 20} for c in classes
    ]
    facts = {
        "model": {"name": folder.name, "sha256": "0" * 64},
        "data_set": "fpi",
        "split": "test",
        "classes": list(classes),
        "n": 20 * k,
        "skipped": 0,
        "accuracy": 0.75,
        "accuracy_ci95": [0.66, 0.82],
        "top2": 0.9,
        "top3": 0.95,
        "top5": 0.99,
        "macro_f1": 0.75,
        "per_class": rows,
        "confusion": confusion,
        "train_counts": [100] * k,
    }
    (folder / "report.json").write_text(json.dumps(facts))


@pytest.fixture(scope="session")
def random_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights folder with the default model, its report included."""
    root = tmp_path_factory.mktemp("weights")
    write_report(write_random_model(root))
    return root
