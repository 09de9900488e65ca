"""Pictures a second of each generator, one at a time, in batches, and by the engine; one run, one table.

The engine draws one at a time, and where the discriminator chooses among a seed's latents, it draws those before.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch

from fashionviz.generate.draw import draw_classes, draw_pixels
from fashionviz.generate.latents import latents_of
from fashionviz.inference.engine import shared_engine
from fashionviz.models.drawing_weights import load_generator
from fashionviz.models.generators import list_generators
from fashionviz.models.weights import is_trained


def rate(name: str, batch: int, n: int) -> float:
    """Pictures a second, the best of three rounds."""
    spec = next(s for s in list_generators() if s.name == name)
    generator = load_generator(name)[0] if is_trained(name) else spec.make().eval()
    latents = latents_of(list(range(n)), spec.latent)
    classes = draw_classes(spec, n)
    draw_pixels(generator, latents[:batch], None if classes is None else classes[:batch], batch=batch)
    best = np.inf
    for _ in range(3):
        began = time.perf_counter()
        draw_pixels(generator, latents, classes, batch=batch)
        best = min(best, time.perf_counter() - began)
    return n / float(best)


def by_engine(name: str, n: int) -> float:
    """Pictures a second as visitors get them, from fresh seeds, the best of three rounds; 0 without weights."""
    if not is_trained(name):
        return 0.0
    engine, best = shared_engine(), np.inf
    engine.generate(name, n=4, seed=10**6)
    for turn in range(3):  # what was chosen for a seed is remembered: no seed twice
        began = time.perf_counter()
        engine.generate(name, n=n, seed=turn * n)
        best = min(best, time.perf_counter() - began)
    return n / float(best)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=128, help="pictures a round")
    n = parser.parse_args().n
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}, {n} pictures a round\n")
    print("| generator | weights | one at a time, pictures/s | batches of 64, pictures/s | ratio | by the engine |")
    print("|---|---|---:|---:|---:|---:|")
    for spec in list_generators():
        alone, together = rate(spec.name, 1, n), rate(spec.name, 64, n)
        kind = "trained" if is_trained(spec.name) else "untrained"
        served = by_engine(spec.name, n)
        print(f"| {spec.name} | {kind} | {alone:.0f} | {together:.0f} | {together / alone:.2f} | {served:.0f} |")


if __name__ == "__main__":
    main()
