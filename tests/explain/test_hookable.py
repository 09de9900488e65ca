"""Guided backpropagation: right where Captum is right, and right where Captum alone is silently wrong."""

import pytest
import torch
import torch.nn.functional as F
from captum.attr import GuidedBackprop, Saliency
from torch import nn
from torchvision.models import inception_v3, mobilenet_v2, resnet18

from fashionviz.explain.hookable import FixedNorm, HookableReLU, count_relus, hookable


class Functional(nn.Module):
    """Every way of writing a ReLU that is not a module."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3), nn.Conv2d(8, 8, 3)
        self.d, self.head = nn.Conv2d(8, 8, 3), nn.Linear(8, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.a(x), inplace=True)
        x = torch.relu(self.b(x))
        x = self.c(x).relu()
        x = F.hardtanh(self.d(x), 0.0, 6.0)
        return self.head(x.mean((2, 3)))


class Modules(Functional):
    """The same network with modules, on which Captum is right by itself."""

    def __init__(self, clip: nn.Module) -> None:
        super().__init__()
        self.relus = nn.ModuleList([nn.ReLU(), nn.ReLU(), nn.ReLU(), clip])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for conv, relu in zip((self.a, self.b, self.c, self.d), self.relus, strict=True):
            x = relu(conv(x))
        return self.head(x.mean((2, 3)))


def gradient(network: nn.Module, x: torch.Tensor) -> torch.Tensor:
    return Saliency(network).attribute(x.clone(), target=1, abs=False)


def gap(a: torch.Tensor, b: torch.Tensor) -> float:
    """Largest difference as a share of the largest value of ``b``."""
    return float((a - b).abs().max() / b.abs().max())


def guided(network: nn.Module, x: torch.Tensor) -> torch.Tensor:
    return GuidedBackprop(network).attribute(x.clone(), target=1)


@pytest.fixture
def x() -> torch.Tensor:
    return torch.randn(1, 3, 40, 40, generator=torch.Generator().manual_seed(3))


def reference_guided(network: Modules, x: torch.Tensor) -> torch.Tensor:
    """Guided backpropagation worked by hand: the chain rule, with negative gradients dropped at each ReLU."""
    inputs, pres = x.clone(), []
    for conv in (network.a, network.b, network.c, network.d):
        pres.append((conv, inputs, conv(inputs)))
        inputs = pres[-1][2].clamp(0, 6) if conv is network.d else pres[-1][2].clamp(min=0)
    grad = torch.zeros_like(inputs) + (network.head.weight[1] / inputs.shape[2] / inputs.shape[3]).view(1, -1, 1, 1)
    for conv, into, pre in reversed(pres):
        passes = (pre > 0) & ((pre < 6) | torch.tensor(conv is not network.d))
        grad = grad.clamp(min=0) * passes
        grad = torch.nn.grad.conv2d_input(into.shape, conv.weight, grad)
    return grad


def test_functional_relus_equal_captum_on_modules(x: torch.Tensor) -> None:
    torch.manual_seed(0)
    functional = Functional().eval()
    modules = Modules(HookableReLU(6.0)).eval()
    modules.load_state_dict(functional.state_dict(), strict=False)
    assert torch.allclose(functional(x), modules(x), atol=1e-6)
    ours = guided(hookable(functional, x), x)
    assert gap(ours, guided(modules, x)) < 1e-5
    with torch.no_grad():
        assert gap(ours, reference_guided(modules, x)) < 1e-4
    # Captum alone returns the plain gradient here, without a word.
    assert gap(guided(functional, x), gradient(functional, x)) < 1e-5
    assert gap(ours, gradient(functional, x)) > 0.1


@pytest.mark.parametrize("build", [mobilenet_v2, resnet18])
def test_same_function_and_same_gradient(build: object, x: torch.Tensor) -> None:
    torch.manual_seed(1)
    network = build(weights=None).eval()
    made = hookable(network, x)
    assert torch.allclose(made(x), network(x), atol=1e-5)
    assert gap(gradient(made, x), gradient(network, x)) < 1e-4


def guided_by_us(network: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Without Captum's hooks."""
    made = hookable(network, x)
    with made.guiding():
        values = gradient(made, x)
    assert gap(gradient(made, x), gradient(network, x)) < 1e-4, "afterwards gradients are plain again"
    return values


def test_guiding_equals_captum_and_the_derivation(x: torch.Tensor) -> None:
    torch.manual_seed(0)
    functional = Functional().eval()
    modules = Modules(HookableReLU(6.0)).eval()
    modules.load_state_dict(functional.state_dict(), strict=False)
    assert gap(guided_by_us(functional, x), guided(modules, x)) < 1e-5
    with torch.no_grad():
        expected = reference_guided(modules, x)
    assert gap(guided_by_us(functional, x), expected) < 1e-4


def test_guiding_ends_even_when_something_fails(x: torch.Tensor) -> None:
    made = hookable(Functional().eval(), x)
    with pytest.raises(RuntimeError, match="on purpose"), made.guiding():
        raise RuntimeError("on purpose")
    assert not any(module.guided for module in made.modules() if isinstance(module, HookableReLU))


@pytest.mark.parametrize("affine", [True, False])
def test_fixed_norms_are_batch_norms(affine: bool) -> None:
    torch.manual_seed(4)
    norm = nn.BatchNorm2d(5, affine=affine)
    norm(torch.randn(16, 5, 4, 4) * 3 + 1)
    if affine:
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
    x = torch.randn(2, 5, 4, 4, requires_grad=True)
    outs = [module(x) for module in (norm.eval(), FixedNorm(norm))]
    assert torch.allclose(*outs, atol=1e-6)
    weights = torch.randn_like(outs[0])
    grads = [torch.autograd.grad((out * weights).sum(), x)[0] for out in outs]
    assert torch.allclose(*grads, atol=1e-6)


def test_equals_captum_where_captum_is_right(x: torch.Tensor) -> None:
    torch.manual_seed(2)
    network = resnet18(weights=None).eval()
    for module in network.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    reference = guided(network, x)
    assert gap(guided(hookable(network, x), x), reference) <= 1e-5


def test_relu6_and_functional_networks_differ_from_the_gradient() -> None:
    torch.manual_seed(3)
    for network, size in ((mobilenet_v2(weights=None), 64), (inception_v3(weights=None, init_weights=False), 299)):
        network.eval()
        x = torch.randn(1, 3, size, size)
        made = hookable(network, x)
        plain = gradient(made, x)
        assert gap(guided(network, x), plain) < 1e-3, "Captum alone has learned to see these ReLUs"
        assert gap(guided(made, x), plain) > 0.1


def test_counts_and_leaves_the_original_alone(x: torch.Tensor) -> None:
    network = mobilenet_v2(weights=None).eval()
    assert count_relus(network, x) == sum(isinstance(m, nn.ReLU6) for m in network.modules()) == 35
    assert count_relus(nn.Sequential(nn.Conv2d(3, 2, 3), nn.GELU(), nn.Flatten()), x) == 0
