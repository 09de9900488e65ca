"""``fashionviz study``: the papers' comparisons, measured."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from fashionviz.console import JsonOption, plain_errors, print_json


def study_command(
    name: Annotated[
        str,
        typer.Argument(
            help="transfer, transfer-imagenet, crop, balance, tags, tags-baseline, thresholds, ropanet, embeddings or "
            "narrowing."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the record and the page.")] = Path("docs/studies"),
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Run finished rows again.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure a comparison of the papers, row by row; the same command goes on after the finished rows."""
    from fashionviz.studies.papers import get_study
    from fashionviz.studies.run import run_study

    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
    with plain_errors("Stopped. The finished rows are kept; the same command goes on after them."):
        if name in ("tags", "tags-baseline", "thresholds", "ropanet", "embeddings", "narrowing"):
            _on_features(name, out, overwrite, as_json)
            return
        study = get_study(name)
        record = run_study(study, out, overwrite=overwrite)
        if as_json:
            print_json(record.model_dump(mode="json"))
            return
        seconds = sum(row.seconds for row in record.rows)
        Console().print(
            f"{len(record.rows)} rows, {seconds:,.0f} s of training: {out / study.name}.json and .md.",
            highlight=False,
            markup=False,
        )


def _on_features(name: str, out: Path, overwrite: bool, as_json: bool) -> None:
    """The studies whose rows are no recipes of classifiers."""
    from fashionviz.studies.embeddings import run_embeddings
    from fashionviz.studies.narrowing import run_narrowing
    from fashionviz.studies.ropanet import run_ropanet
    from fashionviz.studies.tag_baseline import run_baseline
    from fashionviz.studies.tag_grid import run_grid
    from fashionviz.studies.tag_thresholds import run_thresholds

    if name == "tags":
        grid = run_grid(out, overwrite=overwrite)
        said, facts = f"{len(grid.rows)} rows", grid.model_dump(mode="json")
    elif name == "ropanet":
        trained = run_ropanet(out, overwrite=overwrite)
        said, facts = f"{len(trained.rows)} rows", trained.model_dump(mode="json")
    elif name == "embeddings":
        tried = run_embeddings(out, overwrite=overwrite)
        said, facts = f"{len(tried.rows)} rows", tried.model_dump(mode="json")
    elif name == "narrowing":
        narrowed = run_narrowing(out)
        said, facts = f"{len(narrowed.rows)} ways to search", narrowed.model_dump(mode="json")
    elif name == "thresholds":
        compared = run_thresholds(out)
        said, facts = f"{len(compared.rules)} rules", compared.model_dump(mode="json")
    else:
        found = run_baseline(out, overwrite=overwrite)
        said = "; ".join(
            f"macro F1 {found.macro_f1.value:.4f} against {b.macro_f1.value:.4f} ({b.behind.value:+.4f}, 95 % interval "
            f"{b.behind.ci95[0]:+.4f} to {b.behind.ci95[1]:+.4f}) of logistic regressions on {b.backbone}"
            for b in found.baselines
        )
        facts = found.model_dump(mode="json")
    if as_json:
        print_json(facts)
    else:
        Console().print(f"{said}: {out / name}.json and .md.", highlight=False, markup=False)
