"""``fashionviz data list``, ``fashionviz data fetch`` and ``fashionviz data duplicates``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table
from rich.text import Text

from fashionviz.console import JsonOption, plain_errors, print_json
from fashionviz.data.duplicates import LEVELS, Duplicates, Thresholds, find_duplicates, load_pictures
from fashionviz.data.item_command import item_command
from fashionviz.data.sets import data_root, open_set
from fashionviz.errors import InvalidRequest

if TYPE_CHECKING:  # it loads torch, which the other commands do without
    from fashionviz.evaluation.leakage import Share, Study

data_app = typer.Typer(help="Data sets: what is here, and how to get the rest.", no_args_is_help=True)
data_app.command("item")(item_command)
_STOPPED = "Stopped. Run the same command again to go on from here."


def _err() -> Console:
    return Console(stderr=True)


class _Amount(ProgressColumn):
    """Bytes and speed while downloading, rows while packing."""

    def __init__(self) -> None:
        super().__init__()
        self._size, self._speed, self._rows = DownloadColumn(), TransferSpeedColumn(), MofNCompleteColumn()

    def render(self, task: Task) -> Text:
        """The column's text."""
        if str(task.description).startswith("Downloading"):
            return Text.assemble(self._size.render(task), "  ", self._speed.render(task))
        return self._rows.render(task)


def human_size(size: int) -> str:
    """``48.3 MB``."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.0f} kB"


@data_app.command("list")
def list_command(as_json: JsonOption = False) -> None:
    """The known data sets: licence, publisher, rows, and how to fetch what is missing."""
    from fashionviz.data.catalogue_info import list_sets

    with plain_errors(_STOPPED):
        sets = list_sets()
        if as_json:
            print_json({"data_root": str(data_root()), "sets": [s.to_json() for s in sets]})
            return
        table = Table(
            title=f"Data sets in {escape(str(data_root()))}",
            title_justify="left",
            caption_justify="left",
            show_lines=True,
        )
        table.add_column("set", overflow="fold", ratio=3)
        table.add_column("rows", no_wrap=True)
        table.add_column("size", justify="right", no_wrap=True)
        table.add_column("licence and publisher", overflow="fold", ratio=4)
        for entry in sets:
            rows = "\n".join(f"{split} {count:,}" for split, count in entry.splits.items())
            if not entry.present:
                rows = "[yellow]not here[/]"
            for name in entry.damaged:
                rows += f"\n[red]{escape(name)} is damaged[/]"
            publisher = entry.publisher.removeprefix("https://").removeprefix("www.")
            about = "\n".join(escape(t) for t in (entry.licence, publisher) if t) or escape(entry.note)
            table.add_row(
                f"[bold]{escape(entry.name)}[/]\n{escape(entry.title)}",
                rows or "present",
                human_size(entry.bytes) if entry.present else "",
                about,
            )
        if any(entry.fetch and not entry.present for entry in sets):
            table.caption = "Bring one with: fashionviz data fetch NAME"
        (Console() if sys.stdout.isatty() else _err()).print(table)


@data_app.command("fetch")
def fetch_command(
    name: Annotated[str, typer.Argument(help="Which set; `fashionviz data list` shows them.")],
    to: Annotated[Path | None, typer.Option("--to", help="Data folder; by default the one in use.")] = None,
    source: Annotated[
        str | None,
        typer.Option("--from", help="A mirror's address, a folder, or `huggingface`, instead of the publisher."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Fetch again although it is there.")] = False,
    partial: Annotated[bool, typer.Option("--partial", help="Accept fewer rows than the publisher's set has.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the downloaded archives.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Download a set from its publisher, check it and pack it. An interrupted download goes on where it stopped."""
    from fashionviz.data.fetch import fetch, publication

    with plain_errors(_STOPPED):
        known = publication(name)
        console = _err()
        console.print(f"[bold]{known.title}[/] · {known.publisher}\nLicence: {known.licence}", highlight=False)
        columns = (TextColumn("{task.description}"), BarColumn(), _Amount(), TimeRemainingColumn())
        with Progress(*columns, console=console, transient=True) as progress:
            tasks: dict[str, Any] = {}

            def on_step(text: str, done: int, total: int | None) -> None:
                if text not in tasks:
                    tasks[text] = progress.add_task(text, total=total, completed=done)
                progress.update(tasks[text], completed=done, total=total)

            result = fetch(name, to=to, source=source, on_step=on_step, force=force, partial=partial, keep=keep)
        for line in result.refused[:5]:
            console.print(f"Left out: {escape(line)}", highlight=False)
        if len(result.refused) > 5:
            console.print(f"… and {len(result.refused) - 5} more.")
        rows = ", ".join(f"{split} {count:,}" for split, count in result.splits.items())
        words = "is already here" if result.already else "is ready"
        console.print(f"{name} {words} in {escape(str(result.folder))}{': ' + rows if rows else ''}.", highlight=False)
        if as_json:
            print_json(
                {
                    "name": name,
                    "path": str(result.folder),
                    "splits": result.splits,
                    "refused": list(result.refused),
                    "already": result.already,
                }
            )


