"""``fashionviz study``: the papers' comparisons, measured."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from fashionviz.console import JsonOption, plain_errors, print_json


def study_command(
    name: Annotated[str, typer.Argument(help="transfer, transfer-imagenet, crop or balance.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the record and the page.")] = Path("docs/studies"),
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Run finished rows again.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure a comparison of paper 002, row by row; the same command goes on after the rows that are finished."""
    from fashionviz.studies.papers import get_study
    from fashionviz.studies.run import run_study

    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
    with plain_errors("Stopped. The finished rows are kept; the same command goes on after them."):
        study = get_study(name)
        record = run_study(study, out, overwrite=overwrite)
        if as_json:
            print_json(record.model_dump(mode="json"))
            return
        seconds = sum(row.seconds for row in record.rows)
        Console().print(
            f"{len(record.rows)} rows, {seconds:,.0f} s of training: {out / study.name}.json and .md.",
            highlight=False,
            markup=False,
        )
