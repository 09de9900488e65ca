"""Layers, filters and activation maps come from the network itself."""

import numpy as np
import pytest
import torch
from torch import nn

from fashionviz.errors import InvalidRequest
from fashionviz.explain.layers import activations_of, filters_of, list_layers, recording


@pytest.fixture
def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), nn.ReLU(inplace=True), nn.Flatten(), nn.LazyLinear(5))


def test_layers_have_the_shapes_that_a_forward_pass_has(network: nn.Sequential) -> None:
    network(torch.zeros(1, 3, 9, 7))
    network.train()
    layers = list_layers(network, (9, 7))
    assert [(la.name, la.kind, la.shape) for la in layers] == [
        ("0", "Conv2d", (4, 4, 3)),
        ("1", "ReLU", (4, 4, 3)),
        ("2", "Flatten", (48,)),
        ("3", "Linear", (5,)),
    ]
    assert [la.spatial for la in layers] == [True, True, False, False]
    assert [la.filters for la in layers] == [True, False, False, False]
    assert network.training, "the mode must be restored"


def test_activations_equal_a_forward_pass_by_hand(network: nn.Sequential) -> None:
    x = torch.randn(1, 3, 9, 7)
    network(x)
    convolved = torch.nn.functional.conv2d(x, network[0].weight, network[0].bias, stride=2)
    # The convolution's own output, although an in-place ReLU overwrites it right after.
    assert np.allclose(activations_of(network, x, "0"), convolved[0].detach().numpy(), atol=1e-6)
    assert np.allclose(activations_of(network, x, "1"), convolved[0].clamp(min=0).detach().numpy(), atol=1e-6)


def test_hooks_go_even_when_the_forward_pass_fails(network: nn.Sequential) -> None:
    with pytest.raises(RuntimeError), recording(network, ["0"]):
        network(torch.zeros(1, 1, 9, 7))
    assert not any(m._forward_hooks for m in network.modules())


def test_filters_are_the_weights(network: nn.Sequential) -> None:
    assert np.array_equal(filters_of(network, "0"), network[0].weight.detach().numpy())
    with pytest.raises(InvalidRequest, match="not a convolution"):
        filters_of(network, "1")


@pytest.mark.parametrize("layer", ["", "nothing", "2", "3"])  # the whole network, no layer, and layers without a map
def test_layers_without_maps_are_refused(network: nn.Sequential, layer: str) -> None:
    with pytest.raises(InvalidRequest):
        activations_of(network, torch.zeros(1, 3, 9, 7), layer)
