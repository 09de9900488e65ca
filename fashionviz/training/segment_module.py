"""The Lightning module of networks that say what each pixel shows."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchmetrics.classification import MulticlassConfusionMatrix

from fashionviz.data.regions import UNKNOWN
from fashionviz.evaluation.regions import intersection_over_union
from fashionviz.training.optimiser import one_cycle
from fashionviz.training.segment_material import RegionBatch
from fashionviz.training.segment_recipes import SegmentRecipe


def overlap_loss(logits: Tensor, regions: Tensor) -> Tensor:
    """One minus the soft intersection over union, mean over the classes (Rahman and Wang, 2016).

    Pixels of all photos of the batch are counted together, as in the figure that is reported.

    Args:
        logits: ``(N, K, H, W)``.
        regions: ``(N, H, W)`` int64; :data:`~fashionviz.data.regions.UNKNOWN` counts nowhere.

    Returns:
        A scalar in 0..1.
    """
    known = (regions != UNKNOWN)[:, None]
    said = logits.softmax(dim=1) * known
    true = F.one_hot(regions.clamp(max=logits.shape[1] - 1), logits.shape[1]).permute(0, 3, 1, 2) * known
    both = (said * true).sum(dim=(0, 2, 3))
    either = (said + true).sum(dim=(0, 2, 3)) - both
    return 1 - ((both + 1) / (either + 1)).mean()


class RegionNetwork(pl.LightningModule):
    """A segmenter in training.

    Args:
        network: ``(N, 3, H, W)`` to ``(N, K, H, W)``; its trunk is called ``features``.
        recipe: how it is trained.
        classes: K.
        steps: optimiser steps of the whole run, for the schedule.
    """

    def __init__(self, network: nn.Module, recipe: SegmentRecipe, classes: int, steps: int) -> None:
        super().__init__()
        self.network, self.recipe, self.steps = network, recipe, steps
        self.counts = MulticlassConfusionMatrix(classes, ignore_index=UNKNOWN)

    def training_step(self, batch: RegionBatch, index: int) -> Tensor:
        """Cross-entropy of the known pixels and the weighted overlap loss."""
        logits = self.network(batch.images.to(memory_format=torch.channels_last))
        named = F.cross_entropy(logits, batch.regions, ignore_index=UNKNOWN)
        overlap = overlap_loss(logits, batch.regions)
        many = len(batch.images)
        self.log("train_loss", named, on_step=False, on_epoch=True, prog_bar=True, batch_size=many)
        self.log("train_overlap_loss", overlap, on_step=False, on_epoch=True, batch_size=many)
        return named + self.recipe.overlap * overlap

    def validation_step(self, batch: RegionBatch, index: int) -> None:
        """Count the pixels of whole photos at the served size; the padding counts nowhere."""
        logits = self.network(batch.images.to(memory_format=torch.channels_last))
        self.counts.update(logits, batch.regions)
        loss = F.cross_entropy(logits, batch.regions, ignore_index=UNKNOWN)
        self.log("val_loss", loss, batch_size=len(batch.images))

    def on_validation_epoch_end(self) -> None:
        """Log mean intersection over union, which decides what is kept, and that of each class."""
        ious = intersection_over_union(self.counts.compute().cpu().numpy())
        self.counts.reset()
        self.log("val_miou", float(ious.mean()), prog_bar=True)
        for name, value in zip(("background", "garment", "person"), ious, strict=True):
            self.log(f"val_iou_{name}", float(value))
        self.log("val_score", float(ious.mean()))

    def configure_optimizers(self) -> Any:
        """AdamW (no decay on biases and batch norms), the trunk at its share of the rate; one-cycle schedule."""
        recipe = self.recipe
        return one_cycle(
            self.network,
            learning_rate=recipe.learning_rate,
            trunk_rate=recipe.trunk_rate,
            weight_decay=recipe.weight_decay,
            steps=self.steps,
        )
