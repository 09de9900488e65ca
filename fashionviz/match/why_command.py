"""``fashionviz match-why``: what the similarity of a photo and a catalogue's item rests on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from fashionviz.boxes import parse_box
from fashionviz.console import JsonOption, bar, plain_errors, print_json
from fashionviz.errors import InvalidRequest
from fashionviz.photo_files import check_ending, read_photo, save_picture


def why_command(
    photo: Annotated[Path, typer.Argument(help="A JPEG, PNG or WebP photo.")],
    catalogue: Annotated[str, typer.Option("--catalogue", "-c", help="Name; see `fashionviz catalogue list`.")],
    item: Annotated[str, typer.Option("--item", "-i", help="Id of the item, as `fashionviz match` shows it.")],
    output: Annotated[
        Path, typer.Option("--out", "-o", help="A .png of both pictures, or .npy raw values (2, 3, H, W).")
    ],
    box: Annotated[
        str | None, typer.Option("--box", help="The garment: x0,y0,x1,y1 in pixels of the upright photo.")
    ] = None,
    method: Annotated[str, typer.Option("--method", "-k", help="For example grad-cam.")] = "integrated-gradients",
    style: Annotated[str, typer.Option("--style", help="overlay or signed, for .png")] = "overlay",
    as_json: JsonOption = False,
) -> None:
    """Show why an item is like a garment: the parts of both pictures that their similarity rests on."""
    import numpy as np

    from fashionviz.figures.why import OVERLAY, SIGNED, why_picture
    from fashionviz.inference.engine import shared_engine
    from fashionviz.match.catalogue import open_catalogue
    from fashionviz.match.why import why_match
    from fashionviz.serialise_matches import why_facts

    styles = {"overlay": OVERLAY, "signed": SIGNED}
    with plain_errors(), bar(method) as tick:
        check_ending(output)
        if style not in styles:
            raise InvalidRequest(f"--style must be one of {', '.join(styles)}, not {style!r}.")
        result = why_match(
            read_photo(photo), open_catalogue(catalogue), item, shared_engine(), box=parse_box(box, "--box"),
            method=method, on_progress=lambda p: tick(p.done, p.total),
        )  # fmt: skip
        found = result.explanation
        save_picture(output, lambda: why_picture(found, styles[style]), lambda: np.stack([found.query, found.item]))
    if as_json:
        print_json({**why_facts(result, str(photo)), "shape": [2, *found.query.shape], "out": str(output)})
        return
    out = Console()
    out.print(f"{item}: similarity {found.similarity:.4f}, {method} → {output}", highlight=False, markup=False)
    for note in result.notes:
        out.print(note, highlight=False, markup=False)
