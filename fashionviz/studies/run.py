"""Run a study row by row; what is finished is on disk, and a second run goes on after it."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from fashionviz.data.sets import cache_root
from fashionviz.errors import WeightsError
from fashionviz.evaluation.evaluate import evaluate
from fashionviz.models.registry import get_model
from fashionviz.models.weights import FILE, load_initial, save_weights, sha256_of
from fashionviz.studies.page import study_page
from fashionviz.studies.record import Record, Result, load_record, save_record, score_of, up_to_date, write
from fashionviz.studies.study import Row, Study
from fashionviz.training.loop import describe, network_of
from fashionviz.training.run import train
from fashionviz.training.starts import starting_weights

log = logging.getLogger(__name__)


def row_folder(study: Study, row: str) -> Path:
    """Where a row's checkpoints and weights go: apart from those of real training."""
    return cache_root() / "runs" / "studies" / study.name / row


def run_study(study: Study, out: Path, *, overwrite: bool = False) -> Record:
    """Run the rows that are not finished; record and page are written after each.

    A row that a kill cut off starts over, so that its seconds are those of one run. A finished row runs again only
    where another one needs its weights and they are gone.

    Args:
        study: what to run.
        out: folder of ``NAME.json`` and ``NAME.md``.
        overwrite: run finished rows again.

    Returns:
        The complete record.

    Raises:
        DataError: a data set is missing, or the record is damaged.
        WeightsError: the weights to start from are missing.
        StorageError: the record cannot be written.
    """
    path = out / f"{study.name}.json"
    old = None if overwrite else load_record(path)
    known = up_to_date(study, {r.name: r for r in old.rows} if old else {})
    for row in study.rows:
        if row.name in known and not _is_needed(study, row, known):
            log.info("%s: kept", row.title)
            continue
        log.info("%s: runs", row.title)
        known = up_to_date(study, {**known, row.name: _run(study, row, known)})
        _save(study, known, path)
    return _save(study, known, path)


def _save(study: Study, known: dict[str, Result], path: Path) -> Record:
    record = Record(study=study.name, rows=tuple(known[r.name] for r in study.rows if r.name in known))
    save_record(record, path)
    write(path.with_suffix(".md"), study_page(study, record))
    return record


def _is_needed(study: Study, row: Row, known: dict[str, Result]) -> bool:
    """Whether an unfinished row starts from this finished one, whose weights are not there any more."""
    if not any(r.start == row.name and r.name not in known for r in study.rows):
        return False
    weights = row_folder(study, row.name) / FILE
    return not weights.is_file() or sha256_of(weights) != known[row.name].sha256


def _run(study: Study, row: Row, known: dict[str, Result]) -> Result:
    recipe, spec = row.recipe, get_model(row.recipe.model)
    source: Path | None
    start_sha: str | None
    if row.start:
        source = row_folder(study, row.start) / FILE
        start_sha = known[row.start].sha256
    else:
        start = starting_weights(recipe.init, recipe.model)
        source, start_sha = start.path, start.sha256
    folder = row_folder(study, row.name)
    counts: tuple[int, ...] = (0,) * len(spec.task.classes)
    epochs, seconds = 0, 0.0
    if row.trained:
        shutil.rmtree(folder, ignore_errors=True)  # of a run that was cut off
        trained = train(recipe, init=source, folder=folder)
        counts, seconds, epochs = trained.counts, trained.seconds, len(trained.history)
        source = folder / FILE
        # The last epoch: nothing was chosen on the photos that are scored.
        save_weights(network_of(trained.last, spec.name), spec.name, source, "float16")
    assert source is not None, "a row that is not trained starts from another (Study checks it)"
    network = spec.build().eval()
    if missing := load_initial(source, network):
        raise WeightsError(f"{source} lacks {', '.join(missing)} of {spec.name}.")
    facts = describe(recipe)
    scores = []
    for scoring in row.scored:
        scored = evaluate(
            spec.name,
            scoring.data_set,
            scoring.split,
            network=network,
            size=recipe.validate_at,
            crop=scoring.crop,
        )
        scores.append(score_of(scoring, scored, counts))
        log.info("%s: %s %s accuracy %.4f", row.title, scoring.data_set, scoring.split, scores[-1].accuracy.value)
    return Result(
        name=row.name,
        settings=row.settings(),
        sha256=sha256_of(source),
        start_sha256=start_sha,
        photos=sum(counts),
        epochs=epochs,
        seconds=round(seconds, 2),
        machine=str(facts["machine"]),
        torch=str(facts["torch"]),
        scores=tuple(scores),
    )
