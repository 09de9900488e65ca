"""``fashionviz channels``, ``averages`` and ``embedding-map``: what is computed once over a split and ships."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from fashionviz.console import JsonOption, bar, plain_errors, print_json
from fashionviz.errors import InvalidRequest

ModelArgument = Annotated[str, typer.Argument(help="Registry name of a trained model.")]
DataOption = Annotated[
    str | None, typer.Option("--data", help="A data set's name, a folder or a Parquet file (else: the report's).")
]
SplitOption = Annotated[str | None, typer.Option("--split", help="A split of that set (else: the report's).")]
LimitOption = Annotated[int | None, typer.Option("--limit", min=1, help="At most so many items of each class.")]


def channels(
    model: ModelArgument,
    layer: Annotated[str | None, typer.Option("--layer", help="Read the index: this layer's channel.")] = None,
    channel: Annotated[int | None, typer.Option("--channel", min=0, help="With --layer: which channel.")] = None,
    data: DataOption = None,
    split: SplitOption = None,
    limit: LimitOption = None,
    as_json: JsonOption = False,
) -> None:
    """Build the index of the items that excite each channel most or, with --layer and --channel, read it."""
    from fashionviz.explain.channels import build_index, load_index, save_index
    from fashionviz.models.weights import model_folder
    from fashionviz.serialise_explore import index_json, top_items_json

    console = Console()
    with plain_errors():
        if (layer is None) != (channel is None):
            raise InvalidRequest("--layer and --channel belong together.")
        if layer is not None and channel is not None:
            found = load_index(model).top(layer, channel)
            if as_json:
                print_json(top_items_json(found))
                return
            table = Table("item", Column("value", justify="right"), title=f"{model}, {layer}, channel {channel}")
            for item in found.items:
                table.add_row(item.id, f"{item.value:.4g}")
            console.print(table)
            console.print(f"Of {found.source.words}.", highlight=False, markup=False)
            return
        with bar(model) as tick:
            index = build_index(model, data, split, limit=limit, progress=tick)
        path = save_index(index, model_folder(model))
    if as_json:
        print_json(index_json(index))
        return
    count = sum(len(places) for places in index.places.values())
    console.print(
        f"{count:,} channels of {len(index.layers)} layers, {index.source.words} → {path}",
        highlight=False, markup=False,
    )  # fmt: skip


def averages(
    model: ModelArgument,
    data: DataOption = None,
    split: SplitOption = None,
    limit: LimitOption = None,
    right_only: Annotated[
        bool, typer.Option("--right-only", help="Leave out items that the model gets wrong.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Average photos and attributions of every class; a run that was killed goes on."""
    from fashionviz.explain.averages import build_averages, save_averages
    from fashionviz.models.weights import model_folder
    from fashionviz.serialise_explore import averages_json

    with plain_errors("Stopped. The same command goes on."), bar(model) as tick:
        made = build_averages(model, data, split, limit=limit, right_only=right_only, progress=tick)
        path = save_averages(made, model_folder(model))
    if as_json:
        print_json(averages_json(made, arrays=False))
        return
    console = Console()
    table = Table("class", Column("n", justify="right"), title=f"{model}: {made.method}")
    for label, count in zip(made.classes, made.counts.tolist(), strict=True):
        table.add_row(label, f"{count:,}")
    console.print(table)
    console.print(f"Of {made.source.words} → {path}", highlight=False, markup=False)


def embedding_map(
    model: ModelArgument,
    data: DataOption = None,
    split: SplitOption = None,
    limit: LimitOption = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the layout.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Lay a split's embeddings out in two dimensions (needs scikit-learn)."""
    from fashionviz.explain.embedding_map import build_map, save_map
    from fashionviz.models.weights import model_folder
    from fashionviz.serialise_explore import embedding_map_json

    with plain_errors(), bar(model) as tick:
        made = build_map(model, data, split, limit=limit, seed=seed, progress=tick)
        path = save_map(made, model_folder(model))
    if as_json:
        print_json(embedding_map_json(made))
    else:
        Console().print(f"{made.source.words}; {made.method} → {path}", highlight=False, markup=False)
