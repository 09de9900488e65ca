"""Photos to items: read, cropped, embedded, committed in batches. Stopped at any time, the same call goes on."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fashionviz import images
from fashionviz.errors import Cancelled, ImageError, InvalidRequest
from fashionviz.match.catalogue import Catalogue, create_catalogue, facts_for, remove_files
from fashionviz.match.errors import CatalogueDamaged
from fashionviz.match.protocols import Cropper, Embedder, WholePhoto
from fashionviz.match.results import CatalogueItem
from fashionviz.match.sources import ItemSource, SourceItem
from fashionviz.match.store import NewItem, Refusal
from fashionviz.match.thumbnails import thumbnail
from fashionviz.match.writer import Writer
from fashionviz.results import Progress

#: Items of a commit: few enough to lose little when killed, enough that committing costs nothing beside embedding.
BATCH = 64

OnProgress = Callable[[Progress], None]


@dataclass(frozen=True)
class BuildResult:
    """What became of a source's items.

    Attributes:
        total: items of the source.
        added: new ones.
        replaced: those whose photo or metadata had changed.
        kept: those that were there already, unchanged.
        refused: photos that could not be read, and why.
    """

    total: int
    added: int
    replaced: int
    kept: int
    refused: tuple[Refusal, ...]


@dataclass(frozen=True)
class _Ready:
    """An item whose pixels wait for their vector."""

    item: CatalogueItem
    pixels: NDArray[np.uint8] = field(repr=False)
    thumbnail: bytes | None = field(repr=False)
    sha256: str


def open_for_build(
    folder: Path,
    source: ItemSource,
    embedder: Embedder,
    cropper: Cropper,
    *,
    overwrite: bool = False,
    name: str | None = None,
) -> Catalogue:
    """The catalogue that a build goes on with, or a new one.

    Args:
        folder: of the catalogue.
        source: for its description.
        embedder, cropper: that will be used.
        overwrite: empty it first, in one step; a damaged one is deleted.
        name: in sentences; the folder's if left out.

    Raises:
        EmbedderMismatch, InvalidRequest: it was made with another embedder or cropper.
    """
    facts = facts_for(embedder.ref, embedder.dim, cropper=cropper.name, source=source.words)
    try:
        catalogue = create_catalogue(folder, facts, name)
    except CatalogueDamaged:
        if not overwrite:
            raise
        remove_files(folder, name or folder.name)
        catalogue = create_catalogue(folder, facts, name)
    if overwrite:
        with catalogue.writer() as writer:
            writer.reset(facts)
    catalogue.check(embedder.ref)
    made_with = catalogue.info().cropper
    if made_with != cropper.name:
        raise InvalidRequest(
            f"The catalogue {catalogue.name} was built with {made_with!r} as the part of a photo that counts, not with "
            f"{cropper.name!r}. Build it anew with --overwrite."
        )
    return catalogue


def build(
    catalogue: Catalogue,
    source: ItemSource,
    embedder: Embedder,
    *,
    cropper: Cropper | None = None,
    thumbnails: bool = True,
    on_progress: OnProgress | None = None,
    cancel: threading.Event | None = None,
) -> BuildResult:
    """Bring a source's items into a catalogue; items that are there unchanged are left alone.

    Args:
        catalogue: made with this embedder.
        source: photos with what is known of them.
        embedder: makes the vectors.
        cropper: says where the article is; the whole photo without one.
        thumbnails: keep small pictures.
        on_progress: called after every item.
        cancel: set it from another thread to stop. What was committed stays.

    Raises:
        EmbedderMismatch: the catalogue's vectors are another network's.
        CatalogueBusy: somebody else writes.
        Cancelled: ``cancel`` was set.
        StorageError: the disk is full.
    """
    catalogue.check(embedder.ref)
    cropper = cropper or WholePhoto()
    with catalogue.writer() as writer:
        run = _Run(catalogue, writer, embedder, cropper, thumbnails)
        total, began = len(source), time.perf_counter()
        for done, item in enumerate(source, start=1):
            if cancel is not None and cancel.is_set():
                raise Cancelled("Stopped. What was committed is in the catalogue.")
            run.take(item)
            if on_progress is not None:
                fresh = done - run.kept  # what is there already passes in no time
                left = (time.perf_counter() - began) / fresh * (total - done) if fresh else None
                on_progress(Progress(done, total, left))
        run.commit()
        writer.index()
    return BuildResult(total, run.added, run.replaced, run.kept, tuple(run.refused))


class _Run:
    """The batch that is being filled, and the count of what became of the others."""

    def __init__(
        self, catalogue: Catalogue, writer: Writer, embedder: Embedder, cropper: Cropper, thumbnails: bool
    ) -> None:
        self._writer, self._embedder, self._cropper, self._thumbnails = writer, embedder, cropper, thumbnails
        self._known = catalogue.hashes()
        self._seen: set[str] = set()
        self._ready: list[_Ready] = []
        self._refused: list[Refusal] = []
        self.added = self.replaced = self.kept = 0
        self.refused: list[Refusal] = []

    def take(self, item: SourceItem) -> None:
        """One item into the batch, which is committed when it is full."""
        try:
            if item.id in self._seen:
                raise ImageError("Another photo of the same source has this id; ids must be unique.")
            self._seen.add(item.id)
            data = item.read()
            digest = _digest(item, data)
            if self._known.get(item.id) == digest:
                self.kept += 1
                return
            self._ready.append(self._prepared(item, data, digest))
        except ImageError as error:
            self._refused.append(Refusal(item.id, str(error)))
        if len(self._ready) + len(self._refused) >= BATCH:
            self.commit()

    def _prepared(self, item: SourceItem, data: bytes, digest: str) -> _Ready:
        photo = images.decode(data)
        box = self._cropper.crop(photo)
        part = photo.crop(box) if box else photo
        entry = CatalogueItem(item.id, item.category, item.title, item.metadata, item.source, box)
        return _Ready(entry, part.pixels, thumbnail(photo.pixels) if self._thumbnails else None, digest)

    def commit(self) -> None:
        """Embed and write what is in the batch."""
        ready, refused = self._ready, self._refused
        self._ready, self._refused = [], []
        if not ready and not refused:
            return
        new = embedded(ready, self._embedder)
        self._writer.add(new, refused)
        again = sum(entry.item.id in self._known for entry in new)
        self.replaced += again
        self.added += len(new) - again
        self.refused += refused


def embedded(ready: Sequence[_Ready], embedder: Embedder) -> list[NewItem]:
    """Items with their vectors."""
    if not ready:
        return []
    vectors = embedder.embed([entry.pixels for entry in ready])
    return [NewItem(e.item, v, e.thumbnail, e.sha256) for e, v in zip(ready, vectors, strict=True)]


def _digest(item: SourceItem, data: bytes) -> str:
    """Changes with the photo's bytes and with what is known of the item."""
    facts = json.dumps([item.category, item.title, dict(item.metadata)], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(data + b"\0" + facts.encode()).hexdigest()
