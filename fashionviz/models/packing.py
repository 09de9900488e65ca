"""Weights in few bytes: int8 codes per output channel with an fp16 scale for big networks, fp16 for the others.

``weight ≈ code · scale``, codes in -127..127, as in the symmetric per-channel scheme of Krishnamoorthi, "Quantizing
deep convolutional networks for efficient inference" (arXiv:1806.08342, section 2.2). Only storage is quantised: a
network computes in float32 with the expanded values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import torch
from torch import Tensor

from fashionviz.errors import WeightsError

Dtype = Literal["int8", "float16"]
DTYPES: tuple[str, ...] = get_args(Dtype)

#: The scales of the tensor NAME are stored as ``NAME::scale``; no module path holds a colon.
SCALE = "::scale"
#: Networks with more parameters than this are stored as int8.
LIMIT = 20_000_000
TOP = 127
#: Ends of the range that are tried, as shares of the channel's largest weight: where there are many weights, clipping
#: the largest pays for finer steps of the others. Denser near 1, where the best is for most channels.
CLIPS = tuple(1.0 - 0.5 * (step / 20) ** 2 for step in range(21))
_NORMAL = torch.finfo(torch.float16).smallest_normal
_SMALLEST = 2.0**-24  # the smallest fp16 number above 0


def dtype_for(parameters: int) -> Dtype:
    """How a network of so many parameters is stored."""
    return "int8" if parameters > LIMIT else "float16"


def quantise(weight: Tensor) -> tuple[Tensor, Tensor] | None:
    """The int8 codes and fp16 scales that are nearest to a weight, by squared error, among the clippings tried.

    Codes are computed for the scale as it is stored, so the rounding of the scale costs nothing. Weights that are
    not clipped are off by half a scale at most.

    Args:
        weight: ``(C, ...)``, two or more dimensions, finite, not empty.

    Returns:
        Codes of the weight's shape in -127..127 and scales ``(C,)``, or ``None`` where a channel's scale is beyond
        fp16 (weights above 8.3 million).
    """
    rows = weight.detach().float().flatten(1)
    largest = rows.abs().amax(1)
    widest = _round_up(largest / TOP)
    if not widest.isfinite().all():
        return None
    scales, least = widest, torch.full_like(largest, torch.inf)
    for clip in CLIPS:  # one pass a candidate over all channels; 1.0 comes first and wins ties
        tried = _round_up(largest * (clip / TOP))
        error = (_codes(rows, tried).mul_(tried.float()[:, None]).sub_(rows)).square_().sum(1)
        better = error < least
        scales, least = torch.where(better, tried, scales), torch.where(better, error, least)
    scales = torch.where(largest == 0, torch.ones_like(scales), scales)
    return _codes(rows, scales).to(torch.int8).reshape(weight.shape), scales


def pack(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict in about one byte a weight.

    Floating tensors of two or more dimensions become int8 with ``NAME::scale``, those of fewer fp16, integers stay.
    What fp16 cannot hold stays float32: see :func:`halve`; so do tensors whose scales are beyond fp16.

    Raises:
        WeightsError: a value is not finite, or a name ends in ``::scale``.
    """
    stored: dict[str, Tensor] = {}
    for name, value in state.items():
        if name.endswith(SCALE):
            raise WeightsError(f"The tensor {name} has a name that is kept for scales.")
        if not value.is_floating_point() or value.dim() < 2 or not value.numel():
            stored[name] = _narrow(name, value)
            continue
        _check_finite(name, value)
        codes = quantise(value)
        if codes is None:
            stored[name] = _kept(value.float())
        else:
            stored[name], stored[name + SCALE] = codes
    return stored


def halve(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict in fp16; integers stay.

    Float32 stay tensors with a value beyond fp16 (it would become infinite), and running variances with one that fp16
    rounds coarsely or to 0: they are divided by.

    Raises:
        WeightsError: a value is not finite.
    """
    return {name: _narrow(name, value) for name, value in state.items()}


def unpack(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict of what :func:`pack` or :func:`halve` made: float32, integers as they are.

    Raises:
        WeightsError: a scale has no int8 tensor of its channels, or is not finite and positive.
    """
    state: dict[str, Tensor] = {}
    for name, value in stored.items():
        if name.endswith(SCALE):
            if name.removesuffix(SCALE) not in stored:
                raise WeightsError(f"The weights hold {name} without the tensor that it scales.")
            continue
        scale = stored.get(name + SCALE)
        if scale is not None:
            state[name] = _expand(name, value, scale)
        else:
            state[name] = value.float() if value.is_floating_point() else value
    return state


def _expand(name: str, codes: Tensor, scale: Tensor) -> Tensor:
    if codes.dtype != torch.int8 or not scale.is_floating_point():
        raise WeightsError(f"The tensor {name} has scales, but is {codes.dtype} with {scale.dtype}, not int8.")
    if codes.dim() < 2 or scale.shape != codes.shape[:1]:
        raise WeightsError(
            f"The tensor {name} of shape {tuple(codes.shape)} does not go with scales of shape {tuple(scale.shape)}."
        )
    if not (scale.isfinite() & (scale > 0)).all():
        raise WeightsError(f"The scales of {name} are not all finite and positive.")
    return codes.float() * scale.float().reshape(-1, *[1] * (codes.dim() - 1))


def _codes(rows: Tensor, scales: Tensor) -> Tensor:
    """Codes ``(C, N)`` of rows ``(C, N)``, still as floats."""
    return (rows / scales.float()[:, None]).round_().clamp_(-TOP, TOP)


def _round_up(values: Tensor) -> Tensor:
    """The smallest fp16 numbers above 0 that are not below the values; infinite beyond fp16.

    Rounding to nearest would clip the largest weight where fp16 is coarse: 1.4 · 2⁻²⁴ would become 2⁻²⁴.
    """
    near = values.clamp(min=_SMALLEST).half()
    below = (near.float() < values) & near.isfinite()
    return (near.view(torch.int16) + below).view(torch.float16)  # the bits of positive floats count upwards


def _narrow(name: str, value: Tensor) -> Tensor:
    if not value.is_floating_point():
        return _kept(value)
    _check_finite(name, value)
    value, half = value.float(), value.half()
    coarse = name.endswith("running_var") and bool(((value > 0) & (value < _NORMAL)).any())
    return _kept(half if half.isfinite().all() and not coarse else value)


def _kept(value: Tensor) -> Tensor:
    """A tensor of its own: training on must not change what was packed."""
    return value.detach().clone(memory_format=torch.contiguous_format)


def _check_finite(name: str, value: Tensor) -> None:
    if not value.float().isfinite().all():
        raise WeightsError(f"The tensor {name} has values that are not finite; such weights are not stored.")
