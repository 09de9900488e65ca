"""``fashionviz annotate``: a folder of photos in, a CSV with a row a photo and model out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from fashionviz.annotate.row import printable, to_json
from fashionviz.annotate.table import CHECK_BELOW, below
from fashionviz.console import JsonOption, plain_errors, print_json, safe

if TYPE_CHECKING:
    from fashionviz.annotate.run import AnnotationRun
    from fashionviz.inference.engine import Engine

#: Rows shown on a terminal; the CSV has them all.
SHOWN = 20


def annotate_command(
    folder: Annotated[Path, typer.Argument(help="A folder of JPEG, PNG or WebP photos, with all folders below it.")],
    output: Annotated[Path, typer.Option("--out", "-o", help="The CSV. If it is there, the work goes on from it.")],
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model", "-m", help="Registry name; may be repeated; the default model if left out. Taggers are refused."
        ),
    ] = None,
    threshold: Annotated[
        float, typer.Option("--below", min=0, max=1, help="Answers less probable than this are shown to be checked.")
    ] = CHECK_BELOW,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Start over, corrections included, instead of going on.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Name the class of every photo of a folder, in a CSV. Stop it at any time; the same command goes on."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with plain_errors("Stopped. Run the same command again to go on from here."):
        below((), threshold)  # refuses what is no number
        from fashionviz.annotate.run import annotate
        from fashionviz.inference.engine import shared_engine

        engine = shared_engine()
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("Annotating", total=None)

            def on_row(row: Any) -> None:
                if row.error is not None:
                    console.print(f"[bold red]{safe(row.file)}:[/] {safe(row.error)}", highlight=False)

            run = annotate(
                folder, output, models=model or (), engine=engine, overwrite=overwrite, on_row=on_row,
                on_progress=lambda p: bar.update(task, completed=p.done, total=p.total),
            )  # fmt: skip
        _remarks(run, console)
        if as_json:
            document = run_json(run, threshold, engine)
            print_json(document)
        else:
            _show(run, threshold, engine)
        if run.failed or run.collection.unreadable:
            raise typer.Exit(1)


def run_json(run: AnnotationRun, threshold: float, engine: Engine) -> dict[str, Any]:
    """What ``annotate --json`` prints.

    Returns:
        ``out``, ``folder``, ``models`` (``name``, ``sha256``, ``note``), ``summary`` and ``rows``: the CSV's rows of
        these photos and models, with ``null`` for empty cells. In the summary ``new + kept + failed == rows``.
    """
    return {
        "out": printable(str(run.out)),
        "folder": printable(str(run.collection.root)),
        "models": [{"name": m.name, "sha256": m.sha256, "note": engine.model(m.name).note} for m in run.models],
        "summary": {
            "photos": len(run.collection.files),
            "rows": len(run.rows),
            "new": run.new,
            "kept": run.kept,
            "failed": run.failed,
            "corrected": sum(row.corrected is not None for row in run.rows),
            "threshold": threshold,
            "below": len(below(run.rows, threshold)),
            "changed_since_corrected": [printable(file) for file in run.changed],
            "elsewhere": run.elsewhere,
            "left_out": dict(run.collection.left_out),
            "unreadable_folders": [printable(folder) for folder in run.collection.unreadable],
        },
        "rows": [to_json(row) for row in run.rows],
    }


def _remarks(run: AnnotationRun, console: Console) -> None:
    """What a person should know beside the rows, on standard error."""
    left_out = run.collection.left_out
    if left_out:
        kinds = ", ".join(f"{ending} {count:,}" for ending, count in left_out)
        console.print(f"Left out, no JPEG, PNG or WebP: {kinds}.", highlight=False)
    for folder in run.collection.unreadable:
        console.print(f"[bold red]{safe(folder)}:[/] The folder cannot be read.", highlight=False)
    for file in run.changed:
        console.print(f"{safe(file)}: the photo has changed since it was corrected; look again.", highlight=False)
    if run.elsewhere:
        console.print(f"Kept beside: {run.elsewhere:,} rows of other photos or models.", highlight=False)


def _show(run: AnnotationRun, threshold: float, engine: Engine) -> None:
    out = Console()
    unsure = below(run.rows, threshold)
    if unsure:
        notes = dict.fromkeys(engine.model(m.name).note for m in run.models)
        table = Table("photo", "class", "probability", "or", title="Least sure", caption=escape(" ".join(notes)))
        for row in unsure[:SHOWN]:
            table.add_row(safe(row.file), row.label, f"{row.probability:.3f}", row.runner_up)
        out.print(table)
    out.print(
        f"{len(run.rows):,} rows in {safe(str(run.out))}: {run.new:,} new, {run.kept:,} kept, {run.failed:,} failed; "
        f"{len(unsure):,} below {threshold:g} to check.",
        highlight=False,
    )
