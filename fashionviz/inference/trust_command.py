"""``fashionviz trust``."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from fashionviz.boxes import parse_box
from fashionviz.console import JsonOption, bar, plain_errors, print_json, safe
from fashionviz.inference.explain_command import (
    AgainstOption,
    BoxOption,
    LayerOption,
    MethodOption,
    ModelOption,
    PhotoArgument,
    TargetOption,
)
from fashionviz.photo_files import read_photo


def trust_command(
    photo: PhotoArgument,
    model: ModelOption = None,
    method: MethodOption = "guided-backprop",
    target: TargetOption = None,
    against: AgainstOption = None,
    layer: LayerOption = None,
    box: BoxOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say how far a map of where the model looked can be trusted."""
    from fashionviz.inference.engine import shared_engine
    from fashionviz.serialise import trust_json

    with plain_errors(), bar(f"trust in {method}") as tick:
        found = shared_engine().trust(
            read_photo(photo), model, method, target=target, against=against, layer=layer,
            box=parse_box(box, "--box"), on_progress=lambda p: tick(p.done, p.total),
        )  # fmt: skip
    if as_json:
        print_json(trust_json(found, str(photo)))
        return
    out, asked = Console(), found.attribution
    table = Table("score", "value", "to compare", title=f"{asked.method} for {asked.question} on {safe(photo.name)}")
    table.add_row(
        "rank correlation with random weights", f"{found.randomised.spearman:.3f}", "1: weights do not matter"
    )
    table.add_row("structural similarity with it", f"{found.randomised.ssim:.3f}", "1: weights do not matter")
    table.add_row(
        "deletion (low is good)", f"{found.deletion.auc:.3f}", f"map elsewhere {found.deletion.control_auc:.3f}"
    )
    table.add_row(
        "insertion (high is good)", f"{found.insertion.auc:.3f}", f"map elsewhere {found.insertion.control_auc:.3f}"
    )
    for share in found.shares or ():
        table.add_row(f"lies on {share.region}", f"{share.saliency:.1%}", f"of {share.pixels:.1%} of the pixels")
    out.print(table)
    out.print(found.sentence, highlight=False, markup=False)
    if found.shares_note:
        out.print(found.shares_note, highlight=False, markup=False)
