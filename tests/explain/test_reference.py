"""Every method against Captum itself, called without our code, on several architectures; and contrasts by hand."""

import gc
import threading

import captum.attr as captum
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models import mobilenet_v2, shufflenet_v2_x0_5, squeezenet1_1

from fashionviz.errors import Cancelled
from fashionviz.explain import methods
from fashionviz.explain.hookable import HookableReLU, hookable
from fashionviz.explain.methods import COMPLETE, COPIES, METHODS, MOST_STEPS, STEPS, Job, methods_for


def awake(network: nn.Module) -> nn.Module:
    """SqueezeNet ends in a ReLU, which would hold the logits of random weights at zero."""
    nn.init.uniform_(network.classifier[1].weight, 0, 0.05)
    return network


#: Builders of three small networks of different design, and their Grad-CAM layers.
NETWORKS = {
    "mobilenet_v2": (lambda: mobilenet_v2(width_mult=0.25, num_classes=4), "features.18"),
    "shufflenet": (lambda: shufflenet_v2_x0_5(num_classes=4), "conv5"),
    "squeezenet": (lambda: awake(squeezenet1_1(num_classes=4)), "features.12"),
}
TARGET, OTHER, SIDE = 1, 2, 36


def still(done: int, total: int) -> None:
    """Nobody asks how far it is."""


def modules_only(network: nn.Module) -> nn.Module:
    """What a user of Captum would do by hand: nothing in place, ReLU6 as a kind of ReLU that Captum hooks."""
    for name, child in network.named_children():
        if isinstance(child, nn.ReLU6):
            setattr(network, name, HookableReLU(6.0))
        elif isinstance(child, nn.ReLU):
            child.inplace = False
        modules_only(child)
    return network


class Small(nn.Module):
    """A network so small that a thousand attributions take seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.relu, self.second = nn.Conv2d(3, 4, 3, stride=2), nn.ReLU(inplace=True), nn.Conv2d(4, 4, 3)
        self.head = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.second(self.relu(self.first(x)))).mean((2, 3)))


@pytest.fixture(scope="module", params=list(NETWORKS))
def case(request: pytest.FixtureRequest) -> tuple[nn.Module, Job]:
    """A network with Captum's needs met, and ours on the plain one.

    In double precision: in single, a value at the edge of a ReLU may fall on either side by the order of a sum.
    """
    torch.manual_seed(0)
    build, layer = NETWORKS[request.param]
    network = build()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():  # statistics of one batch: without them the signal dies out on its way
        network(torch.randn(8, 3, SIDE, SIDE))
    network.eval().double()
    x = torch.randn(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1)).double()
    plain = build().eval().double()
    plain.load_state_dict(network.state_dict())
    for parameter in plain.parameters():
        parameter.requires_grad_(False)
    return modules_only(network), Job(plain, hookable(plain, x), x, TARGET, layer, still)


def reference(name: str, network: nn.Module, job: Job) -> Tensor:
    """The attribution by Captum alone, or by the formula where Captum has none."""
    x, layer = job.x.clone(), network.get_submodule(job.cam_layer)
    size = tuple(x.shape[2:])

    def enlarged(values: Tensor) -> Tensor:
        return F.interpolate(values, size, mode="bilinear").expand(1, 3, *size)

    if name == "gradient":
        return captum.Saliency(network).attribute(x, target=TARGET, abs=False)
    if name == "guided-backprop":
        return captum.GuidedBackprop(network).attribute(x, target=TARGET)
    if name == "input-x-gradient":
        return captum.InputXGradient(network).attribute(x, target=TARGET)
    if name == "grad-cam":
        return enlarged(captum.LayerGradCam(network, layer).attribute(x, TARGET, relu_attributions=True))
    if name == "guided-grad-cam":
        guided = captum.GuidedBackprop(network).attribute(x, target=TARGET)
        return guided * enlarged(captum.LayerGradCam(network, layer).attribute(x, TARGET, relu_attributions=True))
    if name == "activation-x-gradient":
        values = captum.LayerGradientXActivation(network, layer).attribute(x, TARGET)
        return enlarged(values.sum(dim=1, keepdim=True))
    if name == "smoothgrad":
        spread = 0.15 * float(x.max() - x.min())
        noise = torch.randn((COPIES, *x.shape[1:]), generator=torch.Generator().manual_seed(0)) * spread
        return captum.Saliency(network).attribute(x + noise, target=TARGET, abs=False).mean(dim=0, keepdim=True)
    assert name == "occlusion"
    return captum.Occlusion(network).attribute(x, (3, 8, 8), (3, 4, 4), target=TARGET)


@pytest.mark.parametrize("name", [name for name in METHODS if name != "integrated-gradients"])
def test_equals_captum(case: tuple[nn.Module, Job], name: str) -> None:
    network, job = case
    expected = reference(name, network, job)[0].detach()
    assert expected.abs().max() > 0
    gap = (METHODS[name].run(job) - expected).abs()
    assert gap.max() <= 1e-5 * expected.abs().max()


def test_integrated_gradients_equal_captum_and_add_up(
    case: tuple[nn.Module, Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(methods, "MOST_STEPS", 64)
    network, job = case
    ours = METHODS["integrated-gradients"].run(job)
    steps, error = job.found.steps, job.found.completeness_error
    assert steps is not None
    assert error is not None
    # Captum's trapezoid has n + 1 nodes for n steps and weighs each by 1 / (n + 1).
    theirs = captum.IntegratedGradients(network).attribute(
        job.x.clone(), target=TARGET, n_steps=steps + 1, method="riemann_trapezoid", internal_batch_size=8
    )[0] * ((steps + 1) / steps)
    assert (ours - theirs).abs().max() <= 2e-3 * theirs.abs().max()
    with torch.no_grad():
        change = (network(job.x) - network(job.x * 0))[0, TARGET].item()
    assert error == pytest.approx(abs(ours.sum().item() - change) / max(abs(change), 1e-3), rel=0.1, abs=2e-3)
    assert error < COMPLETE or steps in (STEPS, 64)


class Steep(nn.Module):
    """Its gradient lies within a hundred-thousandth of the way from grey to the photo, between any two steps."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        value = torch.sigmoid((x.mean((1, 2, 3)) - 0.3) * 1e5 * self.scale)
        return torch.stack([value, -value], dim=1)


