"""Which arithmetic a training step pays in: bfloat16 where the machine multiplies it faster."""

from __future__ import annotations

from typing import Literal

import torch

Precision = Literal["bf16-mixed", "32-true"]

#: Networks of depthwise convolutions move more than they multiply: on a CPU they gain little or nothing.
_DEPTHWISE = ("mobilenet", "efficientnet")


def cpu_multiplies_bf16() -> bool:
    """Whether the CPU multiplies bfloat16 faster than float32.

    AMX does, and AVX512-BF16 where there is no AVX512-FP16. Cores that have both (Intel's since Sapphire Rapids) leave
    speed to AMX, which virtual machines may hide: their vectors multiply bfloat16 no faster, and converting costs.
    """
    can = torch.cpu.get_capabilities()
    return bool(can.get("amx_bf16") or (can.get("avx512_bf16") and not can.get("avx512_fp16")))


def cpu_precision(architecture: str) -> Precision:
    """Mixed bfloat16 on a CPU that multiplies it, for networks that gain; else float32.

    What a step takes in either, and the ratio, is printed by ``python -m bench.bf16``.

    Args:
        architecture: the part of a registry name before its dot.
    """
    gains = not any(word in architecture for word in _DEPTHWISE)
    return "bf16-mixed" if gains and cpu_multiplies_bf16() else "32-true"


def precision_for(architecture: str) -> Precision:
    """What a network is trained in: mixed bfloat16 on a GPU, else what this CPU is good at (:func:`cpu_precision`).

    Args:
        architecture: the part of a registry name before its dot.
    """
    return "bf16-mixed" if torch.cuda.is_available() else cpu_precision(architecture)
