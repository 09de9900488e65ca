"""Networks that turn a picture into a vector of norm 1: pictures of one shop item lie close to each other.

The vector is the last linear layer's output divided by its length, as in FaceNet (Schroff et al. 2015,
arXiv:1503.03832). Without the division a triplet loss may shrink every vector to zero, where it stays at its margin:
paper 001 met exactly this.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from fashionviz.models.registry import register_model


class ItemEmbedder(nn.Module):
    """A trunk, the mean over its last map, and a linear layer whose output is scaled to norm 1.

    Args:
        trunk: ``(N, 3, H, W)`` to ``(N, C, h, w)``.
        channels: C.
        dimensions: of the vector.

    ``normalised`` is true of every network that is served; a study turns it off to show why.
    """

    def __init__(self, trunk: nn.Module, channels: int, dimensions: int) -> None:
        super().__init__()
        self.features = trunk
        self.normalised = True
        self.classifier = nn.Sequential(nn.Dropout(0.0), nn.Linear(channels, dimensions))

    def forward(self, x: Tensor) -> Tensor:
        """Vectors ``(N, D)`` of norm 1 of normalised RGB ``(N, 3, H, W)``, any H and W of at least 32."""
        vectors = self.classifier(self.features(x).mean(dim=(2, 3)))
        return F.normalize(vectors, dim=1) if self.normalised else vectors


@register_model(
    "mobilenet_v2.item",
    input_size=(128, 96),
    first_conv="features.0.0",
    activation_layer="features.3",
    gradcam_layer="features.18",
    head="classifier.1",
    relu_family=True,
    default=True,
    paper="Paper 001's embedding (FaceNet's triplets, arXiv:1503.03832) on MobileNetV2 (arXiv:1801.04381)",
)
def mobilenet_v2_embedder(dimensions: int) -> nn.Module:
    """torchvision's MobileNetV2 1.0 with a linear layer to a vector of norm 1.

    Args:
        dimensions: of the vector.
    """
    from torchvision.models import mobilenet_v2

    return ItemEmbedder(mobilenet_v2(weights=None).features, 1280, dimensions)
