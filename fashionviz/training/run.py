"""Training from photos: sources, mixture, the loop, resume."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

import lightning.pytorch as pl
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from fashionviz.data.cache import decoded
from fashionviz.data.sets import ParquetSet, open_set, string_codes
from fashionviz.errors import InvalidRequest
from fashionviz.evaluation.evaluate import label_rule
from fashionviz.evaluation.tagging import label_columns
from fashionviz.models.preprocess import normalise
from fashionviz.models.registry import ModelSpec, get_model
from fashionviz.models.weights import load_initial
from fashionviz.training.feeds import FEEDS, Check
from fashionviz.training.initialisers import initialise
from fashionviz.training.loop import TrainResult, make_loop, run_folder
from fashionviz.training.mixture import EpochSampler, Mixture
from fashionviz.training.module import GarmentClassifier, Teacher
from fashionviz.training.precision import precision_for
from fashionviz.training.recipes import Recipe
from fashionviz.training.sources import stratified

log = logging.getLogger(__name__)


def _validation(spec: ModelSpec, recipe: Recipe, checks: tuple[Check, ...]) -> list[DataLoader]:
    """A loader a check, of photos decoded once at the served size (or the recipe's)."""
    size = recipe.validate_at or spec.input_size

    def collate(rows: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
        images = torch.stack([r[0] for r in rows]).float() / 255
        return normalise(images, spec.mean, spec.std), torch.stack([r[1] for r in rows])

    loaders = []
    for check in checks:
        data = open_set(check.data_set, check.split)
        labels, keep = _labels(spec, data)
        pixels = torch.from_numpy(np.asarray(decoded(data, size, crop=recipe.crop)[keep])).permute(0, 3, 1, 2)
        rows = TensorDataset(pixels, torch.from_numpy(labels[keep]))
        loaders.append(DataLoader(rows, batch_size=64, collate_fn=collate))
    return loaders


def _labels(spec: ModelSpec, data: ParquetSet) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Labels of every row, and which rows have one: a class a row or, of a multi-label task, 1, 0 or -1 (not known)."""
    if spec.task.targets is None:
        rule, columns = label_rule(spec, data)
        codes = string_codes([rule(row) for row in data.table(columns).to_pylist()], spec.task.classes)
        return codes, np.flatnonzero(codes >= 0)
    true, known = spec.task.targets(data.table(label_columns(spec, data)).to_pylist())
    return np.where(known, true, -1).astype(np.int64), np.flatnonzero(known.any(axis=1))


def train(
    recipe: Recipe,
    *,
    init: Path | None = None,
    resume: bool = False,
    epochs: int | None = None,
    folder: Path | None = None,
    devices: int | None = None,
    on_epoch: Callable[[int, int], None] | None = None,
) -> TrainResult:
    """Train a recipe; a checkpoint is kept each epoch.

    Args:
        recipe: what to train and how.
        init: safetensors to start from; ``None`` starts from scratch.
        resume: go on from the last checkpoint.
        epochs: stop after so many epochs (the schedule stays that of the whole recipe).
        folder: where checkpoints and curves go; :func:`run_folder` by default.
        devices: how many GPUs, or processes on a CPU; all GPUs, or one process, by default. Several share the steps of
            an epoch, each with a batch of the recipe's size (Lightning's DDP, which runs this program once for each).
        on_epoch: called after every epoch with (done, total), instead of a progress bar on standard output.

    Returns:
        The best checkpoint and the history.

    Raises:
        DataError: a data set is missing.
        WeightsError: ``init`` does not fit.
        InvalidRequest: no such initialiser or loss, a subsample of more photos than there are, or teachers of a tagger.
    """
    pl.seed_everything(recipe.seed, verbose=False)
    spec, feed = get_model(recipe.model), FEEDS[recipe.feed]
    if spec.task.multilabel and recipe.teachers:
        raise InvalidRequest(f"{recipe.model} gives tags: it learns from labels, not from teachers.")
    log.info("decoding the training photos (once)")
    material = feed.material(recipe)
    if recipe.subsample is not None:
        material.sources[recipe.main] = stratified(material.sources[recipe.main], recipe.subsample, recipe.seed)
    mixture = Mixture(recipe, material.sources, material.ground, tuple(material.heads), spec.mean, spec.std)
    network = spec.build()
    if recipe.initialiser is not None:
        initialise(network, recipe.initialiser)
    if init is not None:
        fresh = load_initial(init, network)
        log.info("started from %s; new: %s", init.name, ", ".join(fresh))
    loop = make_loop(
        folder or run_folder(recipe),
        epochs or recipe.epochs,
        ema_decay=recipe.ema_decay,
        seed=recipe.seed,
        patience=recipe.patience,
        devices=devices,
        on_epoch=on_epoch,
        precision=precision_for(spec.architecture),
    )
    trainer = loop.trainer
    module = GarmentClassifier(
        network.to(memory_format=torch.channels_last),
        spec.head,
        recipe,
        spec.task.classes,
        feed.checks,
        material.heads,
        steps=len(mixture) // trainer.world_size * recipe.epochs,
        teacher=Teacher(recipe.teachers, spec.task.classes, spec.mean, spec.std) if recipe.teachers else None,
        multilabel=spec.task.multilabel,
    )
    sampler = EpochSampler(len(mixture), trainer.global_rank, trainer.world_size)
    going_on = resume and loop.last.exists()
    if going_on:  # Lightning fetches the first batch before it tells the sampler the epoch
        sampler.set_epoch(loop.last_epoch() + 1)
    on_gpu = torch.cuda.is_available()
    loader = DataLoader(
        mixture,
        batch_size=None,
        sampler=sampler,
        # A GPU is fed by the other cores; on the CPU they are the network's own.
        num_workers=max(1, (os.cpu_count() or 2) - 2) if on_gpu else 0,
        pin_memory=on_gpu,
    )
    validation = _validation(spec, recipe, feed.checks)
    began = time.perf_counter()
    trainer.fit(module, loader, validation, ckpt_path=str(loop.last) if going_on else None)
    return TrainResult(
        checkpoint=Path(loop.keeper.best_model_path),
        history=loop.history(),
        score=float(loop.keeper.best_model_score or 0.0),
        last=loop.last,
        counts=tuple(mixture.counts.tolist()),
        seconds=time.perf_counter() - began,
        rank=trainer.global_rank,
    )
