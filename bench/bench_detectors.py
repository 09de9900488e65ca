"""What a photo costs each detector, in paper 001's table: AP and time per image by backbone, in one run.

Each is asked about one photo at a time, at the size that it is served at, in turn with the others. AP is the card's. A
detector without weights is timed with random ones and called untrained: what it would find is not looked at, its time
is that of the trained one but for the number of boxes that are sorted out at the end.
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch
from torch import nn

from fashionviz.inference.config import EngineConfig
from fashionviz.models.card import load_card
from fashionviz.models.registry import ModelSpec, list_models
from fashionviz.models.weights import is_trained, load_trained, model_folder


def _network(spec: ModelSpec) -> nn.Module:
    torch.manual_seed(0)
    return load_trained(spec.name)[0] if is_trained(spec.name) else spec.build().eval()


def _quality(spec: ModelSpec) -> str:
    if not is_trained(spec.name):
        return "untrained"
    metrics = (load_card(model_folder(spec.name)).metric(name, "ccp", "test") for name in ("ap", "ap50"))
    return ", ".join(f"{m.name} {m.value:.3f}" for m in metrics if m)


def main() -> None:
    """Print a row a detector: AP, parameters, input, median time, ratio to the fast one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="photos for each, after one to warm up")
    parser.add_argument("--masks", action="store_true", help="the Mask R-CNNs too")
    asked = parser.parse_args()
    device, _ = EngineConfig().place()
    specs = [s for s in list_models() if s.task.answer == "boxes" and (asked.masks or not s.name.startswith("mask"))]
    specs.sort(key=lambda spec: not spec.default)
    networks = [_network(spec).to(device).to(memory_format=torch.channels_last) for spec in specs]
    spent: list[list[float]] = [[] for _ in specs]
    for number in range(asked.rounds + 1):
        for spec, network, times in zip(specs, networks, spent, strict=True):
            x = torch.randn(1, 3, *spec.input_size, device=device).to(memory_format=torch.channels_last)
            began = time.perf_counter()
            with torch.inference_mode():
                network(x).cpu()
            if number:  # the first one warms up
                times.append((time.perf_counter() - began) * 1000)
    fast = statistics.median(spent[0])
    for spec, network, times in zip(specs, networks, spent, strict=True):
        p50 = statistics.median(times)
        size = " × ".join(str(side) for side in spec.input_size)
        many = sum(p.numel() for p in network.parameters()) / 1e6
        print(
            f"{spec.architecture:30} {many:6.1f} M parameters, {size}: {p50:8.1f} ms, {p50 / fast:5.1f} times the fast "
            f"one; {_quality(spec)}"
        )
    print(f"medians of {asked.rounds} photos each, one at a time, {torch.get_num_threads()} threads, {device}")


if __name__ == "__main__":
    main()
