"""``fashionviz evaluate``: a model's figures on any file with the columns of its data set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from fashionviz.console import JsonOption, bar, plain_errors, print_json
from fashionviz.errors import DataError
from fashionviz.evaluation.commands import print_boxes, print_landmarks, print_regions, print_tagging
from fashionviz.evaluation.report import Report
from fashionviz.evaluation.retrieval_print import print_retrieval


def evaluate(
    model: Annotated[str, typer.Argument(help="Registry name.")],
    data: Annotated[str, typer.Option("--data", help="A data set's name, a folder, or a Parquet file.")],
    split: Annotated[
        str | None, typer.Option("--split", help="train, validation, test, …; every row if left out.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Score a model on a Parquet file with the columns of its data set; a generator by its distance from photos."""
    from fashionviz.evaluation.drawing_command import evaluate_generator
    from fashionviz.models.generators import is_generator
    from fashionviz.models.registry import get_model

    if is_generator(model):
        evaluate_generator(model, data, split, as_json)
        return
    with plain_errors():
        answer = get_model(model).task.answer
    if answer not in _PRINTED:
        _classes(model, data, split, as_json)
        return
    with plain_errors(), bar(f"{model} on {data}") as tick:
        report = _scored(answer, model, data, split, tick)
    _PRINTED[answer](report, as_json)


def _scored(answer: str, model: str, data: str, split: str | None, tick: Callable[[int, int], None]) -> Any:
    """The report of a model that gives more than one class a photo; what scores it is imported when it is asked for."""
    if answer == "tags":
        from fashionviz.evaluation.tagging import evaluate_tags

        return evaluate_tags(model, data, split, progress=tick).report
    if answer == "regions":
        from fashionviz.evaluation.regions import evaluate_regions

        return evaluate_regions(model, data, split, progress=tick).report
    if answer == "boxes":
        from fashionviz.evaluation.boxes import evaluate_boxes

        return evaluate_boxes(model, data, split, progress=tick).report
    from fashionviz.evaluation.retrieval import evaluate_embedding, report_of

    return report_of(evaluate_embedding(model, data, split, progress=tick))


def _classes(model: str, data: str, split: str | None, as_json: bool) -> None:
    """One class a photo; of a landmark network the places, too."""
    from fashionviz.evaluation.evaluate import evaluate as run
    from fashionviz.evaluation.landmarks import evaluate_landmarks
    from fashionviz.models.registry import get_model
    from fashionviz.serialise import landmark_report_json, report_json

    with plain_errors(), bar(f"{model} on {data}") as tick:
        report = run(model, data, split, progress=tick).report
    found = None
    marks = get_model(model).landmarks
    if marks:
        with plain_errors(), bar(f"landmarks of {model} on {data}") as tick:
            try:
                found = evaluate_landmarks(model, data, split, progress=tick)
            except DataError as error:  # the categories are answered; of the landmarks nothing is known
                Console(stderr=True).print(str(error), highlight=False, markup=False)
    if as_json:
        print_json(report_json(report) | (landmark_report_json(found) if marks else {}))
        return
    _print_classes(model, report)
    if found:
        print_landmarks(found)


def _print_classes(model: str, report: Report) -> None:
    table = Table("class", "precision", "recall", "F1", "n", title=f"{model} on {report.data_set} {report.split}")
    for row in report.per_class:
        table.add_row(row.label, f"{row.precision:.3f}", f"{row.recall:.3f}", f"{row.f1:.3f}", str(row.support))
    out = Console()
    out.print(table)
    low, high = report.accuracy_ci95
    out.print(
        f"accuracy {report.accuracy:.4f} (95 % interval {low:.4f} to {high:.4f}), n {report.n}, "
        f"skipped {report.skipped}, macro F1 {report.macro_f1:.4f}",
        highlight=False,
    )


_PRINTED: dict[str, Callable[[Any, bool], None]] = {
    "tags": print_tagging,
    "regions": print_regions,
    "boxes": print_boxes,
    "embedding": print_retrieval,
}
