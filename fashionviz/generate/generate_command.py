"""``fashionviz generate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from fashionviz.console import JsonOption, bar, plain_errors, print_json, safe
from fashionviz.errors import InvalidRequest, StorageError
from fashionviz.generate.files import MANIFEST, file_names, grid_picture, manifest_bytes, manifest_json
from fashionviz.generate.options import (
    ClassOption,
    ModelOption,
    OverwriteOption,
    TruncationOption,
    must_be_free,
    must_be_ours,
    own_files,
    write,
)
from fashionviz.images import encode_png


def generate(
    output: Annotated[Path, typer.Option("--out", "-o", help="A folder for the PNG files and manifest.json.")],
    model: ModelOption = None,
    label: ClassOption = None,
    n: Annotated[int, typer.Option("--n", "-n", help="How many, at most 256.")] = 16,
    seed: Annotated[int, typer.Option("--seed", "-s", help="Of the first; the others have those after it.")] = 0,
    truncation: TruncationOption = None,
    points: Annotated[
        list[str] | None,
        typer.Option("--point", "-p", help="Draw this instead of seeds, such as 7 or '7>12@0.3'; may be repeated."),
    ] = None,
    grid: Annotated[Path | None, typer.Option("--grid", help="All of them in one PNG too.")] = None,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Draw garments that nobody has made. The same seed, class, truncation and weights give the same pictures."""
    from fashionviz.inference.engine import shared_engine

    with plain_errors(), bar("drawing") as tick:
        if grid is not None:
            if grid.suffix.lower() != ".png":
                raise InvalidRequest(f"--grid must end in .png, not {grid.suffix!r}.")
            must_be_free(grid, overwrite, "--grid")
        ours = own_files(output)
        drawn = shared_engine().generate(
            model, label=label, seed=seed, n=n, points=points or None, truncation=truncation,
            on_progress=lambda p: tick(p.done, p.total),
        )  # fmt: skip
        names = file_names(drawn.drawings)
        manifest = manifest_json(drawn, names, str(output))
        must_be_ours(output, {MANIFEST, *names}, ours)
        for name, drawing in zip(names, drawn.drawings, strict=True):
            write(output / name, encode_png(drawing.pixels))
        write(output / MANIFEST, manifest_bytes(manifest))
        _remove(output, ours - {MANIFEST, *names})
        if grid is not None:
            write(grid, encode_png(grid_picture(drawn.pixels)))
    if as_json:
        facts = {"out": str(output), "grid": str(grid) if grid else None, "timings_ms": drawn.timings.as_dict()}
        print_json(manifest | facts)
        return
    Console().print(
        f"{len(names)} drawn by {drawn.model.name} in {drawn.timings.total / 1000:.1f} s → {safe(str(output))}"
        + (f", {safe(str(grid))}" if grid else ""),
        highlight=False,
    )


def _remove(folder: Path, names: set[str]) -> None:
    """Take away an earlier run's drawings, of which the new manifest says nothing."""
    for name in names:
        path = folder / Path(name).name  # a manifest may have been written by anybody
        if path.suffix == ".png":
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise StorageError(f"{path} cannot be removed: {error.strerror}.") from error
