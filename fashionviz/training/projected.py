"""Projected discriminators (Sauer et al., arXiv:2111.01007): small judges of a frozen ImageNet network's features.

What a network already sees in photos need not be learned anew by a discriminator, which on two cores makes the
difference between hours and days. The frozen network is EfficientNet-Lite1; the distances that judge the result
(:mod:`fashionviz.evaluation.drawings`) are measured in the features of other networks.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from fashionviz.models.efficientnet_lite import EfficientNetLite
from fashionviz.models.weights import load_initial
from fashionviz.training.backbones import imagenet_file

#: Blocks of EfficientNet-Lite1 whose output is judged: the last ones at strides 4, 8, 16 and 32.
_TAKEN = (4, 7, 15, 20)
_CHANNELS = (24, 40, 112, 192)
#: Channels after the random projections.
_MIXED = 64


class FrozenFeatures(nn.Module):
    """EfficientNet-Lite1 on ImageNet, frozen, its batch norms folded into the convolutions before them."""

    def __init__(self) -> None:
        super().__init__()
        network = EfficientNetLite(1.0, 1.1, 0.0, 1000)
        load_initial(imagenet_file("efficientnet_lite1"), network)
        self.blocks = network.features[: max(_TAKEN) + 1].eval()
        fold(self.blocks)
        self.requires_grad_(False)

    def train(self, mode: bool = True) -> FrozenFeatures:
        """It stays in evaluation mode."""
        return super().train(False)

    def forward(self, images: Tensor) -> list[Tensor]:
        """``(N, 3, H, W)`` in -1..1, which is how the network was trained, to four maps, fine to coarse."""
        found = []
        x = images
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in _TAKEN:
                found.append(x)
        return found


def fold(network: nn.Module) -> None:
    """Fold each batch norm into the convolution before it, in place; for networks in evaluation mode."""
    for module in network.modules():
        if not isinstance(module, nn.Sequential):
            continue
        names = list(module._modules)
        for first, second in zip(names, names[1:], strict=False):
            conv, norm = module._modules[first], module._modules[second]
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                assert norm.running_var is not None and norm.running_mean is not None
                with torch.no_grad():
                    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
                    conv.weight.mul_(scale[:, None, None, None])
                    bias = norm.bias - norm.running_mean * scale
                conv.bias = nn.Parameter(bias, requires_grad=False)
                module._modules[second] = nn.Identity()


class RandomMixing(nn.Module):
    """Fixed random projections across channels and, from coarse to fine, across scales."""

    def __init__(self) -> None:
        super().__init__()
        self.across = nn.ModuleList(nn.Conv2d(c, _MIXED, 1, bias=False) for c in _CHANNELS)
        self.down = nn.ModuleList(nn.Conv2d(_MIXED, _MIXED, 3, padding=1, bias=False) for _ in _CHANNELS)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="linear")
        self.requires_grad_(False)

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        """Four maps to four maps of 64 channels."""
        mixed: list[Tensor] = []
        above: Tensor | None = None
        for number in reversed(range(len(maps))):
            x = self.across[number](maps[number])
            if above is not None:
                x = (x + F.interpolate(above, scale_factor=2.0, mode="nearest")) * 0.7071
            above = self.down[number](x)
            mixed.append(above)
        return mixed[::-1]


class Judge(nn.Module):
    """Judges one scale: spectrally normalised convolutions to a logit, plus the class's projection (Miyato & Koyama 2018).

    Args:
        side: height and width of the map.
        classes: how many there are; 0 where the generator is not conditional.
    """

    def __init__(self, side: int, classes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inside = _MIXED
        while side > 4:
            layers += [spectral_norm(nn.Conv2d(inside, _MIXED * 2, 4, 2, 1)), nn.LeakyReLU(0.2)]
            inside, side = _MIXED * 2, side // 2
        layers += [spectral_norm(nn.Conv2d(inside, _MIXED * 2, side)), nn.LeakyReLU(0.2), nn.Flatten()]
        self.body = nn.Sequential(*layers)
        self.logit = spectral_norm(nn.Linear(_MIXED * 2, 1))
        self.classes = spectral_norm(nn.Embedding(classes, _MIXED * 2)) if classes else None

    def forward(self, x: Tensor, classes: Tensor | None) -> Tensor:
        """``(N, 64, side, side)`` to logits ``(N,)``."""
        x = self.body(x)
        out = self.logit(x)[:, 0]
        if self.classes is not None:
            out = out + (self.classes(classes) * x).sum(dim=1)
        return out


class ProjectedDiscriminator(nn.Module):
    """Four judges of a frozen network's features, and a linear layer that names the class of real photos.

    Args:
        size: height and width of the pictures.
        classes: how many there are; 0 where the generator is not conditional.
    """

    def __init__(self, size: tuple[int, int], classes: int) -> None:
        super().__init__()
        self.features = FrozenFeatures()
        self.mixing = RandomMixing()
        sides = [size[0] // stride for stride in (4, 8, 16, 32)]
        self.judges = nn.ModuleList(Judge(side, classes) for side in sides)
        self.names = nn.Linear(sum(_CHANNELS[2:]), classes) if classes else None

    def watched(self, images: Tensor) -> tuple[list[Tensor], Tensor]:
        """Mixed maps to be judged, and pooled features to be named."""
        maps = self.features(images)
        return self.mixing(maps), torch.cat([m.mean(dim=(2, 3)) for m in maps[2:]], dim=1)

    def judge(self, maps: list[Tensor], classes: Tensor | None) -> list[Tensor]:
        """A logit ``(N,)`` a scale."""
        return [judge(m, classes) for judge, m in zip(self.judges, maps, strict=True)]
