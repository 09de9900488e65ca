"""``fashionviz invert``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from fashionviz.boxes import parse_box
from fashionviz.console import JsonOption, bar, plain_errors, print_json, safe
from fashionviz.errors import InvalidRequest
from fashionviz.generate.options import ClassOption, ModelOption, OverwriteOption, must_be_free, write
from fashionviz.images import encode_png
from fashionviz.photo_files import read_photo


def invert(
    photo: Annotated[Path, typer.Argument(help="A JPEG, PNG or WebP photo of a garment.")],
    output: Annotated[Path, typer.Option("--out", "-o", help="A .png of what the latent found draws.")],
    model: ModelOption = None,
    label: ClassOption = None,
    steps: Annotated[int, typer.Option("--steps", help="Of the search, at most 1000.")] = 200,
    box: Annotated[str | None, typer.Option("--box", help="Region x0,y0,x1,y1 in pixels of the upright photo.")] = None,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Find the latent that draws what is most like a photo. Its point can be drawn, varied and walked from."""
    from fashionviz.inference.engine import shared_engine
    from fashionviz.serialise_drawing import inversion_json

    with plain_errors(), bar("searching") as tick:
        if output.suffix.lower() != ".png":
            raise InvalidRequest(f"--out must end in .png, not {output.suffix!r}.")
        must_be_free(output, overwrite)
        found = shared_engine().invert(
            read_photo(photo), model, label=label, steps=steps, box=parse_box(box, "--box"),
            on_progress=lambda p: tick(p.done, p.total),
        )  # fmt: skip
        write(output, encode_png(found.pixels))
    if as_json:
        facts = inversion_json(found, str(photo))
        print_json({key: value for key, value in facts.items() if key not in ("png", "target")} | {"out": str(output)})
        return
    Console().print(
        f"Mean squared difference {found.distances[-1]:.4f} after {len(found.distances)} steps → {safe(str(output))}",
        highlight=False,
    )
    Console().print(f"--point {found.point}", highlight=False, markup=False, soft_wrap=True)
