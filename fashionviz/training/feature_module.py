"""The Lightning module of layers on frozen features: categories and, where the network finds them, landmarks."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchmetrics import MeanMetric
from torchmetrics.classification import MulticlassAccuracy

from fashionviz.models.landmark_answer import FrozenFirst, LandmarkNetwork, places
from fashionviz.training.feature_material import FeatureBatch
from fashionviz.training.feature_recipes import FeatureRecipe


def place_loss(maps: Tensor, points: Tensor) -> Tensor:
    """Cross-entropy of a softmax over all pixels of a map against the one where the landmark is (He et al. 2017).

    Args:
        maps: ``(N, L, S, S)`` logits.
        points: ``(N, L, 2)`` x and y from 0 to 1; NaN where not known, which counts nowhere.

    Returns:
        Mean over the known landmarks, a scalar; 0 if none is known.
    """
    known = torch.isfinite(points).all(dim=2)
    if not known.any():
        return maps.sum() * 0
    height, width = maps.shape[2:]
    x = (points[known][:, 0] * width).long().clamp(0, width - 1)
    y = (points[known][:, 1] * height).long().clamp(0, height - 1)
    return F.cross_entropy(maps[known].flatten(1), y * width + x)


def presence_loss(logits: Tensor, present: Tensor) -> Tensor:
    """Binary cross-entropy of ``(N, L)`` logits against 1, 0 or -1 (not known, which counts nowhere)."""
    known = present >= 0
    if not known.any():
        return logits.sum() * 0
    return F.binary_cross_entropy_with_logits(logits[known], present[known].float())


def place_errors(maps: Tensor, points: Tensor, size: Tensor) -> Tensor:
    """Distances of found from known landmarks as shares of the garment's size, of the known ones, ``(M,)``.

    Args:
        maps: ``(N, L, S, S)`` logits.
        points: ``(N, L, 2)`` x and y from 0 to 1; NaN where not known.
        size: ``(N,)`` of the garment, in the same unit.
    """
    gap = (places(maps) - points).norm(dim=2) / size[:, None]
    return gap[torch.isfinite(gap)]


class FeatureClassifier(pl.LightningModule):
    """Layers on frozen features.

    Args:
        network: whole, its frozen layers included, so that a checkpoint is complete.
        recipe: how it is trained.
        classes: number of categories.
        steps: optimiser steps of the whole run, for the schedule.
    """

    def __init__(self, network: nn.Module, recipe: FeatureRecipe, classes: int, steps: int) -> None:
        super().__init__()
        assert isinstance(network, FrozenFirst)
        self.network: nn.Module = network
        self.logits, self.recipe, self.steps = network.logits, recipe, steps
        self.top1 = MulticlassAccuracy(classes, average="micro")
        self.top5 = MulticlassAccuracy(classes, average="micro", top_k=min(5, classes))
        self.error = MeanMetric()

    def on_train_epoch_start(self) -> None:
        """The frozen layers keep their batch statistics; those of the layers that learn follow the batches."""
        self.network.train()
        assert isinstance(self.network, FrozenFirst)
        for name in self.network.frozen:
            self.network.get_submodule(name).eval()

    def training_step(self, batch: FeatureBatch, index: int) -> Tensor:
        """The loss of a step on everything, or of one on landmarks alone."""
        recipe, network = self.recipe, self.network
        loss = batch.features.new_zeros(())
        if isinstance(network, LandmarkNetwork):
            where = torch.isfinite(batch.points).all(dim=2).any(dim=1)
            if batch.landmarks_only:
                maps, present = network.landmarks(batch.features, where)
            else:
                answer = network.answer(batch.features, where)
                maps, present = answer.maps, answer.present
            maps, present = maps.float(), present.float()  # losses are taken in float32, whatever layers compute in
            place, presence = place_loss(maps, batch.points[where]), presence_loss(present, batch.present)
            loss = recipe.place_weight * place + recipe.presence_weight * presence
            self._log("train_place_loss", place, batch)
            self._log("train_presence_loss", presence, batch)
        if not batch.landmarks_only:
            logits = answer.logits if isinstance(network, LandmarkNetwork) else self.logits(batch.features)
            named = F.cross_entropy(logits.float(), batch.labels, label_smoothing=recipe.smoothing)
            self._log("train_loss", named, batch)
            right = (logits.argmax(dim=1) == batch.labels).float().mean()
            self._log("train_accuracy", right, batch)
            loss = loss + named
        return loss

    def _log(self, name: str, value: Tensor, batch: FeatureBatch) -> None:
        self.log(name, value, on_step=False, on_epoch=True, prog_bar=name == "train_loss", batch_size=len(batch.labels))

    def validation_step(self, batch: FeatureBatch, index: int) -> None:
        """Count right answers; measure landmarks as a share of the garment's size."""
        if isinstance(self.network, LandmarkNetwork):
            where = torch.isfinite(batch.points).all(dim=2).any(dim=1)
            answer = self.network.answer(batch.features, where)
            logits = answer.logits
            if where.any():
                self.error.update(place_errors(answer.maps.float(), batch.points[where], batch.size[where]))
        else:
            logits = self.logits(batch.features)
        logits = logits.float()
        self.top1.update(logits, batch.labels)
        self.top5.update(logits, batch.labels)
        loss = F.cross_entropy(logits, batch.labels)
        self.log("val_loss", loss, batch_size=len(batch.labels))

    def on_validation_epoch_end(self) -> None:
        """Log accuracy, top-5 and landmark error; what is kept has the best accuracy less error."""
        accuracy, top5 = float(self.top1.compute()), float(self.top5.compute())
        score = accuracy
        self.log("val_accuracy", accuracy, prog_bar=True)
        self.log("val_top5", top5)
        if self.error.update_called:
            error = float(self.error.compute())
            self.log("val_landmark_error", error, prog_bar=True)
            score -= error
        self.log("val_score", score)
        for metric in (self.top1, self.top5, self.error):
            metric.reset()

    def configure_optimizers(self) -> Any:
        """AdamW (no decay on biases) under a one-cycle schedule."""
        learned = [p for p in self.network.parameters() if p.requires_grad]
        groups = [
            {"params": [p for p in learned if p.ndim > 1], "weight_decay": self.recipe.weight_decay},
            {"params": [p for p in learned if p.ndim <= 1], "weight_decay": 0.0},
        ]
        optimiser = torch.optim.AdamW(groups, lr=self.recipe.learning_rate)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, self.recipe.learning_rate, total_steps=self.steps, pct_start=0.15, final_div_factor=1e3
        )
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
