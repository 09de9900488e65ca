"""Half the digits where the machine multiplies them fast, all of them elsewhere; and the losses keep all."""

import pytest
import torch
from torch import nn

from fashionviz.training.feeds import Check
from fashionviz.training.loop import describe
from fashionviz.training.mixture import Batch
from fashionviz.training.module import GarmentClassifier
from fashionviz.training.precision import cpu_multiplies_bf16, cpu_precision, precision_for
from fashionviz.training.recipes import Recipe, Stage, get_recipe


@pytest.mark.parametrize(
    ("can", "pays"),
    [
        ({"avx512_bf16": True}, True),
        ({"amx_bf16": True}, True),
        ({"avx512_bf16": False, "avx2": True}, False),
        ({"avx512_bf16": True, "avx512_fp16": True, "amx_bf16": True}, True),
        ({"avx512_bf16": True, "avx512_fp16": True, "amx_bf16": False}, False),  # AMX hidden by a virtual machine
    ],
)
def test_bfloat16_where_the_cpu_multiplies_it_faster(
    monkeypatch: pytest.MonkeyPatch, can: dict[str, bool], pays: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: can)
    assert cpu_multiplies_bf16() == pays
    assert precision_for("resnet152") == ("bf16-mixed" if pays else "32-true")
    assert precision_for("mobilenet_v2") == precision_for("lraspp_mobilenet_v2") == "32-true", "it would lose time"
    assert describe(get_recipe("vgg16.clothing10"))["precision"] == precision_for("vgg16"), "the card says it"


def test_on_a_gpu_every_network_is_trained_in_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    assert precision_for("mobilenet_v2") == precision_for("resnet152") == "bf16-mixed"
    assert cpu_precision("resnet152") == "32-true", "features are computed on the CPU there, too"


@pytest.mark.filterwarnings("ignore:You are trying to")
def test_losses_are_taken_in_float32() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 2))
    recipe = Recipe("category_cnn28.category11", (Stage((2, 2), 1),), {"catalogue": 4})
    module = GarmentClassifier(network, "1", recipe, ("a", "b"), (Check("fpi", "validation"),), {"kind": 3}, steps=4)
    batch = Batch(torch.randn(4, 3, 2, 2), torch.eye(2).repeat(2, 1).bool(), {"kind": torch.tensor([0, 1, 2, -1])})
    with torch.autocast("cpu", torch.bfloat16):
        assert module(batch.images).dtype == torch.bfloat16, "the layers are not"
        assert module.training_step(batch, 0).dtype == torch.float32
