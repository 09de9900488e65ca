"""What duplicates between splits do to an accuracy, and how far the thresholds that find them can be trusted."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashionviz.data.duplicates import Pair, Pictures, Thresholds, matched, pair_colours
from fashionviz.data.perceptual import Signatures, colour_distance, hamming, signatures
from fashionviz.data.sets import string_codes
from fashionviz.errors import DataError, InvalidRequest
from fashionviz.evaluation.metrics import wilson
from fashionviz.evaluation.report import Item, load_items, load_report
from fashionviz.models.registry import get_model

#: Columns that say what an article is; the first one present tells unrelated pairs from related ones.
CLASS_COLUMNS = ("articleType", "label")
#: Hash distances listed for people who want to choose another threshold.
_BITS_LISTED = range(13)
_PERCENTILES = (1, 5, 25, 50, 75, 95, 99)
#: A colour map of at least this root mean square chroma is of a coloured article, not of a black or white one.
_COLOURFUL = 10.0


@dataclass(frozen=True)
class Share:
    """A share with its 95 % Wilson interval.

    Attributes:
        of: in words, what was counted among what.
        count, n: how many of how many.
    """

    of: str
    count: int
    n: int

    @property
    def share(self) -> float | None:
        """``count / n``; ``None`` of nothing."""
        return self.count / self.n if self.n else None

    @property
    def ci95(self) -> tuple[float, float]:
        """95 % Wilson interval; (0, 1) of nothing."""
        return wilson(self.count, self.n)

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self) | {"share": self.share, "ci95": list(self.ci95)}


def accuracy_without(items: Sequence[Item], pairs: Sequence[Pair], left_out: Collection[str] = ()) -> tuple[Share, ...]:
    """The accuracy of a model's report with and without the pictures that lie in the other split too.

    A difference is not all memory: what a catalogue shows in many variants is also what a model has seen most of.

    Args:
        items: of the model's committed report.
        pairs: of the same split, from :func:`fashionviz.data.duplicates.find_duplicates`.
        left_out: ids that could not be compared; they count in the first row and in the last.

    Returns:
        Shares of right answers over all items; over those with a near-duplicate and those without one; over those with
        a variant or closer and those with nothing alike; over those not compared.
    """
    near, alike, blank = matched(pairs, "near"), matched(pairs, "variant"), frozenset(left_out)
    groups: tuple[tuple[str, Callable[[str], bool]], ...] = (
        ("all", lambda _i: True),
        ("with a near-duplicate", lambda i: i in near),
        ("without a near-duplicate", lambda i: i not in near and i not in blank),
        ("with a variant or closer", lambda i: i in alike),
        ("with nothing alike", lambda i: i not in alike and i not in blank),
        ("not compared", lambda i: i in blank),
    )
    right = [(item.id, item.predicted == item.label) for item in items]
    return tuple(
        Share(name, sum(ok for i, ok in right if chosen(i)), sum(chosen(i) for i, _ in right))
        for name, chosen in groups
    )


def scored_items(model: str, data_set: str, split: str) -> tuple[Item, ...]:
    """The items of a model's committed report, if the report is about this split.

    Raises:
        UnknownModel: no such model.
        DataError: it has no report.
        InvalidRequest: its report is about something else.
    """
    answer = get_model(model).task.answer
    if answer != "classes":
        raise InvalidRequest(
            f"{model} gives {answer}: accuracy without near-duplicates is measured of one class alone."
        )
    report = load_report(model)
    if report is None:
        raise DataError(f"{model} has no report; train it, or leave out --model.")
    if (report.data_set, report.split) != (data_set, split):
        raise InvalidRequest(
            f"The report of {model} is about {report.data_set} {report.split}, not about {data_set} {split}."
        )
    return load_items(model)


@dataclass(frozen=True)
class Known:
    """Pictures compared with altered copies of themselves.

    Attributes:
        alteration: in words.
        near, shape: how many copies are within both thresholds, and within the hash threshold.
        by_bits: copies within 0, 1, 2, … bits.
        colour_percentiles: of the colour distance, at 1, 5, 25, 50, 75, 95 and 99 %.
    """

    alteration: str
    near: Share
    shape: Share
    by_bits: tuple[int, ...]
    colour_percentiles: tuple[float, ...]


@dataclass(frozen=True)
class Chance:
    """Random pairs of the two splits.

    Attributes:
        pairs: in words.
        near, shape: how many are within both thresholds, and within the hash threshold.
        by_bits: pairs within 0, 1, 2, … bits.
    """

    pairs: str
    near: Share
    shape: Share
    by_bits: tuple[int, ...]


@dataclass(frozen=True)
class Study:
    """How far thresholds can be trusted.

    Attributes:
        thresholds: as studied.
        column: the class column that told unrelated pairs from related ones; empty where there is none.
        unrelated: random pairs of different classes: what is found there is false.
        related: random pairs of one class, among them real duplicates: an upper bound; ``None`` without classes.
        known: copies that should be found, and recoloured ones, of which only the shape should be.
    """

    thresholds: Thresholds
    column: str
    unrelated: Chance
    related: Chance | None
    known: tuple[Known, ...]

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""

        def plain(part: Known | Chance) -> dict[str, Any]:
            return asdict(part) | {"near": part.near.to_json(), "shape": part.shape.to_json()}

        return {
            "thresholds": asdict(self.thresholds),
            "column": self.column,
            "unrelated": plain(self.unrelated),
            "related": plain(self.related) if self.related else None,
            "known": [plain(k) for k in self.known],
        }


def study_thresholds(
    ours: Pictures,
    theirs: Pictures,
    thresholds: Thresholds | None = None,
    *,
    pairs: int = 10_000_000,
    copies: int = 500,
    seed: int = 0,
) -> Study:
    """Measure what thresholds let through among random pairs, and what they miss among altered copies.

    Args:
        ours, theirs: the two splits.
        thresholds: the defaults if left out.
        pairs: random pairs of a picture of each, drawn with replacement.
        copies: pictures of ``ours`` that are altered.
        seed: of both draws.

    Raises:
        DataError: one of the splits shows nothing at all.
    """
    limits = thresholds or Thresholds()
    rng = np.random.default_rng(seed)
    column = next((c for c in CLASS_COLUMNS if c in ours.data.columns and c in theirs.data.columns), "")
    unrelated, related = _random_pairs(ours, theirs, limits, column, pairs, rng)
    seen = np.flatnonzero(~ours.signatures.blank)
    chosen = np.sort(rng.permutation(seen)[:copies])
    return Study(limits, column, unrelated, related, _altered_copies(ours.pixels[chosen], limits))


def _random_pairs(
    ours: Pictures, theirs: Pictures, limits: Thresholds, column: str, pairs: int, rng: np.random.Generator
) -> tuple[Chance, Chance | None]:
    a, b = ours.signatures, theirs.signatures
    rows, matches = np.flatnonzero(~a.blank), np.flatnonzero(~b.blank)
    if not (len(rows) and len(matches)):
        raise DataError("There is nothing to compare: one of the splits shows nothing but blank pictures.")
    codes = _classes(ours, theirs, column) if column else None
    # For each kind of pair (unrelated, related): a histogram of the hash distance, and the near ones.
    counts, near = np.zeros((2, 65), dtype=np.int64), [0, 0]
    for start in range(0, pairs, 1_000_000):
        count = min(1_000_000, pairs - start)
        i, j = rng.choice(rows, count), rng.choice(matches, count)
        bits = hamming(a.hashes[i], b.hashes[j])
        same = codes[0][i] == codes[1][j] if codes else np.zeros(count, dtype=np.bool_)
        unknown = (codes[0][i] < 0) | (codes[1][j] < 0) if codes else same
        close = np.flatnonzero((bits <= limits.bits) & ~unknown)
        coloured = pair_colours(a, b, i[close], j[close]) <= limits.colour
        for kind in (0, 1):
            counts[kind] += np.bincount(bits[(same == bool(kind)) & ~unknown], minlength=65)
            near[kind] += int((coloured & (same[close] == bool(kind))).sum())

    def chance(kind: int, words: str) -> Chance:
        within, n = counts[kind].cumsum(), int(counts[kind].sum())
        return Chance(
            words,
            Share("within both thresholds", near[kind], n),
            Share("within the hash threshold", int(within[limits.bits]), n),
            tuple(int(within[t]) for t in _BITS_LISTED),
        )

    if not column:
        return chance(0, "any two pictures"), None
    return chance(0, f"of different {column}"), chance(1, f"of one {column}")


def _classes(ours: Pictures, theirs: Pictures, column: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Class indices of both splits' rows over one vocabulary; -1 where the class is null."""
    names = [p.data.table([column]).column(column).to_pylist() for p in (ours, theirs)]
    vocabulary = sorted({n for part in names for n in part if n})
    return string_codes(names[0], vocabulary), string_codes(names[1], vocabulary)


