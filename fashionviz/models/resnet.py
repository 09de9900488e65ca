"""ResNet-50 and ResNet-152 (He et al. 2016): bottleneck residual networks."""

from __future__ import annotations

from typing import Any

from torch import nn

from fashionviz.models.registry import register_model

_LAYERS: dict[str, Any] = {
    "first_conv": "conv1",
    "activation_layer": "layer1.0.conv2",
    "gradcam_layer": "layer4",
    "head": "fc",
    "relu_family": True,
}


@register_model(
    "resnet152.gender_category",
    input_size=(64, 48),
    paper="Paper 003: the network it chose (arXiv:1512.03385)",
    **_LAYERS,
)
def resnet152_classifier(num_classes: int) -> nn.Module:
    """torchvision's ResNet-152 with a new linear head, 58 M parameters.

    Args:
        num_classes: number of logits.
    """
    from torchvision.models import resnet152

    # Every block starts as the identity (Goyal et al. 2017): weights of ResNet-50, which has the same stages with fewer
    # blocks, then make a ResNet-152 of the same answers, which training deepens (Chen et al. 2016, Net2Net).
    return resnet152(weights=None, num_classes=num_classes, zero_init_residual=True)


@register_model(
    "resnet50.gender_category",
    input_size=(64, 48),
    paper="What ResNet-152 and the ResNet-50 of ten types grow from (arXiv:1512.03385)",
    **_LAYERS,
)
@register_model(
    "resnet50.clothing10",
    input_size=(64, 48),
    paper="Paper 002: one of its three networks (arXiv:1512.03385)",
    **_LAYERS,
)
def resnet50_classifier(num_classes: int) -> nn.Module:
    """torchvision's ResNet-50 with a new linear head, 24 M parameters.

    Args:
        num_classes: number of logits.
    """
    from torchvision.models import resnet50

    return resnet50(weights=None, num_classes=num_classes, zero_init_residual=True)
