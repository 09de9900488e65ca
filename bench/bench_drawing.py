"""Pictures a second of each generator, one at a time as the engine draws and in batches; one run, one table."""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch

from fashionviz.generate.draw import draw_classes, draw_pixels
from fashionviz.generate.latents import latents_of
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


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=128, help="pictures a round")
    n = parser.parse_args().n
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}, {n} pictures a round\n")
    print("| generator | weights | one at a time, pictures/s | batches of 64, pictures/s | ratio |")
    print("|---|---|---:|---:|---:|")
    for spec in list_generators():
        alone, together = rate(spec.name, 1, n), rate(spec.name, 64, n)
        kind = "trained" if is_trained(spec.name) else "untrained"
        print(f"| {spec.name} | {kind} | {alone:.0f} | {together:.0f} | {together / alone:.2f} |")


if __name__ == "__main__":
    main()
