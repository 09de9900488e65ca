"""Training a detector: photos with items, the loop, resume."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import lightning.pytorch as pl
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from fashionviz.data.sets import open_set
from fashionviz.errors import WeightsError
from fashionviz.models.preprocess import letterbox, normalise
from fashionviz.models.registry import ModelSpec, get_model
from fashionviz.models.weights import load_initial
from fashionviz.training.dealt import fit_dealt
from fashionviz.training.detect_material import NOTHING, ItemPhotos, catalogue_cut_outs, street_items
from fashionviz.training.detect_mixture import ItemBatch, ItemMixture, read_off
from fashionviz.training.detect_module import ItemNetwork
from fashionviz.training.detect_recipes import DetectRecipe
from fashionviz.training.feeds import FEEDS
from fashionviz.training.loop import TrainResult, run_folder
from fashionviz.training.segment_material import letterbox_regions
from fashionviz.training.starts import Start

log = logging.getLogger(__name__)

_BATCH = 4


class Served(Dataset[ItemBatch]):
    """Photos as the network is served them, a few at a time."""

    def __init__(self, photos: ItemPhotos, spec: ModelSpec) -> None:
        self.photos, self.spec = photos, spec

    def __len__(self) -> int:
        return -(-len(self.photos) // _BATCH)

    def __getitem__(self, number: int) -> ItemBatch:
        if number >= len(self):
            raise IndexError(number)
        images, targets, pixels = [], [], []
        for place in range(number * _BATCH, min((number + 1) * _BATCH, len(self.photos))):
            whole, labels = self.photos.pixels[place], self.photos.labels[place].tolist()
            boxed = letterbox(whole[..., :3], self.spec.input_size)[0]
            numbers = torch.from_numpy(letterbox_regions(whole[..., 3].copy(), self.spec.input_size, NOTHING)).long()
            images.append(torch.from_numpy(boxed).permute(2, 0, 1).float() / 255)
            target, classes = read_off(numbers, labels, torch.zeros(256))
            targets.append(target)
            pixels.append(classes)
        return ItemBatch(normalise(torch.stack(images), self.spec.mean, self.spec.std), targets, torch.stack(pixels))


def fill(network: nn.Module, start: Start) -> list[str]:
    """Load what a detector starts from: a whole detector's tensors where the file has such, else its trunk's.

    Returns:
        The names of what stays as it was made.

    Raises:
        WeightsError: nothing fits.
    """
    assert start.path is not None
    try:
        return load_initial(start.path, network)
    except WeightsError:
        body = network.get_submodule("backbone.body")
        load_initial(start.path, body)
        return [name for name, _ in network.named_children()]


def _frozen(network: nn.Module, recipe: DetectRecipe) -> None:
    for part in recipe.frozen:
        network.get_submodule(part).requires_grad_(False)


def train_detector(
    recipe: DetectRecipe,
    start: Start,
    *,
    resume: bool = False,
    epochs: int | None = None,
    folder: Path | None = None,
    on_epoch: Callable[[int, int], None] | None = None,
) -> TrainResult:
    """Train a recipe; a checkpoint is kept each epoch, and the best one by AP50 on validation.

    Args:
        recipe: what to train and how.
        start: the trunk's weights, or those of a whole detector.
        resume: go on from the last checkpoint.
        epochs: stop after so many epochs (the schedule stays that of the whole recipe).
        folder: where checkpoints and curves go; :func:`fashionviz.training.loop.run_folder` by default.
        on_epoch: called after every epoch with (done, total), instead of a progress bar on standard output.

    Raises:
        DataError: a data set is missing.
        WeightsError: ``start`` does not fit.
        InvalidRequest: a subsample of more photos than there are.
    """
    pl.seed_everything(recipe.seed, verbose=False)
    spec = get_model(recipe.model)
    cut_outs = (
        catalogue_cut_outs(open_set("fpi-large", "train"), recipe.cut_outs, recipe.seed) if recipe.cut_outs else None
    )
    mixture = ItemMixture(recipe, spec, street_items(open_set("ccp", "train")), cut_outs)
    check = FEEDS[recipe.feed].checks[0]
    validation = DataLoader(Served(street_items(open_set(check.data_set, check.split)), spec), batch_size=None)
    network = spec.build()
    if start.path is not None:
        log.info("started from %s; new: %s", start.name, ", ".join(fill(network, start)))
    _frozen(network, recipe)
    module = ItemNetwork(
        network.to(memory_format=torch.channels_last),
        recipe,
        len(spec.task.classes),
        steps=len(mixture) * recipe.epochs,
    )
    return fit_dealt(
        module, mixture, validation, folder or run_folder(recipe), epochs or recipe.epochs,
        ema_decay=recipe.ema_decay, seed=recipe.seed, resume=resume, on_epoch=on_epoch,
    )  # fmt: skip
