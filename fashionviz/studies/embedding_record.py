"""The rows of the study of embeddings and their record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from fashionviz.studies.record import Figure, Frozen

MODEL = "mobilenet_v2.item"
CLASSIFIER = "mobilenet_v2.gender_category"
#: Of every trained row: pictures, epochs and items; of every row: street views that are looked for.
FRAME, EPOCHS, ITEMS, QUERIES = (64, 48), 4, 4000, 1500
Kind = Literal["frozen", "classifier", "autoencoder", "items", "metric", "installed"]


@dataclass(frozen=True)
class Trial:
    """A way to vectors.

    Attributes:
        name: short, unique.
        title: for the table.
        kind: what makes the vectors.
        changes: of the recipe of a metric loss.
    """

    name: str
    title: str
    kind: Kind
    changes: tuple[tuple[str, Any], ...] = ()


_FACENET = (("normalised", False), ("memory", 0))
TRIALS = (
    Trial("imagenet", "trial 2: frozen ImageNet features (MobileNetV2 for VGG16)", "frozen"),
    Trial("classifier", f"trial 3: features of a classifier of garments (`{CLASSIFIER}`)", "classifier"),
    Trial("autoencoder", "a variational autoencoder's code", "autoencoder"),
    Trial("items", "trial 1: a classifier over the items, last layer dropped", "items"),
    Trial(
        "facenet-random", "trial 4: triplets, random negatives, vectors of any length", "metric",
        (("loss", "triplet-random"), *_FACENET),
    ),
    Trial(
        "facenet-hardest", "trial 4: triplets, hardest negatives, vectors of any length", "metric",
        (("loss", "triplet-hardest"), *_FACENET),
    ),
    Trial("semihard", "triplets, semi-hard negatives, norm 1", "metric", (("loss", "triplet"), ("memory", 0))),
    Trial("multi-similarity", "multi-similarity with a memory", "metric", (("loss", "multi-similarity"),)),
    Trial("ours", "ours: supervised contrastive with a memory, and semi-hard triplets", "metric"),
    Trial("installed", f"ours, the whole training, larger pictures (`{MODEL}`)", "installed"),
)  # fmt: skip


class TrialResult(Frozen):
    """A finished row.

    Attributes:
        name: of the trial.
        settings: what determined it, and which weights it started from.
        dimensions: of a vector.
        items, epochs, seconds: of its training; 0 where there was none.
        recall_at_1, recall_at_10: by cosine.
        learned_at_1, learned_at_10: by the learned network.
        spread: root of the summed variances of the photos' vectors: 0 where all are the same.
        norm: their mean length.
        loss: at the end of training, ``None`` without.
        margin: of a triplet loss, ``None`` of others: where the loss stands if all vectors are the same.
        machine: that it ran on.
    """

    name: str
    settings: dict[str, Any]
    dimensions: int
    items: int
    epochs: int
    seconds: float
    recall_at_1: Figure
    recall_at_10: Figure
    learned_at_1: Figure
    learned_at_10: Figure
    spread: float
    norm: float
    loss: float | None
    margin: float | None
    machine: str


class EmbeddingRecord(Frozen):
    """The record: queries and gallery, then the rows."""

    queries: int
    gallery: int
    frame: tuple[int, int]
    rows: tuple[TrialResult, ...] = ()
