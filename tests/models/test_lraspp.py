"""LR-ASPP on MobileNetV2: a dilated trunk that sees what the strided one sees, and logits of the input's size."""

import pytest
import torch
from torchvision.models import mobilenet_v2

from fashionviz.models.lraspp import LRASPPMobileNetV2


@pytest.fixture(scope="module")
def network() -> LRASPPMobileNetV2:
    torch.manual_seed(0)
    return LRASPPMobileNetV2(3).eval()


def test_the_dilated_trunk_is_the_published_one_between_its_places(network: LRASPPMobileNetV2) -> None:
    """Every second place of the dilated map is what the strided network computes (Chen et al. 2017, "à trous")."""
    published = mobilenet_v2(weights=None)
    published.features.load_state_dict(network.features.state_dict())  # the same names
    x = torch.randn(2, 3, 128, 96)
    with torch.inference_mode():
        dense, strided = network.features(x), published.eval().features(x)
    assert dense.shape[2:] == (8, 6)
    assert strided.shape[2:] == (4, 3)
    assert float(strided.abs().max()) > 0
    assert torch.allclose(dense[:, :, ::2, ::2], strided, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("size", [(64, 48), (65, 51)])
def test_logits_have_the_size_of_the_input(network: LRASPPMobileNetV2, size: tuple[int, int]) -> None:
    with torch.inference_mode():
        assert network(torch.zeros(1, 3, *size)).shape == (1, 3, *size)
