"""The one training loop: sources, Lightning trainer, checkpoint an epoch, resume, export to ``weights/``."""

from __future__ import annotations

import csv
import json
import logging
import platform
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from lightning.pytorch.callbacks import EMAWeightAveraging, ModelCheckpoint, TQDMProgressBar
from lightning.pytorch.loggers import CSVLogger
from torch.utils.data import DataLoader, TensorDataset

from fashionviz.data.cache import decoded
from fashionviz.data.labels import GENDER_CATEGORY, gender_category
from fashionviz.data.sets import cache_root, open_set, string_codes
from fashionviz.data.street import street_label
from fashionviz.models.preprocess import normalise
from fashionviz.models.registry import IMAGENET_MEAN, IMAGENET_STD, get_model
from fashionviz.models.weights import load_initial
from fashionviz.training import sources
from fashionviz.training.mixture import Mixture
from fashionviz.training.module import GarmentClassifier
from fashionviz.training.recipes import Recipe

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
    """

    checkpoint: Path
    history: tuple[dict[str, float], ...]
    score: float


def _validation(name: str, frame: tuple[int, int]) -> list[DataLoader]:
    loaders = []
    rule = {"fpi": gender_category, "ccp": street_label}
    for data_set in ("fpi", "ccp"):
        data = open_set(data_set, "validation")
        columns = ["gender", "masterCategory"] if data_set == "fpi" else ["id"]
        labels = string_codes([rule[data_set](r) for r in data.table(columns).to_pylist()], GENDER_CATEGORY)
        keep = np.flatnonzero(labels >= 0)
        pixels = torch.from_numpy(np.asarray(decoded(data, frame)[keep])).permute(0, 3, 1, 2)
        loaders.append(
            DataLoader(
                TensorDataset(pixels, torch.from_numpy(labels[keep])),
                batch_size=64,
                collate_fn=lambda rows: (
                    normalise(torch.stack([r[0] for r in rows]).float() / 255, IMAGENET_MEAN, IMAGENET_STD),
                    torch.stack([r[1] for r in rows]),
                ),
            )
        )
    return loaders


def _mixture(recipe: Recipe) -> tuple[Mixture, int]:
    articles = sources.article_types()
    log.info("decoding the training photos (once)")
    large = sources.catalogue("fpi-large", (224, 168), articles)
    street = sources.street((240, 160))
    home = sources.home((224, 168))
    kinds = {
        "catalogue": sources.catalogue("fpi", (80, 60), articles),
        "catalogue-large": large,
        "pasted": sources.with_alpha(large),
        "street": street,
        "home": home,
    }
    return Mixture(recipe, kinds, sources.backgrounds(street, home, seed=recipe.seed)), len(articles)


class _Repeatable(pl.Callback):
    """Makes batches and dropout depend on recipe, epoch and step alone: a resumed run sees what it would have seen."""

    def __init__(self, mixture: Mixture) -> None:
        self.mixture = mixture

    def on_train_epoch_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        self.mixture.epoch = trainer.current_epoch

    def on_train_batch_start(self, trainer: pl.Trainer, module: pl.LightningModule, batch: Any, index: int) -> None:
        torch.manual_seed(self.mixture.recipe.seed + trainer.global_step)  # dropout


def run_folder(recipe: Recipe) -> Path:
    """Where checkpoints and curves of a recipe go, outside the checkout."""
    return cache_root() / "runs" / recipe.model


def train(recipe: Recipe, *, init: Path | None = None, resume: bool = False, epochs: int | None = None) -> TrainResult:
    """Train a recipe; a checkpoint is kept each epoch.

    Args:
        recipe: what to train and how.
        init: safetensors to start from; ``None`` starts from scratch.
        resume: go on from the last checkpoint.
        epochs: stop after so many epochs (the schedule stays that of the whole recipe).

    Returns:
        The best checkpoint and the history.

    Raises:
        DataError: a data set is missing.
        WeightsError: ``init`` does not fit.
    """
    pl.seed_everything(recipe.seed, verbose=False)
    spec = get_model(recipe.model)
    mixture, articles = _mixture(recipe)
    network = spec.build()
    if init is not None:
        fresh = load_initial(init, network)
        log.info("started from %s; new: %s", init.name, ", ".join(fresh))
    module = GarmentClassifier(
        network.to(memory_format=torch.channels_last),
        recipe,
        articles,
        len(sources.DEPARTMENTS),
        steps=len(mixture) * recipe.epochs,
    )
    folder = run_folder(recipe)
    folder.mkdir(parents=True, exist_ok=True)
    last = folder / "last.ckpt"
    keeper = ModelCheckpoint(
        folder, "best", monitor="val_score", mode="max", save_last=True, enable_version_counter=False
    )
    trainer = pl.Trainer(
        max_epochs=epochs or recipe.epochs,
        callbacks=[
            EMAWeightAveraging(decay=recipe.ema_decay),
            keeper,
            _Repeatable(mixture),
            TQDMProgressBar(refresh_rate=20),
        ],
        # Lightning empties the folder of a logger that it finds: a resumed run writes its own part of the curve.
        logger=CSVLogger(folder.parent, name=folder.name, version=f"curve-{len(list(folder.glob('curve*')))}"),
        gradient_clip_val=5.0,
        num_sanity_val_steps=0,
        enable_model_summary=False,
        log_every_n_steps=50,
    )
    loader = DataLoader(mixture, batch_size=None, shuffle=False)
    validation = _validation(recipe.model, recipe.stages[-1].frame)
    trainer.fit(module, loader, validation, ckpt_path=str(last) if resume and last.exists() else None)
    return TrainResult(Path(keeper.best_model_path), _history(folder), float(keeper.best_model_score or 0.0))


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


def shortened(recipe: Recipe, epochs: int) -> Recipe:
    """The same recipe with every stage cut to at most ``epochs`` epochs, for trials."""
    return replace(recipe, stages=tuple(replace(s, epochs=min(s.epochs, epochs)) for s in recipe.stages))
