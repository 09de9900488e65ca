"""EfficientNet-Lite (Liu 2020, after Tan & Le 2019): EfficientNet without squeeze-and-excitation and with ReLU6.

ReLU6 instead of swish makes guided backpropagation apply. The padding is TensorFlow's "same", which its published
weights were trained with.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fashionviz.models.registry import register_model

#: (repeats, kernel, stride, expansion, channels) of the seven stages of Lite-0.
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_STEM, _HEAD = 32, 1280
_HALF = (0.5, 0.5, 0.5)


class SameConv2d(nn.Conv2d):
    """A convolution whose output is ``ceil(input / stride)``: an odd pixel of padding goes right and below."""

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, h, w)`` to ``(N, K, ceil(h / stride), ceil(w / stride))``."""
        below, right = (self._missing(n) for n in x.shape[2:])
        both = (below // 2, right // 2)  # a convolution pads both sides alike, without a copy
        if below % 2 or right % 2:
            x, both = F.pad(x, (right // 2, right - right // 2, below // 2, below - below // 2)), (0, 0)
        return F.conv2d(x, self.weight, self.bias, self.stride, both, self.dilation, self.groups)

    def _missing(self, size: int) -> int:
        stride = self.stride[0]
        return max((math.ceil(size / stride) - 1) * stride + self.kernel_size[0] - size, 0)


def _unit(
    inside: int, outside: int, kernel: int, stride: int = 1, groups: int = 1, active: bool = True
) -> nn.Sequential:
    parts: list[nn.Module] = [
        SameConv2d(inside, outside, kernel, stride, groups=groups, bias=False),
        nn.BatchNorm2d(outside, eps=1e-3, momentum=0.01),
    ]
    return nn.Sequential(*parts, nn.ReLU6(inplace=True)) if active else nn.Sequential(*parts)


class InvertedResidual(nn.Module):
    """1×1 expansion, depthwise convolution, 1×1 projection without activation (Sandler et al. 2018).

    Args:
        inside, outside: channels.
        kernel, stride: of the depthwise convolution.
        expansion: how many times wider the middle is; 1 leaves the expansion out.
        drop: probability that a photo skips the block in training (stochastic depth; Huang et al. 2016).
    """

    def __init__(self, inside: int, outside: int, kernel: int, stride: int, expansion: int, drop: float) -> None:
        super().__init__()
        from torchvision.ops import StochasticDepth

        middle = inside * expansion
        self.expand = _unit(inside, middle, 1) if expansion != 1 else nn.Identity()
        self.depthwise = _unit(middle, middle, kernel, stride, groups=middle)
        self.project = _unit(middle, outside, 1, active=False)
        self.skips = stride == 1 and inside == outside
        self.drop = StochasticDepth(drop, "row")

    def forward(self, x: Tensor) -> Tensor:
        """``(N, inside, h, w)`` to ``(N, outside, ceil(h / stride), ceil(w / stride))``."""
        out = self.project(self.depthwise(self.expand(x)))
        return x + self.drop(out) if self.skips else out


def _channels(base: int, width: float) -> int:
    """Scaled to a multiple of 8, never down by more than 10 %."""
    wide = max(8, int(base * width + 4) // 8 * 8)
    return wide + 8 if wide < 0.9 * base * width else wide


class EfficientNetLite(nn.Module):
    """EfficientNet-Lite.

    Args:
        width, depth: multipliers of channels and repeats; stem, first and last stage keep theirs.
        dropout: before the head.
        num_classes: number of logits.
    """

    def __init__(self, width: float, depth: float, dropout: float, num_classes: int) -> None:
        super().__init__()
        repeats = [
            count if number in (0, len(_STAGES) - 1) else math.ceil(depth * count)
            for number, (count, *_) in enumerate(_STAGES)
        ]
        parts: list[nn.Module] = [_unit(3, _STEM, 3, 2)]
        inside = _STEM
        for count, (_, kernel, stride, expansion, base) in zip(repeats, _STAGES, strict=True):
            outside = _channels(base, width)
            for unit in range(count):
                drop = 0.2 * (len(parts) - 1) / sum(repeats)
                parts.append(InvertedResidual(inside, outside, kernel, stride if unit == 0 else 1, expansion, drop))
                inside = outside
        self.features = nn.Sequential(*parts, _unit(inside, _HEAD, 1))
        self.classifier = nn.Sequential(nn.Dropout(dropout), nn.Linear(_HEAD, num_classes))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``(N, K)`` of ``(N, 3, H, W)`` normalised RGB, any H and W of at least 32."""
        return self.classifier(torch.flatten(F.adaptive_avg_pool2d(self.features(x), 1), 1))


@register_model(
    "efficientnet_lite1.clothing10",
    input_size=(256, 192),
    first_conv="features.0.0",
    activation_layer="features.2",
    gradcam_layer="features.22",
    head="classifier.1",
    relu_family=True,
    mean=_HALF,
    std=_HALF,
    default=True,  # the best on validation
    paper="The ten classes of the Clothing data set; EfficientNet-Lite1 (Liu 2020; arXiv:1905.11946)",
)
def efficientnet_lite1(num_classes: int) -> nn.Module:
    """EfficientNet-Lite1, 4.1 M parameters without its ImageNet head.

    Args:
        num_classes: number of logits.
    """
    return EfficientNetLite(1.0, 1.1, 0.2, num_classes)
