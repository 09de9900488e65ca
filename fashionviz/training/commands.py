"""What ``fashionviz train`` does: train, compare on validation, install."""

from __future__ import annotations

from pathlib import Path

from fashionviz.training.install import better_than_installed, install
from fashionviz.training.recipes import get_recipe
from fashionviz.training.run import network_of, run_folder, train


def train_and_install(name: str, *, init: Path | None, resume: bool, force: bool) -> str:
    """Train a recipe and install its weights where they beat the installed ones on validation.

    Returns:
        A sentence for the person who waits.

    Raises:
        FashionvizError: no such recipe, missing data, an ``init`` that does not fit.
    """
    recipe = get_recipe(name)
    result = train(recipe, init=init, resume=resume)
    network = network_of(result.checkpoint, recipe.model)
    better, why = better_than_installed(recipe.model, network)
    if not (better or force):
        return f"Not installed: {why}. The checkpoint stays in {run_folder(recipe)}."
    start = f" --init {init.name}" if init else ""
    card = install(recipe, network, result.history, command=f"fashionviz train {name}{start}")
    test = card.metric("accuracy", "fpi", "test")
    assert test is not None
    return f"Installed {name} ({why}). Test accuracy {test.value:.4f}, n {test.n}."
