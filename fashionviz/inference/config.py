"""How the engine behaves; every value can be set by an environment variable ``FASHIONVIZ_<NAME>``."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields

import torch


@dataclass(frozen=True)
class EngineConfig:
    """Limits and placement.

    Attributes:
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, …
        max_batch: most photos in a micro-batch.
        max_wait_ms: how long a micro-batch waits for company.
        queue_size: most waiting predictions a model; more raise ``Overloaded``.
        explain_queue: most waiting explanations a model.
        slow_jobs: most slow jobs (integrated gradients, occlusion, …) that run at once, over all models.
        memory_mb: models that have not been used for longest are dropped above this many MiB of weights.
        timeout_s: longest wait for an answer.
    """

    device: str = "auto"
    max_batch: int = 16
    max_wait_ms: float = 4.0
    queue_size: int = 64
    explain_queue: int = 8
    slow_jobs: int = 1
    memory_mb: int = 4096
    timeout_s: float = 60.0

    @classmethod
    def from_environment(cls) -> EngineConfig:
        """The defaults, changed by ``FASHIONVIZ_DEVICE``, ``FASHIONVIZ_QUEUE_SIZE`` and so on."""
        kinds = {"str": str, "int": int, "float": float}
        changes = {
            f.name: kinds[str(f.type)](os.environ[f"FASHIONVIZ_{f.name.upper()}"])
            for f in fields(cls)
            if f"FASHIONVIZ_{f.name.upper()}" in os.environ
        }
        return cls(**changes)  # type: ignore[arg-type]

    def place(self) -> tuple[torch.device, torch.dtype]:
        """Device and dtype of predictions: CUDA in bf16 (older cards fp16) where present, else the CPU in float32."""
        name = self.device
        if name == "auto":
            name = "cuda" if torch.cuda.is_available() else "cpu"
        device = torch.device(name)
        if device.type != "cuda":
            return device, torch.float32
        return device, torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
