"""What an explanation costs: guided backpropagation against a prediction, in one run."""

from __future__ import annotations

import statistics
import time

from fashionviz.data.examples import draw
from fashionviz.images import from_pixels
from fashionviz.inference.engine import Engine


def main() -> None:
    """Twenty of each in turn; prints the ratio of the medians."""
    photo, engine = from_pixels(draw("dress", 0)), Engine()
    engine.explain(photo)
    predictions, explanations = [], []
    for _ in range(20):
        start = time.perf_counter()
        engine.predict(photo)
        predictions.append(time.perf_counter() - start)
        start = time.perf_counter()
        engine.explain(photo)
        explanations.append(time.perf_counter() - start)
    engine.close()
    one, other = statistics.median(predictions), statistics.median(explanations)
    print(f"prediction {one * 1000:.1f} ms, guided backpropagation {other * 1000:.1f} ms")
    print(f"guided backpropagation takes {other / one:.1f} times as long as a prediction (medians of 20, this machine)")


if __name__ == "__main__":
    main()
