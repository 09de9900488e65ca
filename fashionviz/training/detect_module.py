"""The Lightning module of detectors."""

from __future__ import annotations

from typing import Any, cast

import lightning.pytorch as pl
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fashionviz.evaluation.box_figures import box_figures, figures_of
from fashionviz.models.box_rows import Boxes, boxes_of
from fashionviz.models.detectors import Detector
from fashionviz.training.detect_mixture import ItemBatch
from fashionviz.training.detect_recipes import DetectRecipe


class ItemNetwork(pl.LightningModule):
    """A detector in training.

    Beside the boxes it learns the class of each pixel from the finest map of the pyramid, with a head that is dropped
    afterwards: a few thousand boxes say little, their masks say what the maps must tell apart (the semantic branch of
    Chen et al. 2019, arXiv:1901.07518).

    Args:
        network: a detector; its trunk is called ``backbone.body``.
        recipe: how it is trained.
        classes: of items; of a pixel there are two more, skin and hair, and background.
        steps: optimiser steps of the whole run, for the schedule.
    """

    def __init__(self, network: nn.Module, recipe: DetectRecipe, classes: int, steps: int) -> None:
        super().__init__()
        self.network, self.recipe, self.steps = network, recipe, steps
        self.classes = classes
        self.pixels = nn.Conv2d(cast(Any, network.backbone).out_channels, classes + 2, 1) if recipe.pixels else None
        self.found: list[Boxes] = []
        self.true: list[Boxes] = []

    def training_step(self, batch: ItemBatch, index: int) -> Tensor:
        """The losses of a two-stage detector, unweighted, and that of the pixels."""
        network = cast(Detector, self.network)
        losses, maps = network.losses(batch.images.to(memory_format=torch.channels_last), batch.targets)
        many = len(batch.images)
        total = torch.stack(list(losses.values())).sum()
        self.log("train_loss", total, on_step=False, on_epoch=True, prog_bar=True, batch_size=many)
        for name, value in losses.items():
            self.log(f"train_{name}", value, on_step=False, on_epoch=True, batch_size=many)
        if self.pixels is not None:
            logits = self.pixels(maps["0"])
            classes = F.interpolate(batch.pixels[:, None].float(), logits.shape[2:], mode="nearest")[:, 0].long()
            of_pixels = F.cross_entropy(logits, classes)
            self.log("train_loss_pixels", of_pixels, on_step=False, on_epoch=True, batch_size=many)
            total = total + self.recipe.pixels * of_pixels
        return total

    def validation_step(self, batch: ItemBatch, index: int) -> None:
        """Find the items of whole photos at the served size."""
        rows = self.network(batch.images.to(memory_format=torch.channels_last)).float().cpu()
        self.found += [boxes_of(one.numpy()) for one in rows]
        for target in batch.targets:
            labels = target["labels"].cpu().numpy()
            self.true.append(Boxes(target["boxes"].cpu().numpy(), labels, np.ones(len(labels), np.float32)))

    def on_validation_epoch_end(self) -> None:
        """Log AP50, which decides what is kept, AP and recall."""
        figures = figures_of(box_figures(self.found, self.true, self.classes))
        self.found, self.true = [], []
        for name in ("ap50", "ap", "ap75", "ar"):
            self.log(f"val_{name}", figures[name], prog_bar=name == "ap50")
        self.log("val_score", figures["ap50"])

    def configure_optimizers(self) -> Any:
        """AdamW (no decay on biases and batch norms), the trunk at its share of the rate; one-cycle schedule."""
        recipe = self.recipe
        groups: list[dict[str, Any]] = []
        rates: list[float] = []
        for trunk in (True, False):
            rate = recipe.learning_rate * (recipe.trunk_rate if trunk else 1)
            learned = ((n, p) for n, p in self.named_parameters() if p.requires_grad)
            found = [p for n, p in learned if n.startswith("network.backbone.body.") == trunk]
            for decayed in (True, False):
                decay = recipe.weight_decay if decayed else 0.0
                groups.append({"params": [p for p in found if (p.ndim > 1) == decayed], "weight_decay": decay})
                rates.append(rate)
        groups, rates = zip(*((g, r) for g, r in zip(groups, rates, strict=True) if g["params"]), strict=True)  # type: ignore[assignment]
        optimiser = torch.optim.AdamW(list(groups), lr=recipe.learning_rate)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, list(rates), total_steps=self.steps, pct_start=0.1, final_div_factor=1e3
        )
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
