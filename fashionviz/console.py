"""What all commands share: one JSON document on standard output, plain sentences and progress on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from fashionviz.errors import FashionvizError, InvalidRequest

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]


def print_json(document: Any) -> None:
    """Write one JSON document to standard output."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def safe(text: str) -> str:
    """Text for a terminal: no markup, and nothing in a file's name that a terminal would obey."""
    return escape("".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text))


@contextmanager
def plain_errors(stopped: str = "Stopped.") -> Iterator[None]:
    """A failure of the whole command becomes one sentence and exit status 1, or 2 for a wrong argument.

    Args:
        stopped: what to say after Ctrl-C.
    """
    try:
        yield
    except FashionvizError as error:
        Console(stderr=True).print(f"[bold red]fashionviz:[/] {safe(str(error))}", highlight=False)
        raise typer.Exit(2 if isinstance(error, InvalidRequest) or error.status == 404 else 1) from error
    except KeyboardInterrupt:
        Console(stderr=True).print(stopped)
        raise typer.Exit(130) from None


@contextmanager
def bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar with the time left; yields ``tick(done, total)``."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