def _altered_copies(pixels: NDArray[np.uint8], limits: Thresholds) -> tuple[Known, ...]:
    """Altered copies of ``(N, H, W, 3)`` pictures against the pictures themselves."""
    originals = signatures(pixels)
    colourful = np.sqrt((originals.colours[..., 1:] ** 2).sum(axis=-1).mean(axis=(1, 2))) >= _COLOURFUL
    every = np.ones(len(pixels), dtype=np.bool_)
    made: tuple[tuple[str, NDArray[np.bool_], Callable[[NDArray[np.uint8]], NDArray[np.uint8]]], ...] = (
        ("saved at JPEG quality 75", every, lambda p: recoded(p, 75)),
        ("saved at JPEG quality 50", every, lambda p: recoded(p, 50)),
        ("a tenth smaller, off centre, saved at JPEG quality 75", every, lambda p: recoded(moved(p), 75)),
        ("recoloured: channels exchanged, of coloured articles", colourful, lambda p: p[..., [1, 2, 0]]),
    )
    out = []
    for words, use, alter in made:
        some = np.flatnonzero(use)
        copies = signatures(np.stack([alter(p) for p in pixels[some]])) if len(some) else signatures(pixels[:0])
        out.append(_compared(words, originals, some, copies, limits))
    return tuple(out)


