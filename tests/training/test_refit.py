"""A last layer fitted anew: better on validation or left alone, and the same function as its regressions."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from fashionviz.evaluation.multilabel import multilabel_figures
from fashionviz.models.card import load_card
from fashionviz.models.registry import get_model
from fashionviz.models.weights import model_folder
from fashionviz.training import commands, refit
from fashionviz.training.last_layer import LastLayer, Material
from fashionviz.training.recipes import Stage, get_recipe

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

MODEL = "mobilenet_v2.street_tags"
RECIPE = replace(
    get_recipe(MODEL), stages=(Stage((32, 24), 1),), batch={"worn": 4}, refit=("ccp",), refit_penalties=(0.01,)
)


def test_it_is_fitted_stored_and_told(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "any_recipe", lambda name: RECIPE)
    commands.train_and_install(MODEL, init="scratch")
    facts = load_card(model_folder(MODEL)).recipe["refitted"]
    assert facts["after"] >= facts["before"]
    assert facts["penalty"] in (0.0, 0.01)


def _told(count: int, seed: int) -> Material:
    """Features of which the first fifty tell the tags."""
    x = np.random.default_rng(seed).normal(1, 2, (count, 1280)).astype(np.float32)
    return Material(x, x[:, :50] > 2, np.ones((count, 50), dtype=np.bool_))


def test_the_layer_is_the_regressions_or_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    network = get_model(MODEL).build().eval()
    checkpoint = tmp_path / "a.ckpt"
    checkpoint.write_bytes(b"a")
    asked: list[tuple[str, str]] = []
    validation = _told(60, 2)

    def material(spec: object, network: object, name: str, data_set: str, split: str) -> Material:
        asked.append((data_set, split))
        return _told(400, 1) if split == "train" else validation

    fitted: list[LastLayer] = []
    really = refit.logistic_regressions

    def kept(train: Material, penalty: float) -> LastLayer:
        fitted.append(really(train, penalty))
        return fitted[-1]

    monkeypatch.setattr(refit, "_material", material)
    monkeypatch.setattr(refit, "logistic_regressions", kept)
    facts = refit.refit_head(RECIPE, network, checkpoint)
    assert asked == [("ccp", "train"), ("ccp", "validation")]
    assert facts["penalty"] == 0.01
    assert facts["after"] > facts["before"] + 0.1
    head = network.classifier[-1]
    with torch.no_grad():
        said = head(torch.from_numpy(validation.x)).sigmoid().numpy()
    assert said == pytest.approx(fitted[0].probabilities(validation.x), abs=1e-4)
    expected = multilabel_figures(said, validation.true, validation.known).mean_average_precision
    assert facts["after"] == pytest.approx(expected, abs=1e-4)

    weight = head.weight.clone()
    worse = replace(fitted[0], weight=-fitted[0].weight)
    monkeypatch.setattr(refit, "logistic_regressions", lambda train, penalty: worse)
    assert refit.refit_head(RECIPE, network, checkpoint)["penalty"] == 0.0
    assert torch.equal(head.weight, weight), "a worse one is not taken"
