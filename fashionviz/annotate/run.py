"""Annotate the photos of a folder with one or more models, several photos in flight, and go on after a stop."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from fashionviz import images
from fashionviz.annotate.photos import Collection, PhotoFile, find_photos, read_photo
from fashionviz.annotate.row import Annotation
from fashionviz.annotate.table import append, close_table, merged, open_table
from fashionviz.data.answers import ANSWERS
from fashionviz.errors import Cancelled, FashionvizError, InvalidRequest, Overloaded, WorkerDied
from fashionviz.images import Photo
from fashionviz.inference.engine import Engine, shared_engine
from fashionviz.results import ModelRef, Prediction, Progress

log = logging.getLogger(__name__)

#: How long a photo waits for an engine that is busy with others, in seconds, before it counts as failed.
PATIENCE_S = 600.0
#: How often a photo is sent again when the model's worker stops under it.
DEATHS = 3

Known = Mapping[tuple[str, str], Annotation]


@dataclass(frozen=True)
class AnnotationRun:
    """What became of a run.

    Attributes:
        out: the table.
        collection: the photos, and what was left out.
        models: which weights were asked.
        rows: a row a photo and model, in order, with corrections.
        kept: rows that an earlier run had answered.
        failed: rows without an answer.
        changed: corrected photos whose bytes are others now than when they were corrected: look at them again.
        elsewhere: rows of the table that belong to other photos or models; they are kept.
    """

    out: Path
    collection: Collection
    models: tuple[ModelRef, ...]
    rows: tuple[Annotation, ...]
    kept: int
    failed: int
    changed: tuple[str, ...]
    elsewhere: int

    @property
    def new(self) -> int:
        """Rows that this run has answered."""
        return len(self.rows) - self.kept - self.failed


def annotate(
    folder: Path,
    out: Path,
    *,
    models: Sequence[str] = (),
    engine: Engine | None = None,
    overwrite: bool = False,
    on_row: Callable[[Annotation], None] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> AnnotationRun:
    """Answer every photo of a folder with every model, into a CSV: a row a photo and model.

    Where the CSV exists already, rows of the same photo (by its bytes), model and weights are kept, failed ones are
    tried again, and corrections stay whatever happens. It may be stopped at any moment and called again.

    Args:
        folder: searched with all folders below it.
        out: the CSV.
        models: registry names of models of one class; the default model if there are none.
        engine: the process's shared one by default.
        overwrite: start over; corrections are lost too.
        on_row: called from this thread with each new row once it is safely in the CSV.
        on_progress: called from this thread after each photo, counting rows.
        cancel: set it from another thread to stop.

    Raises:
        InvalidRequest: a model is a tagger, no such folder, no photo in it, or ``out`` cannot be written.
        UnknownModel, ModelNotTrained, WeightsError: a model cannot answer; nothing was written.
        DataError: ``out`` is another file than a table of annotations; it is left alone.
        StorageError: the CSV cannot be written any more.
        Cancelled: ``cancel`` was set; what was answered is in the CSV.
    """
    engine = engine or shared_engine()
    names = _of_one_class(engine, models)
    collection = find_photos(folder)
    refs = _verified(engine, names)
    known = {row.key: row for row in open_table(out, overwrite=overwrite)}
    asker = _Asker(engine, lambda file: read_photo(collection.root / file), refs, known)

    def keep(fresh: Sequence[Annotation]) -> None:
        append(out, fresh)
        if on_row:
            for row in fresh:
                on_row(row)

    tally = _ask_all(asker, collection.files, keep, on_progress, cancel)
    wanted = {(file, ref.name) for file in collection.files for ref in refs}
    table = close_table(out, tally.fresh)
    rows = tuple(row for row in table if row.key in wanted)
    return AnnotationRun(
        out=out,
        collection=collection,
        models=refs,
        rows=rows,
        kept=tally.kept,
        failed=sum(row.error is not None for row in tally.fresh),
        changed=_changed(known, tally.fresh),
        elsewhere=len(table) - len(rows),
    )


def annotate_photos(
    files: Sequence[str],
    read: Callable[[str], PhotoFile],
    *,
    models: Sequence[str] = (),
    known: Iterable[Annotation] = (),
    engine: Engine | None = None,
    on_row: Callable[[Annotation], None] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> tuple[Annotation, ...]:
    """:func:`annotate` for photos that lie in memory: nothing is written anywhere.

    Args:
        files: their names, each once.
        read: gives a photo's bytes by its name, in threads of its own; see :func:`fashionviz.annotate.photos.photo_of`.
        models: registry names of models of one class; the default model if there are none.
        known: rows of an earlier run. Those that still hold are kept, failed ones are tried again, corrections stay.
        engine: the process's shared one by default.
        on_row: called from this thread with each new row: keep it there, since a cancelled run returns nothing.
        on_progress: called from this thread after each photo, counting rows.
        cancel: set it from another thread to stop.

    Returns:
        A row a photo and model, in order.

    Raises:
        InvalidRequest: a model is a tagger; nothing was asked.
        UnknownModel, ModelNotTrained, WeightsError: a model cannot answer; nothing was asked.
        Cancelled: ``cancel`` was set.
    """
    engine = engine or shared_engine()
    refs = _verified(engine, _of_one_class(engine, models))
    table = {row.key: row for row in known}

    def keep(fresh: Sequence[Annotation]) -> None:
        if on_row:
            for row in fresh:
                on_row(row)

    tally = _ask_all(_Asker(engine, read, refs, table), files, keep, on_progress, cancel)
    wanted = {(file, ref.name) for file in files for ref in refs}
    return tuple(row for row in merged([*table.values(), *tally.fresh]) if row.key in wanted)


def holds(row: Annotation | None, sha256: str | None, weights: str | None) -> bool:
    """Whether a row answers these bytes with these weights, so that they need not be asked again."""
    return row is not None and row.error is None and (row.sha256, row.weights) == (sha256, weights)


def _of_one_class(engine: Engine, models: Sequence[str]) -> tuple[str, ...]:
    """The models' names, each once. A row has a place for one class: of a tagger, one tag would stand there for all."""
    names = tuple(dict.fromkeys(models or (engine.model().name,)))
    for name in names:
        info = engine.model(name)
        if info.answer != "classes":
            instead = ANSWERS[info.answer].instead
            raise InvalidRequest(
                f"{name} gives {info.answer}, and a row of the table holds one class. Choose a model that gives one "
                f"class{f', or {instead}' if instead else ''}."
            )
    return names


