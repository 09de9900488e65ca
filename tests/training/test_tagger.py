"""A tagger from Parquet to served weights: what is unknown teaches nothing, and thresholds come from validation."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from fashionviz.data.labels import LabelGroup
from fashionviz.data.tags import shipped_vocabulary
from fashionviz.errors import InvalidRequest
from fashionviz.evaluation.report import load_items, load_report
from fashionviz.evaluation.tagging import evaluate_tags
from fashionviz.evaluation.tagging_report import load_tagged_items, load_tagging_report
from fashionviz.images import from_pixels
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from fashionviz.models.card import load_card
from fashionviz.models.registry import get_model
from fashionviz.models.weights import model_folder
from fashionviz.training import commands
from fashionviz.training.feeds import FEEDS
from fashionviz.training.mixture import Batch, Mixture
from fashionviz.training.module import GarmentClassifier
from fashionviz.training.multilabel_loss import LOSSES
from fashionviz.training.recipes import Stage, get_recipe
from fashionviz.training.run import train
from fashionviz.training.sources import one_of

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

MODEL = "mobilenet_v2.street_tags"
RECIPE = replace(get_recipe(MODEL), stages=(Stage((32, 24), 2),), batch={"worn": 4})


def test_train_install_serve(data: Path, monkeypatch: pytest.MonkeyPatch, drawn: dict[str, np.ndarray]) -> None:
    monkeypatch.setattr(commands, "any_recipe", lambda name: RECIPE)
    said = commands.train_and_install(MODEL, init="scratch")
    assert said.startswith(f"Installed {MODEL}")
    card = load_card(model_folder(MODEL))
    assert len(card.thresholds) == len(card.classes) == 50
    named = {(m.name, m.data_set, m.split) for m in card.metrics}
    assert named == {(f, "ccp", s) for f in ("micro_f1", "macro_f1", "map") for s in ("validation", "test")}
    assert all(m.ci95[0] <= m.value <= m.ci95[1] for m in card.metrics if m.name == "micro_f1")

    report, items = load_tagging_report(MODEL), load_tagged_items(MODEL)
    assert report is not None
    assert items is not None
    assert (report.data_set, report.split, report.n) == ("ccp", "test", 6)
    assert report.labels == 2, "dress and bag alone are worn"
    learned = {t.label: t.train_count for t in report.per_tag if t.train_count}
    assert learned == {"dress": 12, "bag": 6}, "of the photos with masks and of those with names alone"
    assert load_report(MODEL) is None, "it is no classifier"
    assert load_items(MODEL) == ()

    again = evaluate_tags(MODEL, "ccp", "test")
    assert again.report.model.sha256 == report.model.sha256 == card.sha256
    assert again.report.micro == report.micro
    assert np.allclose(items.probabilities, again.probabilities, atol=1e-3), "kept as float16"
    assert np.array_equal(items.true, again.true)
    assert items.known.all()

    engine = Engine(EngineConfig(device="cpu"))
    answer = engine.predict(from_pixels(drawn["street dress"]), MODEL)
    assert [g.title for g in answer.tags] == ["Worn"]
    assert answer.assurance is None
    engine.close()


def test_a_catalogue_without_a_column_says_nothing_of_its_tags(data: Path) -> None:
    recipe = replace(get_recipe("inception_v3.tags"), stages=(Stage((75, 75), 1),), batch={"catalogue": 4})
    material = FEEDS["tags"].material(recipe)
    batch = Mixture(recipe, material.sources, material.ground)[0]
    tags = shipped_vocabulary()
    assert batch.known is not None
    assert batch.known[:, tags.places("gender").start : tags.places("gender").stop].all()
    for unknown in ("season", "usage", "baseColour"):
        assert not batch.known[:, tags.places(unknown).start : tags.places(unknown).stop].any()
    assert not batch.allowed[~batch.known].any()


def module(loss: str = "bce4") -> GarmentClassifier:
    recipe = replace(RECIPE, loss=loss)
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3, 4))
    return GarmentClassifier(
        network, "1", recipe, tuple("abcd"), FEEDS["street_tags"].checks, {}, steps=10, multilabel=True
    )


def test_a_group_is_one_choice_with_a_place_for_rarer_values(data: Path) -> None:
    group = LabelGroup("colour", "Colour", 1, 4)
    true = np.array([[1, 0, 1, 0, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 1]], bool)
    known = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 0, 0, 0, 1]], bool)
    assert one_of(true, known, group).tolist() == [1, 3, -1], "the second of three, a rarer one, not known"
    recipe = replace(get_recipe("inception_v3.tags"), stages=(Stage((75, 75), 1),), batch={"catalogue": 4})
    material = FEEDS["tags"].material(recipe)
    heads = {g.name: g.stop - g.start + 1 for g in get_model("inception_v3.tags").task.groups}
    assert material.heads == heads
    told = material.sources["catalogue"].auxiliary
    assert set(told) == set(heads)
    assert all(codes.max() < heads[name] for name, codes in told.items())
    assert (told["season"] == -1).all(), "this catalogue has no such column"
    assert (told["gender"] >= 0).all()
    assert FEEDS["tags"].material(replace(recipe, auxiliary=0.0)).heads == {}


def test_the_recipes_loss_is_what_is_minimised(monkeypatch: pytest.MonkeyPatch) -> None:
    made = module()
    monkeypatch.setattr(made, "log", lambda *a, **k: None)
    g = torch.Generator().manual_seed(1)
    images = torch.randn(5, 3, 1, 1, generator=g)
    true, known = torch.rand(5, 4, generator=g) < 0.5, torch.rand(5, 4, generator=g) < 0.7
    batch = Batch(images, true & known, {}, known)
    assert torch.allclose(made.training_step(batch, 0), LOSSES["bce4"](made(images), true & known, known))
    with pytest.raises(InvalidRequest, match="no loss 'huber'"):
        module("huber")


def test_validation_is_the_mean_average_precision_of_tags_that_occur(monkeypatch: pytest.MonkeyPatch) -> None:
    from sklearn.metrics import average_precision_score

    made, logged = module(), {}
    monkeypatch.setattr(made, "log", lambda name, value, **k: logged.__setitem__(name, float(value)))
    g = torch.Generator().manual_seed(2)
    images = torch.randn(40, 3, 1, 1, generator=g)
    labels = (torch.rand(40, 4, generator=g) < 0.4).long()
    labels[:, 3] = 0  # nobody has it
    labels[:10, 0] = -1
    made.validation_step((images, labels), 0)
    made.on_validation_epoch_end()
    scores = made(images).sigmoid().detach().numpy()
    expected = [
        average_precision_score(labels[10 if i == 0 else 0 :, i], scores[10 if i == 0 else 0 :, i]) for i in range(3)
    ]
    assert logged["val_ccp_map"] == pytest.approx(np.mean(expected), abs=1e-5)


def test_a_tagger_has_no_teachers(data: Path) -> None:
    with pytest.raises(InvalidRequest, match="not from teachers"):
        train(replace(RECIPE, teachers=("mobilenet_v2.gender_category",)))
