"""Which pixels of a photo excite a channel: guided backpropagation from its map."""

from __future__ import annotations

import threading
import time
from typing import Literal

import torch
from torch import Tensor, nn

from fashionviz.errors import InvalidRequest
from fashionviz.explain import methods  # noqa: F401  it silences what Captum announces at every call
from fashionviz.explain.hookable import Hookable, HookableReLU
from fashionviz.explore_results import ChannelAttribution
from fashionviz.images import Photo
from fashionviz.inference.loaded import Loaded
from fashionviz.results import Timings

Explained = Literal["maximum", "unclipped maximum", "mean", "value"]


class Neuron:
    """A channel's answer as one number, for Captum; remembers the map that it was taken from.

    Args:
        channel: which.
        mean: the map's mean instead of its maximum.
    """

    def __init__(self, channel: int, *, mean: bool = False) -> None:
        self.channel, self.mean = channel, mean
        self.map = torch.empty(0)

    def __call__(self, output: Tensor) -> Tensor:
        """``(N, C, h, w)`` or ``(N, C)`` to ``(N,)``."""
        answer = output[:, self.channel]
        self.map = answer.detach()[0]
        if answer.ndim == 1:
            return answer
        flat = answer.flatten(1)
        # `max` sends the gradient to the first of several maxima, `amax` would share it out among them.
        return flat.mean(dim=1) if self.mean else flat.max(dim=1).values


def walk_back(
    hooked: Hookable, layer: nn.Module, x: Tensor, channel: int, *, guided: bool
) -> tuple[Tensor, Neuron, Explained]:
    """The attribution of a channel's maximum to the input.

    Beyond a ReLU6's ceiling nothing flows back, and the attribution would be empty: then that of the maximum before the
    layer's last ReLU6 or, where the layer does not end in one, of the map's mean.

    Args:
        hooked: the network's hookable copy, held exclusively.
        layer: one of its modules, whose output is ``(1, C, h, w)`` or ``(1, C)``.
        x: ``(1, 3, H, W)``.
        channel: below C.
        guided: guided backpropagation (Springenberg et al. 2015), else the gradient.

    Returns:
        ``(3, H, W)``, the channel's answer, and what of it was explained.
    """
    from captum.attr import NeuronGradient, NeuronGuidedBackprop

    method = NeuronGuidedBackprop(hooked, layer) if guided else NeuronGradient(hooked, layer)
    neuron = Neuron(channel)
    values = method.attribute(x.clone().requires_grad_(), neuron_selector=neuron)[0].detach()
    if neuron.map.ndim == 0:
        return values, neuron, "value"
    if bool(values.any()) or not bool(neuron.map.any()):
        return values, neuron, "maximum"
    for last in [module for module in layer.modules() if isinstance(module, HookableReLU)][-1:]:
        method = NeuronGuidedBackprop(hooked, last) if guided else NeuronGradient(hooked, last)
        before = Neuron(channel)
        values = method.attribute(x.clone().requires_grad_(), neuron_selector=before, attribute_to_neuron_input=True)[
            0
        ].detach()
        if last.ceiling is not None and _same(before.map.clamp(0, last.ceiling), neuron.map) and bool(values.any()):
            return values, before, "unclipped maximum"
    method = NeuronGuidedBackprop(hooked, layer) if guided else NeuronGradient(hooked, layer)
    average = Neuron(channel, mean=True)
    return method.attribute(x.clone().requires_grad_(), neuron_selector=average)[0].detach(), average, "mean"


def _same(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and bool(torch.allclose(one, other, rtol=1e-4, atol=1e-5))


def explain_channel(
    loaded: Loaded, photo: Photo, region: Photo, layer: str, channel: int, cancel: threading.Event | None = None
) -> ChannelAttribution:
    """Ask a loaded network which pixels excite a channel.

    Args:
        loaded: the model.
        photo: the whole photo.
        region: the part of it that is asked about.
        layer, channel: whose.
        cancel: set it from another thread to stop waiting.

    Raises:
        InvalidRequest: no such layer or channel, or the layer's output has no channels.
        Overloaded: too many explanations wait for this model.
        Cancelled: ``cancel`` was set.
    """
    info = next((known for known in loaded.layers if known.name == layer), None)
    if info is None:
        raise InvalidRequest(
            f"{loaded.spec.name} has no layer {layer!r}. `fashionviz models --layers` lists the names."
        )
    if len(info.shape) not in (1, 3):
        raise InvalidRequest(f"The output of {layer} has no channels; choose a convolution, a block or a linear layer.")
    if not 0 <= channel < info.shape[0]:
        raise InvalidRequest(f"{layer} has the channels 0 to {info.shape[0] - 1}, not {channel}.")
    started = time.perf_counter()
    x, view = loaded.prepare(region)
    guided = loaded.spec.relu_family
    with loaded.exclusive(cancel) as hooked:
        began = time.perf_counter()
        values, neuron, explained = walk_back(
            hooked, hooked.net.get_submodule(layer), x[None].to(loaded.device), channel, guided=guided
        )
        ended = time.perf_counter()
    place = None
    if explained != "value":
        row, column = divmod(int(neuron.map.flatten().argmax()), neuron.map.shape[1])
        place = (row, column)
    return ChannelAttribution(
        model=loaded.ref,
        layer=layer,
        channel=channel,
        method="guided-backprop" if guided else "gradient",
        explained=explained,
        activation=float(neuron.map.max()),
        place=place,
        values=values.float().cpu().contiguous().numpy(),
        view=view,
        timings=Timings(photo.decode_ms, (began - started) * 1000, (ended - began) * 1000),
    )
