"""``fashionviz catalogue``: build, add, remove, list, info, export, index, demo, delete."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from fashionviz.console import JsonOption, bar, plain_errors, print_json, safe
from fashionviz.errors import InvalidRequest
from fashionviz.match.errors import CatalogueDamaged
from fashionviz.match.places import catalogue_names, checked_name

if TYPE_CHECKING:  # they load torch, which listing catalogues does without
    from fashionviz.match.build import BuildResult
    from fashionviz.match.catalogue import Catalogue
    from fashionviz.match.sources import ItemSource
    from fashionviz.results import Progress

catalogue_app = typer.Typer(help="Catalogues of shop items: what photos are matched against.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="The catalogue: small letters, digits, - and _.")]
EmbedderOption = Annotated[
    str | None,
    typer.Option(
        "--embedder",
        help="The network that makes the vectors: one that embeds items, or a trained classifier, whose features are "
        "taken (the installed embedder if left out).",
    ),
]
_STOPPED = "Stopped. What was committed is in the catalogue; run the same command again to go on from there."
#: Refused photos that are named on a terminal; --json and `info` name them all.
SHOWN = 20


def _out() -> Console:
    return Console()


def _err() -> Console:
    return Console(stderr=True)


@contextmanager
def _progress(title: str) -> Iterator[Any]:
    with bar(title) as tick:

        def on_progress(progress: Progress) -> None:
            tick(progress.done, progress.total)

        yield on_progress


def _say(result: BuildResult, catalogue: Catalogue, as_json: bool, left_out: tuple[tuple[str, int], ...] = ()) -> None:
    """What became of the photos; exit status 1 where some could not be read."""
    from fashionviz.serialise_matches import build_json

    info = catalogue.info()
    for refusal in result.refused[:SHOWN]:
        _err().print(f"[bold red]{safe(refusal.id)}:[/] {safe(refusal.reason)}", highlight=False)
    if len(result.refused) > SHOWN:
        _err().print(f"… and {len(result.refused) - SHOWN:,} more; `fashionviz catalogue info` names them.")
    if left_out:
        kinds = ", ".join(f"{ending} {count:,}" for ending, count in left_out)
        _err().print(f"Left out, no JPEG, PNG or WebP: {kinds}.", highlight=False)
    if as_json:
        print_json({**build_json(result, info), "left_out": dict(left_out)})
    else:
        _out().print(
            f"{info.name}: {result.added:,} added, {result.replaced:,} replaced, {result.kept:,} kept, "
            f"{len(result.refused):,} refused of {result.total:,}; {info.items:,} items by {info.embedder.name} "
            f"({info.embedder.sha256[:8]}…).",
            highlight=False,
        )
    if result.refused:
        raise typer.Exit(1)


@catalogue_app.command("build")
def build_command(
    name: NameArgument,
    source: Annotated[
        str, typer.Argument(help="A folder of photos (with items.csv, if you have one), a Parquet file, or a data set.")
    ],
    split: Annotated[str | None, typer.Option("--split", help="Of a data set; all splits if left out.")] = None,
    embedder: EmbedderOption = None,
    detect: Annotated[
        bool, typer.Option("--detect", help="Find the article on each photo first, instead of taking the whole photo.")
    ] = False,
    thumbnails: Annotated[
        bool, typer.Option("--thumbnails/--no-thumbnails", help="Keep a small picture of each item.")
    ] = True,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Empty the catalogue first.")] = False,
    ship: Annotated[
        bool, typer.Option("--ship", help="Also write the copy that ships: int8 vectors and metadata, no photos.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Build a catalogue, or bring it up to date. Stop it at any time; the same command goes on."""
    from fashionviz.inference.engine import shared_engine
    from fashionviz.match.sources import open_source
    from fashionviz.match.wiring import cropper_for, embedder_for

    with plain_errors(_STOPPED):
        checked_name(name)
        items = open_source(source, split)
        engine = shared_engine()
        network = embedder_for(engine, embedder)
        _build(
            name, items, network, cropper_for(engine) if detect else None, thumbnails and not ship, overwrite, ship,
            as_json,
        )  # fmt: skip


