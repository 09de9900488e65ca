"""A copy of a network whose every ReLU can be hooked, so that guided backpropagation is right on it.

Captum's ``GuidedBackprop`` registers backward hooks on ``nn.ReLU`` modules. It misses ``nn.ReLU6`` (MobileNetV2) and
functional calls such as ``F.relu`` (torchvision's Inception-v3): there it silently returns the plain gradient. The copy
made here computes the same function, with every one of them as an ``nn.ReLU`` subclass and nothing in place. Its batch
norms are fixed, which makes every attribution on it faster.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

_RELU = {F.relu, F.relu_, torch.relu, torch.relu_, Tensor.relu, Tensor.relu_}
_RELU6 = {F.relu6}
_HARDTANH = {F.hardtanh, F.hardtanh_}


class _Guided(torch.autograd.Function):
    """ReLU whose gradient passes where the input did and where it is itself positive (Springenberg et al. 2015).

    The same as Captum's backward hooks on ``nn.ReLU``, which take a third of the whole time on a MobileNetV2.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, ceiling: float) -> Tensor:  # type: ignore[override]
        ctx.save_for_backward(x)
        ctx.ceiling = ceiling
        return torch.ops.aten.hardtanh(x, 0.0, ceiling)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        (x,) = ctx.saved_tensors
        return torch.ops.aten.hardtanh_backward(grad, x, 0.0, ctx.ceiling).clamp_min_(0), None


class HookableReLU(nn.ReLU):
    """ReLU, clipped at ``ceiling`` if there is one, as a module that Captum recognises.

    It calls the ATen operators directly, which :class:`_FunctionalReLUs` lets pass.
    """

    def __init__(self, ceiling: float | None = None) -> None:
        super().__init__(inplace=False)
        self.ceiling = ceiling
        self.guided = False

    def forward(self, input: Tensor) -> Tensor:
        """The same values and gradients as ``F.relu`` or ``F.relu6``; while guided, the same values."""
        if self.guided:
            return _Guided.apply(input, float("inf") if self.ceiling is None else self.ceiling)
        if self.ceiling is None:
            return torch.ops.aten.relu(input)
        return torch.ops.aten.hardtanh(input, 0.0, self.ceiling)


class FixedNorm(nn.Module):
    """A batch norm whose statistics are fixed, as one multiplication and one addition.

    In evaluation mode that is all it is, and PyTorch's own takes half as long again forward and back.
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, norm: nn.BatchNorm2d) -> None:
        super().__init__()
        assert norm.running_mean is not None
        assert norm.running_var is not None
        scale = (norm.running_var + norm.eps).rsqrt()
        scale = scale if norm.weight is None else scale * norm.weight
        shift = -norm.running_mean * scale if norm.bias is None else norm.bias - norm.running_mean * scale
        self.register_buffer("scale", scale.detach().view(1, -1, 1, 1))
        self.register_buffer("shift", shift.detach().view(1, -1, 1, 1))

    def forward(self, input: Tensor) -> Tensor:
        """The same values and gradients as the batch norm in evaluation mode."""
        return torch.addcmul(self.shift, input, self.scale)


class _FunctionalReLUs(TorchFunctionMode):
    """Sends functional ReLU calls through modules, in the order of the calls."""

    def __init__(self, take: Callable[[float | None], HookableReLU]) -> None:
        super().__init__()
        self._take = take

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        ceiling = _ceiling_of(func, args, kwargs)
        if ceiling is False:
            return func(*args, **kwargs)
        return self._take(ceiling)(args[0] if args else kwargs["input"])


def _ceiling_of(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> float | bool | None:
    """``False`` for a call that is no ReLU, else where it is clipped (``None``: not at all)."""
    if func in _RELU:
        return None
    if func in _RELU6:
        return 6.0
    if func in _HARDTANH:
        low = kwargs.get("min_val", args[1] if len(args) > 1 else -1.0)
        high = kwargs.get("max_val", args[2] if len(args) > 2 else 1.0)
        return float(high) if low == 0 else False
    return False


class Hookable(nn.Module):
    """A network with hookable nonlinearities; the same function as the one it was made from.

    Attributes:
        net: the copy; its layers keep their names.
        functional: modules that stand for functional ReLU calls, in the order of the calls.
    """

    def __init__(self, network: nn.Module, *, share: bool = False) -> None:
        super().__init__()
        kept = {id(p): p for p in network.parameters()} if share else {}
        self.net = copy.deepcopy(network, kept)
        self.functional = nn.ModuleList()
        _replace(self.net)
        for module in self.net.modules():
            if getattr(module, "inplace", False) is True:
                module.inplace = False  # type: ignore[assignment]
        for parameter in self.net.parameters():
            parameter.requires_grad_(False)

    @contextmanager
    def guiding(self) -> Iterator[None]:
        """While it lasts, gradients are those of guided backpropagation."""
        relus = [module for module in self.modules() if isinstance(module, HookableReLU)]
        for relu in relus:
            relu.guided = True
        try:
            yield
        finally:
            for relu in relus:
                relu.guided = False

    def forward(self, x: Tensor) -> Tensor:
        """``(N, 3, H, W)`` to logits."""
        calls = iter(range(1_000_000))

        def take(ceiling: float | None) -> HookableReLU:
            index = next(calls)
            if index == len(self.functional):  # first run: grow
                self.functional.append(HookableReLU(ceiling).train(self.training))
            return self.functional[index]  # type: ignore[return-value]

        with _FunctionalReLUs(take):
            return self.net(x)


def _replace(parent: nn.Module) -> None:
    for name, child in parent.named_children():
        if isinstance(child, nn.ReLU6):
            setattr(parent, name, HookableReLU(6.0))
        elif type(child) is nn.ReLU:
            setattr(parent, name, HookableReLU())
        elif isinstance(child, nn.Hardtanh) and child.min_val == 0:
            setattr(parent, name, HookableReLU(float(child.max_val)))
        elif type(child) is nn.BatchNorm2d and child.running_mean is not None:
            setattr(parent, name, FixedNorm(child))
        else:
            _replace(child)


def hookable(network: nn.Module, example: Tensor, *, share: bool = False) -> Hookable:
    """Make a hookable copy in evaluation mode.

    Args:
        network: what is copied.
        example: run once, so that functional calls become modules.
        share: use the network's own parameters, which must not require gradients; takes no memory for them.
    """
    made = Hookable(network, share=share).eval()
    with torch.no_grad():
        made(example)
    return made


def count_relus(network: nn.Module, example: Tensor) -> int:
    """How many ReLU nonlinearities of any form a forward pass meets: 0 means guided backpropagation does not apply."""
    made = hookable(network, example)
    return sum(isinstance(m, HookableReLU) for m in made.modules())
