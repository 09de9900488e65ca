"""``fashionviz segment``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from fashionviz.boxes import parse_box
from fashionviz.console import JsonOption, plain_errors, print_json, safe
from fashionviz.errors import FashionvizError, InvalidRequest
from fashionviz.images import encode_png
from fashionviz.photo_files import read_photo
from fashionviz.segment_results import Segmentation


def segment(
    photos: Annotated[list[Path], typer.Argument(help="JPEG, PNG or WebP photos.")],
    model: Annotated[str | None, typer.Option("--model", "-m", help="A network that segments.")] = None,
    output: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="A folder: NAME.png in colour and NAME.labels.png with class numbers."),
    ] = None,
    box: Annotated[str | None, typer.Option("--box", help="Region x0,y0,x1,y1 in pixels of the upright photo.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Tell garment, skin and hair, and background apart, pixel by pixel."""
    from fashionviz.inference.engine import shared_engine
    from fashionviz.inference.segment import must_segment, segmenter
    from fashionviz.models.registry import get_model
    from fashionviz.region_json import segmentation_json
    from fashionviz.serialise import failure_json

    answers, failed = [], False
    table = Table("photo", "garment", "skin and hair", "background")
    err = Console(stderr=True)
    with plain_errors():
        engine, region = shared_engine(), parse_box(box, "--box")
        name = model or segmenter()
        must_segment(get_model(name))
        engine.filters(name)  # a missing or damaged model is one error, not one a photo
        files: list[Path | None] = list(_files(photos, output)) if output else [None] * len(photos)
        for path, file in zip(photos, files, strict=True):
            try:
                photo = read_photo(path)
                part = photo.crop(region) if region else photo
                found = engine.segment(photo, name, box=region)
            except FashionvizError as error:
                failed = True
                answers.append(failure_json(error, str(path)))
                if not as_json:
                    err.print(f"[bold red]{safe(path.name)}:[/] {safe(str(error))}", highlight=False)
                continue
            size = (part.height, part.width)
            facts = segmentation_json(found, str(path), size)
            if file:
                facts["out"] = _save(found, part.pixels, file)
            answers.append(facts)
            shares = dict(zip(found.classes, found.shares, strict=True))
            table.add_row(safe(path.name), *(f"{shares[c]:.1%}" for c in ("garment", "skin and hair", "background")))
    if as_json:
        print_json(answers)
    elif table.row_count:
        Console().print(table)
    if failed:
        raise typer.Exit(1)


def _files(photos: list[Path], folder: Path) -> list[Path]:
    """A file for each photo; photos of one name in several folders get numbers.

    Raises:
        InvalidRequest: the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidRequest(f"--out must be a folder; {folder} cannot be made: {error.strerror}.") from error
    found: list[Path] = []
    for photo in photos:
        file, number = folder / f"{photo.stem}.png", 2
        while file in found:
            file, number = folder / f"{photo.stem}-{number}.png", number + 1
        found.append(file)
    return found


def _save(found: Segmentation, pixels: NDArray[np.uint8], file: Path) -> list[str]:
    """Write both pictures; returns their names.

    Raises:
        InvalidRequest: a file cannot be written.
    """
    from fashionviz.figures.regions import label_png, region_picture, with_legend

    labels = file.with_suffix(".labels.png")
    try:
        file.write_bytes(encode_png(with_legend(region_picture(found, pixels), found)))
        labels.write_bytes(label_png(found.labels_on(pixels.shape[:2])))
    except OSError as error:
        raise InvalidRequest(f"{file} cannot be written: {error.strerror}.") from error
    return [str(file), str(labels)]
