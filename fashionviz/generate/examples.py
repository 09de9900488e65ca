"""The pictures that a visitor without a photo is offered: drawn by the default generator, from seeds that were picked.

Where its weights are not installed there are none, and the front ends offer the hand-written drawings of
:mod:`fashionviz.data.examples`.
"""

from __future__ import annotations

from fashionviz.drawing_results import Drawing
from fashionviz.generate.named import DrawnRef, Draws, parse_drawn
from fashionviz.models.generators import default_generator
from fashionviz.models.weights import is_trained

#: Class and seed of each, picked by looking at the drawings of the committed weights.
CHOSEN = (
    ("Women/Apparel", 6),
    ("Men/Apparel", 2),
    ("Women/Accessories", 1),
    ("Men/Accessories", 7),
    ("Women/Other", 20),
    ("Men/Other", 7),
)
#: Typical garments: the odd ones are for those who look for them.
TRUNCATION = 1.0


def example_refs() -> tuple[DrawnRef, ...]:
    """Which drawings are the examples; none where the default generator is not trained. Nothing is loaded."""
    spec = default_generator()
    if not is_trained(spec.name):
        return ()
    return tuple(DrawnRef(spec.name, label, TRUNCATION, str(seed)) for label, seed in CHOSEN)


def example_drawings(engine: Draws) -> tuple[Drawing, ...]:
    """The examples, each with its class and its seed as the point; in the order of :func:`example_refs`.

    Args:
        engine: draws them.

    Raises:
        FashionvizError: they cannot be drawn now; damaged weights, too many waiting.
    """
    return tuple(
        engine.generate(ref.model, label=ref.label, points=(ref.point,), truncation=ref.truncation).drawings[0]
        for ref in example_refs()
    )


def short_words(name: str) -> str:
    """An example by its name in a few words, for a thumbnail: its class and its seed.

    Args:
        name: ``drawn:…``.
    """
    ref = parse_drawn(name)
    return f"{ref.label}, seed {ref.point}" if ref.label else f"seed {ref.point}"
