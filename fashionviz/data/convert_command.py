"""``fashionviz data convert``: a data set in a published annotation format to our Parquet layout."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from fashionviz.console import JsonOption, bar, plain_errors, print_json, safe


def convert_command(
    name: Annotated[
        str, typer.Argument(metavar="FORMAT", help="deepfashion, deepfashion2, imaterialist or street2shop.")
    ],
    root: Annotated[Path, typer.Argument(help="The folder with annotations and pictures, as published.")],
    out: Annotated[Path, typer.Argument(help="The folder to make; the other commands take it as a data set.")],
    split: Annotated[str | None, typer.Option("--split", help="Only this split; every one if left out.")] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="At most so many rows of each split.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Pack a data set that you hold a licence for; what is wrong with single rows is counted and shown."""
    from fashionviz.data.formats.convert import convert
    from fashionviz.data.formats.registry import open_format

    with plain_errors("Stopped. Nothing was written."):
        reader = open_format(name, root, split)
        with bar(f"Packing {reader.TITLE}") as tick:
            result = convert(reader, out, limit=limit, on_rows=tick)
        if as_json:
            print_json(
                {
                    "format": name,
                    "root": str(reader.root),
                    "path": str(result.folder),
                    "splits": result.splits,
                    "problems": result.problems.to_json(),
                }
            )
            return
        console = Console(stderr=True)
        for kind in result.problems.kinds:
            console.print(f"[yellow]{result.problems.count(kind):,}[/] {safe(kind)}, for example", highlight=False)
            console.print(f"  {safe(result.problems.examples(kind)[0])}", highlight=False)
        rows = ", ".join(f"{part} {count:,}" for part, count in result.splits.items())
        console.print(f"{safe(str(result.folder))} is ready: {rows}.", highlight=False)
