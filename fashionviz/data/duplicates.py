"""Pictures of one split that lie in another as well: the same, nearly the same, or the same shape in other colours.

Three levels, each within the next: ``exact`` (equal pixels at 80 × 60), ``near`` (shape hash and colours within the
thresholds) and ``variant`` (the shape hash alone: mostly another colour of the same cut, also another article
photographed alike). ``fashionviz data duplicates NAME --thresholds`` measures what the thresholds let through and miss.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fashionviz.data.perceptual import Signatures, colour_distance, hamming, signatures
from fashionviz.data.sets import ParquetSet, open_set
from fashionviz.errors import DataError, InvalidRequest

Level = Literal["exact", "near", "variant"]
LEVELS: tuple[Level, ...] = ("exact", "near", "variant")
#: Height and width at which pictures are compared: the catalogue's own.
SIZE = (80, 60)
#: Matches kept of one picture, the closest; a set of a thousand equal pictures must not fill the memory.
KEEP = 20
#: Pairs of hashes compared at once: 16 MB of them.
_AT_ONCE = 2_000_000
#: Pairs of colour maps compared at once: 12 MB of them.
_COLOURS_AT_ONCE = 8192

#: Called with (what, done, total).
OnStep = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Thresholds:
    """How far two pictures may lie apart.

    The defaults were chosen on the catalogue (``fpi``, test against train). Of photos saved at JPEG quality 75, 99 in
    100 lie within them, of photos at quality 50, or smaller with other margins, about 9 in 10; of random pairs of
    different article types 1 or 2 in a million share the shape.

    Attributes:
        bits: of 64 in which the shape hashes may differ.
        colour: root mean square ΔE*ab over the colour map.
    """

    bits: int = 5
    colour: float = 5.0

    def __post_init__(self) -> None:
        if not 0 <= self.bits <= 64:
            raise InvalidRequest(f"Hashes have 64 bits, so a distance of {self.bits} makes no sense.")
        if not 0 <= self.colour < float("inf"):
            raise InvalidRequest(f"A colour distance is 0 or more, not {self.colour}.")


@dataclass(frozen=True)
class Pair:
    """A picture and one like it in the other split.

    Attributes:
        id, match: ids of the picture and of its match.
        hash_distance: 0 to 64 bits.
        colour_distance: root mean square ΔE*ab over the colour map.
        level: the closest level that holds.
        same_bytes: whether the encoded files are equal too.
    """

    id: str
    match: str
    hash_distance: int
    colour_distance: float
    level: Level
    same_bytes: bool = False


@dataclass(frozen=True)
class Duplicates:
    """What of a split lies in another.

    Attributes:
        data_set, split, against: what was compared with what.
        n, n_against: pictures of each.
        blank: ids of the split's pictures that show nothing or cannot be read; they were left out.
        blank_against: number of such pictures in the other split.
        thresholds: as used.
        pairs: by picture, the closest first, at most :data:`KEEP` of one picture.
        pairs_found: pairs within the thresholds, those beyond the limit included.
    """

    data_set: str
    split: str
    against: str
    n: int
    n_against: int
    blank: tuple[str, ...]
    blank_against: int
    thresholds: Thresholds
    pairs: tuple[Pair, ...] = field(repr=False)
    pairs_found: int

    def items(self, level: Level) -> frozenset[str]:
        """Ids of the pictures that have a match at least as close as this level."""
        return matched(self.pairs, level)

    def to_json(self) -> dict[str, Any]:
        """As a JSON object; ``items`` counts pictures with a match at least that close, of ``compared``."""
        facts = asdict(self) | {"blank": list(self.blank), "pairs": [asdict(p) for p in self.pairs]}
        counts = {level: len(self.items(level)) for level in LEVELS}
        return facts | {"compared": self.n - len(self.blank), "items": counts}


def matched(pairs: Sequence[Pair], level: Level) -> frozenset[str]:
    """Ids of the pictures that have a match at least as close as this level."""
    wanted = LEVELS[: LEVELS.index(level) + 1]
    return frozenset(p.id for p in pairs if p.level in wanted)


@dataclass(frozen=True)
class Found:
    """Pairs of row numbers within the thresholds, by row, the closest first.

    Attributes:
        rows, matches: ``(P,)`` row numbers.
        bits: ``(P,)`` hash distances.
        colours: ``(P,)`` colour distances.
        total: pairs within the thresholds before the limit a row.
    """

    rows: NDArray[np.intp]
    matches: NDArray[np.intp]
    bits: NDArray[np.uint8]
    colours: NDArray[np.float64]
    total: int


def search(a: Signatures, b: Signatures, thresholds: Thresholds, *, keep: int = KEEP) -> Found:
    """Every pair of ``a`` × ``b`` whose shapes are within the threshold, without blank pictures, in bounded memory.

    Args:
        a, b: signatures of the two splits.
        thresholds: the hash distance bounds what is found, the colour distance only the order.
        keep: matches kept of one row: near ones first, then by hash distance, then by colour distance.
    """
    ours, theirs = np.flatnonzero(~a.blank), np.flatnonzero(~b.blank)
    step = max(1, _AT_ONCE // max(1, len(theirs)))
    parts: list[tuple[NDArray[Any], ...]] = []
    total = 0
    for start in range(0, len(ours), step):
        some = ours[start : start + step]
        distances = hamming(a.hashes[some, None], b.hashes[None, theirs])
        i, j = np.nonzero(distances <= thresholds.bits)
        rows, matches, bits = some[i], theirs[j], distances[i, j]
        colours = pair_colours(a, b, rows, matches)
        total += len(rows)
        order = np.lexsort((matches, colours, bits, colours > thresholds.colour, rows))
        first = np.searchsorted(rows[order], rows[order])
        order = order[np.arange(len(order)) - first < keep]
        parts.append((rows[order], matches[order], bits[order], colours[order]))
    if not parts:
        none = np.zeros(0, dtype=np.intp)
        return Found(none, none, np.zeros(0, dtype=np.uint8), np.zeros(0), 0)
    rows, matches, bits, colours = (np.concatenate(values) for values in zip(*parts, strict=True))
    return Found(rows, matches, bits, colours, total)


def pair_colours(
    a: Signatures, b: Signatures, rows: NDArray[np.intp], matches: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Colour distances of ``P`` pairs of row numbers, some at a time, so that many pairs take no more memory."""
    out = np.zeros(len(rows))
    for start in range(0, len(rows), _COLOURS_AT_ONCE):
        part = slice(start, start + _COLOURS_AT_ONCE)
        out[part] = colour_distance(a.colours[rows[part]], b.colours[matches[part]])
    return out


