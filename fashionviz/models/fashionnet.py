"""FashionNet (Liu et al. 2016, as paper 004 tells it): VGG16's features, pooled at the landmarks that it finds."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models import vgg16

from fashionviz.data.landmarks.kinds import LANDMARKS
from fashionviz.models.landmark_answer import LandmarkAnswer, places
from fashionviz.models.registry import register_model

_COUNT = len(LANDMARKS)
#: Channels of VGG16's fourth and of its fifth group of convolutions.
_GROUP = 512
#: Places of VGG16's pooling after the fourth group and of the last ReLU of the fifth in torchvision's `features`.
_FOURTH, _FIFTH = 23, 29


class Groups(nn.Sequential):
    """VGG16's convolutions; the fourth group's output, pooled, beside the fifth's: ``(N, 1024, H/16, W/16)``."""

    def forward(self, x: Tensor) -> Tensor:
        """``(N, 1024, h, w)`` of ``(N, 3, 16h, 16w)`` normalised RGB."""
        fourth = x
        for number, layer in enumerate(self):
            x = layer(x)
            if number == _FOURTH:
                fourth = x
        return torch.cat([fourth, x], dim=1)


class FashionNet(nn.Module):
    """Three branches on VGG16's convolutions.

    The landmark branch finds eight places and says which of them the garment has. The local branch takes the largest
    values of the fourth group's features about each place, none where the landmark is absent (landmark pooling); the
    global branch convolves and pools the fifth group's. Local and global together name the category. Unlike the
    paper's, places are maps under a softmax, as RopaNet's are, not coordinates from a fully connected layer, so that
    both networks learn from the same loss and can be shown alike; and the fully connected layers have ``width``
    outputs, not thousands.

    Args:
        num_classes: number of logits.
        width: outputs of the local and of the global branch.
    """

    #: Layers that are not trained: their output is computed once.
    frozen = ("features",)

    def __init__(self, num_classes: int, width: int = 256) -> None:
        super().__init__()
        self.features = Groups(*list(vgg16(weights=None, init_weights=False).features)[: _FIFTH + 1])
        self.landmark_convolution = nn.Sequential(nn.Conv2d(_GROUP, 128, 3, padding=1), nn.ReLU())
        self.enlarge = nn.Sequential(
            nn.ConvTranspose2d(128, 64, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.ConvTranspose2d(64, 32, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.Conv2d(32, _COUNT, 1),
        )
        self.presence = nn.Linear(128, _COUNT)
        self.local_branch = nn.Sequential(nn.Linear(_COUNT * _GROUP, width), nn.ReLU())
        self.global_convolution = nn.Sequential(nn.Conv2d(_GROUP, _GROUP, 3, padding=1), nn.ReLU())
        self.global_branch = nn.Sequential(nn.Linear(_GROUP, width), nn.ReLU())
        self.category = nn.Linear(2 * width, num_classes)

    def gate_of(self, features: Tensor) -> None:
        """It has no gate."""

    def _maps(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Maps ``(N, 8, 4h, 4w)`` and presence ``(N, 8)``, both logits."""
        hidden = self.landmark_convolution(features[:, _GROUP:])
        return self.enlarge(hidden), self.presence(hidden.mean(dim=(2, 3)))

    def landmarks(self, features: Tensor, where: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Maps of the photos ``where`` (all by default) and presence of all, both logits."""
        maps, present = self._maps(features)
        return maps if where is None else maps[where], present

    def pooled_at(self, fourth: Tensor, where: Tensor, present: Tensor) -> Tensor:
        """Largest values about each place, ``(N, 8, 512)``; 0 where the landmark is absent.

        Args:
            fourth: ``(N, 512, h, w)``.
            where: ``(N, 8, 2)`` x and y from 0 to 1.
            present: ``(N, 8)`` logits.
        """
        side = torch.linspace(-0.09, 0.09, 3, device=where.device, dtype=where.dtype)
        steps = torch.stack(torch.meshgrid(side, side, indexing="xy"), dim=2).view(1, 1, -1, 2)
        grid = (where[:, :, None] + steps) * 2 - 1
        taken = F.grid_sample(fourth, grid.to(fourth.dtype), padding_mode="border", align_corners=False)
        return taken.amax(dim=3).transpose(1, 2) * present.sigmoid()[:, :, None]

    def _logits(self, features: Tensor, maps: Tensor, present: Tensor) -> Tensor:
        # Categories must not move the landmarks: they are learned from their own loss alone.
        pooled = self.pooled_at(features[:, :_GROUP], places(maps.detach()), present.detach())
        local = self.local_branch(pooled.flatten(1))
        whole = self.global_branch(self.global_convolution(features[:, _GROUP:]).mean(dim=(2, 3)))
        return self.category(torch.cat([local, whole], dim=1))

    def logits(self, features: Tensor) -> Tensor:
        """Logits ``(N, K)`` from the features, which may come from a cache."""
        return self._logits(features, *self._maps(features))

    def answer(self, features: Tensor, where: Tensor | None = None) -> LandmarkAnswer:
        """Categories and landmarks from the features, maps of some of the photos."""
        maps, present = self._maps(features)
        return LandmarkAnswer(self._logits(features, maps, present), maps if where is None else maps[where], present)

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``(N, K)`` of ``(N, 3, 128, 128)`` normalised RGB."""
        return self.logits(self.features(x))


@register_model(
    "fashionnet.category50",
    input_size=(128, 128),
    first_conv="features.0",
    activation_layer="features.2",
    gradcam_layer="features.28",
    head="category",
    relu_family=True,
    landmarks=True,
    paper="Paper 004: FashionNet, the network that RopaNet follows (Liu et al. 2016), with landmark maps",
)
def fashionnet(num_classes: int) -> nn.Module:
    """FashionNet as served.

    Args:
        num_classes: number of logits.
    """
    return FashionNet(num_classes)