def _compared(
    words: str, originals: Signatures, some: NDArray[np.intp], copies: Signatures, limits: Thresholds
) -> Known:
    bits = hamming(originals.hashes[some], copies.hashes)
    colours = colour_distance(originals.colours[some], copies.colours)
    shape, n = bits <= limits.bits, len(some)
    return Known(
        words,
        Share("within both thresholds", int((shape & (colours <= limits.colour)).sum()), n),
        Share("within the hash threshold", int(shape.sum()), n),
        tuple(int((bits <= t).sum()) for t in _BITS_LISTED),
        tuple(float(v) for v in np.percentile(colours, _PERCENTILES)) if n else (),
    )


def recoded(pixels: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """``(H, W, 3)`` pixels after JPEG at a quality of 1 to 95."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=quality)
    return np.asarray(Image.open(out).convert("RGB"))


def moved(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """``(H, W, 3)`` pixels a tenth smaller, up and right of the centre, the rest in the ground's colour."""
    height, width = pixels.shape[:2]
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    ground = tuple(int(v) for v in np.median(edge, axis=0))
    small = Image.fromarray(pixels).resize((round(width * 0.9), round(height * 0.9)), Image.Resampling.BILINEAR)
    paper = Image.new("RGB", (width, height), ground)
    paper.paste(small, (round(width * 0.08), round(height * 0.03)))
    return np.asarray(paper)
