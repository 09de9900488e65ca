"""What every training run shares: Lightning's trainer with a checkpoint an epoch, the moving average, the curve."""

from __future__ import annotations

import csv
import json
import logging
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint, TQDMProgressBar, WeightAveraging
from lightning.pytorch.loggers import CSVLogger
from torch import Tensor

from fashionviz.data.sets import cache_root
from fashionviz.models.registry import get_model
from fashionviz.training.feature_recipes import FeatureRecipe
from fashionviz.training.precision import Precision, precision_for
from fashionviz.training.recipes import AnyRecipe, Recipe

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


class Repeatable(pl.Callback):
    """Makes dropout depend on recipe and step alone: a resumed run draws what it would have drawn."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_batch_start(self, trainer: pl.Trainer, module: pl.LightningModule, batch: Any, index: int) -> None:
        """Seed what is drawn from PyTorch's own generator."""
        torch.manual_seed(self.seed + trainer.global_step)


class Told(pl.Callback):
    """Tells somebody of every epoch that is done."""

    def __init__(self, on_epoch: Callable[[int, int], None]) -> None:
        self.on_epoch = on_epoch

    def on_train_epoch_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Tell it."""
        self.on_epoch(trainer.current_epoch + 1, trainer.max_epochs or 0)


def run_folder(recipe: AnyRecipe) -> Path:
    """Where checkpoints and curves of a recipe go, outside the checkout."""
    return cache_root() / "runs" / recipe.model


@dataclass(frozen=True)
class Loop:
    """A trainer with the checkpoints it keeps.

    Attributes:
        trainer: Lightning's.
        keeper: keeps the best epoch by ``val_score``.
        folder: of checkpoints and curves.
    """

    trainer: pl.Trainer
    keeper: ModelCheckpoint
    folder: Path

    @property
    def last(self) -> Path:
        """The checkpoint of the last epoch."""
        return self.folder / "last.ckpt"

    def last_epoch(self) -> int:
        """The number of the epoch that the last checkpoint was made after.

        The checkpoint is our own; it is read with ``weights_only=True``.
        """
        return int(torch.load(self.last, map_location="cpu", weights_only=True)["epoch"])

    def history(self) -> tuple[dict[str, float], ...]:
        """A row an epoch, of this run and of those that it resumed."""
        rows: dict[int, dict[str, float]] = {}
        for path in sorted(self.folder.glob("curve*/metrics.csv")):
            with path.open(newline="") as handle:
                for row in csv.DictReader(handle):
                    epoch = int(row["epoch"])
                    rows.setdefault(epoch, {"epoch": epoch}).update(
                        {k: float(v) for k, v in row.items() if v and k not in ("epoch", "step")}
                    )
        return tuple(rows[e] for e in sorted(rows))


def make_loop(
    folder: Path,
    epochs: int,
    *,
    ema_decay: float,
    seed: int,
    patience: int | None = None,
    devices: int | None = None,
    on_epoch: Callable[[int, int], None] | None = None,
    precision: Precision | None = None,
) -> Loop:
    """A trainer that keeps the best epoch and the last one, averages the weights, and writes a curve.

    Args:
        folder: where checkpoints and curves go; made if need be.
        epochs: to stop after.
        ema_decay: of the moving average.
        seed: of dropout.
        patience: stop when the score has not risen for so many epochs; never if ``None``.
        devices: GPUs, or processes on a CPU; all GPUs, or one process, by default.
        on_epoch: called after every epoch with (done, total), instead of a progress bar on standard output.
        precision: of the arithmetic; bfloat16 on a GPU and float32 on a CPU by default.
    """
    folder.mkdir(parents=True, exist_ok=True)
    keeper = ModelCheckpoint(folder, "best", monitor="val_score", mode="max", enable_version_counter=False)
    # Of every epoch, better or not (`save_last` would skip those that are not), so that a kill costs one at most.
    latest = ModelCheckpoint(folder, "last", monitor=None, enable_version_counter=False)
    stop = [EarlyStopping("val_score", mode="max", patience=patience)] if patience else []
    trainer = pl.Trainer(
        max_epochs=epochs,
        devices=devices or "auto",
        precision=precision or ("bf16-mixed" if torch.cuda.is_available() else "32-true"),
        callbacks=[
            WeightAveraging(avg_fn=warming_average(ema_decay)),
            keeper,
            latest,
            *stop,
            Repeatable(seed),
            TQDMProgressBar(refresh_rate=20) if on_epoch is None else Told(on_epoch),
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
    return Loop(trainer, keeper, folder)


def network_of(checkpoint: Path, model: str) -> torch.nn.Module:
    """The averaged network of a checkpoint, without auxiliary heads, in evaluation mode.

    The checkpoint is our own; it is read with ``weights_only=True``.
    """
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)["state_dict"]
    network = get_model(model).build()
    prefix = "network."
    network.load_state_dict({k[len(prefix) :]: v for k, v in state.items() if k.startswith(prefix)}, strict=True)
    return network.eval()


def describe(recipe: AnyRecipe) -> dict[str, object]:
    """The recipe and the machine, as plain JSON, for the card."""
    facts = json.loads(json.dumps(asdict(recipe)))
    if isinstance(recipe, (Recipe, FeatureRecipe)):
        facts["precision"] = precision_for(recipe.model.partition(".")[0])
    return {**facts, **machine_facts()}


def machine_facts() -> dict[str, str]:
    """What a network was trained with."""
    return {"torch": torch.__version__, "machine": f"{platform.machine()} CPU, {torch.get_num_threads()} cores"}
