"""What ``fashionviz train`` does: train, compare on validation, install."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from fashionviz.errors import InvalidRequest
from fashionviz.models.card import ModelCard
from fashionviz.models.generators import is_generator
from fashionviz.models.weights import FILE, load_trained, model_folder
from fashionviz.training.detect_recipes import DetectRecipe
from fashionviz.training.detect_run import train_detector
from fashionviz.training.drawing_install import train_and_install_generator
from fashionviz.training.feature_recipes import FeatureRecipe
from fashionviz.training.feature_run import train_on_features
from fashionviz.training.install import better_than_installed, install, rescore
from fashionviz.training.item_recipes import ItemRecipe
from fashionviz.training.item_run import train_embedder
from fashionviz.training.loop import network_of, run_folder
from fashionviz.training.own import own_recipe
from fashionviz.training.recipes import AnyRecipe, Recipe, any_recipe
from fashionviz.training.refit import refit_head
from fashionviz.training.run import train
from fashionviz.training.segment_recipes import SegmentRecipe
from fashionviz.training.segment_run import train_segmenter
from fashionviz.training.starts import Start, starting_weights


def train_own(
    like: str,
    data: str,
    root: Path | None,
    *,
    init: str | None = None,
    resume: bool = False,
    force: bool = False,
    devices: int | None = None,
) -> str:
    """Follow a recipe on annotations in a published format, and install the network as ``ARCHITECTURE.FORMAT``.

    Args:
        like: the recipe.
        data: name of the format.
        root: folder with pictures and annotations as published; ``None`` takes what an earlier run kept.
        init, resume, force, devices: as :func:`train_and_install`.

    Raises:
        FashionvizError: no such recipe, missing or damaged data, too few classes.
    """
    with own_recipe(like, data, root) as recipe:
        start = starting_weights(init or recipe.init, like)
        command = f"fashionviz train {like} --data {data} --root DIR --init {start.name}"
        return _train_and_install(recipe, start, command, resume=resume, force=force, devices=devices, like=like)


def train_and_install(
    name: str, *, init: str | None = None, resume: bool = False, force: bool = False, devices: int | None = None
) -> str:
    """Train a recipe and install its weights where they beat the installed ones on validation.

    Returns:
        A sentence for the person who waits; of several processes that train together the first one has it, the others
        return nothing.

    Raises:
        FashionvizError: no such recipe, missing data, an ``init`` that does not fit.
    """
    if is_generator(name):
        if devices not in (None, 1):
            raise InvalidRequest(f"{name} is trained by one process.")
        return train_and_install_generator(name, init=init, resume=resume, force=force)
    recipe = any_recipe(name)
    start = starting_weights(init or recipe.init, name)
    command = f"fashionviz train {name} --init {start.name}"
    return _train_and_install(recipe, start, command, resume=resume, force=force, devices=devices)


def _train_and_install(
    recipe: AnyRecipe,
    start: Start,
    command: str,
    *,
    resume: bool,
    force: bool,
    devices: int | None,
    like: str | None = None,
) -> str:
    name = recipe.model
    if isinstance(recipe, FeatureRecipe):
        if devices not in (None, 1):
            raise InvalidRequest(f"{name} learns on features computed once: one process trains it.")
        result = train_on_features(recipe, start, resume=resume)
    elif isinstance(recipe, SegmentRecipe):
        if devices not in (None, 1):
            raise InvalidRequest(f"{name} learns from a few hundred photos: one process trains it.")
        result = train_segmenter(recipe, start, resume=resume)
    elif isinstance(recipe, ItemRecipe):
        if devices not in (None, 1):
            raise InvalidRequest(f"{name} compares the pictures of a whole step: one process trains it.")
        result = train_embedder(recipe, start, resume=resume)
    elif isinstance(recipe, DetectRecipe):
        if devices not in (None, 1):
            raise InvalidRequest(f"{name} learns from a few hundred photos: one process trains it.")
        result = train_detector(recipe, start, resume=resume)
    else:
        result = train(recipe, init=start.path, resume=resume, devices=devices)
    if result.rank:
        return ""
    network = network_of(result.checkpoint, recipe.model)
    refitted = refit_head(recipe, network, result.checkpoint) if isinstance(recipe, Recipe) and recipe.refit else None
    better, why = better_than_installed(recipe, network)
    if not (better or force):
        return f"Not installed: {why}. The checkpoint stays in {run_folder(recipe)}."
    started = {k: v for k, v in asdict(start).items() if k != "path" and v is not None}
    card = install(
        recipe, network, result.history, command=command, start=started, refitted=refitted, like=like,
    )  # fmt: skip
    return f"Installed {name} ({why}). {_figures(card)}."


def rescore_installed(name: str) -> str:
    """Measure installed weights again; returns a sentence.

    Raises:
        FashionvizError: no such recipe, no weights, missing data.
    """
    card = rescore(any_recipe(name))
    temperature = "" if card.match else f"Temperature {card.temperature:.3f}; "
    return f"Measured {name}. {temperature}{_figures(card)}."


def _figures(card: ModelCard) -> str:
    return ", ".join(f"{m.data_set} {m.split} {m.name} {m.value:.4f} (n {m.n})" for m in card.metrics)


def refit_installed(name: str) -> str:
    """Fit the last layer of an installed tagger anew, and measure it; the layers below stay. Returns a sentence.

    Raises:
        InvalidRequest: the recipe fits no last layer.
        FashionvizError: no such recipe, no weights, missing data.
    """
    recipe = any_recipe(name)
    if not (isinstance(recipe, Recipe) and recipe.refit):
        raise InvalidRequest(f"The recipe of {name} fits no last layer anew; taggers' do.")
    network, card = load_trained(name)
    facts = refit_head(recipe, network, model_folder(name) / FILE)
    if not facts["penalty"]:
        return f"{name} stays as it is: validation macro F1 {facts['before']:.4f}, no layer fitted anew was better."
    # How the rest was trained stays on the card; what the refit was done with is the recipe's of today.
    trained = {key: value for key, value in card.recipe.items() if not key.startswith("refit")}
    trained.setdefault("trained_by", card.command)
    card = install(recipe, network, (), command=f"fashionviz refit {name}", refitted=facts, trained=trained)
    better = f"validation macro F1 {facts['after']:.4f}, before {facts['before']:.4f}"
    return (
        f"Installed {name} ({better}). {_figures(card)}. Its index files are of the old weights and gone: "
        f"fashionviz channels, averages and embedding-map {name} make them anew."
    )
