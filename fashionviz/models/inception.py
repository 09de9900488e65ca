"""Inception-v3 (Szegedy et al. 2016)."""

from __future__ import annotations

from typing import Any

from torch import nn

from fashionviz.models.registry import register_model

_FACTS: dict[str, Any] = {
    "input_size": (160, 120),
    "first_conv": "Conv2d_1a_3x3.conv",
    "activation_layer": "Conv2d_2b_3x3.conv",
    # Of the layers with more than a place or two at this size; after Mixed_6e nothing speaks for a class that the
    # network is unsure of, and the map would be empty.
    "gradcam_layer": "Mixed_6c",
    "head": "fc",
    "relu_family": True,
    # What its published weights were trained with: torchvision's, too, once their own transform is left out.
    "mean": (0.5, 0.5, 0.5),
    "std": (0.5, 0.5, 0.5),
}


@register_model(
    "inception_v3.tags",
    default=True,
    paper="Paper 000: the multi-label tagger (arXiv:1512.00567)",
    **_FACTS,
)
@register_model(
    "inception_v3.gender_category",
    paper="Paper 003: one of the three it chose among (arXiv:1512.00567)",
    **_FACTS,
)
def inception_v3_classifier(num_classes: int) -> nn.Module:
    """torchvision's Inception-v3 without the auxiliary classifier, 22 M parameters.

    Its ReLUs are functional: explanations hook them through :mod:`fashionviz.explain.hookable`.

    Args:
        num_classes: number of logits.

    Returns:
        A module mapping ``(N, 3, H, W)`` normalised RGB to ``(N, num_classes)`` logits, H and W of at least 75.
    """
    from torchvision.models import inception_v3

    # Its own initialisation draws from scipy's truncated normal and takes most of a minute.
    return inception_v3(weights=None, num_classes=num_classes, aux_logits=False, init_weights=False)
