"""``fashionviz data item``: the photo of a public item as a file, for whatever reads files alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from fashionviz.console import JsonOption, plain_errors, print_json, safe
from fashionviz.data.items import ItemRef, item_photo, parse_item
from fashionviz.errors import InvalidRequest


def file_of(item: ItemRef) -> str:
    """The file's name where nobody chooses one: the id, of which only letters, digits, dot, dash and line stay."""
    return (re.sub(r"[^\w.-]+", "-", item.id, flags=re.ASCII).strip(".-") or "item") + ".png"


def item_command(
    name: Annotated[str, typer.Argument(metavar="DATASET:SPLIT:ID", help="For example fpi:test:26960.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="A .png file; ID.png if left out.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Save the photo of a public item as PNG, the pixels that every command and page reads."""
    from fashionviz.images import encode_png

    with plain_errors():
        item = parse_item(name)
        path = out or Path(file_of(item))
        if path.suffix.lower() != ".png":
            raise InvalidRequest(f"--out must end in .png, not {path.suffix!r}.")
        photo = item_photo(item)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode_png(photo.pixels))
        except OSError as error:
            raise InvalidRequest(f"{path} cannot be written: {error.strerror}.") from error
    if as_json:
        print_json({"item": str(item), "out": str(path), "width": photo.width, "height": photo.height})
    else:
        Console().print(f"Wrote {safe(str(path))}, {photo.width}×{photo.height} px.", highlight=False, markup=False)
