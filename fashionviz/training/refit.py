"""A trained tagger's last layer fitted anew: one logistic regression a tag on the features that it has learned."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from fashionviz.data.sets import open_set
from fashionviz.evaluation.multilabel import Counts, said_by_the_others
from fashionviz.models.registry import ModelSpec, get_model
from fashionviz.models.weights import sha256_of
from fashionviz.training.feature_cache import cached_features
from fashionviz.training.feeds import FEEDS
from fashionviz.training.last_layer import LastLayer, Material, logistic_regressions
from fashionviz.training.precision import cpu_precision
from fashionviz.training.recipes import Recipe

log = logging.getLogger(__name__)

#: Drawings of the photos that thresholds are chosen on.
_REPEATS = 8


def _material(spec: ModelSpec, network: nn.Module, name: str, data_set: str, split: str) -> Material:
    """Inputs of the last layer, and what is true of the photos."""
    kept: list[Tensor] = []
    handle = network.get_submodule(spec.head).register_forward_pre_hook(lambda module, inputs: kept.append(inputs[0]))

    def compute(x: Tensor) -> Tensor:
        network(x)
        return kept.pop()

    data = open_set(data_set, split)
    targets = spec.task.targets
    assert targets is not None
    precision = cpu_precision(spec.architecture)
    try:
        x = cached_features(name, compute, data, np.arange(len(data)), spec.input_size, spec.mean, spec.std, precision)
    finally:
        handle.remove()
    true, known = targets(data.table(list(spec.task.columns)).to_pylist())
    return Material(x.astype(np.float32), true, known)


def macro_f1(layer: LastLayer, validation: Material) -> float:
    """Mean F1 of the tags that some photo has, at thresholds chosen on other photos, mean of several drawings of them.

    At thresholds chosen on the same photos, the layer that fits these best would win.
    """
    probabilities = layer.probabilities(validation.x)
    some = (validation.true & validation.known).any(axis=0)
    rng = np.random.default_rng(0)
    found = []
    for _ in range(_REPEATS):
        said = said_by_the_others(probabilities, validation.true, validation.known, rng)
        found.append(Counts.of(said, validation.true, validation.known, 0).f1[some].mean())
    return float(np.mean(found))


def refit_head(recipe: Recipe, network: nn.Module, checkpoint: Path) -> dict[str, float]:
    """Fit the last layer of a tagger anew, in place, if that is better on validation.

    A few epochs of gradient descent leave the weights of rare tags far from where they would end; on fixed features
    each tag is a convex problem, which is solved.

    Args:
        recipe: names the training sets, the weights of rare tags, and the penalties to choose among, by
            :func:`macro_f1` on validation.
        network: in evaluation mode; its last layer is changed.
        checkpoint: whose network it is: names the features that are kept in the cache.

    Returns:
        What was found, for the card: ``penalty`` (0 if the trained layer was better), ``rarity``, and the macro F1 on
        validation ``before`` and ``after``.

    Raises:
        DataError: a data set is missing.
    """
    spec = get_model(recipe.model)
    name = f"{spec.architecture}-{sha256_of(checkpoint)[:12]}"
    network.to(memory_format=torch.channels_last)
    parts = [_material(spec, network, name, data_set, "train") for data_set in recipe.refit]
    train = Material(*(np.concatenate([getattr(p, field) for p in parts]) for field in ("x", "true", "known")))
    check = FEEDS[recipe.feed].checks[0]
    validation = _material(spec, network, name, check.data_set, check.split)
    head = network.get_submodule(spec.head)
    assert isinstance(head, nn.Linear)
    nothing, one = np.zeros(train.x.shape[1], np.float32), np.ones(train.x.shape[1], np.float32)
    trained = LastLayer(nothing, one, head.weight.detach().numpy().T, head.bias.detach().numpy())
    before = macro_f1(trained, validation)
    log.info("last layer as trained: validation macro F1 %.4f", before)
    best, chosen, penalty = before, None, 0.0
    for tried in recipe.refit_penalties:
        layer = logistic_regressions(train, tried, rarity=recipe.refit_rarity)
        value = macro_f1(layer, validation)
        log.info("fitted anew, penalty %g: %.4f", tried, value)
        if value > best:
            best, chosen, penalty = value, layer, tried
    if chosen is not None:
        with torch.no_grad():
            weight = chosen.weight / chosen.spread[:, None]
            head.weight.copy_(torch.from_numpy(weight.T))
            head.bias.copy_(torch.from_numpy(chosen.bias - chosen.mean @ weight))
    return {"penalty": penalty, "rarity": recipe.refit_rarity if penalty else 0.0, "before": before, "after": best}
