"""A model in memory: one copy for predictions, a hookable one for explanations made when first needed."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn

from fashionviz.errors import Cancelled, Overloaded
from fashionviz.explain.hookable import Hookable, hookable
from fashionviz.explain.layers import list_layers
from fashionviz.images import Photo
from fashionviz.inference.batcher import Answer, Batcher
from fashionviz.inference.config import EngineConfig
from fashionviz.models.assurance import GarmentRow, judge, with_garment_row
from fashionviz.models.card import ModelCard
from fashionviz.models.preprocess import to_grey, to_input
from fashionviz.models.registry import ModelSpec
from fashionviz.results import Assurance, LayerInfo, ModelRef, ModelView


class Loaded:
    """A verified model on its device. Predictions go through a micro-batch queue, explanations through a lock."""

    def __init__(
        self,
        spec: ModelSpec,
        card: ModelCard,
        network: nn.Module,
        config: EngineConfig,
        row: GarmentRow | None = None,
    ) -> None:
        self.spec, self.card, self.config = spec, card, config
        self.ref = ModelRef(spec.name, card.sha256)
        self.device, self.dtype = config.place()
        for parameter in network.parameters():
            parameter.requires_grad_(False)
        self.network = network.eval().to(self.device).to(memory_format=torch.channels_last)
        # Of the same tensors, with the garment row as one more output. Everything else sees the network as it is.
        self._answering = with_garment_row(self.network, spec.head, row) if row else self.network
        self.bytes = sum(p.numel() * p.element_size() for p in network.parameters())
        self.last_used = time.monotonic()
        self.batcher = Batcher(
            spec.name,
            self._forward,
            max_batch=config.max_batch,
            max_wait_ms=config.max_wait_ms,
            queue_size=config.queue_size,
        )
        self._hook_lock = threading.Lock()
        self._layers_lock = threading.Lock()
        self._layers: tuple[LayerInfo, ...] | None = None
        self._places = threading.BoundedSemaphore(config.explain_queue)

    def _forward(self, x: Tensor) -> Tensor:
        x = x.to(self.device, non_blocking=True).to(memory_format=torch.channels_last)
        reduced = self.device.type == "cuda" and self.dtype != torch.float32
        with torch.autocast(self.device.type, self.dtype) if reduced else nullcontext():
            return self._answering(x)

    def ask(self, x: Tensor) -> tuple[Answer, float | None]:
        """Answer one input ``(3, H, W)`` in a micro-batch: logits ``(K,)``, and the garment's logit if there is a row.

        Raises:
            Overloaded: the queue is full, or no answer came in time.
            WorkerDied: the worker stopped.
        """
        answer = self.batcher.submit(x, self.config.timeout_s)
        outputs = self.spec.task.outputs
        if len(answer.logits) == outputs:
            return answer, None
        return replace(answer, logits=answer.logits[:outputs]), float(answer.logits[outputs])

    def assurance(self, probabilities: np.ndarray, garment: float | None) -> Assurance | None:
        """Whether to rely on probabilities ``(K,)``; ``None`` where the card does not say when."""
        return judge(probabilities, garment, self.card.assurance) if self.card.assurance else None

    def prepare(self, photo: Photo) -> tuple[Tensor, ModelView]:
        """A photo as the model's input ``(3, H, W)``, with the picture that the model sees."""
        x, pixels, place = to_input(photo.pixels, self.card.input_size, self.card.mean, self.card.std)
        if self.spec.grey:
            pixels = to_grey(pixels)
        pixels.setflags(write=False)
        return x, ModelView(pixels, place)

    @cached_property
    def hooked(self) -> Hookable:
        """The copy that may be hooked (eager, float32, nothing in place). Use it inside :meth:`exclusive` only."""
        example = torch.zeros(1, 3, *self.card.input_size, device=self.device)
        return hookable(self.network, example, share=True)

    @cached_property
    def differentiable(self) -> Hookable:
        """A second such copy that is never hooked, so that gradients may be taken on it side by side.

        Faster than on the network for predictions, whose ReLUs overwrite their inputs: autograd would copy these first.
        """
        example = torch.zeros(1, 3, *self.card.input_size, device=self.device)
        return hookable(self.network, example, share=True)

    @property
    def layers(self) -> tuple[LayerInfo, ...]:
        """Every layer, read from the network once; later calls wait for nothing."""
        with self._layers_lock:
            if self._layers is None:
                # On a copy of its own: hooks must not sit on a network that others use.
                self._layers = list_layers(copy.deepcopy(self.network), self.card.input_size)
            return self._layers

    @contextmanager
    def exclusive(self, cancel: threading.Event | None = None) -> Iterator[Hookable]:
        """The hookable copy for one job at a time.

        Raises:
            Overloaded: too many explanations wait for this model already, or it took too long.
            Cancelled: the caller cancelled while waiting.
        """
        with self.waiting_place(), self.alone(cancel) as hooked:
            yield hooked

    @contextmanager
    def alone(self, cancel: threading.Event | None = None) -> Iterator[Hookable]:
        """The hookable copy for one job at a time, for a job that has its place already.

        Raises:
            Overloaded: it took too long.
            Cancelled: the caller cancelled while waiting.
        """
        deadline = time.monotonic() + self.config.timeout_s
        while not self._hook_lock.acquire(timeout=0.1):
            if cancel is not None and cancel.is_set():
                raise Cancelled("The explanation was cancelled.")
            if time.monotonic() > deadline:
                raise Overloaded(f"{self.spec.name} is busy with other explanations; please try again.", 5.0)
        try:
            yield self.hooked
        finally:
            self._hook_lock.release()

    @contextmanager
    def waiting_place(self) -> Iterator[None]:
        """One of the bounded places for explanations.

        Raises:
            Overloaded: all are taken.
        """
        if not self._places.acquire(blocking=False):
            raise Overloaded(
                f"{self.spec.name} has {self.config.explain_queue} explanations waiting; please try again in 5 s.", 5.0
            )
        try:
            yield
        finally:
            self._places.release()

    def probabilities(self, logits: Tensor) -> np.ndarray:
        """Calibrated probabilities ``(K,)`` float64 of logits ``(K,)``: the card's temperature divides them.

        Of classes they sum to 1; of a tagger each tag has its own.
        """
        calibrated = logits.double() / self.card.temperature
        return (calibrated.sigmoid() if self.spec.task.multilabel else calibrated.softmax(dim=0)).numpy()

    def strongest(self, logits: Tensor) -> int:
        """The class with the highest logit; of a tagger, in its first group, which says what the item is."""
        groups = self.spec.task.groups
        return (
            int(logits[groups[0].start : groups[0].stop].argmax()) + groups[0].start if groups else int(logits.argmax())
        )

    def close(self) -> None:
        """Stop the worker."""
        self.batcher.close()
