"""LR-ASPP on MobileNetV2: what each pixel shows, in one light forward pass.

The head is torchvision's, of Howard et al. 2019 (arXiv:1905.02244): the deepest features, weighted channel by channel
by their mean over the picture, and one shallow layer that keeps edges. The trunk is torchvision's MobileNetV2 (Sandler
et al. 2018) with its names, so that ImageNet's weights load as they are. Its last stride becomes a dilation, as in that
paper's section 6.4: the deepest map has a sixteenth of the input's height and width instead of a thirty-second.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from fashionviz.models.registry import register_model

#: The block whose features have an eighth of the input's size: edges come from it.
LOW = 6
_LOW_CHANNELS, _HIGH_CHANNELS, _INNER = 32, 1280, 128
#: The blocks from the one with the last stride on.
_DILATED = range(14, 18)


class LRASPPMobileNetV2(nn.Module):
    """A segmentation network.

    Args:
        num_classes: logits a pixel.
    """

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        from torchvision.models import mobilenet_v2
        from torchvision.models.segmentation.lraspp import LRASPPHead

        self.features = mobilenet_v2(weights=None).features
        for place in _DILATED:
            _dilate(self.features[place], first=place == _DILATED[0])
        self.classifier = LRASPPHead(_LOW_CHANNELS, _HIGH_CHANNELS, num_classes, _INNER)

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``(N, K, H, W)`` of normalised RGB ``(N, 3, H, W)``, any H and W of at least 32."""
        size = x.shape[-2:]
        low = x
        for place, block in enumerate(self.features):
            x = block(x)
            if place == LOW:
                low = x
        logits = self.classifier({"low": low, "high": x})
        return F.interpolate(logits, size=size, mode="bilinear", align_corners=False)


def _dilate(block: nn.Module, *, first: bool) -> None:
    """Let a block keep the size of its input: its 3×3 convolutions see every second pixel instead.

    Args:
        block: an inverted residual.
        first: the one that had the stride; what it sees has not been thinned out yet.
    """
    for layer in block.modules():
        if isinstance(layer, nn.Conv2d) and layer.kernel_size == (3, 3):
            layer.stride = (1, 1)
            if not first:
                layer.dilation = layer.padding = (2, 2)


@register_model(
    "lraspp_mobilenet_v2.garment",
    input_size=(320, 240),
    first_conv="features.0.0",
    activation_layer="features.3",
    gradcam_layer="features.18",
    head="classifier.high_classifier",
    relu_family=True,
    default=True,
    paper="LR-ASPP of Howard et al. 2019 (arXiv:1905.02244) on MobileNetV2 (arXiv:1801.04381)",
)
def lraspp_mobilenet_v2(num_classes: int) -> nn.Module:
    """LR-ASPP on MobileNetV2.

    Args:
        num_classes: logits a pixel.
    """
    return LRASPPMobileNetV2(num_classes)
