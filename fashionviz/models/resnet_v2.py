"""ResNet-50 v2: pre-activation bottlenecks (He et al. 2016, "Identity Mappings in Deep Residual Networks").

Batch norm and ReLU stand before each convolution, the skip connection carries the sum unchanged, and a last batch norm
and ReLU follow the last block. As in the reference implementations the stride sits in the 3×3 convolution.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fashionviz.models.registry import register_model

_EXPANSION = 4


class PreActBottleneck(nn.Module):
    """BN-ReLU-1×1, BN-ReLU-3×3, BN-ReLU-1×1, added to the skip connection.

    A projection, where the shape changes, sees the pre-activated input, as in the paper's residual unit (e).

    Args:
        inside: input channels.
        width: channels of the 3×3 convolution; the block's output has four times as many.
        stride: of the 3×3 convolution.
    """

    def __init__(self, inside: int, width: int, stride: int = 1) -> None:
        super().__init__()
        outside = width * _EXPANSION
        self.bn1 = nn.BatchNorm2d(inside)
        self.conv1 = nn.Conv2d(inside, width, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outside, 1, bias=False)
        self.relu1, self.relu2, self.relu3 = (nn.ReLU(inplace=True) for _ in range(3))
        self.project = nn.Conv2d(inside, outside, 1, stride, bias=False) if stride != 1 or inside != outside else None

    def forward(self, x: Tensor) -> Tensor:
        """``(N, inside, h, w)`` to ``(N, 4 * width, h / stride, w / stride)``."""
        active = self.relu1(self.bn1(x))
        skip = x if self.project is None else self.project(active)
        out = self.conv1(active)
        out = self.conv2(self.relu2(self.bn2(out)))
        return skip + self.conv3(self.relu3(self.bn3(out)))


class ResNetV2(nn.Module):
    """A pre-activation residual network.

    Args:
        blocks: number of blocks in each of the four stages; (3, 4, 6, 3) makes fifty layers.
        num_classes: number of logits.
    """

    def __init__(self, blocks: tuple[int, int, int, int], num_classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.pool = nn.MaxPool2d(3, 2, 1)
        inside = 64
        stages: list[nn.Module] = []
        for number, count in enumerate(blocks):
            width = 64 * 2**number
            units = []
            for unit in range(count):
                units.append(PreActBottleneck(inside, width, 2 if number and unit == 0 else 1))
                inside = width * _EXPANSION
            stages.append(nn.Sequential(*units))
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        self.bn = nn.BatchNorm2d(inside)
        self.relu = nn.ReLU(inplace=True)
        self.fc = nn.Linear(inside, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``(N, K)`` of ``(N, 3, H, W)`` normalised RGB."""
        x = self.pool(self.conv1(x))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        x = self.relu(self.bn(x))
        return self.fc(torch.flatten(nn.functional.adaptive_avg_pool2d(x, 1), 1))


@register_model(
    "resnet50v2.clothing10",
    input_size=(64, 48),
    first_conv="conv1",
    activation_layer="layer1.0.conv2",
    gradcam_layer="relu",
    head="fc",
    relu_family=True,
    paper="Paper 002: the variation of ResNet50 that it selected (arXiv:1603.05027)",
)
def resnet50v2_classifier(num_classes: int) -> nn.Module:
    """Pre-activation ResNet-50, 24 M parameters.

    Args:
        num_classes: number of logits.
    """
    return ResNetV2((3, 4, 6, 3), num_classes)
