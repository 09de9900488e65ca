"""The registry loop: what must hold for every registered model, and for every one with weights."""

import warnings

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from torch import nn

from fashionviz.data.examples import draw, golden_picture
from fashionviz.embed_results import DEPTHS
from fashionviz.evaluation.box_figures import box_figures, figures_of
from fashionviz.evaluation.box_report import load_box_items, load_box_report
from fashionviz.evaluation.multilabel import multilabel_figures
from fashionviz.evaluation.region_report import load_region_items, load_region_report
from fashionviz.evaluation.regions import region_report
from fashionviz.evaluation.report import load_items, load_report
from fashionviz.evaluation.retrieval_report import load_retrieval_report
from fashionviz.evaluation.tagging_report import load_tagged_items, load_tagging_report
from fashionviz.explain import methods
from fashionviz.explain.hookable import count_relus
from fashionviz.explain.layers import list_layers
from fashionviz.images import from_pixels
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from fashionviz.models.card import load_card
from fashionviz.models.detectors import MOST, best_scores
from fashionviz.models.registry import ModelSpec, default_model, get_model, list_models
from fashionviz.models.weights import load_trained, model_folder, sha256_of
from fashionviz.training.feeds import FEEDS
from fashionviz.training.recipes import any_recipe
from tests.conftest import NAMING, TRAINED

SPECS = list_models()
ids = [spec.name for spec in SPECS]


@pytest.mark.parametrize("spec", SPECS, ids=ids)
def test_architecture(spec: ModelSpec) -> None:
    boxes = spec.task.answer == "boxes"
    size = (96, 64) if boxes else spec.input_size  # a detector takes any; the large ones take seconds for theirs
    if boxes and not spec.default:  # memory and time of six large networks, which differ in their trunk alone
        with torch.device("meta"):
            modules = dict(spec.build().named_modules())
        assert spec.first_conv == next(n for n, m in modules.items() if isinstance(m, nn.Conv2d))
        assert {spec.activation_layer, spec.gradcam_layer, spec.head} <= set(modules)
        return
    network = spec.build().eval()
    x = torch.zeros(2, 3, *size)
    pixels = spec.input_size if spec.task.regions else ()
    with torch.no_grad():
        assert network(x).shape == ((2, MOST, 6) if boxes else (2, spec.task.outputs, *pixels))
    modules = dict(network.named_modules())
    first = next(n for n, m in network.named_modules() if isinstance(m, nn.Conv2d))
    assert spec.first_conv == first
    assert modules[first].in_channels in (1, 3)
    layers = {layer.name: layer for layer in list_layers(network, size)}
    assert layers[spec.activation_layer].spatial
    assert layers[spec.gradcam_layer].spatial
    assert spec.relu_family == (count_relus(network, x[:1]) > 0)


def test_one_default_a_task() -> None:
    for task in {spec.task.name for spec in SPECS}:
        assert sum(spec.default for spec in SPECS if spec.task.name == task) == 1
        assert default_model(task).task.name == task


def test_the_default_model_ships_with_weights() -> None:
    assert default_model().name in TRAINED


@pytest.mark.parametrize("name", TRAINED)
def test_card_and_report_are_complete(name: str) -> None:
    network, card = load_trained(name)
    folder = model_folder(name)
    assert card.sha256 == sha256_of(folder / "model.safetensors")
    assert card.parameters == sum(p.numel() for p in network.parameters())
    assert not network.training
    for text in (card.title, card.description, card.licence, card.intended_use, card.limits, card.command):
        assert len(text) > 5
    assert card.data_sets
    assert card.recipe["model"] == name
    reported = FEEDS[any_recipe(name).feed].reported  # the official test split of the ten garment types is held out
    assert {(m.data_set, m.split, m.name) for m in card.metrics} >= {(c.data_set, c.split, c.figure) for c in reported}
    for metric in card.metrics:
        assert metric.ci95[0] <= metric.value <= metric.ci95[1]
        assert metric.n > 0
    if get_model(name).task.multilabel:
        assert_tags_are_complete(name)
        return
    if get_model(name).task.regions:
        assert_regions_are_complete(name)
        return
    if get_model(name).task.answer == "embedding":
        assert_vectors_are_complete(name)
        return
    if get_model(name).task.answer == "boxes":
        assert_boxes_are_complete(name)
        return
    report, items = load_report(name), load_items(name)
    assert report is not None
    assert report.model.sha256 == card.sha256
    assert report.confusion.sum() == report.n == len(items)
    assert report.accuracy == pytest.approx(np.mean([i.label == i.predicted for i in items]))
    test = card.metric("accuracy", report.data_set, report.split)
    assert test is not None
    assert test.value == pytest.approx(report.accuracy)


def assert_tags_are_complete(name: str) -> None:
    """A tagger's report, its items and its card say the same."""
    card, report, items = load_card(model_folder(name)), load_tagging_report(name), load_tagged_items(name)
    assert report is not None
    assert items is not None
    assert report.model.sha256 == card.sha256
    assert tuple(tag.threshold for tag in report.per_tag) == pytest.approx(card.thresholds)
    assert len(items.rows) == report.n
    assert report.micro_f1_ci95[0] <= report.micro.f1 <= report.micro_f1_ci95[1]
    found = multilabel_figures(items.probabilities, items.true, items.known, np.array(card.thresholds))
    assert found.micro.f1 == pytest.approx(report.micro.f1, abs=2e-3), "probabilities are kept as float16"
    assert found.mean_average_precision == pytest.approx(report.mean_average_precision, abs=2e-3)
    for figure, value in (("micro_f1", report.micro.f1), ("map", report.mean_average_precision)):
        metric = card.metric(figure, report.data_set, report.split)
        assert metric is not None
        assert metric.value == pytest.approx(value)


