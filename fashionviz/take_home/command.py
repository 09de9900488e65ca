"""``fashionviz report``: with a photo a page about it, without one the page of results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer
from rich.console import Console

from fashionviz.boxes import parse_box
from fashionviz.console import JsonOption, bar, plain_errors, print_json, safe
from fashionviz.errors import InvalidRequest
from fashionviz.evaluation.commands import report as results
from fashionviz.take_home.result import METHODS, TRUSTED, Trusted, Wish


def report(
    photo: Annotated[
        Path | None,
        typer.Argument(help="A JPEG, PNG or WebP photo to report on. Without it: the page of results."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="The page to write (else: report.html, or docs/results.md without a photo)."),
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option("--model", "-m", help="Registry name; may be given again. Else: the default.")
    ] = None,
    method: Annotated[
        list[str] | None,
        typer.Option("--method", "-k", help=f"Attribution method; may be given again. Else: {', '.join(METHODS)}."),
    ] = None,
    target: Annotated[
        str | None, typer.Option("--target", help="The class to explain; the most probable if left out.")
    ] = None,
    box: Annotated[str | None, typer.Option("--box", help="Region x0,y0,x1,y1 in pixels of the upright photo.")] = None,
    trust: Annotated[
        str | None,
        typer.Option(
            "--trust",
            help=f"Of which maps to find out how far they can be trusted: {', '.join(TRUSTED)}. Quick methods take "
            "seconds a map, slow ones minutes.",
            show_default=Wish.trust,
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Without a photo: write nothing; fail if the page is out of date.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Write a report on a photo as one HTML file that needs nothing else; without a photo, the page of results.

    The report holds the photo without its metadata, what the models say, where they looked and how far that can be
    trusted, what their layers see, the weights' hashes and the code that makes it again. The page of results comes from
    the committed cards and reports.
    """
    from fashionviz.take_home.save import save_report

    if photo is None:
        with plain_errors():
            if model or method or target or box or trust or as_json:
                raise InvalidRequest(
                    "--model, --method, --target, --box, --trust and --json belong to a report on a photo."
                )
        results(out or Path("docs/results.md"), check)
        return
    page = out or Path("report.html")
    with plain_errors(), bar(f"report on {safe(photo.name)}") as tick:
        if check:
            raise InvalidRequest("--check belongs to the page of results, which is written without a photo.")
        found = save_report(
            photo, page, tuple(model or ()), tuple(method or METHODS), target, parse_box(box, "--box"),
            cast(Trusted, trust or Wish.trust),  # what it does not know is refused there in words
            on_progress=lambda p: tick(p.done, p.total),
        )  # fmt: skip
    missing = [sentence for part in found.parts for sentence in part.missing]
    if as_json:
        print_json(
            {
                "file": str(photo),
                "out": str(page),
                "models": [{"model": part.info.name, "sha256": part.info.sha256} for part in found.parts],
                "methods": list(found.wish.methods),
                "trust": [
                    {"model": told.attribution.model.name, "method": told.attribution.method, "level": told.level}
                    for part in found.parts
                    for told in part.trust
                ],
                "missing": missing,
                "bytes": page.stat().st_size,
            }
        )
    else:
        for sentence in missing:
            Console(stderr=True).print(sentence, highlight=False, markup=False)
        Console().print(f"Wrote {page}.", highlight=False, markup=False)
    if found.failed:
        raise typer.Exit(1)
