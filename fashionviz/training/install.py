"""From a checkpoint to ``weights/NAME``: weights in few bytes, scores on validation and test, the report, the card."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from fashionviz import images
from fashionviz.data.examples import golden_picture
from fashionviz.data.sets import open_set
from fashionviz.data.street import weak_labels
from fashionviz.errors import DataError, WeightsError
from fashionviz.evaluation.evaluate import Scored, class_counts, department_recalls, evaluate
from fashionviz.evaluation.metrics import mean_interval
from fashionviz.evaluation.report import save_report
from fashionviz.models.card import Golden, Metric, ModelCard, load_card
from fashionviz.models.preprocess import to_input
from fashionviz.models.registry import ModelSpec, get_model
from fashionviz.models.weights import FILE, StoredWeights, load_trained, model_folder, save_weights
from fashionviz.results import ModelRef, Report
from fashionviz.training.recipes import Recipe
from fashionviz.training.run import describe

log = logging.getLogger(__name__)

GOLDEN_SEED = 7


def _accuracy(report: Report) -> Metric:
    return Metric(
        name="accuracy",
        value=report.accuracy,
        ci95=report.accuracy_ci95,
        n=report.n,
        data_set=report.data_set,
        split=report.split,
        command=f"fashionviz evaluate {report.model.name} --data {report.data_set} --split {report.split}",
    )


def street_recall(report: Report) -> Metric:
    """Mean recall of the two departments, whatever the category, with its interval."""
    parts = department_recalls(report)
    mean, interval = mean_interval(list(parts.values()))
    return Metric(
        name="department_recall",
        value=mean,
        ci95=interval,
        n=report.n,
        data_set=report.data_set,
        split=report.split,
        command=f"fashionviz evaluate {report.model.name} --data {report.data_set} --split {report.split}",
    )


def golden_logits(spec: ModelSpec, network: nn.Module) -> tuple[float, ...]:
    """Logits of the golden picture, in float32 on the network's device."""
    photo = images.from_pixels(golden_picture(GOLDEN_SEED))
    x, _, _ = to_input(photo.pixels, spec.input_size, spec.mean, spec.std)
    with torch.inference_mode():
        return tuple(float(v) for v in network(x[None])[0])


#: The public splits that a card reports, with the figure that counts on each.
REPORTED: tuple[tuple[str, str, Callable[[Report], Metric]], ...] = (
    ("fpi", "validation", _accuracy),
    ("fpi", "test", _accuracy),
    ("fpi-large", "validation", _accuracy),
    ("fpi-large", "test", _accuracy),
    ("ccp", "validation", street_recall),
    ("ccp", "test", street_recall),
)


def measure(name: str, network: nn.Module, sha256: str) -> tuple[tuple[Metric, ...], Scored]:
    """Score a network on every public split; returns the metrics and what the report is made of.

    Raises:
        DataError: a split is not there.
    """
    metrics: list[Metric] = []
    kept: Scored | None = None
    for data_set, split, figure in REPORTED:
        scored = evaluate(name, data_set, split, network=network)
        metrics.append(figure(scored.report))
        log.info("%s %s: %s %.4f (n %d)", data_set, split, metrics[-1].name, metrics[-1].value, metrics[-1].n)
        if (data_set, split) == ("fpi", "test"):
            counts = class_counts(get_model(name), open_set("fpi", "train"))
            report = replace(scored.report, model=ModelRef(name, sha256), train_counts=counts)
            kept = replace(scored, report=report)
    assert kept is not None
    return tuple(metrics), kept


def before_packing(name: str, network: nn.Module, command: str) -> Metric:
    """The first reported figure of the float32 network, to be read beside that of the weights as they are stored.

    Args:
        name: registry name.
        network: as trained.
        command: the training command, which logs the figure; the float32 weights are not kept.

    Returns:
        A metric whose name ends in ``_float32``.
    """
    data_set, split, figure = REPORTED[0]
    metric = figure(evaluate(name, data_set, split, network=network).report)
    log.info("%s %s in float32: %s %.4f", data_set, split, metric.name, metric.value)
    return metric.model_copy(update={"name": f"{metric.name}_float32", "command": command})


