"""The engine's answers about what a model sees: attributions, layers, channels, and what was kept of a split."""

from __future__ import annotations

import threading
import time

from fashionviz.explain.averages import load_averages
from fashionviz.explain.channels import load_index
from fashionviz.explain.embedding_map import load_map
from fashionviz.explain.layers import activations_of, filters_of
from fashionviz.explore_results import ChannelAttribution, ClassAverages, EmbeddingMap, TopItems
from fashionviz.images import Photo
from fashionviz.inference.channels import explain_channel
from fashionviz.inference.explanations import OnProgress, attribute, question, ticker
from fashionviz.inference.held import HeldModels, region_of
from fashionviz.results import ActivationMaps, Attribution, Box, FilterBank, LayerInfo, Timings


class Explaining(HeldModels):
    """Explanations, layers, and files kept beside the weights; the half of the engine that looks inside a model."""

    # --- explanations -----------------------------------------------------------------------------------------

    def explain(
        self,
        photo: Photo,
        model: str | None = None,
        method: str = "guided-backprop",
        *,
        target: str | None = None,
        against: str | None = None,
        layer: str | None = None,
        box: Box | None = None,
        on_progress: OnProgress | None = None,
        cancel: threading.Event | None = None,
    ) -> Attribution:
        """Where the model looked.

        Args:
            photo: from :func:`fashionviz.images.decode`.
            model: registry name; the default model if ``None``.
            method: a name of :data:`fashionviz.explain.methods.METHODS`.
            target: the class to explain; the most probable one if ``None`` (of a tagger, in its first group).
            against: explain the difference from this class's logit: why the target and not this?
            layer: for the methods that look at one; the last with a spatial extent if ``None``.
            box: region in pixels of the photo.
            on_progress: called from this thread after each pass of a slow method.
            cancel: set it from another thread to stop a slow method.

        Raises:
            InvalidRequest: unknown method, class or layer, one class twice, or a method the model cannot serve.
            Cancelled: ``cancel`` was set.
            Overloaded: too many explanations are waiting.
        """
        loaded = self._get(model)
        return attribute(
            loaded,
            photo,
            region_of(photo, box),
            question(loaded, method, target, against, layer),
            slow=self._slow,
            tick=ticker(on_progress, cancel),
            cancel=cancel,
        )

    # --- layers -----------------------------------------------------------------------------------------------

    def layers(self, model: str | None = None) -> tuple[LayerInfo, ...]:
        """Every layer of a model, with the shape of its output, read from the network."""
        return self._get(model).layers

    def activations(
        self, photo: Photo, model: str | None = None, layer: str | None = None, *, box: Box | None = None
    ) -> ActivationMaps:
        """Activation maps of a layer; the card's default layer if ``None``.

        Raises:
            InvalidRequest: no such layer, or one without height and width.
        """
        loaded = self._get(model)
        name = layer or loaded.card.activation_layer
        start = time.perf_counter()
        x, view = loaded.prepare(region_of(photo, box))
        with loaded.exclusive() as hooked:
            began = time.perf_counter()
            maps = activations_of(hooked.net, x[None].to(loaded.device), name)
        waited = (began - start) * 1000
        return ActivationMaps(
            model=loaded.ref,
            layer=name,
            maps=maps,
            view=view,
            timings=Timings(photo.decode_ms, waited, (time.perf_counter() - began) * 1000),
        )

    def filters(self, model: str | None = None, layer: str | None = None) -> FilterBank:
        """Filters of a convolution; the first one if ``None``.

        Raises:
            InvalidRequest: the layer is no convolution.
        """
        loaded = self._get(model)
        name = layer or loaded.card.first_conv
        weights = filters_of(loaded.network, name)
        return FilterBank(loaded.ref, name, weights, first=name == loaded.card.first_conv)

    def explain_channel(
        self,
        photo: Photo,
        model: str | None = None,
        layer: str | None = None,
        channel: int = 0,
        *,
        box: Box | None = None,
        cancel: threading.Event | None = None,
    ) -> ChannelAttribution:
        """Which pixels excite a channel of a layer; of the card's default layer if ``None``.

        Raises:
            InvalidRequest: no such layer or channel.
            Overloaded: too many explanations are waiting.
            Cancelled: ``cancel`` was set.
        """
        loaded = self._get(model)
        return explain_channel(
            loaded, photo, region_of(photo, box), layer or loaded.card.activation_layer, channel, cancel
        )

    # --- what was computed over a split -----------------------------------------------------------------------

    def top_items(self, model: str | None, layer: str, channel: int) -> TopItems:
        """The test items that excite a channel most, from the model's committed index.

        Raises:
            NotBuilt: there is none, or the weights are others.
            InvalidRequest: it does not hold the layer, or there is no such channel.
        """
        return load_index(self._spec(model).name).top(layer, channel)

    def averages(self, model: str | None = None) -> ClassAverages:
        """Average photo and attribution of every class, as committed.

        Raises:
            NotBuilt: there are none, or the weights are others.
        """
        return load_averages(self._spec(model).name)

    def embedding_map(self, model: str | None = None) -> EmbeddingMap:
        """The test split's embeddings in two dimensions, as committed.

        Raises:
            NotBuilt: there is none, or the weights are others.
        """
        return load_map(self._spec(model).name)