def test_integrated_gradients_say_when_they_do_not_add_up() -> None:
    seen: list[tuple[int, int]] = []
    job = Job(Steep(), None, torch.ones(1, 3, 16, 16), 0, "", lambda done, total: seen.append((done, total)))
    METHODS["integrated-gradients"].run(job)
    assert job.found.completeness_error == pytest.approx(1, abs=0.01), "nothing of the change was found"
    done = [d for d, _ in seen]
    assert done == sorted(done), "progress never goes back"
    totals = [t for _, t in seen]
    assert totals == sorted(totals), "a total that was wrong grows"
    assert all(d < t for d, t in seen)
    assert 4 * totals[-1] >= MOST_STEPS, "it did not give up early"


@pytest.mark.parametrize("name", ["gradient", "input-x-gradient", "activation-x-gradient", "smoothgrad"])
def test_a_contrast_of_a_linear_method_is_the_difference(case: tuple[nn.Module, Job], name: str) -> None:
    _, job = case

    def ask(target: int, against: int | None = None) -> Tensor:
        return METHODS[name].run(Job(job.network, job.hooked, job.x, target, job.cam_layer, still, against))

    expected = ask(TARGET) - ask(OTHER)
    assert expected.abs().max() > 0
    assert (ask(TARGET, OTHER) - expected).abs().max() <= 2e-3 * expected.abs().max()
    assert (ask(OTHER, TARGET) + expected).abs().max() <= 2e-3 * expected.abs().max()


class Contrast(nn.Module):
    """The difference as a network of its own, for Captum alone."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        logits = self.network(x)
        return (logits[:, TARGET] - logits[:, OTHER])[:, None]


@pytest.mark.parametrize("name", ["guided-backprop", "grad-cam"])
def test_a_contrast_of_the_others_equals_captum_on_the_difference(case: tuple[nn.Module, Job], name: str) -> None:
    network, job = case
    contrast, x = Contrast(network), job.x.clone()
    if name == "guided-backprop":
        expected = captum.GuidedBackprop(contrast).attribute(x, target=0)[0]
    else:
        layer = network.get_submodule(job.cam_layer)
        cam = captum.LayerGradCam(contrast, layer).attribute(x, 0, relu_attributions=True).detach()
        expected = F.interpolate(cam, (SIDE, SIDE), mode="bilinear")[0].expand(3, SIDE, SIDE)
    ours = METHODS[name].run(Job(job.network, job.hooked, job.x, TARGET, job.cam_layer, still, OTHER))
    assert (ours - expected).abs().max() <= 2e-3 * max(float(expected.abs().max()), 1e-9)


def test_the_class_is_chosen_from_the_first_pass(case: tuple[nn.Module, Job]) -> None:
    _, job = case
    with torch.no_grad():
        logits = job.network(job.x)[0]
    for name in ("gradient", "guided-grad-cam", "occlusion"):
        open_job = Job(job.network, job.hooked, job.x, lambda row: int(row.argmin()), job.cam_layer, still)
        values = METHODS[name].run(open_job)
        assert open_job.found.target == int(logits.argmin())
        assert torch.allclose(open_job.found.logits, logits, atol=1e-4)
        named = Job(job.network, job.hooked, job.x, int(logits.argmin()), job.cam_layer, still)
        assert torch.equal(METHODS[name].run(named), values)


def tensors() -> int:
    gc.collect()
    return sum(issubclass(type(thing), Tensor) for thing in gc.get_objects())


def test_a_thousand_calls_leave_nothing_behind() -> None:
    torch.manual_seed(0)
    network = Small().eval()
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    x = torch.randn(1, 3, 16, 16)
    hooked = hookable(network, x)
    kept = {name: value.clone() for name, value in network.state_dict().items()}
    names = methods_for(relu_family=True)
    stop = threading.Event()

    def cancelled(done: int, total: int) -> None:
        if stop.is_set():
            raise Cancelled("stopped")

    def ask(name: str, against: int | None) -> None:
        METHODS[name].run(Job(network, hooked, x, lambda row: int(row.argmax()), "second", cancelled, against))

    for name in names:
        ask(name, None)
    before, threads = tensors(), torch.is_grad_enabled()
    quick = [name for name in names if not METHODS[name].slow]
    for i in range(960):
        ask(quick[i % len(quick)], None if i % 2 else i % 3 if i % 3 != 1 else None)
    for i in range(40):
        stop.clear() if i % 2 else stop.set()
        try:
            ask([n for n in names if METHODS[n].slow][i % 3], None)
        except Cancelled:
            assert stop.is_set()
    assert tensors() == before
    assert torch.is_grad_enabled() == threads
    for module in [*network.modules(), *hooked.modules()]:
        assert not any(
            (
                module._forward_hooks,
                module._forward_pre_hooks,
                module._backward_hooks,
                module._backward_pre_hooks,
                module.training,
            )
        )
    for parameter in [*network.parameters(), *hooked.parameters()]:
        assert not parameter.requires_grad
        assert parameter.grad is None
    assert not x.requires_grad
    assert x.grad is None
    assert all(torch.equal(value, kept[name]) for name, value in network.state_dict().items())
