"""The Lightning module: one network, a head for the task, auxiliary heads that are dropped afterwards."""

from __future__ import annotations

import math
from typing import Any

import lightning.pytorch as pl
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchmetrics import Metric
from torchmetrics.classification import MulticlassConfusionMatrix

from fashionviz.errors import InvalidRequest
from fashionviz.evaluation.metrics import FIGURES
from fashionviz.models.preprocess import normalise
from fashionviz.models.weights import load_trained
from fashionviz.training.feeds import Check
from fashionviz.training.mixture import Batch
from fashionviz.training.multilabel_loss import LOSSES
from fashionviz.training.recipes import Recipe
from fashionviz.training.tag_metric import MeanAveragePrecision


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


class Teacher(nn.Module):
    """Trained networks whose averaged answers a student learns from (Hinton et al. 2015).

    It sees what the student sees, enlarged to the size it is served at, and is never trained: its networks are kept
    out of the student's parameters and checkpoints.

    Args:
        names: registry names of trained models of the student's classes.
        classes: of the student.
        mean, std: of the student's input.

    Raises:
        InvalidRequest: a model names other classes.
        WeightsError: a model has no weights installed, or they are damaged.
    """

    def __init__(
        self, names: tuple[str, ...], classes: tuple[str, ...], mean: tuple[float, ...], std: tuple[float, ...]
    ) -> None:
        super().__init__()
        self.cards = []
        networks = []
        for name in names:
            network, card = load_trained(name)
            if card.classes != classes:
                raise InvalidRequest(f"{name} cannot teach this model: it names other classes.")
            networks.append(network.requires_grad_(False).to(memory_format=torch.channels_last))
            self.cards.append(card)
        self.networks = nn.ModuleList(networks)
        self.mean, self.std = mean, std

    def forward(self, images: Tensor) -> Tensor:
        """Mean calibrated log-probabilities ``(N, K)`` of normalised images ``(N, 3, h, w)``."""
        pixels = images * images.new_tensor(self.std).view(3, 1, 1) + images.new_tensor(self.mean).view(3, 1, 1)
        answers = []
        for network, card in zip(self.networks, self.cards, strict=True):
            seen = F.interpolate(pixels, card.input_size, mode="bilinear", align_corners=False)
            logits = network.eval()(normalise(seen, card.mean, card.std).to(memory_format=torch.channels_last))
            answers.append((logits / card.temperature).log_softmax(dim=1))
        return torch.logsumexp(torch.stack(answers), dim=0) - math.log(len(answers))


def distillation(logits: Tensor, taught: Tensor, temperature: float) -> Tensor:
    """Kullback-Leibler divergence of softened answers, scaled by the squared temperature (Hinton et al. 2015).

    Args:
        logits: of the student, ``(N, K)``.
        taught: log-probabilities of the teacher, ``(N, K)``.
        temperature: divides both.

    Returns:
        ``(N,)`` losses.
    """
    wanted = (taught / temperature).log_softmax(dim=1)
    given = (logits / temperature).log_softmax(dim=1)
    return temperature**2 * F.kl_div(given, wanted, reduction="none", log_target=True).sum(dim=1)


