"""``fashionviz data landmarks``: derive garment landmarks, count them, and show them on a sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Column, Table

from fashionviz.console import JsonOption, bar, plain_errors, print_json, safe
from fashionviz.data.landmarks.kinds import NOTE
from fashionviz.data.landmarks.table import UNREADABLE, Record, candidates, derive_rows, tally, write_landmarks
from fashionviz.data.sets import ParquetSet, open_set
from fashionviz.errors import DataError, InvalidRequest, StorageError

#: Photos on one sheet: more would be too small to judge on a screen. Further ones go to further files.
_PAGE = 15


def landmarks_command(
    name: Annotated[str, typer.Argument(help="A data set's name (fpi, fpi-large, ccp), or a folder like one.")],
    split: Annotated[str, typer.Option("--split", help="The split whose photos are measured.")] = "train",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the landmarks to this .parquet file.")] = None,
    sheet: Annotated[
        Path | None, typer.Option("--sheet", help="Draw them on this .png; more than 15 in pages -1, -2, …")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Only so many photos, drawn by chance; 15 for a sheet alone.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the draw.")] = 0,
    refused: Annotated[
        bool, typer.Option("--refused", help="Draw the refused ones instead, with the reasons.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Derive eight landmarks (collar, sleeve, waist, hem; left and right in the picture) from silhouettes and masks.

    They are derived by a rule, not annotated. A photo that the rule cannot read gets none, with the reason.
    """
    with plain_errors():
        for path, ending in ((out, ".parquet"), (sheet, ".png")):
            if path is not None and path.suffix.lower() != ending:
                raise InvalidRequest(f"{path.name} must end in {ending}.")
        data = open_set(name, split)
        rows = candidates(data)
        if limit is None and sheet is not None and out is None:
            limit = _PAGE
        if limit is not None and limit < len(rows):
            rows = sorted(np.random.default_rng(seed).choice(rows, limit, replace=False).tolist())
        records: list[Record] = []
        place = {row: i for i, row in enumerate(rows, 1)}
        with bar(f"Deriving landmarks of {data.name}") as tick:
            for record in derive_rows(data, rows):
                records.append(record)
                tick(place[record.row], len(rows))
        if not records:
            raise DataError(f"{data.name} {split} has no garment to which a landmark applies.")
        if out is not None:
            write_landmarks(records, out)
        if sheet is not None:
            _write_sheets(data, [r for r in records if bool(r.derived) is not refused], sheet)
        if as_json:
            print_json(_document(data, split, len(rows), records))
            return
        _print(data, split, len(rows), records)


def _document(data: ParquetSet, split: str, photos: int, records: list[Record]) -> dict[str, Any]:
    kinds = {}
    for kind, counts in tally(records).items():
        refused = {reason: n for reason, n in counts.items() if reason}
        kinds[kind] = {"garments": sum(counts.values()), "landmarks": counts.get("", 0), "refused": refused}
    found = sum(bool(r.derived) for r in records)
    return {
        "note": NOTE,
        "data_set": data.name,
        "split": split,
        "photos": photos,
        "garments": len(records),
        "landmarks": found,
        "kinds": kinds,
    }


def _print(data: ParquetSet, split: str, photos: int, records: list[Record]) -> None:
    table = Table(
        Column("kind"),
        Column("answer"),
        Column("garments", justify="right"),
        Column("share of the kind", justify="right"),
        title=f"{len(records):,} garments of {photos:,} photos ({safe(data.name)} {safe(split)})",
        title_justify="left",
        caption=NOTE,
        caption_justify="left",
    )
    for kind, counts in tally(records).items():
        total = sum(counts.values())
        table.add_row(kind, "landmarks", f"{counts.get('', 0):,}", f"{counts.get('', 0) / total:.1%}")
        for reason, n in counts.items():
            if reason:
                table.add_row("", f"refused: {safe(reason)}", f"{n:,}", f"{n / total:.1%}")
    Console().print(table)


def _write_sheets(data: ParquetSet, records: list[Record], path: Path) -> None:
    from fashionviz import images
    from fashionviz.data.landmarks.sheet import contact_sheet

    shown = [r for r in records if r.derived.reason != UNREADABLE]
    if not shown:
        raise DataError("There is nothing to draw on the sheet.")
    photos = data.images([r.row for r in shown])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for start in range(0, len(shown), _PAGE):
            items = [(r, images.decode(photos[r.row]).pixels) for r in shown[start : start + _PAGE]]
            page = path if len(shown) <= _PAGE else path.with_stem(f"{path.stem}-{start // _PAGE + 1}")
            page.write_bytes(images.encode_png(contact_sheet(items, first=start + 1)))
    except OSError as error:
        raise StorageError(f"{path.name} cannot be written: {error.strerror}.") from error
