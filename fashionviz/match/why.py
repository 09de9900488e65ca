"""Why this item: what of a garment and of a catalogue's item their similarity rests on.

``match/`` does not import the engine; whoever calls hands it in. Asked are ``Engine.model(name)`` (with ``sha256``) and
``Engine.explain_match(query, item, model, method, …)``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fashionviz import images
from fashionviz.data.items import item_photo, named_item
from fashionviz.embed_results import MatchExplanation
from fashionviz.errors import FashionvizError, ModelNotTrained
from fashionviz.explain.methods import METHODS, methods_for
from fashionviz.images import Photo
from fashionviz.match.catalogue import Catalogue
from fashionviz.match.embedders import ITEM
from fashionviz.match.errors import NotExplained, UnknownItem
from fashionviz.match.pictures import picture_of
from fashionviz.match.results import CatalogueItem
from fashionviz.match.thumbnails import SIDE
from fashionviz.models.registry import get_model
from fashionviz.models.weights import is_trained
from fashionviz.results import Box, ModelRef, Progress

#: The method when nobody chooses one: two passes, where integrated gradients take hundreds, and the one that
#: Stylianou et al. 2019 (arXiv:1901.00536) show similarities with.
METHOD = "grad-cam"
_SMALL = (
    "Compared is the catalogue's small picture of the item: the similarity may differ a little from that of the match."
)
_UNCUT = "The catalogue's vector is of a part of the item's photo; shown is the whole of it."


@dataclass(frozen=True)
class Why:
    """Why an item is like a garment.

    Attributes:
        catalogue: its name.
        item: of the catalogue.
        box: the garment, in pixels of the photo; ``None`` for all of it.
        explanation: maps of both, and the similarity of the two pictures.
        notes: what must be known of the pictures, in sentences.
    """

    catalogue: str
    item: CatalogueItem
    box: Box | None
    explanation: MatchExplanation
    notes: tuple[str, ...] = ()


def explainer(catalogue: Catalogue, engine: Any) -> ModelRef:
    """The network whose similarity is explained: the one that made the catalogue's vectors.

    Raises:
        NotExplained: it is a classifier, whose features are no similarity that was learned.
        UnknownModel, ModelNotTrained: it is not here.
        EmbedderMismatch: other weights of it are installed.
    """
    name = catalogue.embedder.name
    if get_model(name).task.name != ITEM:
        raise NotExplained(
            f"The vectors of {catalogue.name} are features of the classifier {name}. Only what a network of the task "
            f"{ITEM!r} calls alike is explained: build the catalogue with one."
        )
    if not is_trained(name):
        raise ModelNotTrained(f"{name}, which made the vectors of {catalogue.name}, is not installed here.")
    ref = ModelRef(name, str(engine.model(name).sha256))
    catalogue.check(ref)
    return ref


def why_not(catalogue: Catalogue, engine: Any) -> str:
    """The sentence why no match of the catalogue can be explained; empty where they can."""
    try:
        explainer(catalogue, engine)
    except FashionvizError as error:
        return str(error)
    return ""


def methods_of(catalogue: Catalogue) -> tuple[str, ...]:
    """Names of the methods that the catalogue's network can serve, the quick ones first.

    Raises:
        UnknownModel: the network is not here.
    """
    found = methods_for(get_model(catalogue.embedder.name).relu_family)
    return tuple(sorted(found, key=lambda name: METHODS[name].slow))


def why_match(
    photo: Photo,
    catalogue: Catalogue,
    identifier: str,
    engine: Any,
    *,
    box: Box | None = None,
    method: str = METHOD,
    on_progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> Why:
    """What the similarity of a garment and an item rests on, on both pictures.

    Args:
        photo: from :func:`fashionviz.images.decode`.
        catalogue: that the item is from.
        identifier: the item's.
        engine: the shared engine.
        box: the garment, in pixels of the photo; all of it if ``None``.
        method: a name of :func:`methods_of`.
        on_progress: called from this thread after each pass of a slow method.
        cancel: set it from another thread to stop a slow method.

    Raises:
        UnknownItem: no such item, or its picture is not on this machine.
        NotExplained, UnknownModel, ModelNotTrained, EmbedderMismatch: as :func:`explainer`.
        InvalidRequest: an unknown method, or the box.
        Cancelled: ``cancel`` was set.
        Overloaded: too many explanations are waiting.
    """
    item = catalogue.items([identifier]).get(identifier)
    if item is None:
        raise UnknownItem(f"The catalogue {catalogue.name} has no item {identifier[:80]!r}.")
    ref = explainer(catalogue, engine)
    picture, notes = _picture(catalogue, item)
    found = engine.explain_match(
        photo, picture, ref.name, method, box=box, on_progress=on_progress, cancel=cancel
    )  # fmt: skip
    return Why(catalogue.name, item, box, found, notes)


def _picture(catalogue: Catalogue, item: CatalogueItem) -> tuple[Photo, tuple[str, ...]]:
    """What was embedded of an item, as well as it is still here: the public photo, else the catalogue's small one."""
    ref = named_item(item.source) if item.source else None
    if ref is not None:
        try:
            photo = item_photo(ref)
            return (photo.crop(item.box) if item.box else photo), ()
        except FashionvizError:
            pass  # the data set is not on this machine
    small = images.decode(picture_of(catalogue, item.id))
    if item.box is None:
        return small, (_SMALL,)
    if max(small.width, small.height) >= SIDE:  # by how much it was made smaller is not known
        return small, (_SMALL, _UNCUT)
    return small.crop(item.box), (_SMALL,)
