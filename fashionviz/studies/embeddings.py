"""``fashionviz study embeddings``: paper 001's trials and ours, on the same items, views and budget."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from fashionviz.data.sets import cache_root
from fashionviz.evaluation.retrieval_figures import ranks, resampled
from fashionviz.models.item_embedder import ItemEmbedder
from fashionviz.models.registry import ModelSpec, get_model
from fashionviz.models.weights import is_trained, load_initial, load_trained
from fashionviz.studies.embedding_nets import Autoencoder, Comparer, ItemClassifier, Trunk, Vectors, learned_similarity
from fashionviz.studies.embedding_record import (
    CLASSIFIER,
    EPOCHS,
    FRAME,
    ITEMS,
    MODEL,
    QUERIES,
    TRIALS,
    EmbeddingRecord,
    Trial,
    TrialResult,
)
from fashionviz.studies.embeddings_page import embeddings_page
from fashionviz.studies.record import Figure, read_record, write_page
from fashionviz.training.item_material import ItemPairs, item_material
from fashionviz.training.item_module import ItemNetwork, Retriever
from fashionviz.training.item_recipes import ITEM_RECIPES, ItemRecipe
from fashionviz.training.item_run import CheckedItems, fit
from fashionviz.training.loop import describe
from fashionviz.training.starts import starting_weights

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stage:
    """What all rows share.

    Attributes:
        spec: the embedder's, at the study's size.
        pairs: items to learn from.
        checked: photos and views of the validation split.
    """

    spec: ModelSpec
    pairs: ItemPairs
    checked: CheckedItems


def recipe_of(trial: Trial) -> ItemRecipe:
    """The recipe of a trained row: the installed one's, with the study's budget."""
    base = replace(
        ITEM_RECIPES[MODEL], stages=((FRAME, EPOCHS),), subsample=ITEMS, queries=QUERIES, memory=2048, warmup=40,
        ema_decay=0.99, frozen=(),
    )  # fmt: skip
    if trial.kind == "autoencoder":  # from nothing: it bears and needs a lower, even rate
        base = replace(base, learning_rate=1e-3, trunk_rate=1.0, init="scratch")
    return replace(base, **dict(trial.changes))


def make_stage() -> Stage:
    """Open the catalogue.

    Raises:
        DataError: a data set is missing.
    """
    spec = replace(get_model(MODEL), input_size=FRAME)
    recipe = recipe_of(TRIALS[-2])
    pairs = ItemPairs(recipe, spec, item_material("train"))
    return Stage(spec, pairs, CheckedItems(spec, item_material("validation"), recipe.queries))


def _embedded(network: nn.Module, batches: Callable[[int], Any], count: int) -> tuple[Vectors, NDArray[np.int64], Any]:
    """Vectors, labels, and which are photos, of some batches."""
    network = network.eval()
    parts = []
    with torch.inference_mode():
        for number in range(count):
            batch = batches(number)
            parts.append((network(batch.images).float().numpy(), batch.labels.numpy(), batch.photos.numpy()))
    vectors, labels, photos = (np.concatenate(part) for part in zip(*parts, strict=True))
    return vectors, labels, photos


def _unit(vectors: Vectors) -> Vectors:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.maximum(length, 1e-12)).astype(np.float32)


def _recalls(places: NDArray[np.int64], labels: NDArray[np.int64]) -> tuple[Figure, Figure]:
    first, second = (resampled((places <= k).astype(np.float64), labels) for k in (1, 10))
    return Figure(value=first[0], ci95=first[1]), Figure(value=second[0], ci95=second[1])


def compared(
    comparer: Comparer, queries: Vectors, items: Vectors, true: NDArray[np.int64], labels: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Ranks ``(Q,)`` by a learned similarity, as :func:`fashionviz.evaluation.retrieval_figures.ranks` has them."""
    out = []
    gallery, numbers = torch.from_numpy(items), torch.from_numpy(labels)
    with torch.inference_mode():
        for start in range(0, len(queries), 32):
            part = slice(start, start + 32)
            odds = comparer(torch.from_numpy(queries[part]), gallery)
            right = numbers[None] == torch.from_numpy(true[part])[:, None]
            best = odds.masked_fill(~right, -torch.inf).amax(dim=1, keepdim=True)
            out.append((((odds >= best) & ~right).sum(dim=1) + 1).numpy())
    return np.concatenate(out)


def _trained(trial: Trial, stage: Stage) -> tuple[nn.Module, float, float | None]:
    """The network of a row after its last epoch, the seconds, and the loss at the end."""
    recipe = recipe_of(trial)
    pairs = ItemPairs(recipe, stage.spec, stage.pairs.material)
    steps = len(pairs) * recipe.epochs
    torch.manual_seed(recipe.seed)
    module: Retriever
    if trial.kind == "autoencoder":
        module = Autoencoder(FRAME, recipe, steps)
    else:
        network = stage.spec.build()
        start = starting_weights(recipe.init, MODEL)
        assert start.path is not None
        load_initial(start.path, network)
        network = network.to(memory_format=torch.channels_last)
        assert isinstance(network, ItemEmbedder)
        if trial.kind == "items":
            labels = torch.from_numpy(np.unique(pairs.material.labels[pairs.rows]))
            module = ItemClassifier(Trunk(network.features), 1280, labels, recipe, steps)
        else:
            network.normalised = recipe.normalised
            module = ItemNetwork(network, recipe, stage.spec.task.outputs, steps)
    folder = cache_root() / "runs" / "studies" / "embeddings" / trial.name
    began = time.perf_counter()
    result = fit(module, pairs, stage.checked, folder, recipe.epochs, on_epoch=lambda done, total: None)
    seconds = time.perf_counter() - began
    # A row of equal budget: the last epoch, which nothing was chosen for, with the averaged weights.
    state = torch.load(result.last, map_location="cpu", weights_only=True)["state_dict"]
    module.load_state_dict(state)
    return module.network, seconds, result.history[-1].get("train_loss")


