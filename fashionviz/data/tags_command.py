"""``fashionviz data tags``: the label histogram of paper 000."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from fashionviz.console import JsonOption, plain_errors, print_json, safe
from fashionviz.data.sets import open_set
from fashionviz.data.tags import GROUPS, LEAST, Tag, tag_vocabulary, write_vocabulary
from fashionviz.errors import InvalidRequest

#: Characters of the longest bar.
_WIDTH = 30


def _rows(tags: tuple[Tag, ...], items: int, shown: int) -> list[tuple[str, str, str, str, str]]:
    most = max(tag.count for tag in tags)
    return [
        (
            GROUPS[tag.group],
            safe(tag.value),
            f"{tag.count:,}",
            f"{tag.count / items:.1%}",
            "█" * max(1, round(_WIDTH * tag.count / most)),
        )
        for tag in sorted(tags, key=lambda tag: -tag.count)[:shown]
    ]


def tags_command(
    name: Annotated[str, typer.Argument(help="A data set's name, or a folder in the same layout.")] = "fpi",
    split: Annotated[str, typer.Option("--split", help="The split whose items are counted.")] = "train",
    least: Annotated[int, typer.Option("--least", min=1, help="Items that a value must have.")] = LEAST,
    most: Annotated[int, typer.Option("--most", min=1, help="How many tags to show.")] = 10,
    save: Annotated[
        Path | None, typer.Option("--out", "-o", help="Keep the tags as JSON: the vocabulary of a tagger.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """The tags of a catalogue, the most frequent first: values of five columns that enough items have."""
    with plain_errors():
        data = open_set(name, split)
        columns = [group for group in GROUPS if group in data.columns]
        found = tag_vocabulary(data.table(columns).to_pylist(), least)
        if save:
            try:
                write_vocabulary(found, save)
            except OSError as error:
                raise InvalidRequest(f"{save} cannot be written: {error.strerror}.") from error
        if as_json:
            tags = [{"group": tag.group, "value": tag.value, "count": tag.count} for tag in found.tags]
            print_json({"data_set": data.name, "split": split, "items": found.items, "least": least, "tags": tags})
            return
        table = Table(
            Column("group"),
            Column("tag"),
            Column("items", justify="right"),
            Column("share", justify="right"),
            Column("", no_wrap=True),
            title=f"{len(found)} tags of {found.items:,} items ({safe(data.name)} {safe(split)}); "
            f"values of at least {least} items",
            title_justify="left",
        )
        for row in _rows(found.tags, found.items, most):
            table.add_row(*row)
        console = Console()
        console.print(table)
        if len(found) > most:
            console.print(f"The {most} most frequent; --most {len(found)} shows all.", highlight=False)
