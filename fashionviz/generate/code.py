"""What was drawn as code to copy: Python in a few lines, and the command line for a POSIX shell."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence

from fashionviz.generate.files import draw_command

_OPENED = "from fashionviz.inference.engine import shared_engine"


def seeds_in_a_row(points: Sequence[str]) -> tuple[int, int] | None:
    """The first seed and how many there are, where the points are seeds one after the other."""
    if not points or not all(point.isdecimal() for point in points):
        return None
    first = int(points[0])
    return (first, len(points)) if [int(p) for p in points] == list(range(first, first + len(points))) else None


def generate_python(model: str, points: Sequence[str], label: str | None, truncation: float | None) -> str:
    """Drawings, and all of them in one PNG."""
    row = seeds_in_a_row(points)
    what = f"seed={row[0]}, n={row[1]}" if row else f"points={list(points)!r}"
    return "\n".join(
        [
            "from pathlib import Path",
            "",
            "from fashionviz.generate.files import grid_picture",
            "from fashionviz.images import encode_png",
            _OPENED,
            "",
            f"drawn = shared_engine().generate({model!r}, {what}{_named(label, truncation)})",
            'Path("drawn.png").write_bytes(encode_png(grid_picture(drawn.pixels)))',
        ]
    )


def walk_python(
    model: str, points: Sequence[str], labels: Sequence[str | None], steps: int, truncation: float | None
) -> str:
    """A walk as a GIF."""
    classes = f", labels={list(labels)!r}" if any(labels) else ""
    return "\n".join(
        [
            "from pathlib import Path",
            "",
            "from fashionviz.generate.files import gif_bytes",
            _OPENED,
            "",
            f"points = {list(points)!r}",
            f"walk = shared_engine().walk(points, {model!r}{classes}, steps={steps}{_named(None, truncation)})",
            'Path("walk.gif").write_bytes(gif_bytes(walk.frames))',
        ]
    )


def _named(label: str | None, truncation: float | None) -> str:
    chosen = f", label={label!r}" if label else ""
    return chosen + (f", truncation={truncation:g}" if truncation is not None else "")


def generate_cli(model: str, points: Sequence[str], label: str | None, truncation: float | None) -> str:
    """Drawings, their manifest, and all of them in one PNG."""
    return f"{draw_command(model, points, label, truncation)} --grid drawn.png"


def _classes(labels: Sequence[str | None]) -> str:
    """One class for all, or one for each point."""
    found = {label for label in labels if label}
    return (found.pop() if len(found) == 1 else ",".join(label or "" for label in labels)) if found else ""


def walk_cli(
    model: str, points: Sequence[str], labels: Sequence[str | None], steps: int, truncation: float | None
) -> str:
    """A walk as a GIF."""
    words = ["fashionviz", "interpolate", "--model", model, "--points", ",".join(points)]
    words += ["--class", _classes(labels)] if any(labels) else []
    words += ["--steps", str(steps)] + ([] if truncation is None else ["--truncation", f"{truncation:g}"])
    return shlex.join([*words, "--out", "walk.gif"])


def generate_curl(url: str, model: str, points: Sequence[str], label: str | None, truncation: float | None) -> str:
    """Drawings over the REST API, as one PNG."""
    row = seeds_in_a_row(points)
    what = {"seed": row[0], "n": row[1]} if row else {"points": list(points)}
    return _curl(
        f"{url}/api/v1/generate", {"model": model, **what, **_sent(label, truncation), "format": "grid"}, "png"
    )


def walk_curl(
    url: str, model: str, points: Sequence[str], labels: Sequence[str | None], steps: int, truncation: float | None
) -> str:
    """A walk over the REST API, as a GIF."""
    classes = {"classes": list(labels)} if any(labels) else {}
    asked = {"model": model, "points": list(points), **classes, **_sent(None, truncation), "steps": steps}
    return _curl(f"{url}/api/v1/interpolate", {**asked, "format": "gif"}, "gif")


def _sent(label: str | None, truncation: float | None) -> dict[str, str | float]:
    sent: dict[str, str | float] = {"class": label} if label else {}
    return sent if truncation is None else {**sent, "truncation": truncation}


def _curl(url: str, asked: dict[str, object], ending: str) -> str:
    body = json.dumps(asked, ensure_ascii=False)
    return f"curl --json {shlex.quote(body)} \\\n  {url} -o drawn.{ending}"


def generate_client(lab: str, model: str, points: Sequence[str], label: str | None, truncation: float | None) -> str:
    """Drawings through the lab, with ``gradio_client``: a ZIP with a manifest."""
    row = seeds_in_a_row(points)
    what = f"seed={row[0]}, n={row[1]}" if row else f"points={','.join(points)!r}"
    named = (f", label={label!r}" if label else "") + ("" if truncation is None else f", truncation={truncation:g}")
    return "\n".join(
        [
            "from gradio_client import Client",
            "",
            f"client = Client({lab!r})",
            f'print(client.predict(model={model!r}, {what}{named}, api_name="/draw"))  # a ZIP with PNG files',
        ]
    )


def walk_client(
    lab: str, model: str, points: Sequence[str], labels: Sequence[str | None], steps: int, truncation: float | None
) -> str:
    """A walk through the lab, with ``gradio_client``."""
    named = (f", label={_classes(labels)!r}" if any(labels) else "") + (
        "" if truncation is None else f", truncation={truncation:g}"
    )
    asked = f"model={model!r}, points={','.join(points)!r}{named}, steps={steps}"
    return "\n".join(
        [
            "from gradio_client import Client",
            "",
            f"client = Client({lab!r})",
            f'print(client.predict({asked}, format="gif", api_name="/interpolate"))  # the film\'s path',
        ]
    )
