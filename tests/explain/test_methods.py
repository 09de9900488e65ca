"""Attribution methods against closed forms and properties."""

import threading

import pytest
import torch
from torch import nn

from fashionviz.errors import Cancelled, InvalidRequest
from fashionviz.explain.hookable import hookable
from fashionviz.explain.methods import METHODS, Job, get_method, methods_for


class Linear(nn.Module):
    """logit_k = <w_k, x>: every method has a closed form."""

    def __init__(self) -> None:
        super().__init__()
        self.maps = nn.Conv2d(3, 3, 1, groups=3, bias=False)
        self.weight = nn.Parameter(torch.randn(2, 3, 32, 24, generator=torch.Generator().manual_seed(0)))
        nn.init.ones_(self.maps.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.einsum("nchw,kchw->nk", self.maps(x), self.weight)


@pytest.fixture
def job() -> Job:
    network = Linear().eval()
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    x = torch.randn(1, 3, 32, 24, generator=torch.Generator().manual_seed(1))
    return Job(network, hookable(network, x), x, 1, "maps", lambda done, total: None)


def test_closed_forms(job: Job) -> None:
    w, x = job.network.weight[1], job.x[0]
    for name in ("gradient", "smoothgrad", "guided-backprop"):  # without a ReLU guided backpropagation is the gradient
        assert torch.allclose(METHODS[name].run(job), w, atol=1e-4), name
    for name in ("input-x-gradient", "integrated-gradients"):
        assert torch.allclose(METHODS[name].run(job), w * x, atol=1e-3), name


def test_integrated_gradients_add_up_to_the_change_of_the_logit(job: Job) -> None:
    change = (job.network(job.x) - job.network(torch.zeros_like(job.x)))[0, 1]
    assert METHODS["integrated-gradients"].run(job).sum().item() == pytest.approx(change.item(), rel=1e-3)


def test_occlusion_sees_only_what_matters(job: Job) -> None:
    with torch.no_grad():
        job.network.weight.zero_()
        job.network.weight[1, :, 16:, :] = 1.0
    job.x.fill_(1.0)
    values = METHODS["occlusion"].run(job)
    assert values[:, :4].abs().max() == 0
    assert values[:, 24:].min() > 0


@pytest.mark.parametrize("name", list(METHODS))
def test_shapes_determinism_and_no_hooks_left(job: Job, name: str) -> None:
    first, again = METHODS[name].run(job), METHODS[name].run(job)
    assert tuple(first.shape) == (3, 32, 24)
    assert torch.equal(first, again)
    for network in (job.network, job.hooked):
        for module in network.modules():
            assert not any((module._forward_hooks, module._forward_pre_hooks, module._backward_hooks))


@pytest.mark.parametrize("name", [m.name for m in METHODS.values() if m.slow])
def test_slow_methods_report_and_stop(job: Job, name: str) -> None:
    seen: list[tuple[int, int]] = []
    stop = threading.Event()

    def tick(done: int, total: int) -> None:
        seen.append((done, total))
        if len(seen) == 3:
            stop.set()
        if stop.is_set():
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        METHODS[name].run(Job(job.network, job.hooked, job.x, 1, "maps", tick))
    assert [d for d, _ in seen] == sorted({d for d, _ in seen})
    assert all(0 <= d < t for d, t in seen)


def test_names() -> None:
    assert set(METHODS) == {
        "gradient", "guided-backprop", "input-x-gradient", "integrated-gradients", "smoothgrad", "grad-cam",
        "guided-grad-cam", "activation-x-gradient", "occlusion",
    }  # fmt: skip
    assert "guided-backprop" not in methods_for(relu_family=False)
    with pytest.raises(InvalidRequest, match="Choose one of"):
        get_method("magic")
    assert len(methods_for(True)) == 9
