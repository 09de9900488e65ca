"""What the commands that draw share: options, and files that are ours to overwrite."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from fashionviz.errors import InvalidRequest, StorageError
from fashionviz.generate.files import MANIFEST

ModelOption = Annotated[
    str | None, typer.Option("--model", "-m", help="A generator's name; the default one if left out.")
]
ClassOption = Annotated[
    str | None,
    typer.Option("--class", "-c", help="What is drawn, for example Women/Apparel; each seed's own if left out."),
]
TruncationOption = Annotated[
    float | None,
    typer.Option("--truncation", "-t", help="0.3 to 3: the smaller, the more typical and the more alike."),
]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")]


def write(path: Path, data: bytes) -> None:
    """Write a file; its folder is made if need be.

    Raises:
        StorageError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}.") from error


def must_be_free(path: Path, overwrite: bool, option: str = "--out") -> None:
    """Refuse to write over a file before the work is done.

    Raises:
        InvalidRequest: the file is there and may not be replaced, or is a folder.
    """
    if path.is_dir():
        raise InvalidRequest(f"{option} names a file; {path} is a folder.")
    if path.exists() and not overwrite:
        raise InvalidRequest(f"{path} is there already. Choose another name, or replace it with --overwrite.")


def own_files(folder: Path) -> set[str]:
    """The drawings that an earlier run wrote into a folder, by its manifest: ours to replace.

    Raises:
        InvalidRequest: the folder is a file, or its ``manifest.json`` is none of ours.
    """
    if folder.exists() and not folder.is_dir():
        raise InvalidRequest(f"--out names a folder; {folder} is a file.")
    manifest = folder / MANIFEST
    if not manifest.exists():
        return set()
    try:
        rows = json.loads(manifest.read_text())["drawings"]
        return {MANIFEST, *(str(row["file"]) for row in rows)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidRequest(f"{manifest} is no manifest of drawings. Choose another folder for --out.") from error


def must_be_ours(folder: Path, names: set[str], ours: set[str]) -> None:
    """Refuse to write over files that are not ours.

    Raises:
        InvalidRequest: one of the names is there, and no manifest of ours lists it.
    """
    foreign = sorted(name for name in names - ours if (folder / name).exists())
    if foreign:
        raise InvalidRequest(
            f"{folder / foreign[0]} is there already and is no drawing of an earlier run. Choose another folder."
        )
