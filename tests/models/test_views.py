"""Averaging over the mirror image: symmetric by construction, and what it must equal."""

import torch
from torch import nn

from fashionviz.models.views import logits_of


def test_mirrored_photos_get_the_same_logits() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 5)).eval()
    x = torch.randn(3, 3, 8, 8)
    with torch.no_grad():
        assert torch.equal(logits_of(network, x, False), network(x))
        both = logits_of(network, x, True)
        torch.testing.assert_close(both, (network(x) + network(x.flip(3))) / 2)
        torch.testing.assert_close(logits_of(network, x.flip(3), True), both)
        assert not torch.allclose(network(x), network(x.flip(3)))
