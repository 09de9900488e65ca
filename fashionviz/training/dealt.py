"""Training on batches that depend on epoch and step alone: the loop of detectors, segmenters and embedders."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import lightning.pytorch as pl
import torch
from torch.utils.data import DataLoader

from fashionviz.training.loop import TrainResult, make_loop
from fashionviz.training.mixture import EpochSampler


class Dealt(Protocol):
    """Batches by number: ``epoch * len + step``."""

    def __len__(self) -> int:
        """Steps of an epoch."""

    def __getitem__(self, number: int) -> Any:
        """The batch."""


def fit_dealt(
    module: pl.LightningModule,
    batches: Dealt,
    checked: DataLoader[Any],
    folder: Path,
    epochs: int,
    *,
    ema_decay: float,
    seed: int,
    resume: bool = False,
    on_epoch: Callable[[int, int], None] | None = None,
) -> TrainResult:
    """Train a module in one process; a checkpoint is kept each epoch, and the best one by its ``val_score``.

    Args:
        module: what learns.
        batches: what it learns from.
        checked: batches that it is checked on after every epoch.
        folder: where checkpoints and curves go.
        epochs: to stop after.
        ema_decay: of the moving average of the weights.
        seed: of everything random.
        resume: go on from the last checkpoint.
        on_epoch: called after every epoch with (done, total), instead of a progress bar on standard output.
    """
    loop = make_loop(folder, epochs, ema_decay=ema_decay, seed=seed, devices=1, on_epoch=on_epoch)
    sampler = EpochSampler(len(batches))
    going_on = resume and loop.last.exists()
    if going_on:  # Lightning fetches the first batch before it tells the sampler the epoch
        sampler.set_epoch(loop.last_epoch() + 1)
    # On a GPU the pictures are made by processes beside it; on a CPU they would only take its cores.
    workers = max(1, (os.cpu_count() or 2) - 2) if torch.cuda.is_available() else 0
    loader: DataLoader[Any] = DataLoader(
        batches,  # type: ignore[arg-type]
        batch_size=None, sampler=sampler, num_workers=workers, persistent_workers=workers > 0,
        multiprocessing_context="fork" if workers else None,
    )  # fmt: skip
    began = time.perf_counter()
    loop.trainer.fit(module, loader, checked, ckpt_path=str(loop.last) if going_on else None)
    return TrainResult(
        checkpoint=Path(loop.keeper.best_model_path),
        history=loop.history(),
        score=float(loop.keeper.best_model_score or 0.0),
        last=loop.last,
        counts=(),
        seconds=time.perf_counter() - began,
    )
