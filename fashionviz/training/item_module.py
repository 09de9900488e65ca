"""The Lightning module of networks that turn a picture of an item into a vector."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fashionviz.training.item_losses import ItemLoss
from fashionviz.training.item_material import ItemBatch
from fashionviz.training.item_recipes import ItemRecipe
from fashionviz.training.optimiser import one_cycle


class Retriever(pl.LightningModule):
    """A network in training whose vectors are to find items: validation, optimiser and schedule.

    Args:
        network: ``(N, 3, H, W)`` to ``(N, D)``; its trunk is called ``features``.
        recipe: rates and decay.
        steps: optimiser steps of the whole run, for the schedule.
    """

    def __init__(self, network: nn.Module, recipe: ItemRecipe, steps: int) -> None:
        super().__init__()
        self.network, self.recipe, self.steps = network, recipe, steps
        self._seen: list[tuple[Tensor, Tensor, Tensor]] = []

    def validation_step(self, batch: ItemBatch, index: int) -> None:
        """Vectors of validation photos and of views of them, at the served size."""
        vectors = self.network(batch.images.to(memory_format=torch.channels_last)).float()
        self._seen.append((vectors.cpu(), batch.labels.cpu(), batch.photos.cpu()))

    def on_validation_epoch_end(self) -> None:
        """Log recall among the validation photos, which decides what is kept, and how far vectors spread."""
        vectors, labels, photos = (torch.cat(part) for part in zip(*self._seen, strict=True))
        self._seen.clear()
        norms = vectors[photos].norm(dim=1)
        spread = vectors[photos].std(dim=0).norm()
        vectors = F.normalize(vectors, dim=1)
        similar = vectors[~photos] @ vectors[photos].T
        right = labels[~photos][:, None] == labels[photos][None]
        best = similar.masked_fill(~right, -2).amax(dim=1, keepdim=True)
        ranks = ((similar >= best) & ~right).sum(dim=1)  # of equal vectors none is found
        for k in (1, 10):
            self.log(f"val_recall_at_{k}", float((ranks < k).float().mean()), prog_bar=k == 1)
        self.log("val_spread", float(spread))
        self.log("val_norm", float(norms.mean()))
        self.log("val_score", float((ranks < 1).float().mean()))

    def configure_optimizers(self) -> Any:
        """AdamW (no decay on biases and batch norms), the trunk at its share of the rate; one-cycle schedule."""
        recipe = self.recipe
        return one_cycle(
            self,
            learning_rate=recipe.learning_rate,
            trunk_rate=recipe.trunk_rate,
            weight_decay=recipe.weight_decay,
            steps=self.steps,
            trunk="network.features.",
        )


class ItemNetwork(Retriever):
    """An embedder in training.

    Args:
        network: ``(N, 3, H, W)`` to ``(N, D)`` of norm 1; its trunk is called ``features``.
        recipe: how it is trained.
        dimensions: D.
        steps: optimiser steps of the whole run, for the schedule.
    """

    def __init__(self, network: nn.Module, recipe: ItemRecipe, dimensions: int, steps: int) -> None:
        super().__init__(network, recipe, steps)
        self.loss = ItemLoss(recipe, dimensions)

    def training_step(self, batch: ItemBatch, index: int) -> Tensor:
        """The recipe's loss, in float32 whatever the network computes in."""
        vectors = self.network(batch.images.to(memory_format=torch.channels_last)).float()
        with torch.autocast(vectors.device.type, enabled=False):
            parts = self.loss(vectors, batch.labels, batch.photos)
        many = len(batch.images)
        for name, value in parts.items():
            self.log(f"train_{name}", value.detach(), on_step=False, on_epoch=True, batch_size=many)
        loss = torch.stack(list(parts.values())).sum()
        self.log("train_loss", loss.detach(), on_step=False, on_epoch=True, prog_bar=True, batch_size=many)
        return loss

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the memory: a resumed run compares with what it would have compared with."""
        checkpoint["item_loss"] = self.loss.state()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Bring the memory back."""
        self.loss.restore(checkpoint["item_loss"])
