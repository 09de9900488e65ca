"""The Lightning module: one network, a head for the task, auxiliary heads that are dropped afterwards."""

from __future__ import annotations

import math
from typing import Any

import lightning.pytorch as pl
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchmetrics.classification import MulticlassAccuracy, MulticlassRecall

from fashionviz.training.mixture import Batch
from fashionviz.training.recipes import Recipe


def partial_cross_entropy(logits: Tensor, allowed: Tensor, smoothing: float = 0.0) -> Tensor:
    """Cross-entropy with partial labels: minus the log of the probability of the allowed classes together.

    With one allowed class it is ordinary cross-entropy, to which label smoothing applies (Cour et al. 2011, Szegedy
    et al. 2016).

    Args:
        logits: ``(N, K)``.
        allowed: ``(N, K)`` bool, at least one a row.
        smoothing: share of the target spread over all classes, for rows with one allowed class.

    Returns:
        ``(N,)`` losses.
    """
    log_p = logits.log_softmax(dim=1)
    loss = -torch.logsumexp(log_p.masked_fill(~allowed, -math.inf), dim=1)
    certain = allowed.sum(dim=1) == 1
    return torch.where(certain, (1 - smoothing) * loss - smoothing * log_p.mean(dim=1), loss)


class GarmentClassifier(pl.LightningModule):
    """A torchvision-style classifier (``features`` and ``classifier``) with auxiliary heads on the pooled features."""

    def __init__(self, network: nn.Module, recipe: Recipe, articles: int, departments: int, steps: int) -> None:
        super().__init__()
        self.network = network
        self.recipe = recipe
        self.steps = steps
        width = network.classifier[-1].in_features
        self.aux_article = nn.Linear(width, articles)
        self.aux_department = nn.Linear(width, departments)
        self.frozen = [network.get_submodule(name) for name in recipe.frozen]
        for part in self.frozen:
            part.requires_grad_(False)
        classes = network.classifier[-1].out_features
        self.validation = nn.ModuleDict(
            {
                "catalogue": MulticlassAccuracy(classes, average="micro"),
                "street": MulticlassRecall(classes, average="none"),
            }
        )

    def features(self, images: Tensor) -> Tensor:
        """Pooled features ``(N, width)`` of normalised images."""
        return F.adaptive_avg_pool2d(self.network.features(images), 1).flatten(1)

    def train(self, mode: bool = True) -> GarmentClassifier:
        """Frozen parts keep the batch statistics they came with."""
        super().train(mode)
        for part in self.frozen:
            part.eval()
        return self

    def training_step(self, batch: Batch, index: int) -> Tensor:
        pooled = self.features(batch.images.to(memory_format=torch.channels_last))
        loss = partial_cross_entropy(self.network.classifier(pooled), batch.allowed, self.recipe.smoothing).mean()
        extra = F.cross_entropy(self.aux_article(pooled), batch.article, ignore_index=-1) + F.cross_entropy(
            self.aux_department(pooled), batch.department, ignore_index=-1
        )
        self.log("train_loss", loss, on_step=False, on_epoch=True, prog_bar=True, batch_size=len(batch.images))
        return loss + self.recipe.auxiliary * extra

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int, dataloader_idx: int = 0) -> None:
        images, labels = batch
        logits = self.network.classifier(self.features(images.to(memory_format=torch.channels_last)))
        if dataloader_idx == 0:
            self.validation["catalogue"].update(logits, labels)
            loss = F.cross_entropy(logits, labels)
            self.log("val_loss", loss, add_dataloader_idx=False, batch_size=len(labels))
        else:
            self.validation["street"].update(logits, labels)

    def on_validation_epoch_end(self) -> None:
        accuracy = self.validation["catalogue"].compute()
        recall = self.validation["street"].compute()[2:4].mean()  # Men/Apparel and Women/Apparel
        for metric in self.validation.values():
            metric.reset()
        self.log("val_accuracy", accuracy, prog_bar=True)
        self.log("val_street_recall", recall, prog_bar=True)
        # What is kept: catalogue accuracy counts most, street recall must not be bought with it or the other way.
        self.log("val_score", accuracy + 0.1 * recall)

    def configure_optimizers(self) -> Any:
        decayed, plain = [], []
        for parameter in self.parameters():
            if parameter.requires_grad:
                (decayed if parameter.ndim > 1 else plain).append(parameter)
        groups = [
            {"params": decayed, "weight_decay": self.recipe.weight_decay},
            {"params": plain, "weight_decay": 0.0},
        ]
        optimiser = torch.optim.AdamW(groups, lr=self.recipe.learning_rate)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, self.recipe.learning_rate, total_steps=self.steps, pct_start=0.15, final_div_factor=1e3
        )
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
