"""The architectures against published facts: parameter counts, layer counts, what grey means."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision.models import resnet50

from fashionviz.models.efficientnet_lite import SameConv2d
from fashionviz.models.registry import get_model
from fashionviz.models.resnet_v2 import PreActBottleneck, ResNetV2
from fashionviz.models.weights import load_initial


def parameters(name: str) -> int:
    return sum(p.numel() for p in get_model(name).build().parameters())


def test_pre_activation_resnet_has_the_size_of_the_published_one() -> None:
    # Keras' ResNet50V2 without its head has 23,564,800 weights, biases of the convolutions and moving averages
    # included; torchvision's ResNet-50 has 23,508,032 trainable ones before its head.
    ours = sum(p.numel() for p in ResNetV2((3, 4, 6, 3), 10).parameters()) - (2048 * 10 + 10)
    theirs = sum(p.numel() for p in resnet50(num_classes=10).parameters()) - (2048 * 10 + 10)
    assert ours == pytest.approx(theirs, rel=0.002)
    convolutions = [m for m in ResNetV2((3, 4, 6, 3), 10).modules() if isinstance(m, nn.Conv2d)]
    assert len([c for c in convolutions if c.kernel_size != (1, 1) or c.stride == (1, 1)]) >= 49


def test_the_skip_connection_carries_the_sum_unchanged() -> None:
    block = PreActBottleneck(64, 16).eval()
    nn.init.zeros_(block.conv3.weight)
    x = torch.randn(2, 64, 8, 8)
    with torch.no_grad():
        assert torch.equal(block(x.clone()), x), "with the residual at zero the block is the identity"


def test_strides_and_channels() -> None:
    network = ResNetV2((3, 4, 6, 3), 10).eval()
    with torch.no_grad():
        x = network.pool(network.conv1(torch.zeros(1, 3, 224, 160)))
        for stage, shape in (
            (network.layer1, (256, 56, 40)),
            (network.layer2, (512, 28, 20)),
            (network.layer3, (1024, 14, 10)),
            (network.layer4, (2048, 7, 5)),
        ):
            x = stage(x)
            assert x.shape[1:] == shape


def test_published_sizes() -> None:
    # torchvision's documented parameter counts, less the 1000-class heads.
    assert parameters("resnet152.gender_category") == 60_192_808 - (2048 * 1000 + 1000) + 2048 * 6 + 6
    assert parameters("resnet50.clothing10") == 25_557_032 - (2048 * 1000 + 1000) + 2048 * 10 + 10
    vgg = get_model("vgg16.clothing10").build()
    assert sum(isinstance(m, nn.Conv2d) for m in vgg.modules()) == 13
    # efficientnet_lite_pytorch's Lite-1 has 5,416,680 parameters with its 1000-class head.
    assert parameters("efficientnet_lite1.clothing10") == 5_416_680 - (1280 * 1000 + 1000) + 1280 * 10 + 10


@pytest.mark.parametrize("size", [(7, 8), (8, 7), (9, 9), (12, 5)])
@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (3, 1), (3, 2), (5, 1), (5, 2)])
def test_same_padding_by_hand(size: tuple[int, int], kernel: int, stride: int) -> None:
    # TensorFlow's rule: output ceil(n / s); of the padding that this takes the smaller half goes left and above.
    convolution = SameConv2d(1, 1, kernel, stride, bias=False)
    x = torch.randn(1, 1, *size)
    (top, bottom), (left, right) = (_halves(n, kernel, stride) for n in size)
    padded = nn.functional.pad(x, (left, right, top, bottom))
    out = convolution(x)
    assert out.shape[2:] == tuple(-(-n // stride) for n in size)
    assert torch.allclose(out, nn.functional.conv2d(padded, convolution.weight, stride=stride), atol=1e-6)


def _halves(n: int, kernel: int, stride: int) -> tuple[int, int]:
    total = max((-(-n // stride) - 1) * stride + kernel - n, 0)
    return total // 2, total - total // 2


def test_the_small_network_sees_grey() -> None:
    spec = get_model("category_cnn28.category11")
    torch.manual_seed(0)
    network = spec.build().eval()
    x = torch.rand(1, 3, 28, 28)
    luma = (x * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1, keepdim=True)
    with torch.no_grad():
        assert torch.allclose(network(x), network(luma.expand(-1, 3, -1, -1)), atol=1e-5)
    blocks = [m for m in network.modules() if isinstance(m, nn.MaxPool2d)]
    assert len(blocks) == 3
    assert sum(isinstance(m, nn.MaxPool2d) for m in get_model("category_cnn64.category11").build().modules()) == 4


@pytest.mark.parametrize("name", ["mobilenet_v2.clothing10", "resnet50.clothing10", "category_cnn64.category5"])
def test_the_head_is_the_last_linear_layer(name: str) -> None:
    spec = get_model(name)
    network = spec.build()
    linear = [n for n, m in network.named_modules() if isinstance(m, nn.Linear)]
    assert spec.head == linear[-1]
    assert network.get_submodule(spec.head).out_features == len(spec.task.classes)


def test_a_resnet152_that_starts_from_a_resnet50_answers_as_it_does(tmp_path: Path) -> None:
    shallow, deep = (get_model(f"{name}.gender_category").build() for name in ("resnet50", "resnet152"))
    with torch.no_grad():
        for module in shallow.modules():  # as after training: no block is the identity any more
            if isinstance(module, nn.BatchNorm2d):
                module.weight.uniform_(0.5, 1.5)
                module.running_mean.normal_(std=0.1)
    path = tmp_path / "shallow.safetensors"
    save_file(shallow.state_dict(), path)
    fresh = load_initial(path, deep)
    assert {name.rpartition(".")[0].split(".")[0] for name in fresh} == {"layer2", "layer3"}
    photos = torch.rand(2, 3, 64, 48)
    torch.testing.assert_close(deep.eval()(photos), shallow.eval()(photos), atol=1e-4, rtol=1e-4)
