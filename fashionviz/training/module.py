"""The Lightning module: one network, a head for the task, auxiliary heads that are dropped afterwards."""

from __future__ import annotations

import math
from typing import Any, cast

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
        head = cast(nn.Sequential, network.classifier)[-1]
        assert isinstance(head, nn.Linear)
        width = head.in_features
        self.aux_article = nn.Linear(width, articles)
        self.aux_department = nn.Linear(width, departments)
        for name in recipe.frozen:
            network.get_submodule(name).requires_grad_(False)
        self.catalogue = MulticlassAccuracy(head.out_features, average="micro")
        self.street = MulticlassRecall(head.out_features, average="none")

    def features(self, images: Tensor) -> Tensor:
        """Pooled features ``(N, width)`` of normalised images."""
        return F.adaptive_avg_pool2d(cast(nn.Module, self.network.features)(images), 1).flatten(1)

    def classify(self, pooled: Tensor) -> Tensor:
        """Logits ``(N, K)`` of pooled features."""
        return cast(nn.Module, self.network.classifier)(pooled)

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """The loss of one mixed batch."""
        pooled = self.features(batch.images.to(memory_format=torch.channels_last))
        loss = partial_cross_entropy(self.classify(pooled), batch.allowed, self.recipe.smoothing).mean()
        extra = F.cross_entropy(self.aux_article(pooled), batch.article, ignore_index=-1) + F.cross_entropy(
            self.aux_department(pooled), batch.department, ignore_index=-1
        )
        self.log("train_loss", loss, on_step=False, on_epoch=True, prog_bar=True, batch_size=len(batch.images))
        return loss + self.recipe.auxiliary * extra

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int, dataloader_idx: int = 0) -> None:
        """Count catalogue photos (loader 0) and street photos (loader 1)."""
        images, labels = batch
        logits = self.classify(self.features(images.to(memory_format=torch.channels_last)))
        if dataloader_idx == 0:
            self.catalogue.update(logits, labels)
            loss = F.cross_entropy(logits, labels)
            self.log("val_loss", loss, add_dataloader_idx=False, batch_size=len(labels))
        else:
            self.street.update(logits, labels)

    def on_validation_epoch_end(self) -> None:
        """Log accuracy, the street recall of the two departments, and the score that decides what is kept."""
        accuracy = self.catalogue.compute()
        recall = self.street.compute()[2:4].mean()  # Men/Apparel and Women/Apparel
        self.catalogue.reset()
        self.street.reset()
        self.log("val_accuracy", accuracy, prog_bar=True)
        self.log("val_street_recall", recall, prog_bar=True)
        # What is kept: catalogue accuracy counts most, street recall must not be bought with it or the other way.
        self.log("val_score", accuracy + 0.1 * recall)

    def configure_optimizers(self) -> Any:
        """AdamW (no decay on biases and batch norms) under a one-cycle schedule."""
        decayed: list[nn.Parameter] = []
        plain: list[nn.Parameter] = []
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
