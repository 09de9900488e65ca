"""Inception-v3 out of NSFWJS' package: a small package made here, and the order in which Keras makes its layers."""

import base64
import io
import tarfile
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from fashionviz.errors import WeightsError
from fashionviz.models.registry import get_model
from fashionviz.training import nsfwjs
from fashionviz.training.backbones import imagenet_file, nsfwjs_file
from fashionviz.training.starts import starting_weights

#: Filters of each convolution in the order of keras.applications.inception_v3.
_A = (64, 48, 64, 64, 96, 96)
_E = (320, 384, 384, 384, 448, 384, 384, 384, 192)


def _c(width: int) -> tuple[int, ...]:
    return (192, width, width, 192, width, width, width, width, 192, 192)


FILTERS = (
    *(32, 32, 64, 80, 192),
    *(*_A, 32, *_A, 64, *_A, 64),
    *(384, 64, 96, 96),
    *(*_c(128), *_c(160), *_c(160), *_c(192)),
    *(192, 320, 192, 192, 192, 192),
    *(*_E, *_E),
)


def package(
    tensors: dict[str, tuple[np.ndarray, float, float]], told: dict[str, tuple[int, ...]] | None = None
) -> bytes:
    """A package of the published layout: name to 8-bit steps, least value, scale; ``told`` has shapes it lies about."""
    entries = ",".join(
        f'{{name:"{name}",shape:[{",".join(map(str, (told or {}).get(name, steps.shape)))}],dtype:"float32",'
        f'quantization:{{min:{least},scale:{scale},dtype:"uint8"}}}}'
        for name, (steps, least, scale) in tensors.items()
    )
    data = b"".join(steps.tobytes() for steps, _, _ in tensors.values())
    cuts = [data[i * len(data) // 6 : (i + 1) * len(data) // 6] for i in range(6)]
    files = {"model": f"!function(){{return{{weightsManifest:[{{weights:[{entries}]}}]}}}}"}
    files |= {f"group1-shard{i}of6": f'x("{base64.b64encode(cut).decode()}")' for i, cut in enumerate(cuts, 1)}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"package/dist/models/inception_v3/{name}.min.js")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return out.getvalue()


@pytest.fixture
def small() -> bytes:
    rng = np.random.default_rng(0)

    def steps(*shape: int) -> np.ndarray:
        return rng.integers(0, 256, shape, dtype=np.uint8)

    return package(
        {
            "conv2d_1/kernel": (steps(3, 3, 3, 32), -1.0, 0.0078125),
            "batch_normalization_1/beta": (steps(32), -0.5, 0.25),
            "batch_normalization_1/moving_mean": (steps(32), -2.0, 0.125),
            "batch_normalization_1/moving_variance": (steps(32), 0.5, 0.0625),
            "conv2d_94/kernel": (steps(1, 1, 2048, 192), 0, 1e-3),
            "dense_3/bias": (steps(5), 0, 1.0),
        }
    )


def test_names_are_in_keras_order() -> None:
    own = get_model("inception_v3.gender_category").build().state_dict()
    names = [f"{name}.conv.weight" for name in nsfwjs._torch_names()]
    assert set(names) == {key for key in own if key.endswith("conv.weight")}
    assert tuple(len(own[name]) for name in names) == FILTERS


def test_values_are_expanded_and_turned(small: bytes) -> None:
    keras = dict(nsfwjs.keras_tensors(small))
    found = nsfwjs.torch_tensors(small)
    kernel = found["Conv2d_1a_3x3.conv.weight"]
    assert kernel.shape == (32, 3, 3, 3)
    for out, inside, y, x in ((0, 0, 0, 0), (31, 2, 1, 0), (5, 1, 2, 2)):
        assert kernel[out, inside, y, x] == keras["conv2d_1/kernel"][y, x, inside, out] / 2
    assert keras["batch_normalization_1/beta"].min() >= -0.5
    assert np.allclose(keras["batch_normalization_1/beta"] * 4, np.round(keras["batch_normalization_1/beta"] * 4))
    assert torch.equal(found["Conv2d_1a_3x3.bn.weight"], torch.ones(32)), "Keras' layers have no scale"
    assert "Mixed_7c.branch_pool.conv.weight" in found
    assert not any("dense" in name for name in found)


def test_rgb_from_minus_one_to_one_is_answered_as_rgb_from_zero_to_one_is_there(small: bytes) -> None:
    keras, found = dict(nsfwjs.keras_tensors(small)), nsfwjs.torch_tensors(small)
    photo = torch.rand(1, 3, 9, 9)
    theirs = torch.from_numpy(keras["conv2d_1/kernel"]).permute(3, 2, 0, 1)
    there = torch.nn.functional.conv2d(photo, theirs, stride=2)
    there = there - torch.from_numpy(keras["batch_normalization_1/moving_mean"])[:, None, None]
    here = torch.nn.functional.conv2d(2 * photo - 1, found["Conv2d_1a_3x3.conv.weight"], stride=2)
    here = here - found["Conv2d_1a_3x3.bn.running_mean"][:, None, None]
    assert torch.allclose(here, there, atol=1e-4)


def test_other_bytes_than_expected_are_refused() -> None:
    with pytest.raises(WeightsError, match="other weights"):
        list(nsfwjs.keras_tensors(package({})))
    short = package({"dense_3/bias": (np.arange(5, dtype=np.uint8), 0.0, 1.0)}, told={"dense_3/bias": (9,)})
    with pytest.raises(WeightsError, match="other weights"):
        list(nsfwjs.keras_tensors(short))
    empty = io.BytesIO()
    tarfile.open(fileobj=empty, mode="w:gz").close()
    with pytest.raises(WeightsError, match="lacks"):
        list(nsfwjs.keras_tensors(empty.getvalue()))


def test_a_run_starts_from_it(small: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path))
    monkeypatch.setattr(nsfwjs, "urlopen", lambda url, timeout: io.BytesIO(small))
    with pytest.raises(WeightsError, match="not the published file"):
        nsfwjs_file()
    monkeypatch.setattr(nsfwjs, "SHA256", sha256(small).hexdigest())
    start = starting_weights("nsfwjs", "inception_v3.gender_category")
    assert start.path is not None
    assert len(load_file(start.path)) == 7
    monkeypatch.setattr(nsfwjs, "urlopen", None)
    assert nsfwjs_file() == start.path, "downloaded once"
    with pytest.raises(WeightsError, match="inception_v3, not of vgg16"):
        starting_weights("nsfwjs", "vgg16.clothing10")


def test_without_a_network_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*args: object, **named: object) -> None:
        raise OSError("no route")

    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path))
    monkeypatch.setenv("FASHIONVIZ_BACKBONES", str(tmp_path))
    monkeypatch.setattr(nsfwjs, "urlopen", nobody)
    with pytest.raises(WeightsError, match="no route"):
        nsfwjs_file()
    monkeypatch.setattr("torchvision.models.get_model_weights", nobody)
    with pytest.raises(WeightsError, match="--init nsfwjs"):
        imagenet_file("inception_v3")
