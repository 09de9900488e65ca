"""``fashionviz detect``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from fashionviz.boxes import parse_box
from fashionviz.console import JsonOption, plain_errors, print_json, safe
from fashionviz.detect_results import Detections
from fashionviz.errors import FashionvizError, InvalidRequest
from fashionviz.images import Photo, encode_png
from fashionviz.photo_files import read_photo


def detect(
    photos: Annotated[list[Path], typer.Argument(help="JPEG, PNG or WebP photos.")],
    model: Annotated[str | None, typer.Option("--model", "-m", help="A network that finds items.")] = None,
    min_score: Annotated[float | None, typer.Option("--min-score", help="Least score of an item; 0.6 else.")] = None,
    output: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="A .png of one photo with its boxes; of several a folder for NAME.png each."),
    ] = None,
    box: Annotated[str | None, typer.Option("--box", help="Region x0,y0,x1,y1 in pixels of the upright photo.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Find what is worn and carried on photos: a box, a kind and a score for each item."""
    from fashionviz.inference.detect import checked_score, detector, must_detect
    from fashionviz.inference.engine import shared_engine
    from fashionviz.models.registry import get_model
    from fashionviz.serialise import failure_json
    from fashionviz.serialise_detections import detections_json

    answers, failed = [], False
    table = Table("photo", "item", "score", "x0", "y0", "x1", "y1")
    err = Console(stderr=True)
    with plain_errors():
        engine, region = shared_engine(), parse_box(box, "--box")
        name = model or detector()
        must_detect(get_model(name))
        checked_score(min_score)
        files = _files(photos, output)
        engine.filters(name)  # a missing or damaged model is one error, not one a photo
        for path, file in zip(photos, files, strict=True):
            try:
                photo = read_photo(path)
                found = engine.detect(photo, name, min_score, region)
            except FashionvizError as error:
                failed = True
                answers.append(failure_json(error, str(path)))
                if not as_json:
                    err.print(f"[bold red]{safe(path.name)}:[/] {safe(str(error))}", highlight=False)
                continue
            facts = detections_json(found, str(path))
            if file:
                _save(found, photo, file)
                facts["out"] = str(file)
            answers.append(facts)
            for item, score, label in zip(found.boxes, found.scores, found.labels, strict=True):
                table.add_row(safe(path.name), label, f"{score:.3f}", *(f"{v:.0f}" for v in item))
            if not len(found):
                table.add_row(safe(path.name), f"nothing from a score of {found.min_score:g} on", "", "", "", "", "")
    if as_json:
        print_json(answers)
    elif table.row_count:
        Console().print(table)
    if failed:
        raise typer.Exit(1)


def _files(photos: list[Path], output: Path | None) -> list[Path | None]:
    """A file for each photo; photos of one name in several folders get numbers.

    Raises:
        InvalidRequest: the folder cannot be made, or one picture is to hold several photos.
    """
    if output is None:
        return [None] * len(photos)
    if output.suffix:
        if len(photos) > 1:
            raise InvalidRequest("--out is one picture, and there are several photos: name a folder.")
        if output.suffix.lower() != ".png":
            raise InvalidRequest(f"--out must end in .png or be a folder, not {output.suffix!r}.")
        return [output]
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidRequest(f"--out must be a folder; {output} cannot be made: {error.strerror}.") from error
    found: list[Path | None] = []
    for photo in photos:
        file, number = output / f"{photo.stem}.png", 2
        while file in found:
            file, number = output / f"{photo.stem}-{number}.png", number + 1
        found.append(file)
    return found


def _save(found: Detections, photo: Photo, file: Path) -> None:
    """Write the photo with its boxes.

    Raises:
        InvalidRequest: the file cannot be written.
    """
    from fashionviz.figures.detections import detection_picture

    try:
        file.write_bytes(encode_png(detection_picture(found, photo.pixels)))
    except OSError as error:
        raise InvalidRequest(f"{file} cannot be written: {error.strerror}.") from error