def _verified(engine: Engine, names: Sequence[str]) -> tuple[ModelRef, ...]:
    """Load each model once: one that is missing or damaged is one error, not one a photo."""
    return tuple(engine.filters(name).model for name in names)


def _changed(known: Known, fresh: Sequence[Annotation]) -> tuple[str, ...]:
    found = {row.file for row in fresh if (old := known.get(row.key)) and old.corrected and old.sha256 != row.sha256}
    return tuple(sorted(found))


@dataclass
class _Tally:
    """What is done, and how long the rest will take. Rows that were kept cost nothing and promise nothing."""

    total: int
    kept: int = 0
    fresh: list[Annotation] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def add(self, rows: Sequence[Annotation], fresh: Sequence[Annotation]) -> None:
        self.kept += len(rows) - len(fresh)
        self.fresh.extend(fresh)

    def progress(self) -> Progress:
        done, new = self.kept + len(self.fresh), len(self.fresh)
        spent = time.monotonic() - self.began
        return Progress(done, self.total, spent / new * (self.total - done) if new else None)


def _ask_all(
    asker: _Asker,
    files: Sequence[str],
    keep: Callable[[Sequence[Annotation]], None],
    on_progress: Callable[[Progress], None] | None,
    cancel: threading.Event | None,
) -> _Tally:
    """Ask about every photo; each photo's new rows go to ``keep`` before they are counted."""
    tally = _Tally(len(files) * len(asker.models))
    with closing(_in_flight(asker, files, cancel)) as answers:
        for answered in answers:
            fresh = [row for row in answered if row is not asker.known.get(row.key)]
            if fresh:
                keep(fresh)
            tally.add(answered, fresh)
            if on_progress:
                on_progress(tally.progress())
    return tally


