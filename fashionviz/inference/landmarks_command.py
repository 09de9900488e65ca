"""``fashionviz landmarks``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from fashionviz.boxes import parse_box
from fashionviz.console import JsonOption, plain_errors, print_json, safe
from fashionviz.photo_files import check_ending, read_photo, save_picture


def landmarks(
    photo: Annotated[Path, typer.Argument(help="A JPEG, PNG or WebP photo.")],
    model: Annotated[str | None, typer.Option("--model", "-m", help="A network that finds landmarks.")] = None,
    output: Annotated[
        Path | None, typer.Option("--out", "-o", help="A .png picture with dots, or .npy heat maps (8, S, S).")
    ] = None,
    box: Annotated[str | None, typer.Option("--box", help="Region x0,y0,x1,y1 in pixels of the upright photo.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Find collar, sleeves, waist and hem on a photo, left and right, in pixels."""
    from fashionviz.figures.landmarks import landmark_picture
    from fashionviz.inference.engine import shared_engine
    from fashionviz.serialise import landmarks_json

    with plain_errors():
        if output:
            check_ending(output)
        read = read_photo(photo)
        found = shared_engine().landmarks(read, model, box=parse_box(box, "--box"))
        if output:
            save_picture(output, lambda: landmark_picture(found, read.pixels), lambda: found.heat)
    if as_json:
        print_json(landmarks_json(found, str(photo)))
        return
    console = Console()
    table = Table("landmark", "there?", "x", "y", title=f"{found.model.name} on {safe(photo.name)}")
    for mark in found.found:
        place = (f"{mark.x:.0f}", f"{mark.y:.0f}") if mark.present else ("", "")
        table.add_row(mark.title, f"{mark.probability:.3f}", *place)
    console.print(table)
    console.print(found.note + (f" → {output}" if output else ""), highlight=False, markup=False)
