"""The engine's answers about likeness: photos as vectors, and why two of them are alike."""

from __future__ import annotations

import threading

from fashionviz.embed_results import Embedding, MatchExplanation
from fashionviz.images import Photo
from fashionviz.inference.embed import embed_photo, embedder, explain_match, must_embed
from fashionviz.inference.explanations import OnProgress, question, ticker
from fashionviz.inference.held import HeldModels, region_of
from fashionviz.models.registry import get_model
from fashionviz.results import Box


class Comparing(HeldModels):
    """Vectors by which pictures of one item find each other."""

    def embed(self, photo: Photo, model: str | None = None, *, box: Box | None = None) -> Embedding:
        """A photo, or a region of it, as a vector of norm 1 by which pictures of one item find each other.

        Args:
            photo: from :func:`fashionviz.images.decode`.
            model: registry name; the default embedder if ``None``.
            box: ``(x0, y0, x1, y1)`` in pixels of the photo.

        Raises:
            InvalidRequest: the model gives no vectors, or the box.
            UnknownModel, ModelNotTrained, WeightsError: the model cannot answer.
            Overloaded: the model's queue is full.
            WorkerDied: the model's worker stopped in the middle.
        """
        name = model or embedder()
        must_embed(get_model(name))
        return embed_photo(self._get(name), photo, region_of(photo, box), box)

    def explain_match(
        self,
        query: Photo,
        item: Photo,
        model: str | None = None,
        method: str = "integrated-gradients",
        *,
        layer: str | None = None,
        box: Box | None = None,
        on_progress: OnProgress | None = None,
        cancel: threading.Event | None = None,
    ) -> MatchExplanation:
        """Why this item: what the similarity of two pictures rests on, on both of them.

        Args:
            query: the photo of which a region is compared.
            item: the catalogue's photo.
            model: registry name; the default embedder if ``None``.
            method: a name of :data:`fashionviz.explain.methods.METHODS`.
            layer: for the methods that look at one; the last with a spatial extent if ``None``.
            box: region in pixels of the query.
            on_progress: called from this thread after each pass of a slow method.
            cancel: set it from another thread to stop a slow method.

        Raises:
            InvalidRequest: the model gives no vectors, an unknown method or layer, or the box.
            UnknownModel, ModelNotTrained, WeightsError: the model cannot answer.
            Cancelled: ``cancel`` was set.
            Overloaded: too many explanations are waiting.
        """
        name = model or embedder()
        must_embed(get_model(name))
        loaded = self._get(name)
        asked = question(loaded, method, layer=layer, of_class=False)
        return explain_match(
            loaded, region_of(query, box), item, asked, slow=self._slow, tick=ticker(on_progress, cancel), cancel=cancel
        )
