"""MobileNetV2 (Sandler et al. 2018): inverted residuals with ReLU6, 2.2 M parameters."""

from __future__ import annotations

from typing import Any

from torch import nn

from fashionviz.models.registry import register_model

_LAYERS: dict[str, Any] = {
    "first_conv": "features.0.0",
    "activation_layer": "features.3",
    "gradcam_layer": "features.18",
    "head": "classifier.1",
    "relu_family": True,
}


@register_model(
    "mobilenet_v2.street_tags",
    input_size=(224, 168),
    default=True,
    paper="Paper 000's tagger carried over to street photos (arXiv:1801.04381)",
    **_LAYERS,
)
@register_model(
    "mobilenet_v2.clothing10",
    input_size=(224, 168),
    paper="The ten classes of the Clothing data set; architecture of Sandler et al. 2018 (arXiv:1801.04381)",
    **_LAYERS,
)
@register_model(
    "mobilenet_v2.gender_category",
    input_size=(160, 120),
    default=True,
    paper="Classes of paper 003; architecture of Sandler et al. 2018 (arXiv:1801.04381)",
    **_LAYERS,
)
def mobilenet_v2_classifier(num_classes: int) -> nn.Module:
    """torchvision's MobileNetV2 1.0 with a new linear head.

    Args:
        num_classes: number of logits.

    Returns:
        A module mapping ``(N, 3, H, W)`` normalised RGB to ``(N, num_classes)`` logits, any H and W of at least 32.
    """
    from torchvision.models import mobilenet_v2

    return mobilenet_v2(weights=None, num_classes=num_classes)
