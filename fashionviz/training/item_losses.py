"""Losses that pull pictures of one item together, all of pytorch-metric-learning.

Semi-hard triplets (Schroff et al. 2015, arXiv:1503.03832) are the paper's own; the stronger ones compare every view
with every other picture of the step and with a memory of catalogue photos of earlier steps (Wang et al. 2020,
arXiv:1912.06798).
"""

from __future__ import annotations

from typing import Any

import torch
from pytorch_metric_learning import distances, losses, miners, reducers
from torch import Tensor, nn

from fashionviz.training.item_recipes import ItemRecipe

#: What may be named: supervised contrastive (Khosla et al. 2020, arXiv:2004.11362), multi-similarity (Wang et al. 2019,
#: arXiv:1904.06627), and triplets whose negatives are semi-hard, random, or the hardest.
LOSSES = ("supcon", "multi-similarity", "triplet", "triplet-random", "triplet-hardest")


class RandomNegatives(miners.BaseMiner):
    """A triplet for each pair of one item, with a negative by chance, as paper 001 first drew them."""

    def mine(self, embeddings: Tensor, labels: Tensor, ref_emb: Tensor, ref_labels: Tensor) -> Any:
        """Indices of anchors, positives and negatives."""
        same = labels[:, None] == ref_labels[None]
        positives = same.clone()
        if ref_emb is embeddings:
            positives.fill_diagonal_(False)
        anchors, others = torch.nonzero(positives, as_tuple=True)
        chance = torch.rand((len(anchors), len(ref_labels)), device=labels.device).masked_fill(same[anchors], -1)
        return anchors, others, chance.argmax(dim=1)


def triplet_loss(margin: float, kind: str, *, normalised: bool = True) -> tuple[nn.Module, nn.Module]:
    """A triplet loss and its miner, in Euclidean distance.

    Args:
        margin: of the distances.
        kind: which negatives: ``semihard``, ``random``, or ``hardest``.
        normalised: vectors are scaled to norm 1 first; without it they may all shrink to zero.
    """
    distance = distances.LpDistance(normalize_embeddings=normalised, p=2, power=1)
    every = {"reducer": reducers.MeanReducer()}  # a mean over all triplets: at a collapse it stands at the margin
    if kind == "semihard":
        miner: nn.Module = miners.TripletMarginMiner(margin, "semihard", distance=distance)
    elif kind == "hardest":
        miner = miners.BatchEasyHardMiner("all", "hard", distance=distance)
    else:
        miner = RandomNegatives(distance=distance)
    return losses.TripletMarginLoss(margin, distance=distance, **({} if kind == "semihard" else every)), miner


class ItemLoss:
    """The loss of a recipe, with its memory.

    Not a module: the memory must not be averaged with the weights, nor stand among them in a checkpoint.

    Args:
        recipe: loss, margin, temperature, memory.
        dimensions: of the vectors.
    """

    def __init__(self, recipe: ItemRecipe, dimensions: int) -> None:
        if recipe.loss not in LOSSES:
            raise ValueError(f"no loss {recipe.loss!r}")
        self.recipe = recipe
        self.pairs: nn.Module | None = None
        if recipe.loss == "supcon":
            self.pairs = losses.SupConLoss(recipe.temperature)
        elif recipe.loss == "multi-similarity":
            self.pairs = losses.MultiSimilarityLoss(alpha=2, beta=40, base=0.5)
        self.memory = None
        if self.pairs is not None and recipe.memory:
            self.memory = losses.CrossBatchMemory(self.pairs, dimensions, recipe.memory)
        kind = {"triplet-random": "random", "triplet-hardest": "hardest"}.get(recipe.loss, "semihard")
        self.triplets, self.miner = triplet_loss(recipe.margin, kind, normalised=recipe.normalised)
        self.steps = 0

    def __call__(self, vectors: Tensor, labels: Tensor, photos: Tensor) -> dict[str, Tensor]:
        """The weighted parts of the loss by name; their sum is minimised.

        Args:
            vectors: ``(N, D)`` of norm 1.
            labels: ``(N,)`` products.
            photos: ``(N,)`` bool, which are catalogue photos: those are remembered.
        """
        parts: dict[str, Tensor] = {}
        weight = 1.0 if self.pairs is None else self.recipe.triplet
        if weight:
            parts["triplet"] = weight * self.triplets(vectors, labels, self.miner(vectors, labels))
        if self.pairs is not None:
            parts["pairs"] = self.pairs(vectors, labels)
        if self.memory is not None:
            found = self.memory(vectors, labels, enqueue_mask=photos)
            if self.steps >= self.recipe.warmup:
                parts["memory"] = found
        self.steps += 1
        return parts

    def state(self) -> dict[str, Any]:
        """What a resumed run needs to go on along the same curve."""
        if self.memory is None:
            return {"steps": self.steps}
        return {
            "steps": self.steps,
            "vectors": self.memory.embedding_memory,
            "labels": self.memory.label_memory,
            "place": self.memory.queue_idx,
            "full": self.memory.has_been_filled,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state`."""
        self.steps = int(state["steps"])
        if self.memory is not None:
            self.memory.embedding_memory, self.memory.label_memory = state["vectors"], state["labels"]
            self.memory.queue_idx, self.memory.has_been_filled = int(state["place"]), bool(state["full"])
