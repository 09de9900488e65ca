"""From a checkpoint to ``weights/NAME``: fp16 weights, scores on validation and test, the report, the card."""

from __future__ import annotations

import logging
from dataclasses import asdict

import torch
from torch import nn

from fashionviz import images
from fashionviz.data.examples import golden_picture
from fashionviz.data.sets import open_set
from fashionviz.data.street import weak_labels
from fashionviz.errors import DataError, WeightsError
from fashionviz.evaluation.evaluate import class_counts, department_recalls, evaluate
from fashionviz.evaluation.metrics import mean_interval
from fashionviz.evaluation.report import save_report
from fashionviz.models.card import Golden, Metric, ModelCard, load_card
from fashionviz.models.preprocess import to_input
from fashionviz.models.registry import ModelSpec, get_model
from fashionviz.models.weights import FILE, load_trained, model_folder, save_weights
from fashionviz.results import Report
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


def measure(name: str) -> tuple[tuple[Metric, ...], Report]:
    """Score installed weights on every public split that is present; returns the metrics and the test report.

    The report is saved beside the weights.
    """
    metrics: list[Metric] = []
    report: Report | None = None
    for data_set, split in (("fpi", "validation"), ("fpi", "test"), ("fpi-large", "validation"), ("fpi-large", "test")):
        scored = evaluate(name, data_set, split)
        metrics.append(_accuracy(scored.report))
        log.info("%s %s: accuracy %.4f (n %d)", data_set, split, scored.report.accuracy, scored.report.n)
        if (data_set, split) == ("fpi", "test"):
            spec = get_model(name)
            counts = class_counts(spec, open_set("fpi", "train"))
            facts = {**asdict(scored.report), "train_counts": counts}
            facts.update(model=scored.report.model, per_class=scored.report.per_class)
            report = Report(**facts)
            save_report(
                type(scored)(report, scored.rows, scored.ids, scored.truth, scored.probabilities), model_folder(name)
            )
    for split in ("validation", "test"):
        scored = evaluate(name, "ccp", split)
        metrics.append(street_recall(scored.report))
        log.info("street %s: department recall %.4f (n %d)", split, metrics[-1].value, scored.report.n)
    assert report is not None
    return tuple(metrics), report


def install(recipe: Recipe, network: nn.Module, history: tuple[dict[str, float], ...], *, command: str) -> ModelCard:
    """Write weights, card and report of a trained network.

    Args:
        recipe: how it was trained.
        network: in evaluation mode.
        history: a row an epoch.
        command: the command line that trained it.

    Raises:
        DataError: the splits that the card reports are not there.
    """
    spec = get_model(recipe.model)
    folder = model_folder(spec.name)
    sha = save_weights(network, spec.name, folder / FILE)
    card = _card(spec, recipe, network, history, sha, command)
    card.save(folder / "card.json")
    stored, _ = load_trained(spec.name)  # the fp16 values, as they will be served
    card = card.model_copy(
        update={"golden": Golden(kind="golden", seed=GOLDEN_SEED, logits=golden_logits(spec, stored))}
    )
    card.save(folder / "card.json")
    metrics, _ = measure(spec.name)
    card = card.model_copy(update={"metrics": metrics})
    card.save(folder / "card.json")
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
    sha: str,
    command: str,
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
        dtype="float16",
        sha256=sha,
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
        recipe={**describe(recipe), "history": list(history)},
        command=command,
    )
