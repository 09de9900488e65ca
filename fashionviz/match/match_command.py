"""``fashionviz match``: which shop items are in a photo."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from fashionviz.boxes import parse_box
from fashionviz.console import JsonOption, plain_errors, print_json, safe
from fashionviz.errors import FashionvizError, InvalidRequest
from fashionviz.photo_files import read_photo

if TYPE_CHECKING:
    from fashionviz.match.results import Matches

#: Columns of metadata on a terminal; --json has all.
SHOWN = ("price", "baseColour", "articleType", "kind")


def match_command(
    photos: Annotated[list[Path], typer.Argument(help="JPEG, PNG or WebP photos.")],
    catalogue: Annotated[str, typer.Option("--catalogue", "-c", help="Name; see `fashionviz catalogue list`.")],
    whole: Annotated[
        bool, typer.Option("--whole", help="The whole photo is the garment; nothing is detected.")
    ] = False,
    box: Annotated[
        str | None, typer.Option("--box", help="The garment: x0,y0,x1,y1 in pixels of the upright photo.")
    ] = None,
    number: Annotated[int, typer.Option("--number", "-n", min=1, max=100, help="Matches of each garment.")] = 10,
    category: Annotated[
        list[str] | None, typer.Option("--category", help="Search this category only; may be repeated.")
    ] = None,
    narrow: Annotated[
        bool, typer.Option("--narrow", help="Search only the categories that a garment may be of.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Find the shop items in photos: garments, their categories, and the items most like each."""
    from fashionviz.inference.engine import shared_engine
    from fashionviz.match.catalogue import open_catalogue
    from fashionviz.match.photo import match_photo
    from fashionviz.match.wiring import EngineDetector, categoriser_for, embedder_for
    from fashionviz.serialise import failure_json
    from fashionviz.serialise_matches import matches_json

    out, err = Console(), Console(stderr=True)
    with plain_errors():
        region = parse_box(box, "--box")
        if whole and region:
            raise InvalidRequest("Choose --whole or --box, not both.")
        held = open_catalogue(catalogue)
        engine = shared_engine()
        embedder = embedder_for(engine, held.embedder.name)
        held.check(embedder.ref)
        choices: dict[str, Any] = {
            "detector": None if whole or region else EngineDetector(engine),
            "categoriser": categoriser_for(engine),
            "boxes": [region] if region else None,
            "k": number,
            "narrow": narrow,
            "category": tuple(category) if category else None,
        }
        answers, failed = [], False
        for path in photos:
            try:
                result = match_photo(read_photo(path), held, embedder, **choices)
            except FashionvizError as error:
                failed = True
                answers.append(failure_json(error, str(path)))
                if not as_json:
                    err.print(f"[bold red]{safe(path.name)}:[/] {safe(str(error))}", highlight=False)
                if isinstance(error, InvalidRequest) and not as_json:
                    raise
                continue
            answers.append(matches_json(result, str(path)))
            if not as_json:
                _show(result, path, out)
        if as_json:
            print_json(answers)
        if failed:
            raise typer.Exit(1)


def _show(result: Matches, path: Path, out: Console) -> None:
    for number, garment in enumerate(result.items, start=1):
        box = ", ".join(f"{v:.0f}" for v in garment.box)
        kind = f", {garment.category}" if garment.category else ""
        table = Table("item", "title", "category", "similarity", "probability", "", title=safe(path.name))
        for match in garment.matches:
            facts = match.item.metadata
            more = ", ".join(f"{name} {facts[name]}" for name in SHOWN if facts.get(name) not in (None, ""))
            share = f"{match.probability:.1%}" if match.probability is not None else "–"
            table.add_row(
                safe(match.item.id), safe(match.item.title), safe(match.item.category or "–"), f"{match.score:.4f}",
                share, safe(more),
            )  # fmt: skip
        table.caption = f"garment {number}, ({box}) px{kind}" + (
            "" if result.calibrated else "; probabilities are not calibrated for this embedder, so none are given"
        )
        out.print(table)
    if not result.items:
        out.print(f"{safe(path.name)}: no garment was found. Try --whole.", highlight=False)