def _frozen(trial: Trial) -> nn.Module:
    spec = get_model(CLASSIFIER)
    if trial.kind == "classifier":
        network, _ = load_trained(CLASSIFIER)
    else:
        network, start = spec.build(), starting_weights("imagenet", CLASSIFIER)
        assert start.path is not None
        load_initial(start.path, network)
    return Trunk(network.get_submodule("features"))


def settings_of(trial: Trial) -> dict[str, Any]:
    """What determines a row, as plain JSON."""
    facts: dict[str, Any] = {"kind": trial.kind, "frame": list(FRAME), "queries": QUERIES}
    if trial.kind in ("classifier", "installed"):
        model = CLASSIFIER if trial.kind == "classifier" else MODEL
        return facts | {"sha256": load_trained(model)[1].sha256}
    if trial.kind == "frozen":
        return facts | {"sha256": starting_weights("imagenet", CLASSIFIER).sha256}
    recipe = recipe_of(trial)
    names = ("loss", "triplet", "temperature", "margin", "memory", "warmup", "items", "views", "alike", "learning_rate",
             "trunk_rate", "normalised", "init", "subsample", "seed")  # fmt: skip
    return facts | {"epochs": EPOCHS} | {name: getattr(recipe, name) for name in names}


def measure(trial: Trial, stage: Stage) -> TrialResult:
    """Train what a trial trains, embed, and look for the validation items."""
    seconds, loss = 0.0, None
    learns = trial.kind in ("autoencoder", "items", "metric")
    if trial.kind == "installed":  # at the size that it is served at
        spec = get_model(MODEL)
        recipe = replace(recipe_of(trial), stages=((spec.input_size, 1),))
        pairs = ItemPairs(recipe, spec, stage.pairs.material)
        stage = Stage(spec, pairs, CheckedItems(spec, stage.checked.material, QUERIES))
    if trial.kind == "installed":
        network: nn.Module = load_trained(MODEL)[0]
    elif learns:
        network, seconds, loss = _trained(trial, stage)
    else:
        network = _frozen(trial)
    vectors, labels, photos = _embedded(network, stage.checked.__getitem__, len(stage.checked))
    taught = _embedded(network, stage.pairs.__getitem__, len(stage.pairs))
    shown, seen = vectors[photos], vectors[~photos]
    places = ranks(_unit(seen), _unit(shown), labels[~photos], labels[photos])
    # The learned similarity sees vectors on one scale, that of the training photos.
    middle, scale = taught[0].mean(axis=0), taught[0].std(axis=0) + 1e-6
    sides = taught[0][~taught[2]], taught[0][taught[2]], seen, shown
    even = [((v - middle) / scale).astype(np.float32) for v in sides]
    comparer = learned_similarity(even[0], even[1])
    learned = compared(comparer, even[2], even[3], labels[~photos], labels[photos])
    (first, tenth), (learned_first, learned_tenth) = (_recalls(p, labels[~photos]) for p in (places, learned))
    recipe = recipe_of(trial)
    triplets = trial.kind == "metric" and recipe.loss.startswith("triplet")
    return TrialResult(
        name=trial.name,
        settings=settings_of(trial),
        dimensions=vectors.shape[1],
        items=ITEMS if learns else 0,
        epochs=EPOCHS if learns else 0,
        seconds=seconds,
        recall_at_1=first,
        recall_at_10=tenth,
        learned_at_1=learned_first,
        learned_at_10=learned_tenth,
        spread=float(np.sqrt(shown.astype(np.float64).var(axis=0).sum())),
        norm=float(np.linalg.norm(shown, axis=1).mean()),
        loss=loss,
        margin=recipe.margin if triplets else None,
        machine=str(describe(recipe)["machine"]),
    )


def run_embeddings(out: Path, *, overwrite: bool = False) -> EmbeddingRecord:
    """Measure every trial; each finished row is in the record at once, and the same command goes on after them.

    Args:
        out: folder of record and page.
        overwrite: measure all of them again.

    Raises:
        DataError: a data set is missing, or the record is damaged.
        WeightsError, ModelNotTrained: weights are.
        StorageError: the record cannot be written.
    """
    path = out / "embeddings.json"
    old = None if overwrite else read_record(path, EmbeddingRecord)
    stage = make_stage()
    record = EmbeddingRecord(
        queries=len(stage.checked.queries), gallery=len(stage.checked.pixels), frame=FRAME
    )  # fmt: skip
    same = old is not None and old.model_copy(update={"rows": ()}) == record
    known = {row.name: row for row in old.rows} if old is not None and same else {}
    for trial in TRIALS:
        if trial.kind == "installed" and not is_trained(MODEL):
            log.info("%s is not trained yet: its row is left out", MODEL)
            continue
        row = known.get(trial.name)
        if row is None or row.settings != settings_of(trial):
            log.info("%s", trial.title)
            row = measure(trial, stage)
        record = record.model_copy(update={"rows": (*record.rows, row)})
        write_page(record, embeddings_page(record), path)
    return record
