"""Training a generator: photos, the game, a score and a sheet of pictures each epoch, resume."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from lightning.pytorch.callbacks import ModelCheckpoint, TQDMProgressBar
from lightning.pytorch.loggers import CSVLogger
from numpy.typing import NDArray
from PIL import Image
from torch.utils.data import DataLoader

from fashionviz.data.sets import cache_root
from fashionviz.errors import WeightsError
from fashionviz.evaluation.distances import Features, kernel_distance, spread
from fashionviz.evaluation.drawing_features import imagenet_features
from fashionviz.evaluation.drawing_judge import CLASSIFIER, classifier_answers
from fashionviz.evaluation.drawing_report import sheet as in_rows
from fashionviz.generate.draw import draw_classes, draw_pixels
from fashionviz.generate.latents import latents_of
from fashionviz.models.drawing_weights import JUDGE_FILE
from fashionviz.models.generators import Generator, GeneratorSpec
from fashionviz.models.weights import load_initial
from fashionviz.training.drawing_module import DrawingGame
from fashionviz.training.drawing_photos import DrawingBatches, Photos
from fashionviz.training.drawing_recipes import DrawingRecipe
from fashionviz.training.loop import Loop, Repeatable, Told
from fashionviz.training.mixture import EpochSampler

log = logging.getLogger(__name__)

#: Pictures of the sheet that every epoch draws from the same seeds: the frames of the film.
SHEET = 36
#: Spread of the pictures below this share of the photos' spread is called a collapse.
COLLAPSED = 0.5


@dataclass(frozen=True)
class DrawingResult:
    """What a run leaves behind.

    Attributes:
        best: checkpoint of the best epoch by the kernel distance to validation photos.
        history: a row an epoch.
        film: ``(epochs, SHEET, H, W, 3)`` uint8, what each epoch drew from the same seeds.
        warnings: what looked like a collapse, in words.
        seconds: of this run.
    """

    best: Path
    history: tuple[dict[str, float], ...]
    film: NDArray[np.uint8]
    warnings: tuple[str, ...]
    seconds: float


def collapse_warning(history: tuple[dict[str, float], ...] | list[dict[str, float]]) -> str | None:
    """What looks wrong in the last epoch, in words, or nothing.

    Args:
        history: rows with ``spread`` (of the drawn pictures as a share of the photos' own), ``real_found`` and
            ``drawn_found`` (shares that the discriminator gets right).
    """
    if not history:
        return None
    last = history[-1]
    epoch = int(last["epoch"]) + 1
    if last["spread"] < COLLAPSED:
        return (
            f"Epoch {epoch}: the drawn pictures differ only {last['spread']:.0%} as much as photos do. The generator "
            "draws few pictures over and over (mode collapse): lower the rate, or take more photos."
        )
    if len(history) > 2 and all(r["real_found"] > 0.99 and r["drawn_found"] > 0.99 for r in history[-3:]):
        return (
            f"Epoch {epoch}: for three epochs the discriminator has known over 99 % of all pictures. It has won, and "
            "the generator learns little more: train it on more photos, or stop here."
        )
    return None


def seen(pixels: NDArray[np.uint8]) -> Features:
    """The features that epochs are compared in: MobileNetV2's on ImageNet, or the classifier's where those are not."""
    try:
        return imagenet_features(pixels)
    except WeightsError as error:
        log.info("epochs are compared in the features of %s: %s", CLASSIFIER, error)
        return classifier_answers(pixels)[1]


class _Score(pl.Callback):
    """After each epoch: the distance to validation photos, the spread, a sheet of pictures, a warning in words."""

    def __init__(self, recipe: DrawingRecipe, spec: GeneratorSpec, photos: Photos, folder: Path) -> None:
        self.recipe, self.spec, self.folder = recipe, spec, folder
        self.photos = photos
        self.real: Features | None = None
        self.history: list[dict[str, float]] = []

    def on_train_epoch_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        assert isinstance(module, DrawingGame)
        if self.real is None:
            self.real = seen(self.photos.pixels[: 4 * self.recipe.scored])
        n = self.recipe.scored
        if self.history and int(module.updates) <= module.warm_up:  # it draws what it drew: no row, no sheet
            known = self.history[-1]
            self._log(module, known["val_kernel_distance"], known["spread"])
            return
        latents = latents_of(list(range(1_000_000, 1_000_000 + n)), self.spec.latent)
        classes = np.resize(self.photos.classes, n) if self.spec.classes else None
        drawn = seen(draw_pixels(module.average, latents, classes))
        distance, _ = kernel_distance(drawn, self.real)
        share = spread(drawn) / spread(self.real)
        self._log(module, distance, share)
        sheet = latents_of(list(range(SHEET)), self.spec.latent)
        shown = draw_classes(self.spec, SHEET)
        pictures = draw_pixels(module.average, sheet, shown)
        np.save(self.folder / f"sheet-{trainer.current_epoch:03d}.npy", pictures)
        Image.fromarray(in_rows(pictures)).save(self.folder / f"epoch-{trainer.current_epoch + 1:03d}.png")
        figures = {k: float(v) for k, v in trainer.callback_metrics.items()}
        self.history.append({"epoch": float(trainer.current_epoch), **figures, "spread": share})
        log.info("epoch %d: kernel distance %.4f, spread %.2f", trainer.current_epoch + 1, distance, share)
        warning = collapse_warning(self.history)
        if warning:
            log.warning("%s", warning)

    def _log(self, module: DrawingGame, distance: float, share: float) -> None:
        module.log_dict({"val_kernel_distance": distance, "val_score": -distance, "spread": share}, prog_bar=True)

    def state_dict(self) -> dict[str, Any]:
        return {"history": self.history}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.history = list(state["history"])


def drawing_folder(model: str) -> Path:
    """Where checkpoints, curves and sheets of a run go, outside the checkout."""
    return cache_root() / "runs" / model


def train_generator(
    recipe: DrawingRecipe,
    spec: GeneratorSpec,
    photos: Photos,
    validation: Photos,
    *,
    start: Path | None = None,
    resume: bool = False,
    epochs: int | None = None,
    folder: Path | None = None,
    on_epoch: Callable[[int, int], None] | None = None,
) -> DrawingResult:
    """Train a generator; a checkpoint is kept each epoch, and the best one by the distance to validation photos.

    Args:
        recipe: how.
        spec: what.
        photos: to learn from.
        validation: to choose the epoch by.
        start: weights to start from.
        resume: go on from the last checkpoint.
        epochs: stop after so many.
        folder: where checkpoints, curves and sheets go.
        on_epoch: called after every epoch with (done, total), instead of a progress bar on standard output.

    Raises:
        DataError: too few photos.
        WeightsError: ``start`` does not fit, or the ImageNet weights of the judge or of the score are missing.
    """
    folder = folder or drawing_folder(spec.name)
    folder.mkdir(parents=True, exist_ok=True)
    pl.seed_everything(recipe.seed, verbose=False)
    batches = DrawingBatches(recipe, spec, photos)
    generator = spec.make()
    if start is not None:
        log.info("started from %s; new: %s", start, ", ".join(load_initial(start, generator)) or "nothing")
    game = DrawingGame(generator.to(memory_format=torch.channels_last), spec, recipe)
    judged = start.with_name(JUDGE_FILE) if start is not None and start.parent.name == spec.name else None
    if judged is not None and judged.is_file():  # the game goes on where it stood
        load_initial(judged, game.judge)
    if start is None or (judged is not None and judged.is_file()):
        game.warm_up = 0
    keeper = ModelCheckpoint(folder, "best", monitor="val_score", mode="max", enable_version_counter=False)
    latest = ModelCheckpoint(folder, "last", monitor=None, enable_version_counter=False)
    score = _Score(recipe, spec, validation, folder)
    callbacks: list[pl.Callback] = [Repeatable(recipe.seed), score, keeper, latest]
    callbacks.append(TQDMProgressBar(refresh_rate=10) if on_epoch is None else Told(on_epoch))
    trainer = pl.Trainer(
        max_epochs=epochs or recipe.epochs,
        devices=1,
        precision="bf16-mixed" if torch.cuda.is_available() else "32-true",
        callbacks=callbacks,
        enable_progress_bar=on_epoch is None,
        logger=CSVLogger(folder.parent, name=folder.name, version=f"curve-{len(list(folder.glob('curve*')))}"),
        num_sanity_val_steps=0,
        enable_model_summary=False,
        log_every_n_steps=50,
    )
    loop = Loop(trainer, keeper, folder)
    going_on = resume and loop.last.exists()
    sampler = EpochSampler(len(batches))
    if going_on:  # Lightning fetches the first batch before it tells the sampler the epoch
        sampler.set_epoch(loop.last_epoch() + 1)
    began = time.perf_counter()
    trainer.fit(
        game,
        DataLoader(batches, batch_size=None, sampler=sampler),
        ckpt_path=str(loop.last) if going_on else None,
        weights_only=True,
    )
    film = np.stack([np.load(path) for path in sorted(folder.glob("sheet-*.npy"))])
    return DrawingResult(
        best=Path(keeper.best_model_path),
        history=tuple(score.history),
        film=film,
        warnings=tuple(w for n in range(len(score.history)) if (w := collapse_warning(score.history[: n + 1]))),
        seconds=time.perf_counter() - began,
    )


def networks_of(checkpoint: Path, spec: GeneratorSpec) -> tuple[Generator, torch.nn.Module | None]:
    """The averaged generator of a checkpoint and, where one is shipped, the discriminator, in evaluation mode.

    The checkpoint is our own; it is read with ``weights_only=True``.
    """
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)["state_dict"]

    def part(prefix: str) -> dict[str, torch.Tensor]:
        return {k[len(prefix) :]: v for k, v in state.items() if k.startswith(prefix)}

    generator = spec.make()
    generator.load_state_dict(part("average."), strict=True)
    judge = spec.make_judge() if spec.make_judge else None
    if judge is not None:
        judge.load_state_dict(part("judge."), strict=True)
    return generator.eval(), judge.eval() if judge is not None else None
