"""Drawings as code to copy: Python in five lines at most. The command line's is in :mod:`fashionviz.generate.files`."""

from __future__ import annotations

from collections.abc import Sequence

from fashionviz.take_home.code import OPENED

_SAVE = "from fashionviz.images import encode_png"


def _arguments(label: str | None, truncation: float | None) -> str:
    chosen = f", label={label!r}" if label else ""
    return chosen + (f", truncation={truncation:g}" if truncation is not None else "")


def generate_python(
    model: str, points: Sequence[str], label: str | None = None, truncation: float | None = None
) -> str:
    """Draw these points; one is saved, several are saved as a grid."""
    asked = f"{model!r}, points={list(points)!r}{_arguments(label, truncation)}"
    return "\n".join(
        [
            "from pathlib import Path",
            "from fashionviz.generate.files import grid_picture",
            _SAVE,
            OPENED[0],
            f"Path('drawn.png').write_bytes(encode_png(grid_picture(shared_engine().generate({asked}).pixels)))",
        ]
    )


def walk_python(
    model: str, points: Sequence[str], label: str | None, steps: int, loop: bool, truncation: float | None = None
) -> str:
    """A walk from point to point as a GIF."""
    asked = f"{list(points)!r}, {model!r}, steps={steps}, loop={loop}{_arguments(label, truncation)}"
    return "\n".join(
        [
            "from pathlib import Path",
            "from fashionviz.generate.files import gif_bytes",
            OPENED[0],
            f"walk = shared_engine().walk({asked})",
            "Path('walk.gif').write_bytes(gif_bytes(walk.frames))",
        ]
    )


def formation_python(model: str, point: str, label: str | None = None) -> str:
    """What each stage of a generator gives."""
    return "\n".join(
        [
            OPENED[0],
            "",
            f"for stage in shared_engine().formation({point!r}, {model!r}{_arguments(label, None)}).stages:",
            "    print(stage.name, stage.maps.shape)  # (C, h, w)",
        ]
    )


def invert_python(file: str, model: str, label: str | None, steps: int) -> str:
    """The latent whose drawing is most like a photo."""
    asked = f"read_photo({file!r}), {model!r}{_arguments(label, None)}, steps={steps}"
    return "\n".join([*OPENED, f"found = shared_engine().invert({asked})", "print(found.point, found.distances[-1])"])