@dataclass(frozen=True)
class Pictures:
    """A split ready to be compared.

    Attributes:
        data: its rows.
        ids: as text, or the row number where there is none.
        pixels: ``(N, 80, 60, 3)`` uint8, a memory map.
        signatures: of every picture.
    """

    data: ParquetSet
    ids: tuple[str, ...]
    pixels: NDArray[np.uint8] = field(repr=False)
    signatures: Signatures = field(repr=False)


def load_pictures(source: str | Path, split: str, *, on_step: OnStep | None = None) -> Pictures:
    """Decode a split (from the cache if it was before) and compute its signatures.

    Raises:
        DataError: no such set or split, or no pictures in it.
    """
    # Here, not above: torch takes seconds to import, and only decoding needs it.
    from fashionviz.data.cache import decoded

    data = open_set(source, split)
    if "image" not in data.columns:
        raise DataError(f"{data.name} has no column 'image'; it has {', '.join(data.columns)}.")
    report = on_step or (lambda _what, _done, _total: None)
    pixels = decoded(data, SIZE, progress=lambda done, total: report(f"Decoding {split}", done, total))
    count = len(data)
    ids = data.table(["id"]).column("id").to_pylist() if "id" in data.columns else range(count)
    made = signatures(pixels, progress=lambda done: report(f"Hashing {split}", done, count))
    return Pictures(data, tuple(str(i) for i in ids), pixels, made)


def find_duplicates(ours: Pictures, theirs: Pictures, thresholds: Thresholds | None = None) -> Duplicates:
    """Which pictures of a split lie in another split too.

    Args:
        ours: the split whose pictures are looked up, for example test.
        theirs: the split that they are looked up in, for example train.
        thresholds: the defaults if left out.

    Raises:
        InvalidRequest: a split against itself.
    """
    if ours.data.files == theirs.data.files:
        raise InvalidRequest(f"{ours.data.split!r} against itself would find every picture; choose two splits.")
    limits = thresholds or Thresholds()
    found = search(ours.signatures, theirs.signatures, limits)
    # Equal pixels have equal signatures (but for rounding), so only the closest pairs are compared pixel by pixel.
    exact = [
        k
        for k in np.flatnonzero((found.bits == 0) & (found.colours < 1e-3))
        if np.array_equal(ours.pixels[found.rows[k]], theirs.pixels[found.matches[k]])
    ]
    files = ours.data.images(found.rows[exact].tolist()), theirs.data.images(found.matches[exact].tolist())
    equal = {int(k) for k in exact if files[0][int(found.rows[k])] == files[1][int(found.matches[k])]}
    same = {int(k) for k in exact}

    def level(k: int) -> Level:
        return "exact" if k in same else "near" if found.colours[k] <= limits.colour else "variant"

    pairs = tuple(
        Pair(
            id=ours.ids[found.rows[k]],
            match=theirs.ids[found.matches[k]],
            hash_distance=int(found.bits[k]),
            colour_distance=float(found.colours[k]),
            level=level(k),
            same_bytes=k in equal,
        )
        for k in range(len(found.rows))
    )
    return Duplicates(
        data_set=ours.data.name,
        split=ours.data.split or "all",
        against=theirs.data.split or "all",
        n=len(ours.ids),
        n_against=len(theirs.ids),
        blank=tuple(ours.ids[i] for i in np.flatnonzero(ours.signatures.blank)),
        blank_against=int(theirs.signatures.blank.sum()),
        thresholds=limits,
        pairs=pairs,
        pairs_found=found.total,
    )
