"""Weights on disk: safetensors in fp16 or int8, verified against the card before use. No pickle is ever loaded."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from fashionviz.errors import ModelNotTrained, WeightsError
from fashionviz.models.card import ModelCard, load_card
from fashionviz.models.packing import DTYPES, Dtype, dtype_for, halve, pack, unpack
from fashionviz.models.registry import ModelSpec, get_model

FILE = "model.safetensors"


def weights_root() -> Path:
    """The folder of trained weights: ``FASHIONVIZ_WEIGHTS``, else ``weights/`` of the checkout."""
    named = os.environ.get("FASHIONVIZ_WEIGHTS")
    return Path(named).expanduser() if named else Path(__file__).resolve().parents[2] / "weights"


def model_folder(name: str) -> Path:
    """Where a model's card, weights and report are."""
    return weights_root() / name


def is_trained(name: str) -> bool:
    """Whether weights are installed (they are verified when loaded)."""
    folder = model_folder(name)
    return (folder / FILE).is_file() and (folder / "card.json").is_file()


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


@dataclass(frozen=True)
class StoredWeights:
    """What a card has to say of a weights file.

    Attributes:
        sha256: hex SHA-256 of the file.
        dtype: how the weights are stored; they are expanded to float32 when loaded.
    """

    sha256: str
    dtype: Dtype


def save_weights(model: nn.Module, name: str, path: Path, dtype: Dtype | None = None) -> StoredWeights:
    """Store a state dict as safetensors.

    Args:
        model: its parameters and buffers.
        name: registry name, kept in the header.
        path: the file to write.
        dtype: how; by the number of parameters if ``None`` (int8 above 20 million, else fp16).

    Raises:
        WeightsError: a value is not finite.
    """
    dtype = dtype or dtype_for(sum(p.numel() for p in model.parameters()))
    state = pack(model.state_dict()) if dtype == "int8" else halve(model.state_dict())
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(state, path, metadata={"format": "pt", "model": name, "dtype": dtype})
    sort_header(path)
    path.chmod(0o644)
    return StoredWeights(sha256_of(path), dtype)


def sort_header(path: Path) -> None:
    """Put the header's keys in order: safetensors writes its metadata in a random one, and checksums would differ."""
    with path.open("r+b") as handle:
        size = int.from_bytes(handle.read(8), "little")
        header = json.loads(handle.read(size))
        text = json.dumps(header, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        assert len(text) <= size, "the same keys and values, written as compactly"
        handle.seek(8)
        handle.write(text.ljust(size))  # the format pads with spaces


def load_trained(name: str, folder: Path | None = None) -> tuple[nn.Module, ModelCard]:
    """Build a model and load its verified weights, in float32, in evaluation mode.

    Args:
        name: registry name.
        folder: where card and weights are; the installed ones by default.

    Raises:
        UnknownModel: no such model.
        ModelNotTrained: no weights are installed.
        WeightsError: checksum, header or label count differ from the card's, or the tensors cannot be expanded.
    """
    spec = get_model(name)
    folder = folder or model_folder(name)
    path = folder / FILE
    if not (path.is_file() and (folder / "card.json").is_file()):
        raise ModelNotTrained(
            f"{name} has no weights installed, so it does not guess. Train it with `fashionviz train {name}`."
        )
    card = load_card(folder)
    _verify(spec, card, path)
    model = spec.build()
    try:
        state = unpack(load_file(path))
        _check_scaled(state, model)
        model.load_state_dict(state, strict=True)
    except (RuntimeError, SafetensorError, OSError) as error:
        raise WeightsError(f"The weights of {name} do not fit its architecture; install them again.") from error
    return model.eval(), card


def _verify(spec: ModelSpec, card: ModelCard, path: Path) -> None:
    if card.name != spec.name:
        raise WeightsError(f"The card in {path.parent.name} is that of {card.name}.")
    if card.classes != spec.task.classes:
        raise WeightsError(f"The card of {spec.name} names {len(card.classes)} classes that are not the task's.")
    if spec.task.multilabel and len(card.thresholds) != len(card.classes):
        raise WeightsError(f"The card of {spec.name} has {len(card.thresholds)} thresholds for its tags.")
    for fact in ("input_size", "mean", "std"):
        if getattr(card, fact) != getattr(spec, fact):
            raise WeightsError(f"The card of {spec.name} has another {fact} than its architecture.")
    if sha256_of(path) != card.sha256:
        raise WeightsError(
            f"The weights of {spec.name} are damaged: their SHA-256 is not the card's. Restore {path.name}."
        )
    try:
        with safe_open(path, framework="pt") as handle:
            header = handle.metadata() or {}
    except SafetensorError as error:
        raise WeightsError(f"The weights of {spec.name} are not a readable safetensors file.") from error
    if header.get("model") != spec.name:
        raise WeightsError(f"The weights in {path.parent.name} belong to another model.")
    stored = header.get("dtype", "float16")  # files of before there was int8 do not say it
    if stored not in DTYPES:
        raise WeightsError(f"The weights of {spec.name} are stored as {stored}, which this version cannot expand.")
    if stored != card.dtype:
        raise WeightsError(f"The weights of {spec.name} are stored as {stored}, the card says {card.dtype}.")


def _check_scaled(state: dict[str, Tensor], model: nn.Module) -> None:
    """An int8 tensor that lost its scales would be copied into a float parameter without a word."""
    for key, value in model.state_dict().items():
        if value.is_floating_point() and key in state and state[key].dtype == torch.int8:
            raise WeightsError(f"The tensor {key} is stored as int8 without its scales.")


def load_initial(path: Path, model: nn.Module) -> list[str]:
    """Load every tensor of a safetensors file that fits the model by name and shape; the head is left as it is.

    Args:
        path: for example the ImageNet backbone; float tensors of any width, or int8 as :func:`save_weights` stores it.
        model: changed in place.

    Returns:
        The names in the model that were not in the file or had another shape.

    Raises:
        WeightsError: the file cannot be read or expanded, or nothing in it fits.
    """
    try:
        state = unpack(load_file(path))
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path} is not a readable safetensors file.") from error
    _check_scaled(state, model)
    own = model.state_dict()
    fitting = {k: v.to(own[k].dtype) for k, v in state.items() if k in own and own[k].shape == v.shape}
    if not fitting:
        raise WeightsError(f"Nothing in {path.name} fits the model.")
    with torch.no_grad():
        model.load_state_dict(fitting, strict=False)
    return sorted(set(own) - set(fitting))