class GarmentClassifier(pl.LightningModule):
    """A classifier, or a tagger, with auxiliary heads on the input of its last linear layer.

    Args:
        network: maps ``(N, 3, H, W)`` to ``(N, K)`` logits.
        head: name of its last linear layer.
        recipe: how it is trained.
        classes: names of the K classes.
        checks: what each validation loader scores.
        heads: number of classes of each auxiliary head.
        steps: optimiser steps of the whole run, for the schedule.
        teacher: what it learns from beside the labels, or ``None``.
        multilabel: whether a picture may have several of the classes.

    Raises:
        InvalidRequest: a loss that there is not.
    """

    def __init__(
        self,
        network: nn.Module,
        head: str,
        recipe: Recipe,
        classes: tuple[str, ...],
        checks: tuple[Check, ...],
        heads: dict[str, int],
        steps: int,
        teacher: Teacher | None = None,
        multilabel: bool = False,
    ) -> None:
        super().__init__()
        if recipe.loss not in LOSSES:
            raise InvalidRequest(f"There is no loss {recipe.loss!r}. Choose one of: {', '.join(LOSSES)}.")
        self.network = network
        self.teacher = [teacher] if teacher else []  # in a list, so that it is no part of the checkpoint
        self.head = head  # by name: as a module it would be stored twice
        self.recipe, self.classes, self.checks, self.steps = recipe, classes, checks, steps
        last = network.get_submodule(head)
        assert isinstance(last, nn.Linear)
        self.auxiliary = nn.ModuleDict({name: nn.Linear(last.in_features, n) for name, n in heads.items()})
        self._embedding: Tensor | None = None
        last.register_forward_pre_hook(self._keep)
        for name in recipe.frozen:
            network.get_submodule(name).requires_grad_(False)
        self.multilabel = multilabel
        self._counts: list[Metric] = [
            MeanAveragePrecision() if multilabel else MulticlassConfusionMatrix(len(classes)) for _ in checks
        ]
        self.counts = nn.ModuleList(self._counts)  # registered, so that Lightning moves them to the device

    def _keep(self, module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        self._embedding = inputs[0]

    def forward(self, images: Tensor) -> Tensor:
        """Logits ``(N, K)`` of normalised images."""
        return self.network(images.to(memory_format=torch.channels_last))

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """The loss of one mixed batch."""
        logits = self(batch.images).float()  # losses are taken in float32, whatever the layers are computed in
        if batch.known is not None:
            loss = LOSSES[self.recipe.loss](logits, batch.allowed, batch.known)
        else:
            loss = partial_cross_entropy(logits, batch.allowed, self.recipe.smoothing).mean()
        self.log("train_loss", loss, on_step=False, on_epoch=True, prog_bar=True, batch_size=len(batch.images))
        certain = batch.allowed.sum(dim=1) == 1
        if certain.any() and not self.multilabel:  # as the photos come, augmented, by the weights of the step
            right = batch.allowed[certain].gather(1, logits[certain].argmax(dim=1, keepdim=True)).float().mean()
            self.log("train_accuracy", right, on_step=False, on_epoch=True, batch_size=int(certain.sum()))
        embedding, self._embedding = self._embedding, None
        assert embedding is not None
        for teacher in self.teacher:
            with torch.no_grad():
                taught = teacher.to(self.device)(batch.images).float()
            share = self.recipe.distil
            learned = distillation(logits, taught, self.recipe.distil_temperature).mean()
            loss = (1 - share) * loss + share * learned
        for name, head in self.auxiliary.items():
            labels = batch.auxiliary[name]
            if (labels >= 0).any():
                loss = loss + self.recipe.auxiliary * F.cross_entropy(head(embedding).float(), labels, ignore_index=-1)
        return loss + self.penalty() if self.recipe.l1 or self.recipe.l2 else loss

    def penalty(self) -> Tensor:
        """The recipe's L1 and L2 penalty on the weights of the last linear layer, a scalar."""
        weight = self.network.get_submodule(self.head).get_parameter("weight")
        return self.recipe.l1 * weight.abs().sum() + self.recipe.l2 * weight.square().sum()

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int, dataloader_idx: int = 0) -> None:
        """Count the answers on one check."""
        images, labels = batch
        logits = self(images).float()
        self._embedding = None
        self._counts[dataloader_idx].update(logits, labels)
        if dataloader_idx == 0:
            if self.multilabel:
                loss = LOSSES[self.recipe.loss](logits, labels == 1, labels >= 0)
            else:
                loss = F.cross_entropy(logits, labels)
            self.log("val_loss", loss, add_dataloader_idx=False, batch_size=len(labels))

    def on_validation_epoch_end(self) -> None:
        """Log the figure of each check, and their weighted sum, which decides what is kept."""
        score = 0.0
        for check, counts in zip(self.checks, self._counts, strict=True):
            if self.multilabel:
                value = float(counts.compute())
            else:
                value = FIGURES[check.figure](counts.compute().cpu().numpy(), self.classes)[0]
            counts.reset()
            self.log(f"val_{check.data_set}_{check.figure}", value, prog_bar=True)
            score += check.weight * value
        self.log("val_score", score)

    def configure_optimizers(self) -> Any:
        """The recipe's optimiser (no decay on biases and batch norms) under a one-cycle schedule."""
        decayed: list[nn.Parameter] = []
        plain: list[nn.Parameter] = []
        for parameter in self.parameters():
            if parameter.requires_grad:
                (decayed if parameter.ndim > 1 else plain).append(parameter)
        recipe = self.recipe
        groups = [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": plain, "weight_decay": 0.0}]
        makers: dict[str, Any] = {
            "adamw": lambda: torch.optim.AdamW(groups, lr=recipe.learning_rate),
            "adam": lambda: torch.optim.Adam(groups, lr=recipe.learning_rate),
            "adamax": lambda: torch.optim.Adamax(groups, lr=recipe.learning_rate),
            "adadelta": lambda: torch.optim.Adadelta(groups, lr=recipe.learning_rate),
            "adagrad": lambda: torch.optim.Adagrad(groups, lr=recipe.learning_rate),
            "sgd": lambda: torch.optim.SGD(groups, lr=recipe.learning_rate, momentum=0.9, nesterov=True),
        }
        optimiser = makers[recipe.optimiser]()
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser,
            recipe.learning_rate,
            total_steps=self.steps,
            pct_start=0.15,
            final_div_factor=1e3,
            cycle_momentum=bool({"momentum", "betas"} & optimiser.defaults.keys()),  # Adadelta, Adagrad have none
        )
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
