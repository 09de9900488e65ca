"""From a checkpoint to ``weights/NAME``: weights in few bytes, scores on validation and test, the report, the card."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from fashionviz import images
from fashionviz.data.examples import golden_picture
from fashionviz.data.sets import open_set
from fashionviz.errors import DataError, WeightsError
from fashionviz.evaluation.box_report import save_box_report
from fashionviz.evaluation.boxes import evaluate_boxes
from fashionviz.evaluation.calibration import (
    calibration_interval,
    expected_calibration_error,
    fit_temperature,
    with_temperature,
)
from fashionviz.evaluation.evaluate import Scored, class_counts, evaluate
from fashionviz.evaluation.landmarks import evaluate_landmarks
from fashionviz.evaluation.metrics import FIGURES
from fashionviz.evaluation.region_report import save_region_report
from fashionviz.evaluation.regions import evaluate_regions
from fashionviz.evaluation.report import save_report
from fashionviz.evaluation.retrieval import evaluate_embedding, report_of
from fashionviz.evaluation.retrieval_report import save_retrieval_report
from fashionviz.evaluation.tagging import evaluate_tags
from fashionviz.evaluation.tagging_report import save_tagging_report
from fashionviz.landmark_results import LandmarkReport
from fashionviz.models.card import Golden, Metric, ModelCard, load_card
from fashionviz.models.detectors import best_scores
from fashionviz.models.preprocess import to_input
from fashionviz.models.registry import ModelSpec, get_model
from fashionviz.models.weights import FILE, StoredWeights, load_trained, model_folder, save_weights
from fashionviz.results import ModelRef, Report
from fashionviz.training.assurance import try_assurance
from fashionviz.training.cards import INTENDED_USE, LICENCE, words
from fashionviz.training.feeds import FEEDS, Check, Feed
from fashionviz.training.loop import describe
from fashionviz.training.measure_boxes import box_metrics, measure_boxes
from fashionviz.training.measure_items import item_metrics, measure_items
from fashionviz.training.measure_regions import measure_regions, region_metrics
from fashionviz.training.measure_tags import measure_tags, tag_metrics
from fashionviz.training.recipes import AnyRecipe
from fashionviz.training.remember import remembered_features

log = logging.getLogger(__name__)

GOLDEN_SEED = 7


def metric_of(check: Check, report: Report) -> Metric:
    """The figure of a check, with its interval and the command that prints the report."""
    value, interval = FIGURES[check.figure](report.confusion, report.classes)
    return Metric(
        name=check.figure,
        value=value,
        ci95=interval,
        n=report.n,
        data_set=report.data_set,
        split=report.split,
        command=f"fashionviz evaluate {report.model.name} --data {report.data_set} --split {report.split}",
    )


def golden_logits(spec: ModelSpec, network: nn.Module) -> tuple[float, ...]:
    """Logits of the golden picture, in float32 on the network's device.

    Of regions their means over the pixels; of boxes the highest score of each class.
    """
    photo = images.from_pixels(golden_picture(GOLDEN_SEED))
    x, _, _ = to_input(photo.pixels, spec.input_size, spec.mean, spec.std)
    with torch.inference_mode():
        logits = network(x[None])[0]
    if spec.task.answer == "boxes":
        logits = best_scores(logits, len(spec.task.classes))
    return tuple(float(v) for v in (logits.flatten(1).mean(dim=1) if spec.task.regions else logits))


def calibration_metrics(scored: Scored, temperature: float) -> tuple[Metric, Metric]:
    """Expected calibration error of a scored split as it is, and as it was before the temperature."""
    report = scored.report
    before = with_temperature(scored.probabilities, 1 / temperature)
    command = f"fashionviz evaluate {report.model.name} --data {report.data_set} --split {report.split}"

    def metric(name: str, probabilities: NDArray[np.floating]) -> Metric:
        return Metric(
            name=name,
            value=expected_calibration_error(probabilities, scored.truth),
            ci95=calibration_interval(probabilities, scored.truth),
            n=report.n,
            data_set=report.data_set,
            split=report.split,
            command=command,
        )

    return metric("ece", scored.probabilities), metric("ece_uncalibrated", before)


def landmark_metrics(report: LandmarkReport) -> tuple[Metric, Metric]:
    """Mean error and detection rate of landmarks; n counts photos."""
    command = f"fashionviz evaluate {report.model.name} --data {report.data_set} --split {report.split}"
    figures = (("landmark_error", report.error, report.error_ci95), ("landmark_rate", report.rate, report.rate_ci95))
    log.info("%s %s: landmark error %.4f, detected %.4f", report.data_set, report.split, report.error, report.rate)
    first, second = (
        Metric(
            name=name, value=value, ci95=interval, n=report.photos, data_set=report.data_set, split=report.split,
            command=command,
        )
        for name, value, interval in figures
    )  # fmt: skip
    return first, second


def measure(feed: Feed, name: str, network: nn.Module, sha256: str) -> tuple[tuple[Metric, ...], Scored, float]:
    """Fit the temperature on validation, then score a network on every split that its card reports.

    Returns the metrics, what the report is made of, and the temperature. The report is that of the first test split,
    or of the first split where the test split is held out.

    Raises:
        DataError: a split is not there.
    """
    reports = next((c for c in feed.reported if c.split == "test"), feed.reported[0])
    first = feed.checks[0]
    fitted = evaluate(name, first.data_set, first.split, network=network)
    temperature = fit_temperature(fitted.probabilities, fitted.truth)
    metrics: list[Metric] = []
    kept: Scored | None = None
    for check in feed.reported:
        scored = evaluate(name, check.data_set, check.split, network=network, temperature=temperature)
        metrics.append(metric_of(check, scored.report))
        log.info("%s %s: %s %.4f (n %d)", check.data_set, check.split, check.figure, metrics[-1].value, metrics[-1].n)
        if check == reports:
            metrics.extend(calibration_metrics(scored, temperature))
            counts = class_counts(get_model(name), open_set(check.data_set, "train"))
            report = replace(scored.report, model=ModelRef(name, sha256), train_counts=counts)
            kept = replace(scored, report=report)
        if get_model(name).landmarks:
            try:
                found = evaluate_landmarks(name, check.data_set, check.split, network=network)
            except DataError as error:  # a user's data may have categories alone
                log.warning("%s", error)
            else:
                metrics.extend(landmark_metrics(found))
    assert kept is not None
    return tuple(metrics), kept, temperature


def _measured(card: ModelCard, recipe: AnyRecipe, network: nn.Module) -> tuple[ModelCard, Callable[[Path], None]]:
    """A card with the figures, the temperature and the golden logits of a network as it is served.

    Returns:
        The card, and what writes the report into a folder.
    """
    spec, feed = get_model(recipe.model), FEEDS[recipe.feed]
    facts: dict[str, Any] = {
        "description": words(recipe.model)[1].description,
        "golden": Golden(
            kind="golden",
            seed=GOLDEN_SEED,
            logits=golden_logits(spec, network),
            # The values of a vector of norm 1 are small.
            **({"tolerance": 0.005} if spec.task.answer == "embedding" else {}),
        ),
    }
    if spec.task.multilabel:
        found = measure_tags(feed, recipe.model, network, card.sha256)
        facts |= {"metrics": found.metrics, "temperature": found.temperature, "thresholds": found.thresholds}
        return card.model_copy(update=facts), lambda folder: save_tagging_report(found.tagged, folder)
    if spec.task.regions:
        figures, segmented = measure_regions(feed, recipe.model, network, card.sha256)
        return card.model_copy(update=facts | {"metrics": figures}), lambda folder: save_region_report(
            segmented, folder
        )
    if spec.task.answer == "embedding":
        recalls, curve, retrieved = measure_items(feed, recipe.model, network, card.sha256)
        return card.model_copy(
            update=facts | {"metrics": recalls, "match": curve}
        ), lambda folder: save_retrieval_report(retrieved, folder)
    if spec.task.answer == "boxes":
        figures, boxed = measure_boxes(feed, recipe.model, network, card.sha256)
        return card.model_copy(update=facts | {"metrics": figures}), lambda folder: save_box_report(boxed, folder)
    with remembered_features(network):
        metrics, scored, temperature = measure(feed, recipe.model, network, card.sha256)
    facts |= {"metrics": metrics, "temperature": temperature}
    return card.model_copy(update=facts), lambda folder: save_report(scored, folder)


def _first_figure(recipe: AnyRecipe, check: Check, network: nn.Module) -> Metric:
    """The figure of a check, of a network that is not calibrated."""
    answer = get_model(recipe.model).task.answer
    if answer == "tags":
        return tag_metrics(evaluate_tags(recipe.model, check.data_set, check.split, network=network).report)[
            check.figure
        ]
    if answer == "regions":
        segmented = evaluate_regions(recipe.model, check.data_set, check.split, network=network)
        return region_metrics(segmented.report)[check.figure]
    if answer == "embedding":
        found = evaluate_embedding(recipe.model, check.data_set, check.split, network=network)
        return item_metrics(report_of(found))[check.figure]
    if answer == "boxes":
        return box_metrics(evaluate_boxes(recipe.model, check.data_set, check.split, network=network).report)[
            check.figure
        ]
    return metric_of(check, evaluate(recipe.model, check.data_set, check.split, network=network).report)


def before_packing(recipe: AnyRecipe, network: nn.Module, command: str) -> Metric:
    """The first reported figure of the float32 network, to be read beside that of the weights as they are stored.

    Args:
        recipe: how it was trained and is served.
        network: as trained.
        command: the training command, which logs the figure; the float32 weights are not kept.

    Returns:
        A metric whose name ends in ``_float32``.
    """
    check = FEEDS[recipe.feed].reported[0]
    metric = _first_figure(recipe, check, network)
    log.info("%s %s in float32: %s %.4f", check.data_set, check.split, metric.name, metric.value)
    return metric.model_copy(update={"name": f"{metric.name}_float32", "command": command})


def install(
    recipe: AnyRecipe,
    network: nn.Module,
    history: tuple[dict[str, float], ...],
    *,
    command: str,
    start: dict[str, object] | None = None,
    refitted: dict[str, float] | None = None,
    like: str | None = None,
    trained: dict[str, Any] | None = None,
) -> ModelCard:
    """Write weights, card and report of a trained network; the installed ones stay until all three are complete.

    Args:
        recipe: how it was trained.
        network: in evaluation mode.
        history: a row an epoch.
        command: the command line that trained it.
        start: what it started from, with its sha256 and, where it is our own, the recipe that made it.
        refitted: what :func:`fashionviz.training.refit.refit_head` found, where the last layer was fitted anew.
        like: the registered model whose recipe was followed on data of one's own.
        trained: what the card said of the training, where only the last layer is new: it stays.

    Raises:
        DataError: the splits that the card reports are not there.
    """
    spec = get_model(recipe.model)
    facts: dict[str, object] = {"start": start or {}, **(trained or {})}
    if refitted:
        facts["refitted"] = refitted
    if like:
        facts["like"] = like
    folder = model_folder(spec.name)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-") as made:
        fresh = Path(made) / spec.name
        stored = save_weights(network, spec.name, fresh / FILE, recipe.dtype)
        card = _card(spec, recipe, network, history, stored, command, facts)
        card.save(fresh / "card.json")
        served, _ = load_trained(spec.name, fresh)  # the rounded values, as they will be served
        card, save = _measured(card, recipe, served)
        if stored.dtype == "int8" and trained is None:  # the card states what it costs; loaded weights were packed
            card = card.model_copy(update={"metrics": (*card.metrics, before_packing(recipe, network, command))})
        card.save(fresh / "card.json")
        save(fresh)
        if spec.task.answer == "classes":
            card = try_assurance(spec.name, fresh)
        if folder.exists():
            folder.rename(Path(made) / "old")
        fresh.rename(folder)
    return card


def rescore(recipe: AnyRecipe) -> ModelCard:
    """Measure installed weights again: temperature, metrics and report are replaced, the weights stay.

    Raises:
        ModelNotTrained, WeightsError: no weights are installed, or they are damaged.
        DataError: the splits that the card reports are not there.
    """
    network, card = load_trained(recipe.model)
    kept = tuple(m for m in card.metrics if m.name.endswith("_float32"))  # the float32 weights are gone
    card, save = _measured(card, recipe, network)
    card = card.model_copy(update={"metrics": (*card.metrics, *kept)})
    folder = model_folder(recipe.model)
    save(folder)
    card.save(folder / "card.json")
    if get_model(recipe.model).task.answer != "classes":
        return card
    return try_assurance(recipe.model, folder)  # its lines are probabilities, which the temperature moves


def better_than_installed(recipe: AnyRecipe, network: nn.Module) -> tuple[bool, str]:
    """Whether a network beats the installed weights on validation (never on test), with a sentence."""
    check = FEEDS[recipe.feed].checks[0]
    try:
        card = load_card(model_folder(recipe.model))
    except WeightsError:
        return True, "no weights were installed"
    old = card.metric(check.figure, check.data_set, check.split)
    if old is None:
        return True, f"the installed card has no {check.split} {check.figure}"
    try:
        new = _first_figure(recipe, check, network).value
    except DataError:
        return False, "the validation split is not present, so nothing can be compared"
    verb = "beats" if new > old.value else "does not beat"
    return new > old.value, f"{check.split} {check.figure} {new:.4f} {verb} the installed {old.value:.4f}"


def _card(
    spec: ModelSpec,
    recipe: AnyRecipe,
    network: nn.Module,
    history: tuple[dict[str, float], ...],
    stored: StoredWeights,
    command: str,
    facts: dict[str, object],
) -> ModelCard:
    title, said = words(spec.name)
    return ModelCard(
        name=spec.name,
        title=title,
        description=said.description,
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
        data_sets=FEEDS[recipe.feed].data_sets,
        licence=LICENCE,
        intended_use=INTENDED_USE,
        limits=said.limits,
        recipe={**describe(recipe), "history": list(history), **facts},
        command=command,
        # Until they are measured: what a card must have to be loaded.
        thresholds=(0.5,) * len(spec.task.classes) if spec.task.multilabel else (),
    )
