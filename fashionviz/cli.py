"""The command ``fashionviz``: the same calls as the apps and the API, from a terminal.

With ``--json`` standard output holds one JSON document; logs and progress go to standard error. Exit status 0: all
answered; 1: some inputs failed (the others are answered); 2: wrong usage.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from fashionviz.annotate.commands import annotate_command
from fashionviz.boxes import parse_box
from fashionviz.console import JsonOption, plain_errors, print_json
from fashionviz.data.commands import data_app
from fashionviz.data.convert_command import convert_command
from fashionviz.data.landmarks_command import landmarks_command
from fashionviz.data.tags_command import tags_command
from fashionviz.errors import DataError, FashionvizError, InvalidRequest
from fashionviz.evaluation.commands import compare, how_good
from fashionviz.evaluation.evaluate_command import evaluate
from fashionviz.explain.commands import averages, channels, embedding_map
from fashionviz.generate.generate_command import generate
from fashionviz.generate.interpolate_command import interpolate
from fashionviz.generate.invert_command import invert
from fashionviz.inference.detect_command import detect
from fashionviz.inference.disagreement_command import disagree
from fashionviz.inference.explain_command import explain_command
from fashionviz.inference.landmarks_command import landmarks
from fashionviz.inference.segment_command import segment
from fashionviz.inference.trust_command import trust_command
from fashionviz.match.commands import catalogue_app
from fashionviz.match.match_command import match_command
from fashionviz.match.why_command import why_command
from fashionviz.photo_files import check_ending, read_photo, save_picture
from fashionviz.studies.commands import study_command
from fashionviz.sweeps.commands import sweep_command
from fashionviz.take_home.command import report
from fashionviz.training.assurance_command import assurance
from fashionviz.video.command import video

if TYPE_CHECKING:
    from fashionviz.results import Prediction

app = typer.Typer(
    name="fashionviz",
    help="See what fashion models see: predictions, explanations, filters, activation maps, scores.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
data_app.command("convert")(convert_command)
data_app.command("landmarks")(landmarks_command)
data_app.command("tags")(tags_command)
app.add_typer(data_app, name="data")
app.add_typer(catalogue_app, name="catalogue")
app.command("match")(match_command)
app.command()(video)
app.command("match-why")(why_command)
app.command()(compare)
app.command()(report)
app.command("study")(study_command)
app.command()(assurance)
app.command()(evaluate)
app.command()(landmarks)
app.command()(disagree)
app.command()(segment)
app.command()(detect)
app.command()(channels)
app.command()(averages)
app.command("embedding-map")(embedding_map)
app.command()(generate)
app.command()(interpolate)
app.command()(invert)

out = Console()
err = Console(stderr=True)

ModelOption = Annotated[str | None, typer.Option("--model", "-m", help="Registry name; the default model if left out.")]
BoxOption = Annotated[str | None, typer.Option("--box", help="Region x0,y0,x1,y1 in pixels of the upright photo.")]
OutOption = Annotated[Path, typer.Option("--out", "-o", help="A .png picture, or .npy raw float32 values.")]


@app.command()
def models(
    as_json: JsonOption = False,
    layers: Annotated[str | None, typer.Option("--layers", help="List the layers of this model instead.")] = None,
) -> None:
    """List the registered models, or the layers of one."""
    from fashionviz.inference.engine import shared_engine
    from fashionviz.serialise import layer_json, model_json
    from fashionviz.serialise_drawing import listed_json

    with plain_errors():
        if layers:
            found = shared_engine().layers(layers)
            if as_json:
                print_json([layer_json(layer) for layer in found])
                return
            table = Table("layer", "kind", "output", "parameters", title=layers)
            for layer in found:
                table.add_row(layer.name, layer.kind, " × ".join(map(str, layer.shape)), f"{layer.parameters:,}")
            out.print(table)
            return
        infos, generators = shared_engine().models(), shared_engine().generators()
        if as_json:
            tasks = {info.task for info in infos}
            print_json([*map(model_json, infos), *(listed_json(drawer, tasks) for drawer in generators)])
            return
        table = Table(Column("model", no_wrap=True), Column("trained", no_wrap=True), "how good", "weights")
        for info in infos:
            trained = ("yes" if info.trained else "no") + (", default" if info.default else "")
            table.add_row(info.name, trained, how_good(info), (info.sha256 or "–")[:8])
        table.add_section()
        for drawer in generators:
            trained = ("yes" if drawer.trained else "no") + (", default" if drawer.default else "")
            table.add_row(
                drawer.name, trained, f"draws {' × '.join(map(str, drawer.size))}", (drawer.sha256 or "–")[:8]
            )
        out.print(table)


def _scores_table(result: Prediction, path: Path, note: str) -> Table:
    table = Table("class", "probability", title=escape(path.name), caption=escape(note))
    for item in result.scores:
        table.add_row(item.label, f"{item.probability:.4f}")
    return table


def _tags_table(result: Prediction, path: Path, note: str) -> Table:
    """What is said in each group and, where nothing is, the most probable tag; ✓ marks what is said."""
    table = Table("group", "tag", "probability", "said from", "said", title=escape(path.name), caption=escape(note))
    for group in result.tags:
        for tag in group.said or group.tags[:1]:
            table.add_row(
                group.title, tag.value, f"{tag.probability:.4f}", f"{tag.threshold:.4f}", "✓" if tag.said else ""
            )
    return table


@app.command()
def predict(
    photos: Annotated[list[Path], typer.Argument(help="JPEG, PNG or WebP photos.")],
    model: ModelOption = None,
    box: BoxOption = None,
    as_json: JsonOption = False,
) -> None:
    """Name the class, or the tags, of each photo."""
    from fashionviz.inference.engine import shared_engine
    from fashionviz.inference.segment import must_name
    from fashionviz.models.registry import get_model
    from fashionviz.serialise import failure_json, prediction_json

    with plain_errors():
        engine = shared_engine()
        region = parse_box(box, "--box")
        info = engine.model(model)
        must_name(get_model(info.name))
        engine.filters(model)  # a missing or damaged model is one error, not one a photo
        answers, failed = [], False
        for path in photos:
            try:
                result = engine.predict(read_photo(path), model, box=region)
            except FashionvizError as error:
                failed = True
                answers.append(failure_json(error, str(path)))
                if not as_json:
                    err.print(f"[bold red]{escape(path.name)}:[/] {escape(str(error))}", highlight=False)
                continue
            answers.append(prediction_json(result, str(path), info.note))
            if not as_json:
                out.print(
                    _tags_table(result, path, info.note) if result.tags else _scores_table(result, path, info.note)
                )
                if result.assurance:
                    out.print(f"{result.assurance.verdict}: {result.assurance.reason}", highlight=False)
        if as_json:
            print_json(answers)
        if failed:
            raise typer.Exit(1)


app.command("annotate")(annotate_command)


app.command("explain")(explain_command)
app.command("trust")(trust_command)


@app.command()
def filters(
    output: OutOption,
    model: ModelOption = None,
    layer: Annotated[str | None, typer.Option("--layer", help="A convolution; the first if left out.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Draw the filters of a convolution."""
    from fashionviz.figures import pictures
    from fashionviz.inference.engine import shared_engine

    with plain_errors():
        check_ending(output)
        bank = shared_engine().filters(model, layer)
        save_picture(output, lambda: pictures.filter_grid(bank), lambda: bank.weights)
    facts = {"model": bank.model.name, "layer": bank.layer, "shape": list(bank.weights.shape), "out": str(output)}
    if as_json:
        print_json(facts)
    else:
        out.print(f"{len(bank.weights)} filters of {bank.layer} → {output}", highlight=False, markup=False)


