"""Layers of a network, read from the network: names, shapes, filters, activation maps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fashionviz.errors import InvalidRequest
from fashionviz.results import LayerInfo


@contextmanager
def recording(network: nn.Module, names: list[str]) -> Iterator[dict[str, Tensor]]:
    """Record the outputs of layers during forward passes; every hook is removed on the way out.

    Yields:
        A dictionary that fills with detached outputs by layer name. A layer used more than once keeps its last output.
    """
    modules = dict(network.named_modules())
    outputs: dict[str, Tensor] = {}

    def hook_for(name: str) -> Any:
        def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
            if isinstance(output, Tensor):
                outputs[name] = output.detach().clone()  # a later in-place ReLU must not change what was recorded

        return hook

    handles = [modules[name].register_forward_hook(hook_for(name)) for name in names]
    try:
        yield outputs
    finally:
        for handle in handles:
            handle.remove()


def list_layers(network: nn.Module, input_size: tuple[int, int]) -> tuple[LayerInfo, ...]:
    """Every named module that a forward pass goes through and that puts out one tensor, in the order of the network."""
    names = [name for name, _ in network.named_modules() if name]
    device = next(network.parameters()).device
    was_training = network.training
    network.eval()
    try:
        with torch.no_grad(), recording(network, names) as outputs:
            network(torch.zeros(1, 3, *input_size, device=device))
    finally:
        network.train(was_training)
    modules = dict(network.named_modules())
    return tuple(
        LayerInfo(
            name=name,
            kind=type(modules[name]).__name__,
            shape=tuple(outputs[name].shape[1:]),
            parameters=sum(p.numel() for p in modules[name].parameters()),
            spatial=outputs[name].ndim == 4 and min(outputs[name].shape[2:]) > 1,
            filters=isinstance(modules[name], nn.Conv2d),
        )
        for name in names
        if name in outputs and len(outputs[name]) == 1  # what a detector makes of each proposal is not of the photo
    )


def filters_of(network: nn.Module, layer: str) -> NDArray[np.float32]:
    """Weights of a convolution, ``(N, C, kh, kw)`` float32.

    Raises:
        InvalidRequest: no such layer, or it is no convolution.
    """
    module = dict(network.named_modules()).get(layer)
    if not isinstance(module, nn.Conv2d):
        convolutions = [n for n, m in network.named_modules() if isinstance(m, nn.Conv2d)]
        raise InvalidRequest(
            f"{layer!r} is not a convolution of this model; it has {len(convolutions)}, "
            f"the first is {convolutions[0]!r}."
        )
    return module.weight.detach().float().cpu().numpy().copy()


def activations_of(network: nn.Module, x: Tensor, layer: str) -> NDArray[np.float32]:
    """Output of a layer for one input ``(1, 3, H, W)``: ``(C, h, w)`` float32.

    Raises:
        InvalidRequest: no such layer, or its output has no height and width of the photo.
    """
    if layer not in dict(network.named_modules()) or not layer:
        raise InvalidRequest(f"This model has no layer {layer!r}. `fashionviz models --layers` lists the names.")
    with torch.no_grad(), recording(network, [layer]) as outputs:
        network(x)
    if layer not in outputs or outputs[layer].ndim != 4 or len(outputs[layer]) != len(x):
        raise InvalidRequest(
            f"The layer {layer!r} has no activation maps: its output has no height and width of the photo."
        )
    return outputs[layer][0].float().cpu().numpy()
