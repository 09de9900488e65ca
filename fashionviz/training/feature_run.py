"""Training layers on frozen features: features and landmarks once, then the loop."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import lightning.pytorch as pl
import numpy as np
from torch import nn
from torch.utils.data import DataLoader, IterableDataset
from torchvision.models.inception import Inception3

from fashionviz.errors import InvalidRequest, WeightsError
from fashionviz.models.landmark_answer import FrozenFirst
from fashionviz.models.registry import get_model
from fashionviz.models.ropanet import TRUNK, amplify
from fashionviz.models.weights import load_initial
from fashionviz.training.feature_material import (
    FeatureBatch,
    FeatureMixture,
    FeaturePhotos,
    feature_photos,
    in_order,
)
from fashionviz.training.feature_module import FeatureClassifier
from fashionviz.training.feature_recipes import FeatureRecipe
from fashionviz.training.feeds import FEEDS
from fashionviz.training.loop import TrainResult, make_loop, run_folder
from fashionviz.training.mixture import EpochSampler
from fashionviz.training.precision import precision_for
from fashionviz.training.starts import Start

_BATCH = 64


class _InOrder(IterableDataset[FeatureBatch]):
    def __init__(self, photos: FeaturePhotos) -> None:
        self.photos = photos

    def __iter__(self):  # type: ignore[no-untyped-def]
        return in_order(self.photos, _BATCH)


def frozen_network(
    model: str, start: Start, build: Callable[[int], nn.Module] | None = None, factor: float = 1.0
) -> tuple[nn.Module, str]:
    """An untrained network whose layers up to the features are those of ``start``, and a name for these layers.

    Args:
        model: registry name of a network with ``features``.
        start: weights that have these layers.
        build: makes a variant of it with so many logits, for studies; the registered one if ``None``.
        factor: the features are multiplied by it.

    Raises:
        InvalidRequest: from scratch.
        WeightsError: the file lacks some of them.
    """
    if start.path is None or start.sha256 is None:
        raise InvalidRequest(f"{model} learns on frozen features: it needs weights to start from, not scratch.")
    spec = get_model(model)
    network = build(len(spec.task.classes)) if build else spec.build()
    assert isinstance(network, FrozenFirst)
    missing = [name for name in load_initial(start.path, network) if name.split(".")[0] in network.frozen]
    if missing:
        raise WeightsError(f"{start.path.name} lacks layers that {model} keeps frozen, {missing[0]} among them.")
    for name in network.frozen:
        network.get_submodule(name).requires_grad_(False)
    name = f"{spec.architecture.partition('_')[0]}-{start.sha256[:12]}"
    if isinstance(network, Inception3) and network.frozen != TRUNK:  # type: ignore[comparison-overlap]
        name += f"-{network.frozen[-1]}"
    if factor != 1:
        assert isinstance(network, Inception3)
        amplify(network, factor)
        name += f"-x{factor:g}"
    return network.eval(), name


def train_on_features(
    recipe: FeatureRecipe,
    start: Start,
    *,
    resume: bool = False,
    folder: Path | None = None,
    on_epoch: Callable[[int, int], None] | None = None,
) -> TrainResult:
    """Train a recipe; a checkpoint of the whole network is kept each epoch.

    Args:
        recipe: what to train and how.
        start: whose layers are frozen.
        resume: go on from the last checkpoint.
        folder: where checkpoints and curves go; :func:`fashionviz.training.loop.run_folder` by default.
        on_epoch: called after every epoch with (done, total), instead of a progress bar on standard output.

    Raises:
        DataError: a data set is missing.
        WeightsError: ``start`` does not fit.
        InvalidRequest: nothing to start from, or no landmarks to take landmark steps on.
    """
    network, name = frozen_network(recipe.model, start, factor=recipe.amplify)
    sources, validation = splits_of(recipe, network, name)
    return fit(recipe, network, sources, validation, resume=resume, folder=folder, on_epoch=on_epoch)


def splits_of(recipe: FeatureRecipe, network: nn.Module, name: str) -> tuple[list[FeaturePhotos], FeaturePhotos]:
    """The recipe's training photos by data set, and the validation photos that it is checked on.

    Args:
        recipe: which photos.
        network: whose layers are frozen.
        name: of these layers.

    Raises:
        DataError: a data set is missing.
    """
    assert isinstance(network, FrozenFirst)
    spec = get_model(recipe.model)
    sources: list[FeaturePhotos] = []
    seen: frozenset[str] = frozenset()
    for data_set, most in recipe.photos:
        photos, ids = feature_photos(
            spec, network.features, name, (data_set, "train"), most=most, without=seen, landmarks=spec.landmarks,
            seed=recipe.seed,
        )  # fmt: skip
        sources.append(photos)
        seen |= ids
    check = FEEDS[recipe.feed].checks[0]
    validation, _ = feature_photos(
        spec, network.features, name, (check.data_set, check.split), landmarks=spec.landmarks
    )
    return sources, validation


def fit(
    recipe: FeatureRecipe,
    network: nn.Module,
    sources: list[FeaturePhotos],
    validation: FeaturePhotos,
    *,
    resume: bool = False,
    folder: Path | None = None,
    on_epoch: Callable[[int, int], None] | None = None,
) -> TrainResult:
    """Train what is not frozen of a network on features; the arguments are those of :func:`train_on_features`."""
    pl.seed_everything(recipe.seed, verbose=False)
    spec = get_model(recipe.model)
    mixture = FeatureMixture(recipe, sources)
    loop = make_loop(
        folder or run_folder(recipe), recipe.epochs, ema_decay=recipe.ema_decay, seed=recipe.seed, devices=1,
        on_epoch=on_epoch, precision=precision_for(spec.architecture),
    )  # fmt: skip
    module = FeatureClassifier(network, recipe, len(spec.task.classes), steps=len(mixture) * recipe.epochs)
    sampler = EpochSampler(len(mixture))
    going_on = resume and loop.last.exists()
    if going_on:  # Lightning fetches the first batch before it tells the sampler the epoch
        sampler.set_epoch(loop.last_epoch() + 1)
    loader = DataLoader(mixture, batch_size=None, sampler=sampler)
    began = time.perf_counter()
    loop.trainer.fit(
        module,
        loader,
        DataLoader(_InOrder(validation), batch_size=None),
        ckpt_path=str(loop.last) if going_on else None,
    )
    return TrainResult(
        checkpoint=Path(loop.keeper.best_model_path),
        history=loop.history(),
        score=float(loop.keeper.best_model_score or 0.0),
        last=loop.last,
        counts=tuple(np.bincount(mixture.labels, minlength=len(spec.task.classes)).tolist()),
        seconds=time.perf_counter() - began,
    )