@app.command()
def activations(
    photo: Annotated[Path, typer.Argument(help="A JPEG, PNG or WebP photo.")],
    output: OutOption,
    model: ModelOption = None,
    layer: Annotated[str | None, typer.Option("--layer", help="A layer by name; see models --layers.")] = None,
    channel: Annotated[int | None, typer.Option("--channel", help="One channel large instead of a grid.")] = None,
    box: BoxOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw the activation maps of a layer for a photo."""
    from fashionviz.figures import pictures
    from fashionviz.inference.engine import shared_engine

    with plain_errors():
        check_ending(output)
        maps = shared_engine().activations(read_photo(photo), model, layer, box=parse_box(box, "--box"))
        if channel is not None and not 0 <= channel < len(maps.maps):
            raise InvalidRequest(f"{maps.layer} has the channels 0 to {len(maps.maps) - 1}, not {channel}.")

        def picture() -> Any:
            if channel is not None:
                return pictures.activation_tile(maps, channel, 640)
            return pictures.activation_grid(maps, pictures.strongest_channels(maps, 64))

        save_picture(output, picture, lambda: maps.maps if channel is None else maps.maps[channel][None])
    facts = {
        "file": str(photo), "model": maps.model.name, "layer": maps.layer, "shape": list(maps.maps.shape),
        "out": str(output), "timings_ms": maps.timings.as_dict(),
    }  # fmt: skip
    if as_json:
        print_json(facts)
    else:
        out.print(f"{maps.layer}: {' × '.join(map(str, maps.maps.shape))} → {output}", highlight=False, markup=False)


@app.command()
def train(
    recipe: Annotated[
        str, typer.Argument(help="A recipe's name: that of its model. Or dcgan, with --data FOLDER of your pictures.")
    ],
    init: Annotated[
        str | None,
        typer.Option(
            "--init",
            help="imagenet, nsfwjs (Inception-v3), in-domain (the installed weights), a model's name, scratch, or a "
            "safetensors file (else: the recipe's).",
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Install even if it does not beat the installed weights.")
    ] = False,
    data: Annotated[
        str | None,
        typer.Option(
            "--data",
            help="Folder of the data sets (else: FASHIONVIZ_DATA, or where they are). Or deepfashion, deepfashion2, "
            "imaterialist or street2shop: the recipe is followed on that data set of yours.",
        ),
    ] = None,
    root: Annotated[
        Path | None, typer.Option("--root", help="Folder of that data set as published; needed once.")
    ] = None,
    devices: Annotated[
        int | None,
        typer.Option("--devices", min=1, help="GPUs, or processes on a CPU (else: all GPUs, or one)."),
    ] = None,
) -> None:
    """Train a recipe; install the weights with card and report if they beat the installed ones on validation."""
    from fashionviz.data.formats.registry import FORMATS
    from fashionviz.training.commands import train_and_install, train_own

    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
    with plain_errors():
        if recipe == "dcgan":
            from fashionviz.training.drawing_own import train_on_folder

            if data is None or not Path(data).expanduser().is_dir():
                raise DataError("Say which folder of pictures to learn from: --data FOLDER.")
            said = train_on_folder(Path(data).expanduser(), init=init, resume=resume)
        elif data in FORMATS:
            said = train_own(recipe, str(data), root, init=init, resume=resume, force=force, devices=devices)
        else:
            if root is not None:
                raise InvalidRequest(f"--root belongs to --data with one of {', '.join(FORMATS)}.")
            if data is not None:
                folder = Path(data).expanduser()
                if not folder.is_dir():
                    raise DataError(f"There is no folder {data}.")
                os.environ["FASHIONVIZ_DATA"] = str(folder.resolve())  # where the data layer, in every process, looks
            said = train_and_install(recipe, init=init, resume=resume, force=force, devices=devices)
        if said:
            out.print(said, highlight=False)


@app.command()
def rescore(recipe: Annotated[str, typer.Argument(help="A recipe's name: that of its model.")]) -> None:
    """Measure installed weights again: calibration, figures and report are replaced, the weights stay."""
    from fashionviz.training.commands import rescore_installed

    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
    with plain_errors():
        out.print(rescore_installed(recipe), highlight=False)


@app.command()
def refit(recipe: Annotated[str, typer.Argument(help="A recipe's name: that of a tagger.")]) -> None:
    """Fit the last layer of an installed tagger anew on what it has learned, and measure it."""
    from fashionviz.training.commands import refit_installed

    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
    with plain_errors():
        out.print(refit_installed(recipe), highlight=False)


app.command("sweep")(sweep_command)


@app.command()
def serve(
    host: Annotated[str, typer.Option("--host")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535)] = 7860,
) -> None:
    """Serve the suite: portal, lab, studio and API on one port."""
    from apps.server import serve as run

    run(host, port)


def main() -> None:
    """Entry point of the command ``fashionviz``."""
    app()


if __name__ == "__main__":
    main()
