"""A picture as a vector, and why two pictures are alike."""

from __future__ import annotations

import threading
import time
from contextlib import AbstractContextManager

import numpy as np
import torch
from torch import Tensor, nn

from fashionviz.embed_results import Embedding, MatchExplanation
from fashionviz.errors import InvalidRequest
from fashionviz.explain.hookable import Hookable
from fashionviz.explain.job import Job
from fashionviz.images import Photo
from fashionviz.inference.explanations import Question, Tick, place
from fashionviz.inference.loaded import Loaded
from fashionviz.models.registry import ModelSpec, default_model, list_models
from fashionviz.results import Box, Timings

#: The task of the models that turn pictures into vectors.
TASK = "item"


def must_embed(spec: ModelSpec) -> None:
    """Refuse a model that gives no vectors.

    Raises:
        InvalidRequest: its answer is something else; the sentence names those that give some.
    """
    if spec.task.answer != "embedding":
        having = ", ".join(other.name for other in list_models() if other.task.answer == "embedding")
        raise InvalidRequest(f"{spec.name} does not turn pictures into vectors. This does: {having}.")


def embedder() -> str:
    """The name of the model that embeds when nobody chooses one."""
    return default_model(TASK).name


def embed_photo(loaded: Loaded, photo: Photo, region: Photo, box: Box | None) -> Embedding:
    """Ask a loaded embedder; its queue forms micro-batches as a classifier's does.

    Args:
        loaded: whose answer is an embedding.
        photo: the whole photo.
        region: the part of it that is asked about.
        box: of that part, in pixels of the photo.

    Raises:
        Overloaded: the model's queue is full.
        WorkerDied: the model's worker stopped.
    """
    began = time.perf_counter()
    x, view = loaded.prepare(region)
    prepared = (time.perf_counter() - began) * 1000
    answer, _ = loaded.ask(x)
    vector = answer.logits.double()
    vector = (vector / vector.norm()).float().numpy()  # half precision on a GPU leaves a norm beside 1
    vector.setflags(write=False)
    return Embedding(
        loaded.ref, vector, view, Timings(photo.decode_ms, answer.queue_ms, prepared + answer.compute_ms), box
    )


class Towards(nn.Module):
    """An embedder as a network of one output: the cosine of a picture's vector with another's.

    It stands for the hookable copy, too, whose layers and guided gradients are those of the network inside.

    Args:
        network: ``(N, 3, H, W)`` to ``(N, D)`` of norm 1.
        vector: ``(D,)`` of norm 1.
    """

    def __init__(self, network: nn.Module, vector: Tensor) -> None:
        super().__init__()
        self.network = network
        self.vector = vector

    def forward(self, x: Tensor) -> Tensor:
        """``(N, 3, H, W)`` to ``(N, 1)``."""
        return self.network(x) @ self.vector.to(x)[:, None]

    @property
    def net(self) -> nn.Module:
        """Of a hookable copy: whose layers keep their names."""
        assert isinstance(self.network, Hookable)
        return self.network.net

    def guiding(self) -> AbstractContextManager[None]:
        """Of a hookable copy: while it lasts, gradients are those of guided backpropagation."""
        assert isinstance(self.network, Hookable)
        return self.network.guiding()


def _half(tick: Tick, part: int) -> Tick:
    """Progress of one of two equal parts."""
    return lambda done, total: tick(part * total + done, 2 * total)


def explain_match(
    loaded: Loaded,
    query: Photo,
    item: Photo,
    asked: Question,
    *,
    slow: threading.BoundedSemaphore,
    tick: Tick,
    cancel: threading.Event | None = None,
) -> MatchExplanation:
    """What the similarity of two pictures rests on, on both of them.

    The cosine of the one picture's vector with the other's, held fixed, is one number, which any attribution method
    explains as it explains a class's logit (as Stylianou et al. 2019, arXiv:1901.00536, do for one layer).

    Args:
        loaded: the embedder.
        query, item: the pictures, cut to what is compared.
        asked: from :func:`fashionviz.inference.explanations.question`.
        slow: places for slow methods, over all models.
        tick: counts passes, and raises when the job is cancelled.
        cancel: set from another thread to give up waiting.

    Raises:
        Cancelled: ``cancel`` was set.
        Overloaded: too many explanations are waiting.
    """
    started = time.perf_counter()
    (x, view), (y, other) = loaded.prepare(query), loaded.prepare(item)
    waited = time.perf_counter()
    with place(loaded, asked.method, slow, cancel) as hooked:
        ran = time.perf_counter()
        network = loaded.network if hooked is not None else loaded.differentiable
        batch = torch.stack([x, y]).to(loaded.device).to(memory_format=torch.channels_last)
        with torch.no_grad():
            vectors = loaded.network(batch).float()
        values = []
        for part, (picture, vector) in enumerate(zip(batch, reversed(vectors), strict=True)):
            copy = None if hooked is None else Towards(hooked, vector)
            job = Job(Towards(network, vector), copy, picture[None], 0, asked.layer, _half(tick, part))
            values.append(asked.method.run(job).detach().float().cpu().contiguous().numpy())
        if asked.method.slow:
            tick(1, 1)
    spent, waiting = (time.perf_counter() - started) * 1000, (ran - waited) * 1000
    for array in values:
        array.setflags(write=False)
    return MatchExplanation(
        model=loaded.ref,
        method=asked.method.name,
        similarity=float(np.clip(float(vectors[0] @ vectors[1]), -1, 1)),
        query=values[0],
        item=values[1],
        query_view=view,
        item_view=other,
        timings=Timings(query.decode_ms + item.decode_ms, waiting, spent - waiting),
    )
