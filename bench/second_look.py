"""How many latents of a seed the discriminator should choose among: `python -m bench.second_look [--n N]`.

On validation: how many drawings the classifier names as asked, and how far the drawings are from the photos, by the
number of latents (`GeneratorSpec.tries`). The classifier takes no part in the choice.
"""

from __future__ import annotations

import argparse

import numpy as np

from fashionviz.evaluation.distances import kernel_distance
from fashionviz.evaluation.drawing_features import imagenet_features
from fashionviz.evaluation.drawing_judge import classifier_answers, garment_part
from fashionviz.evaluation.metrics import wilson
from fashionviz.generate.draw import draw_pixels
from fashionviz.generate.second_look import surest_latents
from fashionviz.models.drawing_weights import load_generator, load_judge
from fashionviz.models.generators import default_generator
from fashionviz.training.drawing_photos import photos_for

#: Seeds of these drawings; the report's begin at 2,000,000.
FIRST_SEED = 3_000_000


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=1200, help="drawings")
    parser.add_argument("--most", type=int, default=4, help="latents of a seed at most")
    given = parser.parse_args()
    spec = default_generator()
    generator, judge = load_generator(spec.name)[0], load_judge(spec.name)
    photos = photos_for(spec, "validation")
    chosen = np.random.default_rng(0).permutation(len(photos))[: given.n]
    classes, real = photos.classes[chosen], imagenet_features(photos.pixels[chosen])
    seeds = list(range(FIRST_SEED, FIRST_SEED + len(chosen)))
    print(f"{spec.name}, fpi validation, n {len(chosen):,}\n")
    print("| latents | named as asked | 95 % interval | kernel distance |")
    print("|---:|---:|---|---:|")
    for tries in range(1, given.most + 1):
        drawn = draw_pixels(generator, surest_latents(generator, judge, seeds, classes, tries), classes)
        right = int((classifier_answers(garment_part(drawn))[0] == classes).sum())
        low, high = wilson(right, len(chosen))
        far, _ = kernel_distance(imagenet_features(drawn), real)
        print(f"| {tries} | {right / len(chosen):.3f} | {low:.3f} – {high:.3f} | {far:.3f} |", flush=True)


if __name__ == "__main__":
    main()
