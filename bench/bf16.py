"""What bfloat16 gains a training step on this CPU: `python -m bench.bf16`.

Each line's two times come from one run, one after the other, on one thread: float32, bfloat16 and their ratio. What a
recipe is trained in follows from it (:mod:`fashionviz.training.precision`).
"""

from __future__ import annotations

import time

import torch
from torch import Tensor, nn

from fashionviz.models.registry import get_model
from fashionviz.models.ropanet import FEATURES
from fashionviz.training.precision import cpu_multiplies_bf16, precision_for
from fashionviz.training.recipes import get_recipe

#: Recipes, and how many photos of what height and width a step sees.
STEPS = (
    ("mobilenet_v2.gender_category", 80, (128, 96)),
    ("inception_v3.tags", 96, (104, 78)),
    ("vgg16.gender_category", 80, (64, 48)),
    ("resnet50.gender_category", 128, (64, 48)),
    ("resnet152.gender_category", 128, (64, 48)),
)
REPEATS = 3


def _seconds(network: nn.Module, x: Tensor, low: bool) -> float:
    """Least time of a step forward and back."""

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=low):
            answer = network(x)
        answer.float().logsumexp(dim=1).mean().backward()
        network.zero_grad()

    step()
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        step()
        times.append(time.perf_counter() - began)
    return min(times)


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    print(f"This CPU {'multiplies' if cpu_multiplies_bf16() else 'imitates'} bfloat16. Forward and back, one thread.\n")
    print("| network | photos | float32 s | bfloat16 s | ratio | trained in |")
    print("|---|---|---:|---:|---:|---|")
    for model, photos, (height, width) in STEPS:
        network = get_model(model).build().train().to(memory_format=torch.channels_last)
        for name in get_recipe(model).frozen:
            network.get_submodule(name).requires_grad_(False)
        x = torch.randn(photos, 3, height, width).to(memory_format=torch.channels_last)
        _line(model, f"{photos} of {width}×{height}", network, x)
    network = get_model("ropanet.category50").build()
    layers = nn.Sequential(network.get_submodule("gate"), network.get_submodule("enlarge"), nn.Flatten()).train()
    _line("ropanet.category50", "24 features to maps", layers, torch.randn(24, FEATURES, 8, 8).relu())


def _line(model: str, what: str, network: nn.Module, x: Tensor) -> None:
    full, low = _seconds(network, x, low=False), _seconds(network, x, low=True)
    chosen = precision_for(model.partition(".")[0])
    print(f"| {model} | {what} | {full:.2f} | {low:.2f} | {low / full:.2f} | {chosen} |", flush=True)


if __name__ == "__main__":
    main()
