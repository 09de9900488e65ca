"""VGG16 (Simonyan & Zisserman 2015) with a small head.

The convolutions are the paper's, without batch norm, as its ImageNet weights are. Its three fully connected layers
(124 M parameters, learned for 224×224 alone) are replaced by global average pooling and one hidden layer, so that any
input size works and the weights can be shipped.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from fashionviz.models.registry import register_model

_LAYERS: dict[str, Any] = {
    "first_conv": "features.0",
    "activation_layer": "features.2",
    "gradcam_layer": "features.29",
    "head": "classifier.4",
    "relu_family": True,
}


class VGG16(nn.Module):
    """VGG16's convolutions, pooled globally, then 512-512-K.

    Args:
        num_classes: number of logits.
    """

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        from torchvision.models import vgg16

        self.features = vgg16(weights=None).features
        self.classifier = nn.Sequential(
            nn.Dropout(0.3), nn.Linear(512, 512), nn.ReLU(inplace=True), nn.Dropout(0.3), nn.Linear(512, num_classes)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``(N, K)`` of ``(N, 3, H, W)`` normalised RGB, H and W of at least 32."""
        return self.classifier(torch.flatten(nn.functional.adaptive_avg_pool2d(self.features(x), 1), 1))


@register_model(
    "vgg16.clothing10",
    input_size=(160, 120),
    paper="Paper 002: one of its three networks (arXiv:1409.1556)",
    **_LAYERS,
)
@register_model(
    "vgg16.gender_category",
    input_size=(160, 120),
    paper="Paper 003: one of the three it chose among (arXiv:1409.1556)",
    **_LAYERS,
)
def vgg16_classifier(num_classes: int) -> nn.Module:
    """VGG16 with a small head, 15 M parameters.

    Args:
        num_classes: number of logits.
    """
    return VGG16(num_classes)
