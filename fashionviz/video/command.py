"""``fashionviz video``: which shop items are worn in a video, by whom, and when."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from fashionviz.console import bar, plain_errors, safe
from fashionviz.errors import InvalidRequest
from fashionviz.generate.options import OverwriteOption, must_be_free, write

if TYPE_CHECKING:
    from fashionviz.video.results import Watched


def video(
    file: Annotated[Path, typer.Argument(help="MP4, MOV, MKV, WebM or AVI, at most ten minutes.")],
    catalogue: Annotated[str, typer.Option("--catalogue", "-c", help="Name; see `fashionviz catalogue list`.")],
    output: Annotated[
        Path | None, typer.Option("--out", "-o", help="The video with the items drawn on it, .mp4; without sound.")
    ] = None,
    events: Annotated[Path | None, typer.Option("--json", help="Items, times and timings go into this file.")] = None,
    every: Annotated[int, typer.Option("--every", help="The detector looks at every so many frames, 1 to 5.")] = 3,
    number: Annotated[int, typer.Option("--number", "-n", min=1, max=100, help="Matches of each item.")] = 10,
    narrow: Annotated[
        bool, typer.Option("--narrow/--no-narrow", help="Search only the categories that an item may be of.")
    ] = True,
    seconds: Annotated[float, typer.Option("--seconds", help="Look at so much of the video.")] = 600.0,
    model: Annotated[str | None, typer.Option("--model", "-m", help="A detector; the default one if left out.")] = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Find the shop items in a video: detect, follow, vote over frames, match."""
    from fashionviz.inference.engine import shared_engine
    from fashionviz.match.catalogue import open_catalogue
    from fashionviz.video.json_parts import watched_json
    from fashionviz.video.wiring import watch

    with plain_errors("Stopped; nothing was written."):
        if output is not None:
            if output.suffix.lower() != ".mp4":
                raise InvalidRequest("--out names an .mp4 file.")
            must_be_free(output, overwrite)
        if events is not None:
            must_be_free(events, overwrite, "--json")
        held = open_catalogue(catalogue)
        with bar("watching") as tick:
            result = watch(
                shared_engine(), file, held, model=model, out=output, every=every, k=number, narrow=narrow,
                seconds=seconds, on_progress=lambda p: tick(p.done, p.total),
            )  # fmt: skip
        if events is not None:
            write(events, (json.dumps(watched_json(result), ensure_ascii=False, indent=2) + "\n").encode())
        _show(result, Console())
        for path in (output, events):
            if path is not None:
                Console(stderr=True).print(f"→ {safe(str(path))}", highlight=False)


def _show(result: Watched, out: Console) -> None:
    table = Table("item", "wearer", "what", "seen", "views", "nearest item", "similarity", "probability")
    for item in result.sightings:
        best = item.matches[0] if item.matches else None
        table.add_row(
            str(item.id), str(item.wearer), safe(item.label), f"{item.first_s:.1f}–{item.last_s:.1f} s",
            str(item.views), safe(best.item.title or best.item.id) if best else "–",
            f"{best.score:.3f}" if best else "–",
            f"{best.probability:.0%}" if best and best.probability is not None else "–",
        )  # fmt: skip
    out.print(table)
    times = Table("stage", "frames", "p50, ms", "p95, ms", "p99, ms", "mean a frame, ms")
    for time in result.stages:
        times.add_row(
            time.stage, str(time.n), f"{time.p50:.1f}", f"{time.p95:.1f}", f"{time.p99:.1f}", f"{time.mean:.1f}"
        )
    out.print(times)
    out.print(
        f"{result.frames:,} frames ({result.seconds:.1f} s of video) in {result.spent_s:.1f} s: {result.fps:.1f} "
        f"frames a second; the video has {result.info.fps:g}. Live, with half a second of delay, {result.dropped} "
        "would be dropped.",
        highlight=False,
    )
    for note in result.notes:
        out.print(safe(note), highlight=False)
