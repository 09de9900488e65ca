"""Feeds: what a model is trained on, and what it is checked on every epoch and reported on at the end."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fashionviz.data.catalogue10 import CATALOGUE10
from fashionviz.data.labels import TASKS
from fashionviz.embed_results import DEPTHS
from fashionviz.errors import InvalidRequest
from fashionviz.evaluation.metrics import FIGURES
from fashionviz.models.registry import get_model
from fashionviz.training import sources
from fashionviz.training.recipes import Recipe
from fashionviz.training.sources import Source

log = logging.getLogger(__name__)

#: For feeds that paste nothing.
NO_GROUND = np.empty((0, 128, 96, 3), dtype=np.uint8)


#: Figures of multi-label predictions.
TAG_FIGURES = ("micro_f1", "macro_f1", "map")
#: Figures of regions, by the names of :class:`fashionviz.segment_results.RegionReport`.
REGION_FIGURES = ("miou", "pixel_accuracy", "person_as_garment", "garment_as_person")
#: Figures of boxes, by the names of :class:`fashionviz.detect_results.BoxReport`; the first one stands for a model.
BOX_FIGURES = ("ap50", "ap", "ap75", "ar")


#: Figures of an embedder (:func:`fashionviz.training.measure_items.item_metrics`).
ITEM_FIGURES = (
    *(f"recall_at_{k}" for k in DEPTHS),
    "recall_at_1_strict",
    "recall_at_1_near",
    "match_ece",
    "precision_at_10",
)


@dataclass(frozen=True)
class Check:
    """A split and the figure that counts on it.

    Attributes:
        data_set, split: what is scored.
        figure: a name in :data:`fashionviz.evaluation.metrics.FIGURES`, :data:`TAG_FIGURES`, :data:`REGION_FIGURES`,
            :data:`BOX_FIGURES` or :data:`ITEM_FIGURES`.
        weight: its share in the validation score that decides which epoch is kept.
    """

    data_set: str
    split: str
    figure: str = "accuracy"
    weight: float = 1.0

    def __post_init__(self) -> None:
        if self.figure not in (*FIGURES, *TAG_FIGURES, *REGION_FIGURES, *BOX_FIGURES, *ITEM_FIGURES):
            raise ValueError(f"no figure {self.figure!r}")


@dataclass(frozen=True)
class Material:
    """What a feed brings.

    Attributes:
        sources: by name.
        ground: ``(M, h, w, 3)`` uint8 patches without a garment.
        heads: number of classes of each auxiliary head.
    """

    sources: dict[str, Source]
    ground: np.ndarray
    heads: dict[str, int]


@dataclass(frozen=True)
class Feed:
    """Training material and checks of a kind of model.

    Attributes:
        material: opens and decodes the training photos.
        checks: scored every epoch on validation; the first is compared when weights are replaced.
        reported: scored once, when weights are installed; the first test split makes the report.
        data_sets: for the card, in words.
    """

    material: Callable[[Recipe], Material]
    checks: tuple[Check, ...]
    reported: tuple[Check, ...]
    data_sets: tuple[str, ...]


def _needs_no_box(recipe: Recipe) -> None:
    if recipe.crop:
        raise InvalidRequest(f"The feed {recipe.feed!r} mixes in photos that do not stand on white: it cannot crop.")


def _gender_category(recipe: Recipe) -> Material:
    _needs_no_box(recipe)
    articles = sources.article_types()
    large = sources.catalogue("fpi-large", (224, 168), articles, "catalogue-large")
    street = sources.street((240, 160))
    home = sources.home((224, 168))
    return Material(
        sources={
            "catalogue": sources.catalogue("fpi", (80, 60), articles),
            "catalogue-large": large,
            "pasted": sources.with_alpha(large),
            "street": street,
            "home": home,
        },
        ground=sources.backgrounds(street, home, seed=recipe.seed),
        heads={"article": len(articles), "department": len(sources.DEPARTMENTS)},
    )


def _clothing10(recipe: Recipe) -> Material:
    _needs_no_box(recipe)
    size = recipe.stages[-1].frame
    makers: dict[str, Callable[[], Source]] = {
        "home10": lambda: sources.labelled("clothing", "train", size, TASKS["clothing10"], "home"),
        "extra10": lambda: sources.extra_clothing10(size),
    }
    heads = {}
    if "catalogue" in recipe.batch:  # its 143 article types teach a network from scratch what garments look like
        articles = sources.article_types()
        makers["catalogue"] = lambda: sources.catalogue_clothing10("fpi", (80, 60), articles)
        heads["article"] = len(articles)
    return Material({name: make() for name, make in makers.items() if name in recipe.batch}, NO_GROUND, heads)


def _category(recipe: Recipe) -> Material:
    task = get_model(recipe.model).task
    if len(recipe.batch) > 1:
        _needs_no_box(recipe)
    makers: dict[str, Callable[[], Source]] = {
        "catalogue": lambda: sources.labelled("fpi", "train", (80, 60), task, "catalogue", crop=recipe.crop),
        "home": lambda: sources.labelled("clothing", "train", (80, 60), task, "home", columns=("label10", "label")),
        "street": lambda: sources.labelled("ccp-garments", "train", (80, 60), task, "home", columns=("category11",)),
    }
    return Material({name: make() for name, make in makers.items() if name in recipe.batch}, NO_GROUND, {})


def _catalogue10(recipe: Recipe) -> Material:
    photos = sources.labelled("fpi", "train", (80, 60), CATALOGUE10, "catalogue", crop=recipe.crop)
    return Material({"catalogue": photos}, NO_GROUND, {})


def _tags(recipe: Recipe) -> Material:
    _needs_no_box(recipe)
    task, size = get_model(recipe.model).task, recipe.stages[-1].frame
    makers: dict[str, Callable[[], Source]] = {
        "catalogue": lambda: sources.tagged("fpi", ("train",), (80, 60), task, "catalogue"),
        "catalogue-large": lambda: sources.tagged("fpi-large", ("train",), (224, 168), task, "catalogue-large"),
        "worn": lambda: sources.tagged("ccp", ("train", "tags"), size, task, "home"),
    }
    # What excludes one another is one choice, too, beside many yes or no: a head a group, dropped afterwards.
    heads = {g.name: g.stop - g.start + 1 for g in task.groups if g.exclusive} if recipe.auxiliary else {}
    return Material({name: make() for name, make in makers.items() if name in recipe.batch}, NO_GROUND, heads)


def _no_photos(recipe: Recipe) -> Material:
    raise InvalidRequest(f"{recipe.model} learns on frozen features, not on photos.")


def _no_labels(recipe: Recipe) -> Material:
    raise InvalidRequest(f"{recipe.model} learns from photos with masks, which have a mixture of their own.")


def _no_classes(recipe: Recipe) -> Material:
    raise InvalidRequest(f"{recipe.model} learns from pairs of pictures, which have batches of their own.")


def _each_figure(*splits: tuple[str, str], figures: tuple[str, ...] = TAG_FIGURES) -> tuple[Check, ...]:
    return tuple(Check(data_set, split, figure) for data_set, split in splits for figure in figures)


FEEDS: dict[str, Feed] = {
    "gender_category": Feed(
        material=_gender_category,
        # Catalogue accuracy counts most; street recall must not be bought with it or the other way.
        checks=(Check("fpi", "validation"), Check("ccp", "validation", "department_recall", 0.1)),
        reported=(
            Check("fpi", "validation"),
            Check("fpi", "test"),
            Check("fpi-large", "validation"),
            Check("fpi-large", "test"),
            Check("ccp", "validation", "department_recall"),
            Check("ccp", "test", "department_recall"),
        ),
        data_sets=(
            "fpi train (Fashion Product Images, small)",
            "fpi-large train (the same products at 168×224)",
            "ccp train (Clothing Co-Parsing street photos; departments labelled by us)",
            "clothing train and extra (Clothing data set, CC0)",
        ),
    ),
    "clothing10": Feed(
        material=_clothing10,
        checks=(Check("clothing", "validation"),),
        reported=(Check("clothing", "validation"),),
        data_sets=("clothing train and extra (Clothing data set, CC0)",),
    ),
    # The ten garment types on the catalogue's photos, mapped from article types: where transfer starts from.
    "catalogue10": Feed(
        material=_catalogue10,
        checks=(Check("fpi", "validation"),),
        reported=(Check("fpi", "validation"), Check("fpi", "test")),
        data_sets=("fpi train (Fashion Product Images, small)",),
    ),
    "tags": Feed(
        material=_tags,
        # Needs no thresholds, which are chosen afterwards.
        checks=(Check("fpi", "validation", "map"),),
        reported=_each_figure(
            ("fpi", "validation"), ("fpi", "test"), ("fpi-large", "validation"), ("fpi-large", "test")
        ),
        data_sets=(
            "fpi train (Fashion Product Images, small)",
            "fpi-large train (the same products at 168×224)",
        ),
    ),
    "street_tags": Feed(
        material=_tags,
        checks=(Check("ccp", "validation", "map"),),
        reported=_each_figure(("ccp", "validation"), ("ccp", "test")),
        data_sets=("ccp train (Clothing Co-Parsing street photos, with those that have names alone)",),
    ),
    # On frozen features, which the feature recipes bring themselves: there is no mixture of photos.
    "category50": Feed(
        material=_no_photos,
        checks=(Check("fpi-large", "validation"),),
        reported=(Check("fpi-large", "validation"), Check("fpi-large", "test"), Check("fpi", "test")),
        data_sets=(
            "fpi-large train (the catalogue's photos at 168×224)",
            "fpi train (Fashion Product Images, small; some of the other products)",
        ),
    ),
    "garment": Feed(
        material=_no_labels,
        checks=(Check("ccp", "validation", "miou"),),
        reported=_each_figure(("ccp", "validation"), ("ccp", "test"), figures=REGION_FIGURES),
        data_sets=(
            "ccp train (Clothing Co-Parsing street photos with masks)",
            "fpi-large train (some catalogue photos on white, with masks derived from silhouettes)",
        ),
    ),
    "item": Feed(
        material=_no_classes,
        checks=(Check("fpi", "validation", "recall_at_1"),),
        reported=(
            *_each_figure(("fpi", "validation"), ("fpi", "test"), figures=ITEM_FIGURES[:-1]),
            # Real photos have no item in the catalogue: what is found should at least be of their category.
            Check("clothing", "validation", "precision_at_10"),
            Check("ccp-garments", "validation", "precision_at_10"),
            Check("ccp-garments", "test", "precision_at_10"),
        ),
        data_sets=(
            "fpi train (Fashion Product Images, small)",
            "fpi-large train (the same products at 168×224, which some street views are made of)",
            "ccp and clothing train (street and home photos, as the ground of synthetic street views)",
        ),
    ),
    "garment13": Feed(
        material=_no_labels,
        checks=(Check("ccp", "validation", "ap50"),),
        reported=_each_figure(("ccp", "validation"), ("ccp", "test"), figures=BOX_FIGURES),
        data_sets=(
            "ccp train (Clothing Co-Parsing street photos with masks, boxes derived from them)",
            "fpi-large train (some catalogue items, cut out by derived silhouettes and pasted)",
        ),
    ),
    "category": Feed(
        material=_category,
        checks=(Check("fpi", "validation"),),
        reported=(
            Check("fpi", "validation"),
            Check("fpi", "test"),
            Check("fpi-large", "validation"),
            Check("fpi-large", "test"),
            Check("clothing", "validation"),
            Check("ccp-garments", "validation"),
            Check("ccp-garments", "test"),
        ),
        data_sets=(
            "fpi train (Fashion Product Images, small)",
            "clothing train (Clothing data set, CC0)",
            "ccp train (single garments cut out of Clothing Co-Parsing street photos by their masks)",
        ),
    ),
}
