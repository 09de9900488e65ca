"""DCGAN after Radford, Metz and Chintala (arXiv:1511.06434), as paper 003 uses it: all photos, and two of its classes.

Five transposed convolutions, batch norm, ReLU and a final tanh draw; five convolutions with leaky ReLU judge. The width
is a quarter of the paper's, since two cores train it.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from fashionviz.models.generators import Generator, register_generator

#: Dimensions of a latent, as in the paper.
LATENT = 100
#: Channels of the widest picture layer; the paper has 128.
WIDTH = 32
SIZE = (64, 64)
_PAPER = "Paper 003; DCGAN (arXiv:1511.06434)"


def initialise(network: nn.Module) -> None:
    """The paper's start: convolutions from N(0, 0.02²), batch-norm scales from N(1, 0.02²)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, 0.02)
        elif isinstance(module, nn.BatchNorm2d) and module.affine:
            nn.init.normal_(module.weight, 1.0, 0.02)


class DCGANGenerator(Generator):
    """Five transposed convolutions from a latent to 64×64 pixels.

    Args:
        width: channels before the last transposed convolution.
    """

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.latent = LATENT
        channels = [8 * width, 4 * width, 2 * width, width]
        stages: dict[str, nn.Module] = {"4x4": _grow(LATENT, channels[0], stride=1, padding=0)}
        for number, (inside, outside) in enumerate(pairwise(channels)):
            side = 8 << number
            stages[f"{side}x{side}"] = _grow(inside, outside)
        stages["picture"] = nn.Sequential(nn.ConvTranspose2d(channels[-1], 3, 4, 2, 1), nn.Tanh())
        self.stages = nn.ModuleDict(stages)
        initialise(self)

    def watch(self, z: Tensor, classes: Tensor | None = None) -> dict[str, Tensor]:
        """What each stage gives; it knows no classes."""
        return _through(self.stages, z[:, :, None, None])


def _through(stages: nn.ModuleDict, x: Tensor) -> dict[str, Tensor]:
    found = {}
    for name, stage in stages.items():
        x = found[name] = stage(x)
    return found


def _grow(inside: int, outside: int, stride: int = 2, padding: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.ConvTranspose2d(inside, outside, 4, stride, padding, bias=False), nn.BatchNorm2d(outside), nn.ReLU()
    )


class DCGANDiscriminator(nn.Module):
    """Five convolutions from 64×64 pixels to one logit: real above 0.

    Args:
        width: channels of the first convolution.
    """

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        stages: dict[str, nn.Module] = {"32x32": nn.Sequential(nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(0.2))}
        for side, inside in ((16, width), (8, 2 * width), (4, 4 * width)):
            stages[f"{side}x{side}"] = nn.Sequential(
                nn.Conv2d(inside, 2 * inside, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * inside), nn.LeakyReLU(0.2)
            )
        stages["logit"] = nn.Conv2d(8 * width, 1, 4)
        self.stages = nn.ModuleDict(stages)
        initialise(self)

    def watch(self, images: Tensor) -> dict[str, Tensor]:
        """What each stage gives of ``(N, 3, 64, 64)`` in -1..1; the last one is the logit ``(N, 1, 1, 1)``."""
        return _through(self.stages, images)

    def forward(self, images: Tensor) -> Tensor:
        """``(N, 3, 64, 64)`` in -1..1 to logits ``(N,)``."""
        return torch.flatten(self.watch(images)["logit"])


def _build() -> Generator:
    """A DCGAN generator, 1.1 M parameters."""
    return DCGANGenerator()


for _task, _title, _learns in (
    ("all", "DCGAN · all garments", ()),
    ("women_accessories", "DCGAN · Women/Accessories", ("Women/Accessories",)),
    ("men_apparel", "DCGAN · Men/Apparel", ("Men/Apparel",)),
):
    register_generator(
        f"dcgan.{_task}",
        title=_title,
        size=SIZE,
        latent=LATENT,
        make_judge=DCGANDiscriminator,
        learns=_learns,
        paper=_PAPER,
    )(_build)
