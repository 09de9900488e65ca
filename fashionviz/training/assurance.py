"""Fit, choose and measure when a model says "this does not look like a garment" or "I am not sure"."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from fashionviz.data.answers import ANSWERS
from fashionviz.errors import DataError, InvalidRequest
from fashionviz.evaluation.metrics import wilson
from fashionviz.models.assurance import FILE, GarmentRow, judge, replace_head, save_garment_row
from fashionviz.models.card import AssuranceCard, AssuranceSet, ModelCard, Share, load_card
from fashionviz.models.preprocess import normalise
from fashionviz.models.registry import ModelSpec, get_model
from fashionviz.models.weights import load_trained, model_folder
from fashionviz.training import albums
from fashionviz.training.albums import Album, Builder, present
from fashionviz.training.logistic import balanced_weights, fit_logistic

log = logging.getLogger(__name__)

SEED = 0
#: Penalties tried; the one that finds most pictures without a garment at the line is kept.
PENALTIES = (1e-3, 1e-2, 1e-1, 1.0)
#: Below the line by so much, so that rounding the row to 32 bits rejects no further garment.
_ROUNDED = 1e-4
#: Most garments of any kind that the line may reject on validation.
FALSE_REJECTION = 0.01
#: Pictures without a garment that must be found on validation, or the verdict is not offered: below that a visitor
#: would learn that silence means nothing.
USEFUL = 0.8
#: How often sure answers must be right on validation. A share that people can use ("one in fifty is wrong"), the same
#: for every model: a better model says "I am not sure" less often.
RIGHT = 0.98
#: Most answers that may be called unsure; a warning on every second answer is not read.
MOST_UNSURE = 0.25

Tick = Callable[[int, int], None]


@dataclass(frozen=True)
class Seen:
    """What a network makes of an album.

    Attributes:
        album: without its pixels.
        embedding: ``(N, D)`` float32.
        probabilities: ``(N, K)`` float64, calibrated.
        right: ``(N,)`` whether the most probable class is right, ``None`` without labels.
    """

    album: Album = field(repr=False)
    embedding: NDArray[np.float32] = field(repr=False)
    probabilities: NDArray[np.float64] = field(repr=False)
    right: NDArray[np.bool_] | None = field(repr=False)

    def __len__(self) -> int:
        return len(self.probabilities)

    def part(self, index: NDArray[np.bool_]) -> Seen:
        """Some of its pictures."""
        right = None if self.right is None else self.right[index]
        return Seen(self.album, self.embedding[index], self.probabilities[index], right)


def look(spec: ModelSpec, network: nn.Module, temperature: float, album: Album, batch: int = 64) -> Seen:
    """Ask a network about every picture of an album."""
    head = network.get_submodule(spec.head)
    body = replace_head(network, spec.head, nn.Identity())
    device = next(network.parameters()).device
    embeddings, logits = [], []
    with torch.inference_mode():
        for start in range(0, len(album.pixels), batch):
            x = torch.from_numpy(album.pixels[start : start + batch]).to(device).permute(0, 3, 1, 2).float().div_(255)
            embedding = body(normalise(x, spec.mean, spec.std).to(memory_format=torch.channels_last))
            embeddings.append(embedding.float().cpu())
            logits.append(head(embedding).double().cpu())
    probabilities = (torch.cat(logits) / temperature).softmax(dim=1).numpy()
    bare = Album(album.title, album.data_set, album.split, album.garments, album.pixels[:0], rows=album.rows)
    return Seen(bare, torch.cat(embeddings).numpy(), probabilities, _right(spec, album, probabilities))


def _right(spec: ModelSpec, album: Album, probabilities: NDArray[np.float64]) -> NDArray[np.bool_] | None:
    if album.truth is None:
        return None
    said = [spec.task.classes[i] for i in probabilities.argmax(axis=1)]
    if album.by_department:
        return np.array([a.split("/")[0] == b.split("/")[0] for a, b in zip(said, album.truth, strict=True)])
    return np.array([a == b for a, b in zip(said, album.truth, strict=True)])


def rejection_line(logits: Sequence[NDArray[np.floating]], share: float = FALSE_REJECTION) -> float:
    """The highest line below which at most that share of each kind lies.

    Args:
        logits: of the garments of each kind, ``(N,)`` each.
        share: of a kind that may lie below.
    """
    return min(float(np.sort(kind)[math.floor(share * len(kind))]) for kind in logits)


def sure_line(top: NDArray[np.floating], right: NDArray[np.bool_]) -> float:
    """The lowest line at or above which answers are right :data:`RIGHT` of the time, to four digits.

    Where that would call more than :data:`MOST_UNSURE` of the answers unsure, it lies at that share.

    Args:
        top: ``(N,)`` calibrated probability of the most probable class.
        right: ``(N,)`` whether it is the right one.
    """
    order = np.argsort(-top, kind="stable")
    good = np.flatnonzero(np.cumsum(right[order]) / np.arange(1, len(top) + 1) >= RIGHT)
    kept = max(int(good[-1]) + 1 if len(good) else 1, math.ceil((1 - MOST_UNSURE) * len(top)))
    return math.floor(float(top[order[kept - 1]]) * 1e4) / 1e4


@dataclass(frozen=True)
class Fit:
    """A garment row whose line lies at logit 0, with what it took.

    Attributes:
        row: ready to be stored.
        found: share of the validation pictures without a garment below the line, the mean over their kinds.
        odds: garments for one other picture that its intercept assumes; it was fitted at 1.
        penalty: of the squared weights.
    """

    row: GarmentRow
    found: float
    odds: float
    penalty: float


def fit_row(fitted: Sequence[Seen], chosen: Sequence[Seen]) -> Fit:
    """Fit the garment row at every penalty, and keep the one that finds most at the line.

    Args:
        fitted: what it learns from.
        chosen: what penalty and line are chosen on.

    Raises:
        DataError: garments or other pictures are missing from either.
    """
    for stage in (fitted, chosen):
        if {seen.album.garments for seen in stage} != {True, False}:
            raise DataError(
                "To tell garments from other pictures, the train and validation photos of fpi, clothing or ccp are "
                "needed. Fetch them with `fashionviz data fetch`, or set FASHIONVIZ_DATA."
            )
    x = np.concatenate([seen.embedding for seen in fitted])
    y = np.concatenate([np.full(len(seen), seen.album.garments) for seen in fitted])
    weights = balanced_weights([(len(seen), seen.album.garments) for seen in fitted])
    best: Fit | None = None
    for penalty in sorted(PENALTIES, reverse=True):  # of equals the strongest
        w, b = fit_logistic(x, y, weights, penalty)
        logits = [(seen.album.garments, seen.embedding.astype(np.float64) @ w + b) for seen in chosen]
        line = rejection_line([v for garments, v in logits if garments]) - _ROUNDED
        found = float(np.mean([(v < line).mean() for garments, v in logits if not garments]))
        log.info("penalty %g: %.3f of the pictures without a garment are found", penalty, found)
        if best is None or found > best.found:
            row = GarmentRow(torch.from_numpy(w).float(), float(np.float32(b - line)))
            best = Fit(row, found, math.exp(-line), penalty)
    assert best is not None
    return best


def _share(count: int, n: int) -> Share:
    return Share(count=count, n=n, ci95=wilson(count, n))


def measured(seen: Seen, row: GarmentRow | None, facts: AssuranceCard) -> AssuranceSet:
    """How often each verdict is given on an album, and how often the answers are right with it."""
    chances: list[float | None] = [None] * len(seen)
    rejected: Share | None = None
    if row is not None:
        logits = seen.embedding.astype(np.float64) @ row.weight.double().numpy() + row.bias
        chances = [float(v) for v in logits]
        rejected = _share(int((logits < 0).sum()), len(seen))
    verdicts = np.array(
        [judge(p, chance, facts).verdict for p, chance in zip(seen.probabilities, chances, strict=True)], dtype=object
    )
    unsure, sure = verdicts == "unsure", verdicts == "sure"

    def right(which: NDArray[np.bool_]) -> Share | None:
        return None if seen.right is None else _share(int(seen.right[which].sum()), int(which.sum()))

    album = seen.album
    return AssuranceSet(
        title=album.title,
        data_set=album.data_set,
        split=album.split,
        garments=album.garments,
        n=len(seen),
        not_a_garment=rejected,
        unsure=_share(int(unsure.sum()), int(unsure.sum() + sure.sum())),
        right_sure=right(sure),
        right_unsure=right(unsure),
    )


def _note(fit: Fit, offered: bool, right: float, unsure: float) -> str:
    verb = "is" if offered else "is not"
    return (
        f"On validation, with at most {FALSE_REJECTION:.0%} of the garments of each kind rejected, {fit.found:.0%} of "
        f"the pictures without a garment are found; at least {USEFUL:.0%} are asked for, so “this does not look like a "
        f"garment” {verb} offered. Sure answers are right {right:.1%} of the time there, and {unsure:.1%} of the "
        "answers are called unsure. Some street windows show a passer-by, who counts as no garment here."
    )


def fit_assurance(
    name: str, folder: Path | None = None, *, seed: int = SEED, progress: Tick | None = None
) -> ModelCard:
    """Fit, choose, measure and write a model's assurance: ``assurance.safetensors`` and the card.

    The same weights, pictures and seed give the same file. Sets that are not present are left out and logged.

    Args:
        name: registry name.
        folder: where weights and card are; the installed ones by default.
        seed: of the drawn pictures and of every choice among photos.
        progress: called with (done, total) albums.

    Returns:
        The card as written.

    Raises:
        ModelNotTrained, WeightsError, UnknownModel: there are no such weights.
        DataError: the photos that it needs are missing.
        InvalidRequest: the model names nothing.
    """
    spec, folder = get_model(name), folder or model_folder(name)
    if not ANSWERS[spec.task.answer].names:
        raise InvalidRequest(
            f"{name} names no class of a photo that it could be sure of: it {ANSWERS[spec.task.answer].says}."
        )
    network, card = load_trained(name, folder)
    sizes = albums.sizes_for(spec, network)
    plans = [plan(spec, seed, sizes) for plan in (albums.to_fit, albums.to_choose, albums.to_measure)]
    total = sum(len(plan) for plan in plans)
    done = 0

    def see(builders: tuple[Builder, ...]) -> list[Seen]:
        nonlocal done
        found = []
        for album in present(builders):
            found.append(look(spec, network, card.temperature, album))
            log.info("%s (%s %s): %d", album.title, album.data_set, album.split, len(found[-1]))
            done += 1
            if progress:
                progress(done, total)
        return found

    fitted, chosen, tested = (see(plan) for plan in plans)
    card = conclude(spec, card, folder, fitted, chosen, tested, seed)
    card.save(folder / "card.json")
    if card.assurance is None or card.assurance.sha256 is None:
        (folder / FILE).unlink(missing_ok=True)
    return card


def conclude(
    spec: ModelSpec,
    card: ModelCard,
    folder: Path,
    fitted: Sequence[Seen],
    chosen: Sequence[Seen],
    tested: Sequence[Seen],
    seed: int,
) -> ModelCard:
    """From what the network makes of the pictures to the garment row's file and the card that names it.

    Args:
        spec, card: the model.
        folder: where the file goes.
        fitted, chosen, tested: the pictures of the three stages.
        seed: they were chosen with.

    Raises:
        DataError: a stage lacks the pictures that it cannot do without.
    """
    tested, own = _own(spec, chosen, tested)
    fit = fit_row(fitted, chosen)
    assert own.right is not None
    top = own.probabilities.max(axis=1)
    line = sure_line(top, own.right)
    offered = fit.found >= USEFUL
    facts = AssuranceCard(
        sha256=save_garment_row(fit.row, card, folder) if offered else None,
        sure_threshold=line,
        garment_threshold=0.5 if offered else None,
        garment_odds=fit.odds,
        penalty=fit.penalty,
        note=_note(fit, offered, float(own.right[top >= line].mean()), float((top < line).mean())),
        fitted_on={f"{s.album.title} ({s.album.data_set} {s.album.split})": len(s) for s in fitted},
        sets=(),
        seed=seed,
        command=f"fashionviz assurance {spec.name}" + (f" --seed {seed}" if seed != SEED else ""),
    )
    facts = facts.model_copy(update={"sets": tuple(measured(seen, fit.row, facts) for seen in tested)})
    return card.model_copy(update={"assurance": facts})


def _own(spec: ModelSpec, chosen: Sequence[Seen], tested: Sequence[Seen]) -> tuple[Sequence[Seen], Seen]:
    """What is measured, and what the line of sure answers is chosen on: validation of the task's own set.

    A set without a test split here is measured on validation: then every second row chooses and the others measure.
    """
    found = [s for s in chosen if s.album.data_set == spec.task.data_set and s.album.split == "validation"]
    if found and found[0].right is not None:
        return tested, found[0]
    for i, seen in enumerate(tested):
        if (seen.album.data_set, seen.album.split) == (spec.task.data_set, "validation") and seen.right is not None:
            even = np.array([row % 2 == 0 for row in seen.album.rows])
            rest = [*tested[:i], seen.part(~even), *tested[i + 1 :]]
            return rest, seen.part(even)
    raise DataError(f"The validation photos of {spec.task.data_set} are needed to choose when {spec.name} is sure.")


def try_assurance(name: str, folder: Path) -> ModelCard:
    """:func:`fit_assurance` where the photos are there, else the card as it is, with a line in the log."""
    try:
        return fit_assurance(name, folder)
    except DataError as error:
        log.warning("%s gets no assurance: %s", name, error)
        return load_card(folder)
