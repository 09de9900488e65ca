"""A last layer fitted anew: better on validation or left alone, and the same function as its regressions."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score

from fashionviz.errors import InvalidRequest
from fashionviz.evaluation.multilabel import said_by_the_others
from fashionviz.models.card import load_card
from fashionviz.models.registry import get_model
from fashionviz.models.weights import load_trained, model_folder
from fashionviz.training import commands, refit
from fashionviz.training.last_layer import LastLayer, Material
from fashionviz.training.recipes import Stage, get_recipe

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

MODEL = "mobilenet_v2.street_tags"
RECIPE = replace(
    get_recipe(MODEL),
    stages=(Stage((32, 24), 1),),
    batch={"worn": 4},
    refit=("ccp",),
    refit_penalties=(0.01,),
    refit_rarity=0.5,
)


def test_it_is_fitted_stored_and_told(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "any_recipe", lambda name: RECIPE)
    commands.train_and_install(MODEL, init="scratch")
    facts = load_card(model_folder(MODEL)).recipe["refitted"]
    assert facts["after"] >= facts["before"]
    assert facts["penalty"] in (0.0, 0.01)


def test_an_installed_tagger_gets_a_new_last_layer_and_keeps_the_rest(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = replace(RECIPE, dtype="int8")
    monkeypatch.setattr(commands, "any_recipe", lambda name: replace(recipe, refit=(), refit_penalties=(7.0,)))
    commands.train_and_install(MODEL, init="scratch")
    with pytest.raises(InvalidRequest, match="fits no last layer"):
        commands.refit_installed(MODEL)
    network, before = load_trained(MODEL)
    monkeypatch.setattr(commands, "any_recipe", lambda name: recipe)
    scores = iter([0.5, 0.4, 0.0, 1.0])  # as installed, fitted anew, twice
    monkeypatch.setattr(refit, "macro_f1", lambda layer, validation: next(scores))
    assert "stays as it is" in commands.refit_installed(MODEL)
    assert load_trained(MODEL)[1] == before
    assert "macro F1 1.0000, before 0.0000" in commands.refit_installed(MODEL)
    fitted, after = load_trained(MODEL)
    assert after.recipe["refitted"]["rarity"] == RECIPE.refit_rarity
    assert after.recipe["history"] == before.recipe["history"], "how the rest was trained stays told"
    assert (after.command, after.recipe["trained_by"]) == (f"fashionviz refit {MODEL}", before.command)
    assert after.recipe["refit_penalties"] == [0.01], "the refit's own, not the training's"
    in_float32 = [[m.name for m in card.metrics if m.name.endswith("_float32")] for card in (before, after)]
    assert in_float32 == [["micro_f1_float32"], []], "a network that was int8 has no figure in float32"
    scores = iter([0.0, 1.0])
    commands.refit_installed(MODEL)
    assert load_trained(MODEL)[1].recipe["trained_by"] == before.command, "a second refit forgets nothing"
    head = get_model(MODEL).head
    for (name, old), new in zip(network.state_dict().items(), fitted.state_dict().values(), strict=True):
        assert torch.equal(old, new) == (not name.startswith(head)), name


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

    def kept(train: Material, penalty: float, *, rarity: float) -> LastLayer:
        fitted.append(really(train, penalty, rarity=rarity))
        return fitted[-1]

    monkeypatch.setattr(refit, "_material", material)
    monkeypatch.setattr(refit, "logistic_regressions", kept)
    facts = refit.refit_head(RECIPE, network, checkpoint)
    assert asked == [("ccp", "train"), ("ccp", "validation")]
    assert facts["penalty"] == 0.01
    assert facts["after"] > facts["before"] + 0.04
    head = network.classifier[-1]
    with torch.no_grad():
        said = head(torch.from_numpy(validation.x)).sigmoid().numpy()
    assert said == pytest.approx(fitted[0].probabilities(validation.x), abs=1e-4)
    rng, f1 = np.random.default_rng(0), []
    for _ in range(8):
        found = said_by_the_others(said, validation.true, validation.known, rng)
        f1.append(f1_score(validation.true, found, average=None, zero_division=0)[validation.true.any(axis=0)].mean())
    assert facts["after"] == pytest.approx(np.mean(f1), abs=5e-3)
    assert facts["rarity"] == 0.5
    plain = really(_told(400, 1), 0.01)
    assert (fitted[0].bias > plain.bias).sum() > 40, "rare tags are said more readily"

    weight = head.weight.clone()
    worse = replace(fitted[0], weight=-fitted[0].weight)
    monkeypatch.setattr(refit, "logistic_regressions", lambda train, penalty, rarity: worse)
    assert refit.refit_head(RECIPE, network, checkpoint)["penalty"] == 0.0
    assert torch.equal(head.weight, weight), "a worse one is not taken"
