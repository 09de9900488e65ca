"""``fashionviz disagree``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from fashionviz.boxes import parse_box
from fashionviz.console import JsonOption, bar, plain_errors, print_json, safe
from fashionviz.photo_files import read_photo


def disagree(
    photo: Annotated[Path, typer.Argument(help="A JPEG, PNG or WebP photo.")],
    model: Annotated[
        list[str] | None, typer.Option("--model", "-m", help="Registry name; may be given again. Else: all trained.")
    ] = None,
    box: Annotated[str | None, typer.Option("--box", help="Region x0,y0,x1,y1 in pixels of the upright photo.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Say how much models disagree on a photo, and about what: Jensen-Shannon divergence in bits, 0 to 1."""
    from fashionviz.inference.disagreement import disagree as run
    from fashionviz.inference.engine import shared_engine
    from fashionviz.serialise import disagreement_json

    with plain_errors(), bar("asking the models") as tick:
        region = parse_box(box, "--box")
        found = run(
            shared_engine(), read_photo(photo), tuple(model or ()), box=region,
            on_progress=lambda p: tick(p.done, p.total),
        )  # fmt: skip
    if as_json:
        print_json(disagreement_json(found, str(photo), region))
    else:
        console = Console()
        table = Table("model", "says", "probability", "mean bits from the others", title=safe(photo.name))
        for opinion in found.opinions:
            mean = "–" if opinion.mean is None else f"{opinion.mean:.3f} ({opinion.compared})"
            table.add_row(opinion.model.name, opinion.label, f"{opinion.probability:.4f}", mean)
        console.print(table)
        console.print(found.sentence, highlight=False, markup=False)
        for name, reason in found.failed:
            Console(stderr=True).print(f"{name}: {reason}", highlight=False, markup=False)
    if found.failed:
        raise typer.Exit(1)
