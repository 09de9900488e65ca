"""``fashionviz train RECIPE --data FORMAT --root DIR``: a recipe on annotations that a user holds a licence for.

The pictures are cut to their garments once and kept in the cache, as the data set of the format's name. The network has
the recipe's architecture and the publisher's categories (a tagger: labels) as its classes; it is installed as
``ARCHITECTURE.FORMAT`` beside the others, and every front end serves it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from fashionviz.data.formats.convert import convert
from fashionviz.data.formats.registry import open_format
from fashionviz.data.own_tasks import own_task, vocabulary
from fashionviz.data.sets import cache_root, open_set, splits_in
from fashionviz.errors import DataError, InvalidRequest, StorageError
from fashionviz.models.registry import ModelSpec, get_model, lent
from fashionviz.training import sources
from fashionviz.training.feature_recipes import FeatureRecipe
from fashionviz.training.feeds import FEEDS, NO_GROUND, TAG_FIGURES, Check, Feed, Material
from fashionviz.training.recipes import Recipe, any_recipe

log = logging.getLogger(__name__)

_ROOT = "root.txt"


def garments_of(name: str, root: Path | None, on_rows: Callable[[int, int], None] | None = None) -> Path:
    """The garments of a data set in a published format, cut and kept in the cache.

    Args:
        name: of the format.
        root: its folder as published; ``None`` takes what was kept.
        on_rows: called with rows done and about how many there are.

    Raises:
        InvalidRequest: nothing was kept and no folder is named, or another folder's pictures were kept.
        DataError: the folder is not what the format says.
        StorageError: the cache cannot be written.
    """
    folder = cache_root() / "data" / name
    kept = folder / _ROOT
    if kept.is_file() and splits_in(folder):
        known = kept.read_text()
        if root is not None and str(root.resolve()) != known:
            raise InvalidRequest(
                f"The kept garments of {name} are from {known}. Delete {folder} to read another folder."
            )
        return folder
    if root is None:
        raise InvalidRequest(f"Say where the pictures and annotations of {name} are: --root DIR.")
    reader = open_format(name, root)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        kept.write_text(str(root.resolve()))  # first: a run that is killed then leaves nothing to clear up
    except OSError as error:
        raise StorageError(f"{folder} cannot be written ({error.strerror or error}).") from error
    result = convert(reader, folder, garments=True, on_rows=on_rows)
    for kind in result.problems.kinds:
        log.warning("%d %s, for example %s", result.problems.count(kind), kind, result.problems.examples(kind)[0])
    log.info("%s: %s", name, ", ".join(f"{split} {count:,}" for split, count in result.splits.items()))
    return folder


def _feed(spec: ModelSpec, splits: tuple[str, ...]) -> Feed:
    """What a recipe learns from and is scored on: the data set alone."""
    name = spec.task.name

    def material(recipe: Recipe) -> Material:
        size = recipe.stages[-1].frame
        if spec.task.multilabel:
            photos = sources.tagged(name, ("train",), size, spec.task, "home")
        else:
            photos = sources.labelled(name, "train", size, spec.task, "home")
        return Material({recipe.main: photos}, NO_GROUND, {})

    scored = [split for split in ("validation", "test") if split in splits]
    figures = TAG_FIGURES if spec.task.multilabel else ("accuracy",)
    return Feed(
        material=material,
        checks=(Check(name, "validation", "map" if spec.task.multilabel else "accuracy"),),
        reported=tuple(Check(name, split, figure) for split in scored for figure in figures),
        data_sets=(f"{spec.task.title.partition(',')[0]}, train (a copy of the user's, cut to the garments)",),
    )


@contextmanager
def own_recipe(like: str, name: str, root: Path | None) -> Iterator[Recipe | FeatureRecipe]:
    """A recipe for annotations of one's own; while it lasts, its model and its feed are registered.

    Args:
        like: the recipe to follow.
        name: of the format.
        root: its folder; ``None`` takes what was kept.

    Raises:
        InvalidRequest, DataError, StorageError: as :func:`garments_of`; no such recipe; too few classes or pictures.
    """
    recipe, base = any_recipe(like), get_model(like)
    if not isinstance(recipe, Recipe | FeatureRecipe):
        raise InvalidRequest(
            f"{like} learns from masks or pairs of pictures, which are not read from {name}. Follow another recipe."
        )
    folder = garments_of(name, root)
    splits = tuple(splits_in(folder))
    if missing := [split for split in ("train", "validation") if split not in splits]:
        raise DataError(
            f"The kept garments of {name} have no {' and no '.join(missing)} split. Delete {folder} to read them again."
        )
    many = base.task.multilabel
    spec = base.on(own_task(name, vocabulary(open_set(name, "train"), multilabel=many), multilabel=many))
    followed: Recipe | FeatureRecipe
    if isinstance(recipe, FeatureRecipe):
        followed = replace(recipe, model=spec.name, feed=spec.name, photos=((name, None),))
    else:
        followed = replace(
            recipe, model=spec.name, feed=spec.name, batch={"own": sum(recipe.batch.values())}, teachers=(),
            auxiliary=0, crop=False, refit=(name,) if recipe.refit else (),
        )  # fmt: skip
    FEEDS[spec.name] = _feed(spec, splits)
    try:
        with lent(spec):
            yield followed
    finally:
        del FEEDS[spec.name]
