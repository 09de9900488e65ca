"""The one training loop: sources, Lightning trainer, checkpoint an epoch, resume, export to ``weights/``."""

from __future__ import annotations

import csv
import json
import logging
import os
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint, TQDMProgressBar, WeightAveraging
from lightning.pytorch.loggers import CSVLogger
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from fashionviz.data.cache import decoded
from fashionviz.data.sets import ParquetSet, cache_root, open_set, string_codes
from fashionviz.errors import InvalidRequest
from fashionviz.evaluation.evaluate import label_rule
from fashionviz.evaluation.tagging import label_columns
from fashionviz.models.preprocess import normalise
from fashionviz.models.registry import ModelSpec, get_model
from fashionviz.models.weights import load_initial
from fashionviz.training.feeds import FEEDS, Check
from fashionviz.training.initialisers import initialise
from fashionviz.training.mixture import EpochSampler, Mixture
from fashionviz.training.module import GarmentClassifier, Teacher
from fashionviz.training.recipes import Recipe
from fashionviz.training.sources import stratified

log = logging.getLogger(__name__)
# Its advice on other products is no news of the run.
logging.getLogger("lightning.pytorch.utilities.rank_zero").setLevel(logging.WARNING)


@dataclass(frozen=True)
class TrainResult:
    """What a run leaves behind.

    Attributes:
        checkpoint: the best epoch by the validation score.
        history: a row an epoch: losses, validation figures, learning rate.
        score: validation score of the best epoch.
        last: the last epoch, which nothing was chosen for.
        counts: photos of each class that filled an epoch of the first source.
        seconds: of this run's training with the validation of its epochs, without decoding.
        rank: of this process among those that trained together; the first one, 0, goes on to install.
    """

    checkpoint: Path
    history: tuple[dict[str, float], ...]
    score: float
    last: Path
    counts: tuple[int, ...]
    seconds: float
    rank: int = 0


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


def warming_average(decay: float) -> Callable[[Tensor, Tensor, Tensor | int], Tensor]:
    """An exponential moving average that forgets what a short run started from.

    After t updates the decay is at most (1 + t) / (10 + t), as in TensorFlow: with a fixed decay of 0.998 the weights
    before training would still be 37 % of the average after 500 steps.

    Args:
        decay: what it rises to, 0..1.

    Returns:
        ``(average, current, updates so far) -> new average``.
    """

    def average(kept: Tensor, current: Tensor, updates: Tensor | int) -> Tensor:
        share = min(decay, (1 + int(updates)) / (10 + int(updates)))
        return share * kept + (1 - share) * current

    return average


class _Repeatable(pl.Callback):
    """Makes dropout depend on recipe and step alone: a resumed run draws what it would have drawn."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_batch_start(self, trainer: pl.Trainer, module: pl.LightningModule, batch: Any, index: int) -> None:
        torch.manual_seed(self.seed + trainer.global_step)


class _Told(pl.Callback):
    """Tells somebody of every epoch that is done."""

    def __init__(self, on_epoch: Callable[[int, int], None]) -> None:
        self.on_epoch = on_epoch

    def on_train_epoch_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        self.on_epoch(trainer.current_epoch + 1, trainer.max_epochs or 0)


def run_folder(recipe: Recipe) -> Path:
    """Where checkpoints and curves of a recipe go, outside the checkout."""
    return cache_root() / "runs" / recipe.model


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
    folder = folder or run_folder(recipe)
    folder.mkdir(parents=True, exist_ok=True)
    last = folder / "last.ckpt"
    keeper = ModelCheckpoint(folder, "best", monitor="val_score", mode="max", enable_version_counter=False)
    # Of every epoch, better or not (`save_last` would skip those that are not), so that a kill costs one at most.
    latest = ModelCheckpoint(folder, "last", monitor=None, enable_version_counter=False)
    stop = [EarlyStopping("val_score", mode="max", patience=recipe.patience)] if recipe.patience else []
    on_gpu = torch.cuda.is_available()
    trainer = pl.Trainer(
        max_epochs=epochs or recipe.epochs,
        devices=devices or "auto",
        # bfloat16 pays on a GPU; on most CPUs it costs.
        precision="bf16-mixed" if on_gpu else "32-true",
        callbacks=[
            WeightAveraging(avg_fn=warming_average(recipe.ema_decay)),
            keeper,
            latest,
            *stop,
            _Repeatable(recipe.seed),
            TQDMProgressBar(refresh_rate=20) if on_epoch is None else _Told(on_epoch),
        ],
        enable_progress_bar=on_epoch is None,
        # Lightning empties the folder of a logger that it finds: a resumed run writes its own part of the curve.
        logger=CSVLogger(folder.parent, name=folder.name, version=f"curve-{len(list(folder.glob('curve*')))}"),
        gradient_clip_val=5.0,
        num_sanity_val_steps=0,
        enable_model_summary=False,
        use_distributed_sampler=False,  # ours deals the batches out
        log_every_n_steps=50,
    )
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
    going_on = resume and last.exists()
    if going_on:
        # Lightning fetches the first batch before it tells the sampler the epoch.
        sampler.set_epoch(torch.load(last, map_location="cpu", weights_only=True)["epoch"] + 1)
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
    trainer.fit(module, loader, validation, ckpt_path=str(last) if going_on else None)
    return TrainResult(
        checkpoint=Path(keeper.best_model_path),
        history=_history(folder),
        score=float(keeper.best_model_score or 0.0),
        last=last,
        counts=tuple(mixture.counts.tolist()),
        seconds=time.perf_counter() - began,
        rank=trainer.global_rank,
    )


def _history(folder: Path) -> tuple[dict[str, float], ...]:
    rows: dict[int, dict[str, float]] = {}
    for path in sorted(folder.glob("curve*/metrics.csv")):
        with path.open(newline="") as handle:
            for row in csv.DictReader(handle):
                epoch = int(row["epoch"])
                rows.setdefault(epoch, {"epoch": epoch}).update(
                    {k: float(v) for k, v in row.items() if v and k not in ("epoch", "step")}
                )
    return tuple(rows[e] for e in sorted(rows))


def network_of(checkpoint: Path, model: str) -> torch.nn.Module:
    """The averaged network of a checkpoint, without auxiliary heads, in evaluation mode.

    The checkpoint is our own; it is read with ``weights_only=True``.
    """
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)["state_dict"]
    network = get_model(model).build()
    prefix = "network."
    network.load_state_dict({k[len(prefix) :]: v for k, v in state.items() if k.startswith(prefix)}, strict=True)
    return network.eval()


def describe(recipe: Recipe) -> dict[str, object]:
    """The recipe and the machine, as plain JSON, for the card."""
    facts = json.loads(json.dumps(asdict(recipe)))
    return {
        **facts,
        "torch": torch.__version__,
        "machine": f"{platform.machine()} CPU, {torch.get_num_threads()} cores",
    }
