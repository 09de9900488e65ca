"""One conditional generator for the six classes: transposed convolutions with class-conditional batch norm.

Batch norm whose scale and shift are the class's (Dumoulin et al., arXiv:1610.07629), and skip-layer excitation, by
which an early layer weighs the channels of a late one (Liu et al., arXiv:2101.04775). What judges it is spectrally
normalised (Miyato et al., arXiv:1802.05957), sees pictures that were shifted and recoloured, drawn and real alike (Zhao
et al., arXiv:2006.10738), and is told the class by projection (Miyato and Koyama, arXiv:1802.05637).
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from fashionviz.data.labels import GENDER_CATEGORY
from fashionviz.models.dcgan import initialise
from fashionviz.models.generators import Generator, register_generator

LATENT = 128
WIDTH = 48
JUDGE_WIDTH = 32
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
        """``(N, C, H, W)`` and class indices ``(N,)``, or weights ``(N, K)`` of a blend, to ``(N, C, H, W)``."""
        if classes.is_floating_point():
            scale, shift = classes @ self.scale.weight, classes @ self.shift.weight
        else:
            scale, shift = self.scale(classes), self.shift(classes)
        return self.norm(x) * scale[:, :, None, None] + shift[:, :, None, None]


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
        picture = nn.Conv2d(c[3] // 2, 3, 3, 1, 1)
        self.stages = nn.ModuleDict(
            {
                "4x4": Grow(LATENT, c[0], classes, stride=1, padding=0),
                "8x8": Grow(c[0], c[1], classes),
                "16x16": Grow(c[1], c[2], classes),
                "32x32": Grow(c[2], c[3], classes),
                "64x64": Grow(c[3], c[3] // 2, classes),
                "picture": nn.Sequential(picture, nn.Tanh()),
            }
        )
        self.excite = nn.ModuleDict({"16x16": Excite(c[0], c[2]), "32x32": Excite(c[1], c[3])})
        initialise(self)
        picture.reset_parameters()  # nothing is normed after it, so it begins as PyTorch has it

    def watch(self, z: Tensor, classes: Tensor | None = None) -> dict[str, Tensor]:
        """What each stage gives.

        Raises:
            ValueError: no classes.
        """
        if classes is None:
            raise ValueError("a conditional generator needs classes")
        x = z / z.square().mean(dim=1, keepdim=True).add(1e-8).sqrt()  # on the sphere, where walks stay
        x = x[:, :, None, None]
        found: dict[str, Tensor] = {}
        for name, stage in self.stages.items():
            x = stage(x) if name == "picture" else stage(x, classes)
            if name in self.excite:  # by the stage two before it
                x = self.excite[name](list(found.values())[-2], x)
            found[name] = x
        return found


class ConditionalDiscriminator(nn.Module):
    """Spectrally normalised convolutions from 64×64 pixels to a logit given the class, and to a guess of the class.

    Args:
        classes: how many there are.
        width: channels of the first convolution.
    """

    def __init__(self, classes: int = len(GENDER_CATEGORY), width: int = JUDGE_WIDTH) -> None:
        super().__init__()
        stages: dict[str, nn.Module] = {}
        inside = 3
        for number, side in enumerate((32, 16, 8, 4)):
            outside = width << number
            stages[f"{side}x{side}"] = nn.Sequential(
                spectral_norm(nn.Conv2d(inside, outside, 4, 2, 1)), nn.LeakyReLU(0.2)
            )
            inside = outside
        self.stages = nn.ModuleDict(stages)
        self.logit = spectral_norm(nn.Linear(inside, 1))
        self.classes = spectral_norm(nn.Embedding(classes, inside))
        self.names = spectral_norm(nn.Linear(inside, classes))

    def forward(self, images: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
        """``(N, 3, 64, 64)`` in -1..1 and class indices ``(N,)`` to logits ``(N,)`` and class logits ``(N, K)``."""
        return self._judged(self._seen(images)["4x4"], classes)

    def watch(self, images: Tensor) -> dict[str, Tensor]:
        """What each stage gives of ``(N, 3, 64, 64)`` in -1..1; the last one is the logit ``(N, 1, 1, 1)``.

        Of the class that a picture is taken for: nobody says which one it is.
        """
        found = self._seen(images)
        taken = self.names(found["4x4"].sum(dim=(2, 3))).argmax(dim=1)
        found["logit"] = self._judged(found["4x4"], taken)[0][:, None, None, None]
        return found

    def _seen(self, x: Tensor) -> dict[str, Tensor]:
        found: dict[str, Tensor] = {}
        for name, stage in self.stages.items():
            x = found[name] = stage(x)
        return found

    def _judged(self, last: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
        x = last.sum(dim=(2, 3))
        return self.logit(x)[:, 0] + (self.classes(classes) * x).sum(dim=1), self.names(x)


@register_generator(
    "cgan64.gender_category",
    title="Conditional generator · six classes",
    size=SIZE,
    latent=LATENT,
    learns=GENDER_CATEGORY,
    classes=GENDER_CATEGORY,
    paper="Beyond paper 003; spectral normalisation and projection (arXiv:1802.05957, arXiv:1802.05637)",
    make_judge=ConditionalDiscriminator,
    default=True,
    tries=3,
)
def conditional_generator() -> Generator:
    """The conditional generator, 2.6 M parameters."""
    return ConditionalGenerator()
