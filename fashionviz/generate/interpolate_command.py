"""``fashionviz interpolate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from fashionviz.console import JsonOption, bar, plain_errors, print_json, safe
from fashionviz.errors import InvalidRequest
from fashionviz.generate.files import FILMS, film_ending
from fashionviz.generate.options import (
    ModelOption,
    OverwriteOption,
    TruncationOption,
    must_be_free,
    write,
)


def interpolate(
    output: Annotated[Path, typer.Option("--out", "-o", help="A .gif, .webp or .mp4; or a strip in .png.")],
    model: ModelOption = None,
    seeds: Annotated[str | None, typer.Option("--seeds", help="Two to eight, for example 1,2,3.")] = None,
    points: Annotated[
        str | None, typer.Option("--points", help="Points instead of seeds, for example '1,7>12@0.3'.")
    ] = None,
    label: Annotated[
        str | None,
        typer.Option("--class", "-c", help="What is drawn; or a class for each point, with commas between them."),
    ] = None,
    steps: Annotated[int, typer.Option("--steps", help="Pictures from one to the next, 2 to 60.")] = 12,
    loop: Annotated[bool, typer.Option("--loop/--no-loop", help="Go back to the first one.")] = True,
    truncation: TruncationOption = None,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Turn one drawing into the next, along great circles of latent space."""
    from fashionviz.inference.engine import shared_engine
    from fashionviz.serialise_drawing import walk_json

    with plain_errors(), bar("walking") as tick:
        ending = film_ending(output.name)
        must_be_free(output, overwrite)
        walk = shared_engine().walk(
            _keys(seeds, points), model, **classes_of(label), steps=steps, loop=loop, truncation=truncation,
            on_progress=lambda p: tick(p.done, p.total),
        )  # fmt: skip
        write(output, FILMS[ending](walk.frames))
    if as_json:
        print_json(walk_json(walk) | {"out": str(output)})
        return
    Console().print(
        f"{len(walk.frames)} pictures by way of {', '.join(walk.keys)} → {safe(str(output))}",
        highlight=False,
        markup=False,
    )


def classes_of(text: str | None) -> dict[str, Any]:
    """The arguments ``label`` or ``labels`` of a walk: one class, or one for each point with commas between them."""
    if not text or "," not in text:
        return {"label": text or None}
    return {"labels": [word.strip() or None for word in text.split(",")]}


def _keys(seeds: str | None, points: str | None) -> list[str]:
    """The keys of the walk.

    Raises:
        InvalidRequest: neither or both are given, or a seed is none.
    """
    if (seeds is None) == (points is None):
        raise InvalidRequest("Give --seeds, such as 1,2,3, or --points.")
    words = [word.strip() for word in (seeds or points or "").split(",") if word.strip()]
    if seeds is not None and not all(word.isdecimal() for word in words):
        raise InvalidRequest("--seeds are whole numbers with commas between them, such as 1,2,3.")
    return words