def _build(
    name: str, items: ItemSource, network: Any, cropper: Any, thumbnails: bool, overwrite: bool, ship: bool,
    as_json: bool,
) -> None:  # fmt: skip
    from fashionviz.match.build import build, open_for_build
    from fashionviz.match.catalogue import own_folder
    from fashionviz.match.protocols import WholePhoto

    cropper = cropper or WholePhoto()
    catalogue = open_for_build(own_folder(name), items, network, cropper, overwrite=overwrite)
    with _progress(f"Building {name}") as on_progress:
        result = build(catalogue, items, network, cropper=cropper, thumbnails=thumbnails, on_progress=on_progress)
    if ship:
        from fashionviz.match.ship import ship as write

        path = write(catalogue)
        _err().print(f"Shipped as {path} ({path.stat().st_size / 2**20:.1f} MiB).", highlight=False)
    _say(result, catalogue, as_json, getattr(items, "left_out", ()))


@catalogue_app.command("demo")
def demo_command(
    seeds: Annotated[int, typer.Option("--seeds", min=1, max=200, help="Pictures of each kind.")] = 8,
    embedder: EmbedderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Build the catalogue "demo" of articles drawn by our own generator, pictures included."""
    from fashionviz.inference.engine import shared_engine
    from fashionviz.match.sources import DemoSource
    from fashionviz.match.wiring import best_embedder, embedder_for

    with plain_errors(_STOPPED):
        engine = shared_engine()
        network = embedder_for(engine, embedder) if embedder else best_embedder(engine)
        _build("demo", DemoSource(seeds), network, None, True, _made_otherwise("demo", network.ref), False, as_json)


def _made_otherwise(name: str, ref: Any) -> bool:
    """Whether a catalogue of that name was made by another network: our own drawings may be embedded anew."""
    from fashionviz.match.catalogue import Catalogue, own_folder
    from fashionviz.match.places import FILE

    folder = own_folder(name)
    return (folder / FILE).is_file() and Catalogue(folder).embedder != ref


@catalogue_app.command("add")
def add_command(
    name: NameArgument,
    photos: Annotated[list[Path], typer.Argument(help="Photos; each becomes an item with its name as id.")],
    category: Annotated[str | None, typer.Option("--category")] = None,
    title: Annotated[str | None, typer.Option("--title", help="The file's name if left out.")] = None,
    columns: Annotated[
        list[str] | None, typer.Option("--set", help="A further column as name=value, for example price=19.9.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Add photos to a catalogue; an item of the same id is replaced."""
    from fashionviz.inference.engine import shared_engine
    from fashionviz.match.build import build
    from fashionviz.match.catalogue import open_catalogue
    from fashionviz.match.sources import PhotosSource
    from fashionviz.match.wiring import DetectingCropper, cropper_for, embedder_for

    with plain_errors(_STOPPED):
        catalogue = open_catalogue(name)
        engine = shared_engine()
        network = embedder_for(engine, catalogue.embedder.name)
        cropper = cropper_for(engine) if catalogue.info().cropper == DetectingCropper.NAME else None
        source = PhotosSource(photos, category, title, _columns(columns))
        with _progress(f"Adding to {name}") as on_progress:
            result = build(catalogue, source, network, cropper=cropper, on_progress=on_progress)
        _say(result, catalogue, as_json)


def _columns(given: list[str] | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for text in given or ():
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise InvalidRequest(f"--set takes name=value, for example price=19.9, not {text!r}.")
        try:
            found[key.strip()] = json.loads(value)
        except ValueError:
            found[key.strip()] = value
    return found


@catalogue_app.command("remove")
def remove_command(
    name: NameArgument,
    ids: Annotated[list[str], typer.Argument(help="Ids of items.")],
    as_json: JsonOption = False,
) -> None:
    """Remove items from a catalogue."""
    from fashionviz.match.catalogue import open_catalogue

    with plain_errors():
        catalogue = open_catalogue(name)
        with catalogue.writer() as writer:
            missing = writer.remove(ids)
            writer.index()
        for identifier in missing:
            _err().print(f"{safe(identifier)}: the catalogue has no such item.", highlight=False)
        if as_json:
            removed = [i for i in dict.fromkeys(ids) if i not in missing]
            print_json({"name": name, "removed": removed, "missing": list(missing), "items": len(catalogue)})
        else:
            _out().print(f"{name}: {len(catalogue):,} items.", highlight=False)
        if missing:
            raise typer.Exit(1)


@catalogue_app.command("list")
def list_command(as_json: JsonOption = False) -> None:
    """List the catalogues of this machine."""
    from fashionviz.errors import FashionvizError
    from fashionviz.match.catalogue import open_catalogue
    from fashionviz.serialise_matches import info_json

    with plain_errors():
        infos, failed = [], False
        for name in catalogue_names():
            try:
                infos.append(open_catalogue(name).info())
            except FashionvizError as error:
                failed = True
                _err().print(f"[bold red]{safe(name)}:[/] {safe(str(error))}", highlight=False)
        if as_json:
            print_json([info_json(info) for info in infos])
        elif infos:
            table = Table("catalogue", "items", "pictures", "vectors by", "probabilities", "MiB")
            for info in infos:
                table.add_row(
                    info.name, f"{info.items:,}", f"{info.thumbnails:,}", info.embedder.name,
                    "yes" if info.calibrated else "not calibrated", f"{info.bytes / 2**20:.1f}",
                )  # fmt: skip
            _out().print(table)
        elif not failed:
            _out().print("There is no catalogue yet. `fashionviz catalogue demo` makes one of drawn items.")
        if failed:
            raise typer.Exit(1)


@catalogue_app.command("info")
def info_command(name: NameArgument, as_json: JsonOption = False) -> None:
    """What a catalogue holds, which network made its vectors, and which photos were refused."""
    from fashionviz.match.catalogue import open_catalogue
    from fashionviz.serialise_matches import info_json

    with plain_errors():
        catalogue = open_catalogue(name)
        info, refusals = catalogue.info(), catalogue.refusals()
        if as_json:
            print_json({**info_json(info), "refusals": [{"id": r.id, "reason": r.reason} for r in refusals]})
            return
        table = Table(show_header=False)
        rows = {
            "catalogue": info.name + (" (came with fashionviz)" if info.shipped else ""),
            "from": info.source,
            "items": f"{info.items:,}, {info.thumbnails:,} with a picture",
            "vectors by": f"{info.embedder.name}, weights {info.embedder.sha256[:12]}…",
            "vectors": f"{info.dim} values as {info.packing}",
            "of": info.cropper,
            "search": info.index,
            "probabilities": "yes" if info.calibrated else "not calibrated: no curve was fitted for this embedder",
            "categories": ", ".join(f"{k} {v:,}" for k, v in info.categories.items()) or "none",
            "size": f"{info.bytes / 2**20:.1f} MiB",
        }
        for key, value in rows.items():
            table.add_row(key, safe(value))
        _out().print(table)
        for refusal in refusals:
            _out().print(f"refused: {safe(refusal.id)}: {safe(refusal.reason)}", highlight=False)


@catalogue_app.command("export")
def export_command(
    name: NameArgument,
    output: Annotated[Path, typer.Option("--out", "-o", help="A .parquet file.")],
    as_json: JsonOption = False,
) -> None:
    """Write a catalogue as one Parquet file: ids, metadata, pictures and vectors."""
    from fashionviz.match.catalogue import open_catalogue
    from fashionviz.match.export import export

    with plain_errors():
        count = export(open_catalogue(name), output)
        if as_json:
            print_json({"name": name, "items": count, "out": str(output)})
        else:
            _out().print(f"{count:,} items → {safe(str(output))}", highlight=False)


@catalogue_app.command("index")
def index_command(name: NameArgument, as_json: JsonOption = False) -> None:
    """Make the approximate index of a large catalogue anew; small ones are searched exactly and need none."""
    from fashionviz.match.catalogue import open_catalogue

    with plain_errors():
        catalogue = open_catalogue(name)
        with catalogue.writer() as writer:
            if len(catalogue) <= catalogue.exact_below:
                made, said = False, f"{name} has {len(catalogue):,} items: all of them are compared, exactly."
            else:
                made, said = writer.index(force=True), f"{name} has an index of {len(catalogue):,} items."
        if as_json:
            print_json({"name": name, "made": made, "items": len(catalogue)})
        else:
            _out().print(said, highlight=False)


@catalogue_app.command("delete")
def delete_command(
    name: NameArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Delete a catalogue of yours with everything in it."""
    from fashionviz.match.catalogue import delete_catalogue, open_catalogue

    with plain_errors():
        try:
            count = len(open_catalogue(name))
        except CatalogueDamaged:
            count = 0  # nobody can say; it may go all the same
        if not yes and not typer.confirm(f"Delete {name} with its {count:,} items?", err=True):
            raise typer.Exit(1)
        delete_catalogue(name)
        if as_json:
            print_json({"name": name, "deleted": count})
        else:
            _out().print(f"{name} is deleted.", highlight=False)
