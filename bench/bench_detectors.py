"""What a photo costs each detector, in paper 001's table: AP and time per image by backbone, in one run.

Each is asked about one photo at a time, at the size that it is served at, in turn with the others. AP is the card's. A
detector without weights is timed with random ones and called untrained: what it would find is not looked at, its time
is that of the trained one but for the number of boxes that are sorted out at the end.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import torch
from torch import nn

from fashionviz.data.examples import draw
from fashionviz.inference.config import EngineConfig
from fashionviz.models.card import load_card
from fashionviz.models.preprocess import to_input
from fashionviz.models.registry import ModelSpec, list_models
from fashionviz.models.weights import is_trained, load_trained, model_folder
from fashionviz.training.loop import machine_facts


def _network(spec: ModelSpec) -> nn.Module:
    torch.manual_seed(0)
    return load_trained(spec.name)[0] if is_trained(spec.name) else spec.build().eval()


def _quality(spec: ModelSpec) -> tuple[str, str]:
    """AP and AP50 on the test split with their intervals, or that it is untrained."""
    if not is_trained(spec.name):
        return "untrained", "untrained"
    card = load_card(model_folder(spec.name))
    found = []
    for name in ("ap", "ap50"):
        metric = card.metric(name, "ccp", "test")
        found.append(
            f"{metric.value:.3f} ({metric.ci95[0]:.3f} – {metric.ci95[1]:.3f}), n {metric.n}" if metric else "–"
        )
    return found[0], found[1]


def timed(specs: list[ModelSpec], rounds: int, device: torch.device) -> tuple[list[nn.Module], list[list[float]]]:
    """The networks, and the milliseconds of each photo; the detectors take turns."""
    networks = [_network(spec).to(device).to(memory_format=torch.channels_last) for spec in specs]
    spent: list[list[float]] = [[] for _ in specs]
    for number in range(rounds + 1):
        photo = draw("street casual", number)
        for spec, network, times in zip(specs, networks, spent, strict=True):
            x = to_input(photo, spec.input_size, spec.mean, spec.std)[0][None].to(device)
            began = time.perf_counter()
            with torch.inference_mode():
                network(x.to(memory_format=torch.channels_last)).cpu()
            if number:  # the first one warms up
                times.append((time.perf_counter() - began) * 1000)
    return networks, spent


def page(specs: list[ModelSpec], rounds: int, device: torch.device) -> str:
    """The table as Markdown."""
    networks, spent = timed(specs, rounds, device)
    fast = statistics.median(spent[0])
    rows = []
    for spec, network, times in zip(specs, networks, spent, strict=True):
        p50 = statistics.median(times)
        size = "×".join(str(side) for side in reversed(spec.input_size))
        many = sum(p.numel() for p in network.parameters()) / 1e6
        ap, ap50 = _quality(spec)
        rows.append(f"| `{spec.name}` | {ap} | {ap50} | {many:.1f} M | {size} | {p50:,.0f} | {p50 / fast:.1f} |")
    facts = machine_facts()
    return "\n".join(
        [
            "# Detectors: what they find and what a photo costs",
            "",
            "Written by `python -m bench.bench_detectors --masks --out docs/detectors.md`, in the form of paper 001's "
            "table (AP and inference time by backbone).",
            "",
            "AP (mean over overlaps of 0.50 to 0.95) and AP50 are those of the cards, on the test photos of `ccp`, "
            "with 95 % intervals; its boxes are derived from the publisher's masks. A detector without weights is "
            "timed with random ones and called untrained: nothing that it finds is looked at, and its time is that of "
            "the trained one but for the number of boxes that are sorted out at the end.",
            "",
            "| detector | AP | AP50 | parameters | input, px | median, ms a photo | times the first |",
            "|---|---|---|---:|---|---:|---:|",
            *rows,
            "",
            f"Medians of {rounds} drawn street photos, one at a time, the detectors in turn, in one run: "
            f"{torch.get_num_threads()} threads on {facts['machine']}, torch {facts['torch']}.",
            "",
        ]
    )


def main() -> None:
    """Print a row a detector: AP, parameters, input, median time, ratio to the fast one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="photos for each, after one to warm up")
    parser.add_argument("--masks", action="store_true", help="the Mask R-CNNs too")
    parser.add_argument("--out", type=Path, help="keep the page as this Markdown file")
    asked = parser.parse_args()
    specs = [s for s in list_models() if s.task.answer == "boxes" and (asked.masks or not s.name.startswith("mask"))]
    specs.sort(key=lambda spec: not spec.default)
    text = page(specs, asked.rounds, EngineConfig().place()[0])
    print(text)
    if asked.out:
        asked.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
