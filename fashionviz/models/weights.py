"""Weights on disk: safetensors in fp16, verified against the card before use. No pickle is ever loaded."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from fashionviz.errors import ModelNotTrained, WeightsError
from fashionviz.models.card import ModelCard, load_card
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


def save_weights(model: nn.Module, name: str, path: Path) -> str:
    """Store a state dict as fp16 safetensors (integer buffers as they are) and return its SHA-256."""
    state = {
        key: (value.half() if value.is_floating_point() else value).contiguous()
        for key, value in model.state_dict().items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(state, path, metadata={"format": "pt", "model": name})
    path.chmod(0o644)
    return sha256_of(path)


def load_trained(name: str, folder: Path | None = None) -> tuple[nn.Module, ModelCard]:
    """Build a model and load its verified weights, in float32, in evaluation mode.

    Args:
        name: registry name.
        folder: where card and weights are; the installed ones by default.

    Raises:
        UnknownModel: no such model.
        ModelNotTrained: no weights are installed.
        WeightsError: checksum, header or label count differ from the card's.
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
        state = {k: v.float() if v.is_floating_point() else v for k, v in load_file(path).items()}
        model.load_state_dict(state, strict=True)
    except (RuntimeError, SafetensorError, OSError) as error:
        raise WeightsError(f"The weights of {name} do not fit its architecture; install them again.") from error
    return model.eval(), card


def _verify(spec: ModelSpec, card: ModelCard, path: Path) -> None:
    if card.name != spec.name:
        raise WeightsError(f"The card in {path.parent.name} is that of {card.name}.")
    if card.classes != spec.task.classes:
        raise WeightsError(f"The card of {spec.name} names {len(card.classes)} classes that are not the task's.")
    for fact in ("input_size", "mean", "std"):
        if getattr(card, fact) != getattr(spec, fact):
            raise WeightsError(f"The card of {spec.name} has another {fact} than its architecture.")
    if sha256_of(path) != card.sha256:
        raise WeightsError(
            f"The weights of {spec.name} are damaged: their SHA-256 is not the card's. Restore {path.name}."
        )
    try:
        with safe_open(path, framework="pt") as handle:
            if (handle.metadata() or {}).get("model") != spec.name:
                raise WeightsError(f"The weights in {path.parent.name} belong to another model.")
    except SafetensorError as error:
        raise WeightsError(f"The weights of {spec.name} are not a readable safetensors file.") from error


def load_initial(path: Path, model: nn.Module) -> list[str]:
    """Load every tensor of a safetensors file that fits the model by name and shape; the head is left as it is.

    Args:
        path: for example the ImageNet backbone.
        model: changed in place.

    Returns:
        The names in the model that were not in the file or had another shape.

    Raises:
        WeightsError: the file cannot be read, or nothing in it fits.
    """
    try:
        state = load_file(path)
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path} is not a readable safetensors file.") from error
    own = model.state_dict()
    fitting = {k: v.to(own[k].dtype) for k, v in state.items() if k in own and own[k].shape == v.shape}
    if not fitting:
        raise WeightsError(f"Nothing in {path.name} fits the model.")
    with torch.no_grad():
        model.load_state_dict(fitting, strict=False)
    return sorted(set(own) - set(fitting))
