"""Whether to rely on a prediction: one more row beside the head tells garments from other pictures.

The row is a logistic regression on the embedding, the input of the network's last linear layer. It is kept beside the
weights in ``assurance.safetensors``, and computed in the same forward pass as the logits.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from fashionviz.errors import WeightsError
from fashionviz.models.card import AssuranceCard, ModelCard
from fashionviz.models.weights import sha256_of, sort_header
from fashionviz.results import Assurance

FILE = "assurance.safetensors"

NO_GARMENT = "This does not look like a garment."
CLOSE = "The two most probable classes are close."
LOW = "No class is probable enough."
CLEAR = "One class is clearly the most probable."


@dataclass(frozen=True)
class GarmentRow:
    """A logistic regression on the embedding.

    Attributes:
        weight: ``(D,)`` float32.
        bias: added to the product; a garment where the sum is above the threshold's logit.
    """

    weight: Tensor = field(repr=False)
    bias: float


class AssuredHead(nn.Module):
    """A head's logits, with the garment row's as one more column.

    Two products instead of one longer one: the logits stay what they are without the row, bit for bit. The row is
    computed in float32 also under autocast: its terms are large and cancel.

    Args:
        head: the network's last linear layer, shared with it.
        row: what to add.
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, head: nn.Module, row: GarmentRow) -> None:
        super().__init__()
        self.head = head
        device = next(head.parameters()).device
        self.register_buffer("weight", row.weight.detach().float()[None].to(device))
        self.register_buffer("bias", torch.tensor([row.bias], device=device))

    def forward(self, embedding: Tensor) -> Tensor:
        """``(N, D)`` to ``(N, K + 1)``: the logits, then the garment's logit."""
        logits = self.head(embedding)
        with torch.autocast(embedding.device.type, enabled=False):
            garment = F.linear(embedding.float(), self.weight, self.bias)
        return torch.cat([logits, garment], dim=1)


def _twin(network: nn.Module) -> nn.Module:
    """The same tensors in modules of its own: a hook on one is no hook on the other."""
    shared: dict[int, object] = {id(t): t for t in (*network.parameters(), *network.buffers())}
    return copy.deepcopy(network, shared)


def replace_head(network: nn.Module, name: str, head: nn.Module) -> nn.Module:
    """A network of the same tensors with another head; the one given stays as it is.

    Args:
        network: its parameters and buffers are shared, its modules are not.
        name: of the last linear layer, :attr:`fashionviz.models.registry.ModelSpec.head`.
        head: what takes the embedding ``(N, D)``.
    """
    made = _twin(network)
    made.set_submodule(name, head)
    return made.eval()


def with_garment_row(network: nn.Module, head: str, row: GarmentRow) -> nn.Module:
    """A network of the same tensors that answers ``(N, K + 1)``.

    Raises:
        WeightsError: the row is not as long as the embedding.
    """
    layer = network.get_submodule(head)
    if not isinstance(layer, nn.Linear) or layer.in_features != len(row.weight):
        raise WeightsError(f"{FILE} has {len(row.weight)} weights, which does not fit the layer {head}.")
    return replace_head(network, head, AssuredHead(_twin(layer), row))


def save_garment_row(row: GarmentRow, card: ModelCard, folder: Path) -> str:
    """Write ``assurance.safetensors``; equal rows give equal bytes.

    Returns:
        The file's SHA-256, for the card.

    Raises:
        WeightsError: a value is not finite.
    """
    tensors = {"weight": row.weight.detach().float().contiguous(), "bias": torch.tensor([row.bias])}
    if not all(t.isfinite().all() for t in tensors.values()):
        raise WeightsError(f"The garment row of {card.name} has values that are not finite; it is not stored.")
    path = folder / FILE
    save_file(tensors, path, metadata={"format": "pt", "model": card.name, "weights": card.sha256})
    sort_header(path)
    path.chmod(0o644)
    return sha256_of(path)


def load_garment_row(card: ModelCard, folder: Path) -> GarmentRow | None:
    """The garment row that a card names, verified; ``None`` where it names none.

    Raises:
        WeightsError: the file is missing, damaged, or belongs to other weights.
    """
    facts = card.assurance
    if facts is None or facts.sha256 is None:
        return None
    path = folder / FILE
    again = f"Restore {FILE}, or run `fashionviz assurance {card.name}`."
    try:
        if sha256_of(path) != facts.sha256:
            raise WeightsError(f"{FILE} of {card.name} is damaged: its SHA-256 is not the card's. {again}")
        with safe_open(path, framework="pt") as handle:
            header = handle.metadata() or {}
        state = load_file(path)
        weight, bias = state["weight"], state["bias"]
    except (OSError, SafetensorError, KeyError) as error:
        raise WeightsError(f"{FILE} of {card.name} is missing or cannot be read. {again}") from error
    if (header.get("model"), header.get("weights")) != (card.name, card.sha256):
        raise WeightsError(f"{FILE} of {card.name} belongs to other weights. {again}")
    if weight.ndim != 1 or bias.numel() != 1:
        raise WeightsError(f"{FILE} of {card.name} holds no single row. {again}")
    return GarmentRow(weight.float(), float(bias))


def judge(probabilities: NDArray[np.floating], garment: float | None, facts: AssuranceCard) -> Assurance:
    """The verdict on one prediction.

    Args:
        probabilities: ``(K,)`` calibrated, in any order, K of at least 2.
        garment: logit of the garment row, or ``None`` where the model has none.
        facts: the thresholds.
    """
    chance = None if garment is None else float(1 / (1 + np.exp(-np.clip(garment, -80, 80))))
    if chance is not None and facts.garment_threshold is not None and chance < facts.garment_threshold:
        return Assurance("not-a-garment", chance, NO_GARMENT)
    second, first = np.partition(np.asarray(probabilities, dtype=np.float64), -2)[-2:]
    if first < facts.sure_threshold:
        return Assurance("unsure", chance, CLOSE if second >= first / 2 else LOW)
    return Assurance("sure", chance, CLEAR)
