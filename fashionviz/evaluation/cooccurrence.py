"""Which tags occur together on a picture: as they are true, and as a tagger says them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fashionviz.error_results import Cooccurrence
from fashionviz.evaluation.multilabel import Bools
from fashionviz.evaluation.order import clustered

#: What a matrix of co-occurrence shows, in words.
KINDS = ("true tags", "said tags", "said less true")


def cooccurrence(
    probabilities: NDArray[np.floating],
    true: Bools,
    known: Bools,
    thresholds: NDArray[np.floating] | float,
    labels: Sequence[str],
) -> Cooccurrence:
    """Count pictures on which two tags are both true, and on which both are said.

    A picture counts for a pair where it is known of both tags; what is said of it counts there alone, so that both
    matrices are about the same pictures.

    Args:
        probabilities: ``(N, L)`` in 0..1.
        true, known: ``(N, L)``.
        thresholds: ``(L,)`` or one for all; a tag is said at or above its own.
        labels: names of the tags.
    """
    there = known.astype(np.float64)
    has = (true & known).astype(np.float64)
    said = ((probabilities >= np.asarray(thresholds)) & known).astype(np.float64)
    return Cooccurrence(
        labels=tuple(labels),
        true=np.rint(has.T @ has).astype(np.int64),
        said=np.rint(said.T @ said).astype(np.int64),
        known=np.rint(there.T @ there).astype(np.int64),
    )


def pictures_of(found: Cooccurrence, kind: str) -> NDArray[np.int64]:
    """``(L, L)`` pictures of one of :data:`KINDS`; the last may be negative.

    Raises:
        ValueError: another kind.
    """
    if kind not in KINDS:
        raise ValueError(f"no kind {kind!r}")
    return {KINDS[0]: found.true, KINDS[1]: found.said, KINDS[2]: found.said - found.true}[kind]


def rows_with_both(
    probabilities: NDArray[np.floating],
    true: Bools,
    known: Bools,
    thresholds: NDArray[np.floating],
    pair: tuple[int, int],
    kind: str,
) -> NDArray[np.int64]:
    """Pictures behind one cell, as row numbers, those first that are most certain to have both tags.

    Args:
        probabilities, true, known: ``(N, L)``.
        thresholds: ``(L,)``.
        pair: numbers of the two tags.
        kind: one of :data:`KINDS`; of the last, pictures on which both are said but not both true, or the reverse.
    """
    columns = list(pair)
    both_known = known[:, columns].all(axis=1)
    both_true = true[:, columns].all(axis=1)
    both_said = (probabilities[:, columns] >= np.asarray(thresholds)[columns]).all(axis=1)
    where = {KINDS[0]: both_true, KINDS[1]: both_said, KINDS[2]: both_true ^ both_said}[kind] & both_known
    rows = np.flatnonzero(where)
    return rows[np.argsort(-probabilities[rows][:, columns].min(axis=1), kind="stable")]


def frequent(found: Cooccurrence, places: Sequence[int], most: int) -> tuple[int, ...]:
    """The most frequent of some tags, the most frequent first.

    Args:
        found: the counts.
        places: tags to choose from.
        most: how many.
    """
    return tuple(sorted(places, key=lambda i: (-int(found.true[i, i]), i))[:most])


def clustered_tags(
    found: Cooccurrence, rows: Sequence[int], columns: Sequence[int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Rows and columns so that tags with like company stand side by side.

    Of one set of tags, similar are those that occur together (Jaccard's index of their pictures); between two sets,
    those whose companions in the other set are alike (cosine).

    Args:
        found: the counts; clusters are those of the true tags.
        rows, columns: numbers of the tags.
    """
    if tuple(rows) == tuple(columns):
        block = found.true[np.ix_(rows, rows)].astype(np.float64)
        own = block.diagonal()
        union = np.add.outer(own, own) - block
        order = clustered(np.divide(block, union, out=np.zeros_like(block), where=union > 0))
        placed = tuple(rows[i] for i in order)
        return placed, placed
    block = found.true[np.ix_(rows, columns)].astype(np.float64)
    return tuple(rows[i] for i in clustered(_cosines(block))), tuple(columns[i] for i in clustered(_cosines(block.T)))


def _cosines(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return np.clip(unit @ unit.T, 0.0, 1.0)
