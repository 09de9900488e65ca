"""``fashionviz explain``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from fashionviz.boxes import parse_box
from fashionviz.console import JsonOption, bar, plain_errors, print_json
from fashionviz.errors import InvalidRequest
from fashionviz.photo_files import check_ending, read_photo, save_picture

PhotoArgument = Annotated[Path, typer.Argument(help="A JPEG, PNG or WebP photo.")]
ModelOption = Annotated[str | None, typer.Option("--model", "-m", help="Registry name; the default model if left out.")]
MethodOption = Annotated[str, typer.Option("--method", "-k", help="For example guided-backprop or grad-cam.")]
TargetOption = Annotated[
    str | None, typer.Option("--target", help="The class to explain; the most probable if left out.")
]
AgainstOption = Annotated[str | None, typer.Option("--against", help="A second class: why the first and not this one?")]
LayerOption = Annotated[
    str | None, typer.Option("--layer", help="For the methods that look at one layer; see models --layers.")
]
BoxOption = Annotated[str | None, typer.Option("--box", help="Region x0,y0,x1,y1 in pixels of the upright photo.")]


def explain_command(
    photo: PhotoArgument,
    output: Annotated[Path, typer.Option("--out", "-o", help="A .png picture, or .npy raw float32 values.")],
    model: ModelOption = None,
    method: MethodOption = "guided-backprop",
    target: TargetOption = None,
    against: AgainstOption = None,
    layer: LayerOption = None,
    box: BoxOption = None,
    style: Annotated[str, typer.Option("--style", help="colour, signed or overlay, for .png")] = "colour",
    as_json: JsonOption = False,
) -> None:
    """Show where the model looked."""
    from fashionviz.figures import pictures
    from fashionviz.inference.engine import shared_engine
    from fashionviz.serialise import explained_json

    styles = {
        "colour": pictures.attribution_colour,
        "signed": pictures.attribution_signed,
        "overlay": pictures.attribution_overlay,
    }
    with plain_errors(), bar(method) as tick:
        check_ending(output)
        if style not in styles:
            raise InvalidRequest(f"--style must be one of {', '.join(styles)}, not {style!r}.")
        result = shared_engine().explain(
            read_photo(photo), model, method, target=target, against=against, layer=layer,
            box=parse_box(box, "--box"), on_progress=lambda p: tick(p.done, p.total),
        )  # fmt: skip
        save_picture(output, lambda: pictures.enlarge(styles[style](result), 640), lambda: result.values)
    facts = {
        "file": str(photo), "model": result.model.name, "method": method, **explained_json(result),
        "shape": list(result.values.shape), "out": str(output), "timings_ms": result.timings.as_dict(),
    }  # fmt: skip
    if as_json:
        print_json(facts)
        return
    out = Console()
    out.print(f"{method} for {result.question} ({result.probability:.1%}) → {output}", highlight=False, markup=False)
    if result.completeness_error is not None:
        out.print(
            f"{result.steps} steps; the values miss the change of the logit by {result.completeness_error:.2%}.",
            highlight=False,
        )
