"""What forms in a generator and what a search finds, as code to copy: Python in five lines at most.

Drawings and walks as code are in :mod:`fashionviz.generate.code`.
"""

from __future__ import annotations

from fashionviz.take_home.code import OPENED


def _named(label: str | None) -> str:
    return f", label={label!r}" if label else ""


def formation_python(model: str, point: str, label: str | None = None) -> str:
    """What each stage of a generator gives."""
    return "\n".join(
        [
            OPENED[0],
            "",
            f"for stage in shared_engine().formation({point!r}, {model!r}{_named(label)}).stages:",
            "    print(stage.name, stage.maps.shape)  # (C, h, w)",
        ]
    )


def invert_python(file: str, model: str, label: str | None, steps: int) -> str:
    """The latent whose drawing is most like a photo."""
    asked = f"read_photo({file!r}), {model!r}{_named(label)}, steps={steps}"
    return "\n".join([*OPENED, f"found = shared_engine().invert({asked})", "print(found.point, found.distances[-1])"])