def _in_flight(
    asker: _Asker, files: Sequence[str], cancel: threading.Event | None
) -> Generator[tuple[Annotation, ...], None, None]:
    """The rows of each photo as they are answered, with as many photos on their way as the engine takes at once."""
    config = asker.engine.config
    # Two micro-batches: one computes while the next is read and decoded. Never more than the queue holds.
    workers = max(1, min(2 * config.max_batch, config.queue_size))
    todo, done = iter(files), 0
    pool = ThreadPoolExecutor(workers, thread_name_prefix="annotate")
    try:
        waiting = {pool.submit(asker.ask, file) for file in islice(todo, 2 * workers)}
        while waiting:
            ended, waiting = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
            for future in ended:
                done += 1
                yield future.result()
            if done < len(files) and cancel is not None and cancel.is_set():
                raise Cancelled(f"Stopped after {done} of {len(files)} photos. Begin again to go on from there.")
            waiting |= {pool.submit(asker.ask, file) for file in islice(todo, len(ended))}
    finally:  # also when the one who iterates stops: nobody waits for what is not wanted any more
        asker.stop.set()
        pool.shutdown(wait=True, cancel_futures=True)


class _Asker:
    """Asks the engine about one photo at a time, from many threads."""

    def __init__(
        self, engine: Engine, read: Callable[[str], PhotoFile], models: Sequence[ModelRef], known: Known
    ) -> None:
        self.engine, self.read, self.models, self.known = engine, read, models, known
        self.stop = threading.Event()
        # Decoding takes up to 150 MB a photo and gains nothing beyond the processors.
        self._decoding = threading.BoundedSemaphore(os.cpu_count() or 1)

    def ask(self, file: str) -> tuple[Annotation, ...]:
        """A row for each model: the known one where photo and weights are still the same. Failures are rows too."""
        sha256, todo, photo = self._open(file)
        rows = []
        for ref in self.models:
            if ref not in todo:
                rows.append(self.known[file, ref.name])
            elif isinstance(photo, Photo):
                rows.append(self._answer(file, sha256, ref, photo))
            else:
                rows.append(Annotation(file, sha256, ref.name, ref.sha256, error=str(photo)))
        return tuple(rows)

    def _open(self, file: str) -> tuple[str | None, list[ModelRef], Photo | FashionvizError | None]:
        """The photo's hash, the models that have not answered it yet, and for these its pixels or what is wrong."""
        with self._decoding:
            found = self.read(file)
            todo = [r for r in self.models if not holds(self.known.get((file, r.name)), found.sha256, r.sha256)]
            if found.data is None or not todo:
                return found.sha256, todo, found.error
            try:
                return found.sha256, todo, images.decode(found.data)
            except FashionvizError as error:
                return found.sha256, todo, error

    def _answer(self, file: str, sha256: str | None, ref: ModelRef, photo: Photo) -> Annotation:
        try:
            answer = self._patiently(photo, ref.name)
        except FashionvizError as error:
            return Annotation(file, sha256, ref.name, ref.sha256, error=str(error))
        except Exception as error:  # one batch that fails must not end a night's work; the log has the whole of it
            log.exception("%s failed on %s", ref.name, ascii(file))
            sentence = f"{ref.name} failed on this photo ({type(error).__name__}). Run it again to try once more."
            return Annotation(file, sha256, ref.name, ref.sha256, error=sentence)
        first, second = (*answer.scores, None)[:2]
        assert first is not None
        return Annotation(
            file=file,
            sha256=sha256,
            model=ref.name,
            weights=answer.model.sha256,
            label=first.label,
            probability=first.probability,
            runner_up=second.label if second else None,
            runner_up_probability=second.probability if second else None,
        )

    def _patiently(self, photo: Photo, model: str) -> Prediction:
        """Ask, and come back when the engine says that it is busy with others."""
        deadline, deaths = time.monotonic() + PATIENCE_S, 0
        failure: FashionvizError
        while True:
            try:
                return self.engine.predict(photo, model)
            except Overloaded as error:
                pause, failure = error.retry_after_s, error
            except WorkerDied as error:
                deaths += 1
                pause, failure = 0.1, error
            if deaths > DEATHS or time.monotonic() + pause > deadline or self.stop.wait(pause):
                raise failure
