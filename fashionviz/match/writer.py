"""Writing into a catalogue: every call one commit, under the writers' lock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fashionviz.errors import InvalidRequest, StorageError
from fashionviz.match import ann, store
from fashionviz.match.curve import MatchCurve, curve_to_json
from fashionviz.match.errors import EmbedderMismatch
from fashionviz.match.store import NewItem, Refusal
from fashionviz.match.vectors import checked, pack

if TYPE_CHECKING:
    from fashionviz.match.catalogue import Catalogue


class Writer:
    """Writes into a catalogue as long as the lock is held; every call is one commit."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._store = catalogue.store

    def add(self, items: Sequence[NewItem], refused: Sequence[Refusal] = ()) -> None:
        """Add items, or put them in the place of those with the same ids, all at once.

        Args:
            items: with vectors of the catalogue's embedder.
            refused: photos that could not become items, and why. Items of the same ids stay as they are.

        Raises:
            InvalidRequest: an id twice, or a vector of another length.
            StorageError: the disk is full; nothing of it was added then.
        """
        ids = [new.item.id for new in items]
        if len(set(ids)) < len(ids):
            raise InvalidRequest("Two of the items have the same id.")
        with self._store.writing() as db:
            facts = store.facts_of(db)
            if items:
                vectors = checked(np.stack([new.vector for new in items]), int(facts["dim"]))
                store.insert(db, items, pack(vectors, store.packing_of(facts)))
            store.refuse(db, refused)

    def remove(self, ids: Iterable[str]) -> tuple[str, ...]:
        """Remove items; the ids that were not there."""
        wanted = tuple(dict.fromkeys(ids))
        with self._store.writing() as db:
            gone = store.delete(db, wanted, store.next_generation(db))
        return tuple(i for i in wanted if i not in gone)

    def reset(self, facts: dict[str, Any]) -> None:
        """Begin anew, empty, in one step: readers see the old catalogue or the new one."""
        with self._store.writing() as db:
            store.reset(db, facts)

    def calibrate(self, curve: MatchCurve | None) -> None:
        """Keep the curve that turns cosines into probabilities.

        Raises:
            EmbedderMismatch: it was fitted on another network's cosines.
        """
        with self._store.writing() as db:
            facts = store.facts_of(db)
            if curve is not None and curve.sha256 != facts["sha256"]:
                raise EmbedderMismatch("The curve was fitted on the cosines of other weights than the catalogue's.")
            store.set_fact(db, "curve", curve_to_json(curve) if curve else None)

    def index(self, *, force: bool = False) -> bool:
        """Make the approximate index, or bring it up to date, where there are enough items and it is due.

        Args:
            force: make it anew in any case.

        Returns:
            Whether it was made.

        Raises:
            StorageError: the disk is full.
        """
        folder = self._catalogue.folder
        with self._store.reading() as db:
            if not force and not ann.is_due(db, self._catalogue.exact_below):
                return False
            try:
                made = ann.make(db, folder)
            except (OSError, RuntimeError) as error:
                raise StorageError(f"The index of {self._catalogue.name} cannot be written: {error}.") from error
        with self._store.writing() as db:
            store.set_fact(db, "ann", made)
            store.next_generation(db)
        ann.sweep(folder, made["file"])
        return True
