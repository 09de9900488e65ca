"""Training a segmenter: photos with regions, the loop, resume."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import lightning.pytorch as pl
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from fashionviz.data.regions import UNKNOWN
from fashionviz.data.sets import open_set
from fashionviz.models.preprocess import normalise
from fashionviz.models.registry import ModelSpec, get_model
from fashionviz.models.weights import load_initial
from fashionviz.training.dealt import fit_dealt
from fashionviz.training.feeds import FEEDS
from fashionviz.training.loop import TrainResult, run_folder
from fashionviz.training.segment_material import (
    RegionBatch,
    RegionMixture,
    catalogue_photos,
    region_photos,
    street_photos,
)
from fashionviz.training.segment_module import RegionNetwork
from fashionviz.training.segment_recipes import SegmentRecipe
from fashionviz.training.starts import Start

log = logging.getLogger(__name__)

_BATCH = 8


def _validation(spec: ModelSpec, recipe: SegmentRecipe) -> DataLoader:
    """The photos of the first check as the network is served them; nothing is known of the padding."""
    check = FEEDS[recipe.feed].checks[0]
    photos = region_photos(open_set(check.data_set, check.split), spec.input_size, around=UNKNOWN)

    def collate(rows: list[tuple[Tensor, Tensor]]) -> RegionBatch:
        images = torch.stack([row[0] for row in rows]).permute(0, 3, 1, 2).float() / 255
        return RegionBatch(normalise(images, spec.mean, spec.std), torch.stack([row[1] for row in rows]).long())

    pixels, regions = (torch.from_numpy(np.array(v)) for v in (photos.pixels, photos.regions))
    return DataLoader(TensorDataset(pixels, regions), batch_size=_BATCH, collate_fn=collate)


def train_segmenter(
    recipe: SegmentRecipe,
    start: Start,
    *,
    resume: bool = False,
    epochs: int | None = None,
    folder: Path | None = None,
    on_epoch: Callable[[int, int], None] | None = None,
) -> TrainResult:
    """Train a recipe; a checkpoint is kept each epoch, and the best one by mean intersection over union.

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
        InvalidRequest: a subsample of more photos than there are.
    """
    pl.seed_everything(recipe.seed, verbose=False)
    spec = get_model(recipe.model)
    mixture = RegionMixture(recipe, spec, street_photos(), catalogue_photos(recipe))
    validation = _validation(spec, recipe)
    network = spec.build()
    if start.path is not None:
        fresh = load_initial(start.path, network)
        log.info("started from %s; new: %s", start.name, ", ".join(fresh))
    for part in recipe.frozen:
        network.get_submodule(part).requires_grad_(False)
    module = RegionNetwork(
        network.to(memory_format=torch.channels_last),
        recipe,
        len(spec.task.classes),
        steps=len(mixture) * recipe.epochs,
    )
    return fit_dealt(
        module, mixture, validation, folder or run_folder(recipe), epochs or recipe.epochs,
        ema_decay=recipe.ema_decay, seed=recipe.seed, resume=resume, on_epoch=on_epoch,
    )  # fmt: skip
