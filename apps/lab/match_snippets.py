"""Matching a photo, and why an item is like a garment, as code to copy: Python, command line, curl, Gradio client."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from apps.lab.snippets import DEFAULT_URL, sendable
from fashionviz.boxes import format_box
from fashionviz.results import Box

_OPENED = (
    "from fashionviz.inference.engine import shared_engine",
    "from fashionviz.match.catalogue import open_catalogue",
)


def _box(box: Box | None) -> str:
    return "(" + ", ".join(f"{v:g}" for v in box) + ")" if box else ""


def _curl(file: str, path: str, fields: Sequence[tuple[str, str]], out: str = "", url: str = DEFAULT_URL) -> str:
    first, file = sendable(file)
    form = [word for name, value in [("file", f"@{file}"), *fields] for word in ("-F", f"{name}={value}")]
    return first + shlex.join(["curl", *form, *(["-o", out] if out else []), f"{url}/api/v1/{path}"])


def match_python(
    file: str, catalogue: str, box: Box | None, categories: Sequence[str] = (), narrow: bool = False
) -> str:
    """The library's calls."""
    chosen = f", boxes=[{_box(box)}]" if box else ""
    chosen += f", category={list(categories)!r}" if categories else ""
    chosen += ", categoriser=categoriser_for(shared_engine()), narrow=True" if narrow else ""
    return "\n".join(
        [
            *_OPENED,
            "from fashionviz.match.photo import match_photo",
            f"from fashionviz.match.wiring import {'categoriser_for, ' if narrow else ''}embedder_for",
            "from fashionviz.photo_files import read_photo",
            "",
            f"catalogue = open_catalogue({catalogue!r})",
            "embedder = embedder_for(shared_engine(), catalogue.embedder.name)",
            f"for match in match_photo(read_photo({file!r}), catalogue, embedder{chosen}).items[0].matches:",
            '    print(f"{match.score:.3f} {match.item.id} {match.item.title}")',
        ]
    )


def match_cli(file: str, catalogue: str, box: Box | None, categories: Sequence[str] = (), narrow: bool = False) -> str:
    """The same on the command line, for a POSIX shell."""
    words = ["--box", format_box(box)] if box else ["--whole"]
    words += [word for name in categories for word in ("--category", name)] + ["--narrow"] * narrow
    return shlex.join(["fashionviz", "match", file, "--catalogue", catalogue, *words])


def match_curl(file: str, catalogue: str, box: Box | None, categories: Sequence[str] = (), narrow: bool = False) -> str:
    """The same over the REST API."""
    fields = [("catalogue", catalogue), ("box", format_box(box)) if box else ("whole", "true")]
    fields += [("category", name) for name in categories] + [("narrow", "true")] * narrow
    return _curl(file, "match", fields)


def why_python(file: str, catalogue: str, item: str, box: Box | None, method: str) -> str:
    """The library's calls."""
    chosen = f", box={_box(box)}" if box else ""
    return "\n".join(
        [
            *_OPENED,
            "from fashionviz.match.why import why_match",
            "from fashionviz.photo_files import read_photo",
            "",
            f"photo, catalogue = read_photo({file!r}), open_catalogue({catalogue!r})",
            f"result = why_match(photo, catalogue, {item!r}, shared_engine(){chosen}, method={method!r})",
            "print(result.explanation.similarity, result.explanation.query.shape)  # and .item: (3, H, W)",
        ]
    )


def why_cli(file: str, catalogue: str, item: str, box: Box | None, method: str) -> str:
    """The same on the command line, for a POSIX shell."""
    words = ["--box", format_box(box)] if box else []
    asked = ["fashionviz", "match-why", file, "--catalogue", catalogue, "--item", item, *words]
    return shlex.join([*asked, "--method", method, "--out", "why.png"])


def why_curl(file: str, catalogue: str, item: str, box: Box | None, method: str) -> str:
    """The same over the REST API."""
    fields = [("catalogue", catalogue), ("item", item), *([("box", format_box(box))] if box else [])]
    return _curl(file, "match/why", [*fields, ("method", method), ("format", "png")], "why.png")
