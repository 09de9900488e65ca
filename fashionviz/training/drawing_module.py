"""The Lightning module of networks that draw: the game of generator and discriminator."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import lightning.pytorch as pl
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fashionviz.models.cgan import ConditionalDiscriminator
from fashionviz.models.dcgan import DCGANDiscriminator
from fashionviz.models.generators import Generator, GeneratorSpec
from fashionviz.training.drawing_recipes import DrawingRecipe
from fashionviz.training.loop import warming_average
from fashionviz.training.module import Teacher
from fashionviz.training.vary import vary


class PhotoBatch(NamedTuple):
    """A step's photos (a tuple: Lightning moves tuples to the device).

    Attributes:
        images: ``(N, 3, H, W)`` in -1..1.
        classes: ``(N,)`` int64, of a conditional generator.
        z: ``(N, latent)``.
        asked: ``(N,)`` int64, the classes that are drawn.
    """

    images: Tensor
    classes: Tensor
    z: Tensor
    asked: Tensor


def falling(done: float, fall: float) -> float:
    """What the rates are multiplied with when a share ``done`` of the steps is done: 1, and at last evenly to 0.

    Args:
        done: 0..1.
        fall: last share of the steps, over which they fall; above 0.
    """
    return min(1.0, max(0.0, (1 - done) / fall))


class DrawingGame(pl.LightningModule):
    """A generator, what judges it, and the generator's moving average.

    Args:
        generator: as it is trained.
        spec: what it is.
        recipe: how it is trained.
        judge: what judges it; made by the recipe if ``None``.
    """

    def __init__(
        self, generator: Generator, spec: GeneratorSpec, recipe: DrawingRecipe, judge: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.generator, self.spec, self.recipe = generator, spec, recipe
        self.average = copy.deepcopy(generator).requires_grad_(False).eval()
        self.judge = judge or make_judge(spec)
        #: Steps that the judge has to itself; none where it comes trained.
        self.warm_up = recipe.warm_up
        half = (0.5, 0.5, 0.5)  # pictures are in -1..1
        # In a list, so that they are no part of the checkpoint.
        self.guides = [Teacher(recipe.guides, spec.classes, half, half)] if recipe.guides else []
        self.updates: Tensor
        self.register_buffer("updates", torch.zeros((), dtype=torch.int64))
        self._averaging = warming_average(recipe.ema_decay)

    def training_step(self, batch: PhotoBatch, index: int) -> None:
        """One step of the judge, then one of the generator, on the same pictures."""
        self._slow()
        classes = bool(self.spec.classes)
        fake = self.generator(batch.z, batch.asked if classes else None)
        if isinstance(self.judge, ConditionalDiscriminator):
            losses = self._conditional(self.judge, batch, fake)
        else:
            losses = self._plain(batch, fake)
        self._follow()
        self.log_dict(losses, on_step=False, on_epoch=True, prog_bar=True, batch_size=len(fake))

    def _slow(self) -> None:
        """Set the rates of this step (:attr:`DrawingRecipe.fall`)."""
        recipe = self.recipe
        if not recipe.fall:
            return
        trainer = self.trainer
        # Of the whole run: one that stops early goes on later as if it had not.
        steps = int(trainer.num_training_batches) * max(trainer.max_epochs or 0, recipe.epochs)
        share = falling(int(self.updates) / steps, recipe.fall)
        for optimiser, rate in zip(self.optimizers(), (recipe.rate, recipe.judge_rate or recipe.rate), strict=True):  # type: ignore[arg-type]
            for group in optimiser.param_groups:
                group["lr"] = rate * share

    def _step(self, number: int, loss: Tensor) -> None:
        optimiser = self.optimizers()[number]  # type: ignore[index]
        optimiser.zero_grad()
        self.manual_backward(loss)
        optimiser.step()

    def _plain(self, batch: PhotoBatch, fake: Tensor) -> dict[str, Tensor]:
        """The paper's game; batch norm sees real and drawn pictures apart."""
        real_logit, fake_logit = self.judge(batch.images), self.judge(fake.detach())
        if self.recipe.loss == "bce":
            wanted = torch.full_like(real_logit, self.recipe.smooth)
            judged = F.binary_cross_entropy_with_logits(real_logit, wanted) + F.softplus(fake_logit).mean()
        else:
            judged = F.relu(1 - real_logit).mean() + F.relu(1 + fake_logit).mean()
        self._step(1, judged)
        self.judge.requires_grad_(False)  # the generator's step needs no gradient of the judge
        again = self.judge(fake)
        drawn = F.softplus(-again).mean() if self.recipe.loss == "bce" else -again.mean()
        self._step(0, drawn)
        self.judge.requires_grad_(True)
        return {
            "judge_loss": judged.detach(),
            "generator_loss": drawn.detach(),
            "real_found": (real_logit > 0).float().mean(),
            "drawn_found": (fake_logit < 0).float().mean(),
        }

    def _conditional(self, judge: ConditionalDiscriminator, batch: PhotoBatch, fake: Tensor) -> dict[str, Tensor]:
        """Hinge loss given the class; both kinds of pictures are varied before they are judged."""
        n = len(fake)
        shown = vary(torch.cat([batch.images, fake.detach()]))
        logit, names = judge(shown, torch.cat([batch.classes, batch.asked]))
        real, seen = logit[:n], logit[n:]
        judged = F.relu(1 - real).mean() + F.relu(1 + seen).mean()
        named = F.cross_entropy(names[:n], batch.classes)
        self._step(1, judged + self.recipe.naming * named)
        told = {
            "judge_loss": judged.detach(),
            "naming_real": named.detach(),
            "real_found": (real > 0).float().mean(),
            "drawn_found": (seen < 0).float().mean(),
        }
        if int(self.updates) < self.warm_up:
            return told
        judge.requires_grad_(False)
        shown = vary(fake)
        logit, names = judge(shown, batch.asked)
        wrong = F.cross_entropy(names, batch.asked)
        loss = self.recipe.naming * wrong - logit.mean()
        for guide in self.guides:
            # Every second picture, for a guide costs as much as all the rest; without the white beside a catalogue
            # photo, as `garment_part` leaves it out.
            side = shown.shape[3] // 8
            taken = F.nll_loss(guide.to(self.device)(shown[::2, :, :, side:-side]), batch.asked[::2])
            loss = loss + self.recipe.guiding * taken
            told["guided"] = taken.detach()
        self._step(0, loss)
        judge.requires_grad_(True)
        return {**told, "generator_loss": -logit.mean().detach(), "naming_drawn": wrong.detach()}

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the average towards the generator; batch norm's statistics are averaged, too."""
        ours = dict(self.generator.state_dict())
        done = int(self.updates)
        for name, kept in self.average.state_dict().items():
            if kept.is_floating_point():
                kept.copy_(self._averaging(kept, ours[name], done))
            else:
                kept.copy_(ours[name])
        self.updates.fill_(done + 1)

    def configure_optimizers(self) -> Any:
        """Adam for both."""
        recipe = self.recipe
        learned = [p for p in self.judge.parameters() if p.requires_grad]
        return [
            torch.optim.Adam(self.generator.parameters(), recipe.rate, recipe.betas),
            torch.optim.Adam(learned, recipe.judge_rate or recipe.rate, recipe.betas),
        ]


def make_judge(spec: GeneratorSpec) -> nn.Module:
    """The discriminator of a generator, untrained."""
    return spec.make_judge() if spec.make_judge else DCGANDiscriminator()
