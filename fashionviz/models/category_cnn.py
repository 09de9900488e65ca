"""The small category networks of paper 001: three blocks on 28×28 grey, four blocks on 64×64 colour.

A block is a 3×3 convolution with ReLU, 2×2 max pooling and dropout; then a fully connected layer with ReLU and the
logits (softmax is left to the loss). The paper names neither widths nor dropout rates: these are ours.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from fashionviz.models.registry import register_model

_HALF = (0.5, 0.5, 0.5)
#: ITU-R BT.601 luma, as Pillow's mode "L".
_LUMA = (0.299, 0.587, 0.114)


class CategoryCNN(nn.Module):
    """Convolution blocks and a two-layer head.

    Args:
        num_classes: number of logits.
        side: height and width of the input in pixels; halved by every block.
        widths: channels of the blocks.
        grey: weigh RGB into one channel first.
        dropout: probability after each pooling; twice that before the logits.
    """

    luma: Tensor

    def __init__(self, num_classes: int, side: int, widths: tuple[int, ...], grey: bool, dropout: float) -> None:
        super().__init__()
        self.grey = grey
        self.register_buffer("luma", torch.tensor(_LUMA).view(3, 1, 1), persistent=False)
        layers: list[nn.Module] = []
        inside = 1 if grey else 3
        for width in widths:
            layers += [
                nn.Conv2d(inside, width, 3, padding=1),
                nn.ReLU(inplace=True),
                nn.MaxPool2d(2),
                nn.Dropout(dropout),
            ]
            inside, side = width, side // 2
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(inside * side * side, 128),
            nn.ReLU(inplace=True),
            nn.Dropout(2 * dropout),
            nn.Linear(128, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``(N, K)`` of ``(N, 3, side, side)`` normalised RGB."""
        if self.grey:
            x = (x * self.luma).sum(dim=1, keepdim=True)
        return self.classifier(self.features(x))


_LAYERS: dict[str, Any] = {
    "first_conv": "features.0",
    "activation_layer": "features.0",
    "head": "classifier.4",
    "relu_family": True,
    "mean": _HALF,
    "std": _HALF,
}


@register_model(
    "category_cnn28.category11",
    input_size=(28, 28),
    gradcam_layer="features.9",
    default=True,  # beats the larger one on validation
    grey=True,
    paper="Paper 001, section 5.2: the network for 28×28 grey pictures",
    **_LAYERS,
)
def category_cnn28(num_classes: int) -> nn.Module:
    """Three identical blocks of 64 channels on 28×28 grey.

    Args:
        num_classes: number of logits.
    """
    return CategoryCNN(num_classes, 28, (64, 64, 64), grey=True, dropout=0.15)


@register_model(
    "category_cnn64.category5",
    input_size=(64, 64),
    gradcam_layer="features.13",
    default=True,
    paper="Paper 001, section 5.2: 64×64 input with fewer classes",
    **_LAYERS,
)
@register_model(
    "category_cnn64.category11",
    input_size=(64, 64),
    gradcam_layer="features.13",
    paper="Paper 001, section 5.2: the deeper network with 64×64 input",
    **_LAYERS,
)
def category_cnn64(num_classes: int) -> nn.Module:
    """Four blocks of 64 channels on 64×64 colour.

    Args:
        num_classes: number of logits.
    """
    return CategoryCNN(num_classes, 64, (64, 64, 64, 64), grey=False, dropout=0.15)
