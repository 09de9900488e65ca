"""``fashionviz assurance``: fit and measure when a model says "I am not sure" or "this is no garment"."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from fashionviz.console import JsonOption, bar, plain_errors, print_json


def assurance(
    model: Annotated[str, typer.Argument(help="Registry name of a trained model.")],
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of drawn pictures and of every choice of photos.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Fit and measure when a model says that it is not sure, or that a photo shows no garment."""
    from fashionviz.models.card import Share
    from fashionviz.training.assurance import fit_assurance

    with plain_errors(), bar(model) as tick:
        card = fit_assurance(model, seed=seed, progress=tick)
    facts = card.assurance
    assert facts is not None
    if as_json:
        print_json({"model": model, **facts.model_dump(mode="json")})
        return

    def shown(share: Share | None) -> str:
        return f"{share.value:.1%} ({share.ci95[0]:.1%} – {share.ci95[1]:.1%})" if share and share.n else "–"

    table = Table(Column("pictures", no_wrap=True), "n", "no garment", "not sure", "sure and right", title=model)
    for row in facts.sets:
        table.add_row(row.title, f"{row.n:,}", shown(row.not_a_garment), shown(row.unsure), shown(row.right_sure))
    console = Console()
    console.print(table)
    console.print(facts.note, highlight=False)