@data_app.command("duplicates")
def duplicates_command(
    name: Annotated[str, typer.Argument(help="A data set's name, or a folder in the same layout.")],
    split: Annotated[str, typer.Option("--split", help="The split whose pictures are looked up.")] = "test",
    against: Annotated[str, typer.Option("--against", help="The split they are looked up in.")] = "train",
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Also the accuracy of its report with duplicates left out.")
    ] = None,
    bits: Annotated[int, typer.Option("--bits", help="Of 64 in which shape hashes may differ.")] = Thresholds.bits,
    colour: Annotated[
        float, typer.Option("--colour", help="Colour difference (ΔE, RMS) up to which it is a near-duplicate.")
    ] = Thresholds.colour,
    thresholds: Annotated[
        bool, typer.Option("--thresholds", help="Also measure how often these thresholds are wrong.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Pictures of a split that lie in another one too: the same, nearly the same, or in other colours."""
    from fashionviz.evaluation.leakage import accuracy_without, scored_items, study_thresholds

    with plain_errors(_STOPPED):
        limits = Thresholds(bits, colour)
        if split == against:
            raise InvalidRequest(f"{split!r} against itself would find every picture; choose two splits.")
        items = scored_items(model, open_set(name, split).name, split) if model else ()
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=_err(), transient=True) as progress:
            tasks: dict[str, Any] = {}

            def on_step(text: str, done: int, total: int) -> None:
                if text not in tasks:
                    tasks[text] = progress.add_task(text, total=total)
                progress.update(tasks[text], completed=done)

            ours = load_pictures(name, split, on_step=on_step)
            theirs = load_pictures(name, against, on_step=on_step)
        found = find_duplicates(ours, theirs, limits)
        accuracy = accuracy_without(items, found.pairs, found.blank) if model else None
        study = study_thresholds(ours, theirs, limits) if thresholds else None
        if as_json:
            document = found.to_json()
            if accuracy is not None:
                document |= {"model": model, "accuracy": [part.to_json() for part in accuracy]}
            print_json(document | ({"study": study.to_json()} if study else {}))
            return
        console = Console() if sys.stdout.isatty() else _err()
        for table in _duplicate_tables(found, model, accuracy, study):
            console.print(table)


def _duplicate_tables(
    found: Duplicates, model: str | None, accuracy: tuple[Share, ...] | None, study: Study | None
) -> Iterator[Table]:
    """What was found, then the accuracy and the study where they were asked for."""
    compared, limits = found.n - len(found.blank), found.thresholds
    title = f"Of {compared:,} pictures of {found.data_set} {found.split}, in {found.against} ({found.n_against:,})"
    table = Table("level", "pictures", "share", title=escape(title), title_justify="left", caption_justify="left")
    words = {
        "exact": "the same picture",
        "near": f"or nearly (≤ {limits.bits} bits, ΔE ≤ {limits.colour:g})",
        "variant": f"or the same shape (≤ {limits.bits} bits)",
    }
    for level in LEVELS:
        count = len(found.items(level))
        table.add_row(f"{level}: {words[level]}", f"{count:,}", f"{count / compared:.1%}" if compared else "")
    blank = f"blank or unreadable and left out: {len(found.blank)} of {found.split}, {found.blank_against}"
    table.caption = escape(f"{found.pairs_found:,} pairs; {blank} of {found.against}")
    yield table
    if accuracy is not None:
        table = Table("pictures", "n", "right", "accuracy", "95 % interval", title=escape(str(model)))
        for part in accuracy:
            table.add_row(*_share_cells(part.of, part))
        yield table
    if study is not None:
        table = Table("compared", "n", "found", "share", "95 % interval", title="How far the thresholds can be trusted")
        for chance in (study.unrelated, study.related):
            if chance is not None:
                table.add_row(*_share_cells(f"random pairs {chance.pairs}: variant or closer", chance.shape))
                table.add_row(*_share_cells(f"random pairs {chance.pairs}: near", chance.near))
        for known in study.known:
            table.add_row(*_share_cells(f"{known.alteration}: variant or closer", known.shape))
            table.add_row(*_share_cells(f"{known.alteration}: near", known.near))
        yield table


def _share_cells(words: str, part: Share) -> tuple[str, ...]:
    if part.share is None:
        return escape(words), "0", "0", "", ""
    low, high = (_small(v) for v in part.ci95)
    return escape(words), f"{part.n:,}", f"{part.count:,}", _small(part.share), f"{low} – {high}"


def _small(share: float) -> str:
    """Four digits, or two of a share too small for that."""
    return f"{share:.4f}" if share >= 0.001 or share < 1e-12 else f"{share:.1e}"
