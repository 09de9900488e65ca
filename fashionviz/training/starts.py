"""What a training run starts from: ImageNet, installed weights of the same or another model, nothing, or a file."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from fashionviz.errors import WeightsError
from fashionviz.models.card import load_card
from fashionviz.models.registry import list_models
from fashionviz.models.weights import FILE, model_folder
from fashionviz.training.backbones import coco_file, imagenet_file, nsfwjs_file

#: Networks whose first layers are another architecture's.
_TRUNKS = {
    "fashionnet": "vgg16",
    "fasterrcnn_mobilenet_v2_fpn": "mobilenet_v2",
    "fasterrcnn_resnet50_fpn": "resnet50",
    "fasterrcnn_resnet101_fpn": "resnet101",
    "fasterrcnn_resnext101_fpn": "resnext101_32x8d",
    "lraspp_mobilenet_v2": "mobilenet_v2",
    "maskrcnn_resnet50_fpn": "resnet50",
    "maskrcnn_resnet101_fpn": "resnet101",
    "maskrcnn_resnext101_fpn": "resnext101_32x8d",
    "ropanet": "inception_v3",
    "ropanet_baseline": "inception_v3",
}


@dataclass(frozen=True)
class Start:
    """The weights that a run starts from.

    Attributes:
        name: what was asked for: ``imagenet``, ``coco``, ``nsfwjs``, ``in-domain``, a model's name, ``scratch``, or a
            file's name.
        path: the safetensors file, ``None`` from scratch.
        sha256: of that file, ``None`` from scratch.
        recipe: how those weights were trained, where they are our own.
    """

    name: str
    path: Path | None = None
    sha256: str | None = None
    recipe: dict[str, Any] | None = None


def starting_weights(init: str, model: str) -> Start:
    """Find what ``--init`` names.

    Args:
        init: ``imagenet``, ``coco`` (a detector of torchvision's), ``nsfwjs`` (Inception-v3: ImageNet's by way of that
            project), ``in-domain`` (the installed weights of this model), the name of a model (its installed weights),
            ``scratch``, or a safetensors file.
        model: registry name of the model to be trained.

    Raises:
        WeightsError: the file is not there; the message says where it was looked for.
    """
    if init == "scratch":
        return Start(init)
    if init == "in-domain" or init in {spec.name for spec in list_models()}:
        folder = model_folder(model if init == "in-domain" else init)
        card = load_card(folder)
        return Start(init, folder / FILE, card.sha256, dict(card.recipe))
    architecture = _TRUNKS.get(model.partition(".")[0], model.partition(".")[0])
    if init == "nsfwjs" and architecture != "inception_v3":
        raise WeightsError(f"NSFWJS carries weights of inception_v3, not of {architecture}.")
    published = {
        "imagenet": lambda: imagenet_file(architecture),
        "coco": lambda: coco_file(model.partition(".")[0]),
        "nsfwjs": nsfwjs_file,
    }
    path = published[init]() if init in published else Path(init).expanduser()
    if not path.is_file():
        raise WeightsError(f"There is no file {path} to start from.")
    return Start(init if init in published else path.name, path, sha256(path.read_bytes()).hexdigest())
