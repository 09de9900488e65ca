"""``fashionviz study tags``: Table 1 of paper 000 in structure, on frozen features, with today's losses beside it."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fashionviz.data.labels import TASKS
from fashionviz.data.tags import TagVocabulary, shipped_vocabulary
from fashionviz.evaluation.multilabel import choose_thresholds, multilabel_figures, resampled_intervals
from fashionviz.studies.frozen import Backbone, tag_material
from fashionviz.studies.record import Figure, Frozen, in_cell, read_record, write_page
from fashionviz.training.last_layer import Material, by_steps
from fashionviz.training.multilabel_loss import LOSSES

log = logging.getLogger(__name__)

MODEL = "inception_v3.tags"
BACKBONE = Backbone(MODEL, "nsfwjs", (128, 96))
SEED = 20260101


@dataclass(frozen=True)
class Run:
    """One row of the table.

    Attributes:
        images: training photos; all of the split if ``None``.
        steps: of 100 photos each.
        loss: a name in :data:`fashionviz.training.multilabel_loss.LOSSES`.
        learning_rate: of plain stochastic gradient descent.
        part: ``grid`` or ``rates``, the table it stands in.
    """

    images: int | None
    steps: int
    loss: str
    learning_rate: float = 0.1
    part: str = "grid"

    def key(self) -> dict[str, Any]:
        """What determines the row."""
        return {"images": self.images, "steps": self.steps, "loss": self.loss, "learning_rate": self.learning_rate}


#: The paper's rows, its million photos being the whole train split, its 100,000 a tenth of that; then other losses.
RUNS: tuple[Run, ...] = (
    Run(50, 500, "bce"),
    Run(50, 20_000, "bce"),
    Run(3_300, 20_000, "bce"),
    Run(3_300, 20_000, "bce6"),
    Run(3_300, 5_000, "bce4"),
    Run(None, 500, "bce"),
    Run(None, 500, "bce4"),
    Run(None, 5_000, "bce4"),
    Run(None, 22_000, "bce4"),
    Run(None, 22_000, "bce"),
    Run(None, 22_000, "bce6"),
    Run(None, 22_000, "focal"),
    Run(None, 22_000, "asymmetric"),
    *(Run(None, 5_000, "bce", rate, "rates") for rate in (0.05, 0.1, 0.5, 1.0)),
)


class GridFigures(Frozen):
    """Figures of a split at some thresholds, each in 0..1; only the two F1 that are compared have intervals.

    Attributes:
        accuracy: share of known tags that are decided rightly.
        precision, recall: over all decisions together.
        per_image_f1: mean over pictures that have a tag.
        micro_f1: over all decisions together.
        macro_f1: mean over tags.
    """

    accuracy: float
    precision: float
    recall: float
    per_image_f1: float
    micro_f1: Figure
    macro_f1: Figure


class GridRow(Frozen):
    """A finished row.

    Attributes:
        run: what determined it.
        seconds: of training the last layer.
        validation_accuracy: at one half, as in the paper.
        half: test figures with every threshold at one half, as in the paper.
        chosen: test figures with the threshold of each tag chosen on validation.
        mean_average_precision: on test.
    """

    run: dict[str, Any]
    seconds: float
    validation_accuracy: float
    half: GridFigures
    chosen: GridFigures
    mean_average_precision: Figure


class Grid(Frozen):
    """The record: finished rows, and how many photos they saw."""

    backbone: str
    train: int
    validation: int
    test: int
    rows: tuple[GridRow, ...] = ()


def _figures(probabilities: Any, material: Material, thresholds: Any) -> tuple[GridFigures, Figure]:
    """Figures at the thresholds, and the mean average precision, which needs none."""
    found = multilabel_figures(probabilities, material.true, material.known, thresholds)
    between = resampled_intervals(probabilities, material.true, material.known, thresholds)
    figures = GridFigures(
        accuracy=found.accuracy,
        precision=found.micro.precision,
        recall=found.micro.recall,
        per_image_f1=found.per_image.f1,
        micro_f1=Figure(value=found.micro.f1, ci95=between.micro_f1),
        macro_f1=Figure(value=found.macro.f1, ci95=between.macro_f1),
    )
    return figures, Figure(value=found.mean_average_precision, ci95=between.mean_average_precision)


def _row(run: Run, train: Material, validation: Material, test: Material) -> GridRow:
    seen = train if run.images is None else train.some(run.images, SEED)
    began = time.perf_counter()
    layer = by_steps(seen, LOSSES[run.loss], run.steps, run.learning_rate, seed=SEED)
    seconds = time.perf_counter() - began
    on_validation, on_test = layer.probabilities(validation.x), layer.probabilities(test.x)
    thresholds = choose_thresholds(on_validation, validation.true, validation.known)
    half, area = _figures(on_test, test, 0.5)
    chosen, _ = _figures(on_test, test, thresholds)
    accuracy = multilabel_figures(on_validation, validation.true, validation.known, 0.5).accuracy
    return GridRow(
        run=run.key(), seconds=round(seconds, 1), validation_accuracy=accuracy, half=half, chosen=chosen,
        mean_average_precision=area,
    )  # fmt: skip


def run_grid(out: Path, *, overwrite: bool = False) -> Grid:
    """Train the rows that are not finished; record and page are written after each.

    Raises:
        DataError: the catalogue is missing, or the record is damaged.
        WeightsError: the backbone's weights are.
        StorageError: the record cannot be written.
    """
    path = out / "tags.json"
    old = None if overwrite else read_record(path, Grid)
    known = {str(row.run): row for row in old.rows} if old else {}
    train, validation, test = (tag_material(BACKBONE, MODEL, s) for s in ("train", "validation", "test"))
    rows: list[GridRow] = []
    for run in RUNS:
        rows.append(known.get(str(run.key())) or _row(run, train, validation, test))
        log.info("%s: test micro F1 %.4f", run.key(), rows[-1].chosen.micro_f1.value)
        done = Grid(
            backbone=BACKBONE.title, train=len(train), validation=len(validation), test=len(test), rows=tuple(rows)
        )
        write_page(done, grid_page(done, vocabulary=shipped_vocabulary()), path)
    return done


def _table(rows: list[GridRow], train: int) -> list[str]:
    lines = [
        "| images | steps | loss | learning rate | validation accuracy | precision | recall | micro F1 at ½ | "
        "macro F1 at ½ | micro F1, chosen | macro F1, chosen | F1 a picture, chosen | mAP | seconds |",
        "|---:|---:|---|---:|---:|---:|---:|---|---|---|---|---:|---|---:|",
    ]
    for row in rows:
        run, half, chosen = row.run, row.half, row.chosen
        images = train if run["images"] is None else run["images"]
        lines.append(
            f"| {images:,} | {run['steps']:,} | {_LOSSES[run['loss']]} | {run['learning_rate']:g} | "
            f"{row.validation_accuracy:.3f} | {half.precision:.3f} | {half.recall:.3f} | "
            f"{in_cell(half.micro_f1)} | {in_cell(half.macro_f1)} | {in_cell(chosen.micro_f1)} | "
            f"{in_cell(chosen.macro_f1)} | {chosen.per_image_f1:.3f} | {in_cell(row.mean_average_precision)} | "
            f"{row.seconds:,.0f} |"
        )
    return lines


#: How much a present label weighs in the cross-entropies.
_WEIGHTS = {"bce": 1, "bce4": 4, "bce6": 6}
_LOSSES = {
    **{loss: f"cross-entropy, weight {weight}" for loss, weight in _WEIGHTS.items()},
    "focal": "focal",
    "asymmetric": "asymmetric",
}


def _weights_apart(rows: list[GridRow], train: int) -> list[str]:
    """A line for each set of rows that differ in nothing but the weight of a present label, under a sentence."""
    alike: dict[tuple[int, int, float], list[GridRow]] = {}
    for row in rows:
        if row.run["loss"] in _WEIGHTS:
            key = (row.run["images"] or train, row.run["steps"], row.run["learning_rate"])
            alike.setdefault(key, []).append(row)
    lines = []
    for (images, steps, _), found in alike.items():
        if len(found) < 2:
            continue
        found = sorted(found, key=lambda row: _WEIGHTS[row.run["loss"]])
        columns = {
            "precision at ½": [row.half.precision for row in found],
            "recall at ½": [row.half.recall for row in found],
            "micro F1 at ½": [row.half.micro_f1.value for row in found],
            "micro F1, chosen": [row.chosen.micro_f1.value for row in found],
        }
        said = "; ".join(f"{name} {', '.join(f'{v:.3f}' for v in values)}" for name, values in columns.items())
        weights = ", ".join(str(_WEIGHTS[row.run["loss"]]) for row in found)
        lines.append(f"- {images:,} images, {steps:,} steps, weights {weights}: {said}.")
    if lines:
        return ["Rows that differ in nothing but how much a present label weighs, by rising weight:", "", *lines, ""]
    return []


def grid_page(grid: Grid, vocabulary: TagVocabulary) -> str:
    """``docs/studies/tags.md`` from the record: every figure measured, none typed."""
    frequent = sorted(vocabulary.tags, key=lambda tag: -tag.count)[:10]
    sizes = [len(vocabulary.places(group.name)) for group in TASKS["tags"].groups]
    said = ", ".join(f"{group.title.lower()} {n}" for group, n in zip(TASKS["tags"].groups, sizes, strict=True))
    parts = [run.part for run in RUNS]
    grid_rows, rate_rows = (
        [row for row, part in zip(grid.rows, parts, strict=False) if part == wanted] for wanted in ("grid", "rates")
    )
    lines = [
        "# The tagger's last layer: images, steps, weights",
        "",
        "Written by `fashionviz study tags` with the record `tags.json`; a test keeps it current.",
        "",
        "Paper 000 trains a new last layer on an Inception-v3 with ImageNet's weights and changes how many images it "
        "sees, for how many steps, and how much a present label weighs. The same table on the catalogue: its "
        f"{len(vocabulary)} tags ({said}) are those that at least 20 training items have; the paper has 228 labels. "
        f"Backbone: {grid.backbone}, frozen, its pooled features computed once. A step takes 100 images, plain "
        "stochastic gradient descent, as in the paper. Its million images are here the whole train split "
        f"({grid.train:,}) and its 100,000 a tenth of that; these are subsampled grids, and a row was trained once.",
        "",
        f"Validation accuracy (n {grid.validation:,}), precision, recall and the first two F1 say a tag from a "
        "probability of one half, as the paper does; the others use a threshold for each tag chosen on validation. "
        f"Figures without a split are those of the public test split, n {grid.test:,}; intervals are 95 %, over "
        "resampled pictures. What is not known of an item counts nowhere.",
        "",
        *_table(grid_rows, grid.train),
        "",
        *_weights_apart(grid_rows, grid.train),
        "## Learning rates",
        "",
        *_table(rate_rows, grid.train),
        "",
        "## The ten most frequent tags",
        "",
        "| tag | training items | share |",
        "|---|---:|---:|",
        *(f"| {tag.name} | {tag.count:,} | {tag.count / vocabulary.items:.1%} |" for tag in frequent),
        "",
        "All of them: `fashionviz data tags --most 138`.",
        "",
        "Reference: paper 000 (table 1, iMaterialist Fashion 2018, 228 labels) reports F1 0.286 (50 images, 500 steps, "
        "weight 1) to 0.453 (a million images, 22,000 steps, weight 4) and accuracies of 0.929 to 0.979.",
    ]
    return "\n".join(lines) + "\n"
