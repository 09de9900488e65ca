"""What ``fashionviz train`` does: train, compare on validation, install."""

from __future__ import annotations

from dataclasses import asdict

from fashionviz.training.install import better_than_installed, install
from fashionviz.training.recipes import get_recipe
from fashionviz.training.run import network_of, run_folder, train
from fashionviz.training.starts import starting_weights


def train_and_install(name: str, *, init: str, resume: bool, force: bool) -> str:
    """Train a recipe and install its weights where they beat the installed ones on validation.

    Returns:
        A sentence for the person who waits.

    Raises:
        FashionvizError: no such recipe, missing data, an ``init`` that does not fit.
    """
    recipe = get_recipe(name)
    start = starting_weights(init, name)
    result = train(recipe, init=start.path, resume=resume)
    network = network_of(result.checkpoint, recipe.model)
    better, why = better_than_installed(recipe, network)
    if not (better or force):
        return f"Not installed: {why}. The checkpoint stays in {run_folder(recipe)}."
    started = {k: v for k, v in asdict(start).items() if k != "path" and v is not None}
    card = install(
        recipe, network, result.history, command=f"fashionviz train {name} --init {start.name}", start=started
    )
    figures = ", ".join(f"{m.data_set} {m.split} {m.name} {m.value:.4f} (n {m.n})" for m in card.metrics)
    return f"Installed {name} ({why}). {figures}."
