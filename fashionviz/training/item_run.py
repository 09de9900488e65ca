"""Training an embedder: shop items as photos and street views, the loop, resume."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import lightning.pytorch as pl
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from fashionviz.data.cache import decoded
from fashionviz.data.sets import open_set
from fashionviz.data.street_views import street_views
from fashionviz.models.item_embedder import ItemEmbedder
from fashionviz.models.preprocess import normalise
from fashionviz.models.registry import ModelSpec, get_model
from fashionviz.models.weights import load_initial
from fashionviz.training import draws
from fashionviz.training.dealt import fit_dealt
from fashionviz.training.item_material import ItemBatch, ItemMaterial, ItemPairs, item_material
from fashionviz.training.item_module import ItemNetwork, Retriever
from fashionviz.training.item_recipes import ItemRecipe
from fashionviz.training.loop import TrainResult, run_folder
from fashionviz.training.starts import Start

log = logging.getLogger(__name__)

_BATCH = 128
#: The view of each validation item that is looked for after every epoch; evaluation looks for others.
CHECKED_SEED = 1


class CheckedItems(Dataset[ItemBatch]):
    """The photos of a split as they are served, then a street view of some of its items, in batches.

    Args:
        spec: input size, mean and deviation.
        material: of the split.
        queries: how many views.
    """

    def __init__(self, spec: ModelSpec, material: ItemMaterial, queries: int) -> None:
        self.spec, self.material = spec, material
        self.pixels = decoded(open_set("fpi", "validation"), spec.input_size)
        usable = np.flatnonzero(material.items.usable)
        self.queries = np.sort(np.random.default_rng(0).permutation(usable)[:queries])
        self.photo_batches = -(-len(self.pixels) // _BATCH)

    def __len__(self) -> int:
        return self.photo_batches + -(-len(self.queries) // _BATCH)

    def __getitem__(self, number: int) -> ItemBatch:
        photos = number < self.photo_batches
        start = (number if photos else number - self.photo_batches) * _BATCH
        if photos:
            rows = np.arange(start, min(start + _BATCH, len(self.pixels)))
            images = draws.take(self.pixels, rows)
        else:
            rows = self.queries[start : start + _BATCH]
            images = street_views(
                self.material.items, rows, self.material.grounds, seed=CHECKED_SEED, views=[0] * len(rows),
                frame=self.spec.input_size,
            )  # fmt: skip
        return ItemBatch(
            normalise(images, self.spec.mean, self.spec.std),
            torch.from_numpy(self.material.labels[rows]),
            torch.full((len(rows),), photos),
        )


def train_embedder(
    recipe: ItemRecipe,
    start: Start,
    *,
    resume: bool = False,
    epochs: int | None = None,
    folder: Path | None = None,
    on_epoch: Callable[[int, int], None] | None = None,
) -> TrainResult:
    """Train a recipe; a checkpoint is kept each epoch, and the best one by recall@1 among the validation items.

    Args:
        recipe: what to train and how.
        start: the trunk's weights, or those of the whole network.
        resume: go on from the last checkpoint.
        epochs: stop after so many epochs (the schedule stays that of the whole recipe).
        folder: where checkpoints and curves go; :func:`fashionviz.training.loop.run_folder` by default.
        on_epoch: called after every epoch with (done, total), instead of a progress bar on standard output.

    Raises:
        DataError: a data set is missing.
        WeightsError: ``start`` does not fit.
        InvalidRequest: a subsample of more items than there are.
    """
    pl.seed_everything(recipe.seed, verbose=False)
    spec = get_model(recipe.model)
    pairs = ItemPairs(recipe, spec, item_material("train"))
    checked = CheckedItems(spec, item_material("validation"), recipe.queries)
    network = spec.build()
    if start.path is not None:
        fresh = load_initial(start.path, network)
        log.info("started from %s; new: %s", start.name, ", ".join(fresh))
    if not recipe.normalised:
        assert isinstance(network, ItemEmbedder)
        network.normalised = False
    for part in recipe.frozen:
        network.get_submodule(part).requires_grad_(False)
    module = ItemNetwork(
        network.to(memory_format=torch.channels_last), recipe, spec.task.outputs, steps=len(pairs) * recipe.epochs
    )
    return fit(
        module, pairs, checked, folder or run_folder(recipe), epochs or recipe.epochs, resume=resume, on_epoch=on_epoch
    )


def fit(
    module: Retriever,
    pairs: ItemPairs,
    checked: CheckedItems,
    folder: Path,
    epochs: int,
    *,
    resume: bool = False,
    on_epoch: Callable[[int, int], None] | None = None,
) -> TrainResult:
    """Train a module on items; arguments as :func:`train_embedder` has them."""
    recipe = module.recipe
    return fit_dealt(
        module, pairs, DataLoader(checked, batch_size=None), folder, epochs,
        ema_decay=recipe.ema_decay, seed=recipe.seed, resume=resume, on_epoch=on_epoch,
    )  # fmt: skip
