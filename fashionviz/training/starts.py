"""What a training run starts from: ImageNet, the installed weights of the same model, nothing, or a file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from fashionviz.data.sets import data_root
from fashionviz.errors import WeightsError
from fashionviz.models.card import load_card
from fashionviz.models.weights import FILE, is_trained, model_folder


@dataclass(frozen=True)
class Start:
    """The weights that a run starts from.

    Attributes:
        name: what was asked for: ``imagenet``, ``in-domain``, ``scratch``, another model's name, or a file's name.
        path: the safetensors file, ``None`` from scratch.
        sha256: of that file, ``None`` from scratch.
        recipe: how those weights were trained, where they are our own.
    """

    name: str
    path: Path | None = None
    sha256: str | None = None
    recipe: dict[str, Any] | None = None


def imagenet_file(model: str) -> Path:
    """The ImageNet weights of an architecture: ``ARCHITECTURE_imagenet.safetensors`` in ``FASHIONVIZ_BACKBONES``.

    Without that variable it is looked for in ``weights`` beside the data folder.
    """
    folder = os.environ.get("FASHIONVIZ_BACKBONES")
    root = Path(folder) if folder else data_root().parent / "weights"
    return root / f"{model.partition('.')[0]}_imagenet.safetensors"


def starting_weights(init: str, model: str) -> Start:
    """Find what ``--init`` names.

    Args:
        init: ``imagenet``, ``in-domain`` (the installed weights of this model), ``scratch``, the name of another model
            with installed weights, or a safetensors file.
        model: registry name of the model to be trained.

    Raises:
        WeightsError: the file is not there; the message says where it was looked for.
    """
    if init == "scratch":
        return Start(init)
    if init == "in-domain" or is_trained(init):
        folder = model_folder(model if init == "in-domain" else init)
        card = load_card(folder)
        return Start(init, folder / FILE, card.sha256, dict(card.recipe))
    path = imagenet_file(model) if init == "imagenet" else Path(init).expanduser()
    if not path.is_file():
        hint = " Set FASHIONVIZ_BACKBONES to the folder that holds it." if init == "imagenet" else ""
        raise WeightsError(f"There is no file {path} to start from.{hint}")
    return Start(init if init == "imagenet" else path.name, path, sha256(path.read_bytes()).hexdigest())