def assert_vectors_are_complete(name: str) -> None:
    """An embedder's report, the ranks of its queries and its card say the same."""
    card, report = load_card(model_folder(name)), load_retrieval_report(name)
    assert report is not None
    assert load_report(name) is None
    assert report.model.sha256 == card.sha256
    assert card.match is not None
    queries = pq.read_table(model_folder(name) / "predictions.parquet").to_pydict()
    assert len(queries["rank"]) == report.n == report.items * report.views
    for kind, column in (("recall", "rank"), ("strict", "rank_strict"), ("near", "rank_near")):
        ranks = np.array(queries[column])
        assert getattr(report, kind).at == pytest.approx([np.mean(ranks <= k) for k in DEPTHS])
        assert getattr(report, kind).median_rank == np.median(ranks)
    for depth, value in zip(DEPTHS, report.recall.at, strict=True):
        metric = card.metric(f"recall_at_{depth}", report.data_set, report.split)
        assert metric is not None
        assert metric.value == pytest.approx(value)


def assert_regions_are_complete(name: str) -> None:
    """A segmenter's report, the photos that it was made from and its card say the same."""
    card, report, items = load_card(model_folder(name)), load_region_report(name), load_region_items(name)
    assert report is not None
    assert items is not None
    assert load_report(name) is None
    assert report.model.sha256 == card.sha256
    assert len(items.rows) == report.n
    again = region_report(
        report.model, report.data_set, report.split, report.classes, items.counts, skipped=report.skipped
    )
    assert np.array_equal(again.confusion, report.confusion)
    assert again.miou == pytest.approx(report.miou)
    for figure in ("miou", "pixel_accuracy", "person_as_garment", "garment_as_person"):
        metric = card.metric(figure, report.data_set, report.split)
        assert metric is not None
        assert metric.value == pytest.approx(getattr(again, figure))
        assert metric.ci95 == pytest.approx(getattr(again, f"{figure}_ci95"))


def assert_boxes_are_complete(name: str) -> None:
    """A detector's report, the boxes that it was made from and its card say the same."""
    card, report, items = load_card(model_folder(name)), load_box_report(name), load_box_items(name)
    assert report is not None
    assert items is not None
    assert load_report(name) is None
    assert report.model.sha256 == card.sha256
    assert len(items.rows) == report.n
    again = figures_of(box_figures(items.found, items.true, len(report.classes)))
    for figure, value in again.items():
        metric = card.metric(figure, report.data_set, report.split)
        assert metric is not None
        assert metric.value == pytest.approx(value) == pytest.approx(getattr(report, figure))


@pytest.fixture(scope="module")
def shipped() -> Engine:
    return Engine(EngineConfig(device="cpu"))


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slow methods take a few passes: what is asked here is whether they work on a network, not what they find."""
    for constant, value in (("STEPS", 4), ("MOST_STEPS", 8), ("COPIES", 4), ("PLACES", 8)):
        monkeypatch.setattr(methods, constant, value)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("name", TRAINED)
def test_every_explanation_works_and_leaves_no_trace(shipped: Engine, name: str) -> None:
    photo = from_pixels(draw("dress", 3))
    info = shipped.model(name)
    results = {m: shipped.explain(photo, name, m) for m in info.methods}
    for method, result in results.items():
        assert result.values.shape == (3, *info.input_size), method
        assert np.isfinite(result.values).all(), method
        assert result.values.any(), method
    if "guided-backprop" in results:
        plain, guided = results["gradient"].values, results["guided-backprop"].values
        assert np.abs(plain - guided).max() > 0.1 * np.abs(plain).max(), "guided backpropagation equals the gradient"
    maps = shipped.activations(photo, name)
    assert maps.maps.ndim == 3
    assert shipped.filters(name).weights.shape[1] in (1, 3)
    loaded = shipped._get(name)
    for network in (loaded.network, loaded.hooked):
        assert not network.training
        for module in network.modules():
            assert not any((module._forward_hooks, module._forward_pre_hooks, module._backward_hooks))


@pytest.mark.parametrize("name", TRAINED)
def test_ready(shipped: Engine, name: str) -> None:
    network, card = load_trained(name)
    assert card.golden is not None
    photo = from_pixels(golden_picture(card.golden.seed))
    if get_model(name).task.regions:
        x, _ = shipped._get(name).prepare(photo)
        with torch.inference_mode():
            logits = dict(zip(card.classes, network(x[None])[0].flatten(1).mean(1).tolist(), strict=True))
    elif get_model(name).task.answer == "embedding":
        assert shipped.embed(photo, name).vector == pytest.approx(card.golden.logits, abs=card.golden.tolerance)
        return
    elif get_model(name).task.answer == "boxes":
        x, _ = shipped._get(name).prepare(photo)
        with torch.inference_mode():
            logits = dict(zip(card.classes, best_scores(network(x[None])[0], len(card.classes)).tolist(), strict=True))
    else:
        logits = {s.label: s.logit for s in shipped.predict(photo, name).scores}
    worst = max(abs(logits[c] - g) for c, g in zip(card.classes, card.golden.logits, strict=True))
    assert worst <= card.golden.tolerance


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("name", NAMING)
def test_explaining_prints_no_warning(shipped: Engine, name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for method in ("gradient", "input-x-gradient", "integrated-gradients"):
            shipped.explain(from_pixels(draw("shirt", 0)), name, method)
