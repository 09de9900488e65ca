"""How far predicted landmarks are from the derived ones, as a share of the garment's size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fashionviz import images
from fashionviz.data.landmarks.annotated import NOTE, annotated, landmarks_of
from fashionviz.data.landmarks.derive import Derived, normalised_error
from fashionviz.data.landmarks.kinds import LANDMARKS
from fashionviz.data.sets import ParquetSet, image_bytes, open_set
from fashionviz.errors import DataError, InvalidRequest
from fashionviz.landmark_results import LandmarkFigure, LandmarkReport
from fashionviz.models.landmark_answer import LandmarkNetwork, places
from fashionviz.models.preprocess import Placement, to_input
from fashionviz.models.registry import get_model
from fashionviz.models.weights import load_trained
from fashionviz.results import ModelRef

#: A landmark within this share of the garment's size of the derived one, and said to be there, counts as detected.
WITHIN = 0.1
_DRAWS = 1000


@dataclass(frozen=True)
class Measured:
    """Predicted beside derived landmarks, photo by photo.

    Attributes:
        rows: ``(N,)`` row numbers within the split.
        error: ``(N, 8)`` share of the garment's size, NaN where there is no derived landmark.
        present: ``(N, 8)`` probability that the landmark is there.
    """

    rows: NDArray[np.int64]
    error: NDArray[np.float64]
    present: NDArray[np.float64]


def measure_landmarks(
    name: str,
    network: nn.Module,
    data: ParquetSet,
    *,
    batch: int = 16,
    progress: Callable[[int, int], None] | None = None,
) -> Measured:
    """Ask a network about every photo that has derived landmarks.

    Args:
        name: registry name.
        network: in evaluation mode.
        data: a split of a catalogue.
        batch: photos at once.
        progress: called with (done, total).

    Raises:
        DataError: no article types, or no photo has landmarks.
        InvalidRequest: the network finds no landmarks.
    """
    spec = get_model(name)
    if not isinstance(network, LandmarkNetwork):
        raise InvalidRequest(f"{name} finds no landmarks.")
    if "articleType" not in data.columns and not annotated(data):
        raise DataError(f"{data.name} has no article types to derive landmarks by.")
    found = landmarks_of(data, np.arange(len(data)))
    if not found:
        raise DataError(f"{data.name}: no landmarks can be derived of any of its {len(data)} photos.")
    errors, presence = [], []
    waiting: list[tuple[Tensor, Placement, Derived, tuple[int, int]]] = []
    device = next(network.parameters()).device

    def flush() -> None:
        with torch.inference_mode():
            x = torch.stack([w[0] for w in waiting]).to(device)
            maps, present = network.landmarks(network.features(x.to(memory_format=torch.channels_last)))
            points = places(maps).cpu().numpy()
        for i, (_, place, derived, shape) in enumerate(waiting):
            errors.append(normalised_error(place.on_photo(points[i]), derived, shape))
        presence.append(present.sigmoid().cpu().numpy())
        waiting.clear()

    for number, row in enumerate(data.rows(["image"])):
        if number not in found:
            continue
        pixels = images.decode(image_bytes(row)).pixels  # they were read when the landmarks were derived
        x, _, place = to_input(pixels, spec.input_size, spec.mean, spec.std)
        waiting.append((x, place, found[number].derived, pixels.shape[:2]))
        if len(waiting) == batch:
            flush()
            if progress:
                progress(len(errors), len(found))
    if waiting:
        flush()
    return Measured(np.array(sorted(found), dtype=np.int64), np.stack(errors), np.concatenate(presence))


def landmark_report(model: ModelRef, data_set: str, split: str, measured: Measured) -> LandmarkReport:
    """Mean error and detection rate with 95 % intervals over resampled photos, and the same for each landmark.

    Args:
        model: name and weights.
        data_set, split: what was scored.
        measured: photo by photo.
    """
    known = np.isfinite(measured.error)
    error = np.where(known, measured.error, 0.0)
    hit = known & (error <= WITHIN) & (measured.present >= 0.5)
    n = len(error)
    drawn = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=_DRAWS).astype(np.float64)
    counts = np.maximum(drawn @ known.sum(axis=1), 1)

    def between(values: NDArray[np.floating]) -> tuple[float, float]:
        low, high = np.quantile(drawn @ values.sum(axis=1) / counts, (0.025, 0.975))
        return float(low), float(high)

    total = int(known.sum())
    counted = np.maximum(known.sum(axis=0), 1)
    each = tuple(
        LandmarkFigure(label, int(k), float(e), float(h))
        for label, k, e, h in zip(
            LANDMARKS, known.sum(axis=0), error.sum(axis=0) / counted, hit.sum(axis=0) / counted, strict=True
        )
    )
    return LandmarkReport(
        model=model, data_set=data_set, split=split, photos=n, n=total, error=float(error.sum() / total),
        error_ci95=between(error), rate=float(hit.sum() / total), rate_ci95=between(hit.astype(np.float64)), each=each,
    )  # fmt: skip


def evaluate_landmarks(
    name: str,
    source: str | Path,
    split: str | None = None,
    *,
    network: nn.Module | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> LandmarkReport:
    """Score a network's landmarks on a catalogue, against those that are derived of its photos.

    Args:
        name: registry name.
        source: a data set's name, a folder, or a Parquet file.
        split: a split of the folder; every row if ``None``.
        network: to score instead of the installed weights.
        progress: called with (done, total).

    Raises:
        DataError: missing data, or photos without derived landmarks.
        InvalidRequest: the model finds no landmarks.
        ModelNotTrained, WeightsError, UnknownModel: the model cannot answer.
    """
    sha = ""
    if network is None:
        network, card = load_trained(name)
        sha = card.sha256
    data = open_set(source, split)
    measured = measure_landmarks(name, network, data, progress=progress)
    report = landmark_report(ModelRef(name, sha), data.name, split or "all", measured)
    return replace(report, note=NOTE if annotated(data) else report.note)
