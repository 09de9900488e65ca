"""One conditional generator for the six classes: transposed convolutions with class-conditional batch norm.

Batch norm whose scale and shift are the class's (Dumoulin et al., arXiv:1610.07629), and skip-layer excitation, by which
an early layer weighs the channels of a late one (Liu et al., arXiv:2101.04775). What judges it in training is in
:mod:`fashionviz.training.projected`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fashionviz.data.labels import GENDER_CATEGORY
from fashionviz.models.dcgan import initialise
from fashionviz.models.generators import Generator, register_generator

LATENT = 128
WIDTH = 48
SIZE = (64, 64)


class ClassNorm(nn.Module):
    """Batch norm with a scale and a shift for each class.

    Args:
        channels: of the input.
        classes: how many there are.
    """

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.scale = nn.Embedding(classes, channels)
        self.shift = nn.Embedding(classes, channels)
        nn.init.ones_(self.scale.weight)
        nn.init.zeros_(self.shift.weight)

    def forward(self, x: Tensor, classes: Tensor) -> Tensor:
        """``(N, C, H, W)`` and class indices ``(N,)`` to ``(N, C, H, W)``."""
        return self.norm(x) * self.scale(classes)[:, :, None, None] + self.shift(classes)[:, :, None, None]


class Grow(nn.Module):
    """Transposed convolution to twice the size, class-conditional batch norm, ReLU."""

    def __init__(self, inside: int, outside: int, classes: int, stride: int = 2, padding: int = 1) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(inside, outside, 4, stride, padding, bias=False)
        self.norm = ClassNorm(outside, classes)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor, classes: Tensor) -> Tensor:
        """``(N, inside, H, W)`` to ``(N, outside, 2 H, 2 W)``."""
        return self.relu(self.norm(self.up(x), classes))


class Excite(nn.Module):
    """Skip-layer excitation: weights of a late layer's channels from an early layer's map."""

    def __init__(self, early: int, late: int) -> None:
        super().__init__()
        self.weigh = nn.Sequential(
            nn.AdaptiveAvgPool2d(4),
            nn.Conv2d(early, late, 4),
            nn.LeakyReLU(0.1),
            nn.Conv2d(late, late, 1),
            nn.Sigmoid(),
        )

    def forward(self, early: Tensor, late: Tensor) -> Tensor:
        """``(N, early, h, w)`` and ``(N, late, H, W)`` to ``(N, late, H, W)``."""
        return late * self.weigh(early) * 2


class ConditionalGenerator(Generator):
    """A latent and a class to 64×64 pixels.

    Args:
        classes: how many there are.
        width: channels before the picture.
    """

    def __init__(self, classes: int = len(GENDER_CATEGORY), width: int = WIDTH) -> None:
        super().__init__()
        self.latent = LATENT
        c = [8 * width, 4 * width, 2 * width, width]
        self.stages = nn.ModuleDict(
            {
                "4x4": Grow(LATENT, c[0], classes, stride=1, padding=0),
                "8x8": Grow(c[0], c[1], classes),
                "16x16": Grow(c[1], c[2], classes),
                "32x32": Grow(c[2], c[3], classes),
                "picture": nn.Sequential(
                    nn.ConvTranspose2d(c[3], c[3] // 2, 4, 2, 1), nn.ReLU(), nn.Conv2d(c[3] // 2, 3, 3, 1, 1), nn.Tanh()
                ),
            }
        )
        self.excite = nn.ModuleDict({"16x16": Excite(c[0], c[2]), "32x32": Excite(c[1], c[3])})
        initialise(self)

    def forward(self, z: Tensor, classes: Tensor | None = None) -> Tensor:
        """Latents ``(N, 128)`` and class indices ``(N,)`` to ``(N, 3, 64, 64)`` in -1..1."""
        if classes is None:
            raise ValueError("a conditional generator needs classes")
        x = z / z.square().mean(dim=1, keepdim=True).add(1e-8).sqrt()  # on the sphere, where interpolations stay
        maps = []
        x = x[:, :, None, None]
        for name, stage in self.stages.items():
            x = stage(x) if name == "picture" else stage(x, classes)
            if name in self.excite:
                x = self.excite[name](maps[len(maps) - 2], x)
            maps.append(x)
        return torch.clamp(x, -1, 1)


@register_generator(
    "cgan64.gender_category",
    title="Conditional generator · six classes",
    size=SIZE,
    latent=LATENT,
    learns=GENDER_CATEGORY,
    classes=GENDER_CATEGORY,
    paper="Beyond paper 003; projected discriminators (arXiv:2111.01007)",
    default=True,
)
def conditional_generator() -> Generator:
    """The conditional generator, 2.6 M parameters."""
    return ConditionalGenerator()