def install(
    recipe: Recipe,
    network: nn.Module,
    history: tuple[dict[str, float], ...],
    *,
    command: str,
    start: dict[str, object] | None = None,
) -> ModelCard:
    """Write weights, card and report of a trained network; the installed ones stay until all three are complete.

    Args:
        recipe: how it was trained.
        network: in evaluation mode.
        history: a row an epoch.
        command: the command line that trained it.
        start: what it started from, with its sha256 and, where it is our own, the recipe that made it.

    Raises:
        DataError: the splits that the card reports are not there.
    """
    spec = get_model(recipe.model)
    folder = model_folder(spec.name)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-") as made:
        fresh = Path(made) / spec.name
        stored = save_weights(network, spec.name, fresh / FILE)
        card = _card(spec, recipe, network, history, stored, command, start or {})
        card.save(fresh / "card.json")
        served, _ = load_trained(spec.name, fresh)  # the rounded values, as they will be served
        metrics, scored = measure(spec.name, served, stored.sha256)
        if stored.dtype == "int8":  # the card states what it costs
            metrics += (before_packing(spec.name, network, command),)
        golden = Golden(kind="golden", seed=GOLDEN_SEED, logits=golden_logits(spec, served))
        card = card.model_copy(update={"golden": golden, "metrics": metrics})
        card.save(fresh / "card.json")
        save_report(scored, fresh)
        if folder.exists():
            folder.rename(Path(made) / "old")
        fresh.rename(folder)
    return card


def better_than_installed(name: str, network: nn.Module) -> tuple[bool, str]:
    """Whether a network beats the installed weights on validation (never on test), with a sentence."""
    try:
        card = load_card(model_folder(name))
    except WeightsError:
        return True, "no weights were installed"
    old = card.metric("accuracy", "fpi", "validation")
    if old is None:
        return True, "the installed card has no validation accuracy"
    try:
        new = evaluate(name, "fpi", "validation", network=network).report.accuracy
    except DataError:
        return False, "the validation split is not present, so nothing can be compared"
    verb = "beats" if new > old.value else "does not beat"
    return new > old.value, f"validation accuracy {new:.4f} {verb} the installed {old.value:.4f}"


def _card(
    spec: ModelSpec,
    recipe: Recipe,
    network: nn.Module,
    history: tuple[dict[str, float], ...],
    stored: StoredWeights,
    command: str,
    start: dict[str, object],
) -> ModelCard:
    return ModelCard(
        name=spec.name,
        title="MobileNetV2 · department × category",
        description=(
            "Names the shop department and category of a garment photo, six classes as in paper 003. Fine-tuned from "
            "ImageNet weights on catalogue photos, on their cut-outs pasted onto street and room backgrounds, on "
            "street photos and on photos taken at home."
        ),
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
        data_sets=(
            "fpi train (Fashion Product Images, small)",
            "fpi-large train (the same products at 168×224)",
            "ccp train (Clothing Co-Parsing street photos; departments labelled by us)",
            "clothing train and extra (Clothing data set, CC0)",
        ),
        licence="Apache-2.0 (weights). The photos they were trained on are not part of them.",
        intended_use="Exploring what a garment classifier sees, in teaching, research and debugging.",
        limits=(
            "Men and Women name the department an item is sold in, not a person, and the model must not be used to "
            "judge people. Street figures come from one set of street photos (Clothing Co-Parsing) and count an answer "
            f"as right when its department is. Of the training departments {weak_labels():,} follow from the "
            "publisher's tags alone (dress, skirt, heels, …); the others, and every validation and test photo, were "
            "labelled by looking at the outfit, and photos of unclear department were left out. A photo of a whole "
            "outfit shows several items: choose a region for a single one. Items of other departments (Unisex, Boys, "
            "Girls) and things that are no garment are forced into the six classes."
        ),
        recipe={**describe(recipe), "history": list(history), "start": start},
        command=command,
    )
