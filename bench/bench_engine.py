"""How much micro-batching is worth: 64 photos from 16 threads against one after the other, in one run.

Prints a ratio; the times behind it depend on the machine and its load.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from fashionviz.data.examples import draw
from fashionviz.images import from_pixels
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine


def main() -> None:
    """Time both ways three times, in turn, and print the median ratio."""
    photos = [from_pixels(draw("dress", seed % 4)) for seed in range(64)]
    engine = Engine(EngineConfig())
    engine.predict(photos[0])
    ratios = []
    for _ in range(3):
        start = time.perf_counter()
        for photo in photos:
            engine.predict(photo)
        alone = time.perf_counter() - start
        start = time.perf_counter()
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(engine.predict, photos))
        together = time.perf_counter() - start
        ratios.append(alone / together)
        print(
            f"one by one {64 / alone:.0f} photos/s, together {64 / together:.0f} photos/s, ratio {alone / together:.2f}"
        )
    engine.close()
    print(f"micro-batching: {sorted(ratios)[1]:.2f} times the throughput (median of 3 runs, 64 photos each)")


if __name__ == "__main__":
    main()
