"""Attribution methods over Captum, by name. A new method is one function and one decorator.

Each takes a :class:`~fashionviz.explain.job.Job`: the network, its hookable copy, an input ``(1, 3, H, W)``, the class
(and the one it is compared with), a layer and a ``tick`` that counts forward passes (and raises when the job is
cancelled). It returns ``(3, H, W)``.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from fashionviz.errors import InvalidRequest
from fashionviz.explain.job import Counter, Found, Job, Tick, settled

__all__ = ["METHODS", "Found", "Job", "Method", "Tick", "get_method", "methods_for"]

warnings.filterwarnings("ignore", message="Input Tensor .* did not already require gradients", category=UserWarning)


def _captum() -> Any:
    """Captum, when first needed: importing it takes most of a second, and training does without it."""
    from captum import attr

    return attr


#: How thorough the slow methods are: noisy copies of SmoothGrad, and places on a side at which occlusion covers the
#: photo.
COPIES, PLACES = 24, 16
#: Integrated gradients double their steps from the first to at most the last number, until their sum misses what it
#: should be by less than :data:`COMPLETE`.
STEPS, MOST_STEPS, COMPLETE = 32, 512, 0.01
#: Photos in a batch of integrated gradients and of SmoothGrad.
_BATCH = 4


@dataclass(frozen=True)
class Method:
    """An attribution method.

    Attributes:
        name: as on the command line and in the API.
        title: for people.
        explanation: one sentence on what a pixel's value means.
        run: the computation.
        slow: takes many passes; reports progress and can be cancelled.
        hooks: needs the hookable copy to itself.
        relu_only: right only on networks of the ReLU family.
        layered: looks at one layer, which can be chosen.
        evidence: the sign of a value says whether it speaks for the class or against it. Of a gradient the sign says
            only in which direction a change would count.
    """

    name: str
    title: str
    explanation: str
    run: Callable[[Job], Tensor]
    slow: bool = False
    hooks: bool = False
    relu_only: bool = False
    layered: bool = False
    evidence: bool = False


METHODS: dict[str, Method] = {}


def _method(
    name: str, title: str, explanation: str, **facts: bool
) -> Callable[[Callable[[Job], Tensor]], Callable[[Job], Tensor]]:
    def decorate(run: Callable[[Job], Tensor]) -> Callable[[Job], Tensor]:
        METHODS[name] = Method(name, title, explanation, run, **facts)
        return run

    return decorate


def get_method(name: str) -> Method:
    """A method by name.

    Raises:
        InvalidRequest: there is none; the message lists the names.
    """
    if name not in METHODS:
        raise InvalidRequest(f"There is no method {name!r}. Choose one of: {', '.join(METHODS)}.")
    return METHODS[name]


def methods_for(relu_family: bool) -> tuple[str, ...]:
    """Names of the methods a network can serve."""
    return tuple(m.name for m in METHODS.values() if relu_family or not m.relu_only)


@_method(
    "guided-backprop",
    "Guided backpropagation",
    "Gradient of the class's logit in which every ReLU lets only positive gradients back (Springenberg et al. 2015).",
    hooks=True,
    relu_only=True,
)
def _guided_backprop(job: Job) -> Tensor:
    with job.copy.guiding():
        return _captum().Saliency(job.hookable()).attribute(job.leaf(), abs=False)[0]


@_method(
    "gradient",
    "Gradient",
    "How much the class's logit would rise for a small rise of the value (Simonyan et al. 2014).",
)
def _gradient(job: Job) -> Tensor:
    return _captum().Saliency(job.plain()).attribute(job.leaf(), abs=False)[0]


@_method(
    "input-x-gradient",
    "Input × gradient",
    "The gradient times the normalised value: a first-order share of the logit (Shrikumar et al. 2016).",
    evidence=True,
)
def _input_x_gradient(job: Job) -> Tensor:
    return _captum().InputXGradient(job.plain()).attribute(job.leaf())[0]


@_method(
    "grad-cam",
    "Grad-CAM",
    "Last feature maps weighted by their mean gradient: which regions speak for the class (Selvaraju et al. 2017). "
    "One map, repeated for the three colour channels.",
    hooks=True,
    layered=True,
    evidence=True,
)
def _grad_cam(job: Job) -> Tensor:
    layer = job.copy.net.get_submodule(job.cam_layer)
    cam = _captum().LayerGradCam(job.hookable(), layer).attribute(job.leaf(), relu_attributions=True)
    return _over_input(cam, job)


@_method(
    "guided-grad-cam",
    "Guided Grad-CAM",
    "Guided backpropagation times Grad-CAM: fine detail, only where the region speaks for the class.",
    hooks=True,
    relu_only=True,
    layered=True,
)
def _guided_grad_cam(job: Job) -> Tensor:
    return _guided_backprop(job) * _grad_cam(job)


@_method(
    "activation-x-gradient",
    "Layer activation × gradient",
    "Last feature maps times their gradient, value by value, and summed over the channels: which places of the layer "
    "speak for the class and which against it. One map, repeated for the three colour channels.",
    hooks=True,
    layered=True,
    evidence=True,
)
def _activation_x_gradient(job: Job) -> Tensor:
    layer = job.copy.net.get_submodule(job.cam_layer)
    values = _captum().LayerGradientXActivation(job.hookable(), layer).attribute(job.leaf())
    return _over_input(values.sum(dim=1, keepdim=True), job)


def _over_input(values: Tensor, job: Job) -> Tensor:
    """A layer's map ``(1, 1, h, w)``, smoothly enlarged to ``(3, H, W)``."""
    size = tuple(job.x.shape[2:])
    return F.interpolate(values.detach(), size, mode="bilinear", align_corners=False)[0].expand(3, *size)


@_method(
    "integrated-gradients",
    "Integrated gradients",
    "Gradients summed on the way from mean grey to the photo; the values add up to the change of the logit "
    f"(Sundararajan et al. 2017). The steps are doubled, from {STEPS} to at most {MOST_STEPS}, until the sum misses "
    f"the change by less than {COMPLETE:.0%}.",
    slow=True,
    evidence=True,
)
def _integrated_gradients(job: Job) -> Tensor:
    photo, grey = (float(v) for v in settled(job))
    change, steps = photo - grey, 2
    count = Counter(job.tick, 2 + _passes(STEPS))
    network, captum = job.plain(count), _captum()
    way = torch.cat([job.x * 0, job.x / 2, job.x]).requires_grad_()
    ends = captum.Saliency(network).attribute(way, abs=False)
    values = job.x[0] * (ends[0] + 2 * ends[1] + ends[2]) / 4
    middles = captum.IntegratedGradients(network, multiply_by_inputs=True)
    best: Tensor | None = None
    while True:
        # The trapezoid rule of twice the steps is its mean with the midpoint rule: no gradient is taken twice.
        middle = middles.attribute(job.leaf(), n_steps=steps, method="riemann_middle", internal_batch_size=_BATCH)[0]
        values, steps = (values + middle.detach()) / 2, 2 * steps
        if steps < STEPS:
            continue
        # Where nothing changes there is no share to speak of: a thousandth of a logit stands in.
        error = abs(float(values.double().sum()) - change) / max(abs(change), 1e-3)
        if best is None or error < (job.found.completeness_error or 0.0):
            best, job.found.steps, job.found.completeness_error = values, steps, error
        if error < COMPLETE or steps >= MOST_STEPS:
            return best.float()
        count.total = count.done + -(-steps // _BATCH) + 1  # one more, so that the last one is not yet the end


def _passes(steps: int) -> int:
    """Forward passes of the first rounds, until there are so many steps."""
    rounds = [2**i for i in range(1, steps.bit_length() - 1)]
    return sum(-(-n // _BATCH) for n in rounds) + 1


@_method(
    "smoothgrad",
    "SmoothGrad",
    f"Mean gradient over {COPIES} copies of the photo with a little noise (Smilkov et al. 2017).",
    slow=True,
)
def _smoothgrad(job: Job) -> Tensor:
    settled(job)
    spread = 0.15 * float(job.x.max() - job.x.min())
    # Fixed noise, so that the same photo gives the same map; drawn apart from the global generator.
    noise = torch.randn((COPIES, *job.x.shape[1:]), generator=torch.Generator().manual_seed(0)).to(job.x) * spread
    total = torch.zeros_like(job.x[0])
    method = _captum().Saliency(job.plain(Counter(job.tick, COPIES // _BATCH)))
    for part in noise.split(_BATCH):
        total += method.attribute((job.x + part).requires_grad_(), abs=False).sum(dim=0)
    return total / COPIES


@_method(
    "occlusion",
    "Occlusion",
    "How much the logit falls when a patch is covered with mean grey (Zeiler and Fergus 2014).",
    slow=True,
    evidence=True,
)
def _occlusion(job: Job) -> Tensor:
    height, width = job.x.shape[2:]
    patch, stride, batch = max(8, height // 8), max(4, height // PLACES), 8
    places = (-(-(height - patch) // stride) + 1) * (-(-(width - patch) // stride) + 1)
    count = Counter(job.tick, -(-places // batch) + 2)
    with torch.no_grad():
        return (
            _captum()
            .Occlusion(job.plain(count))
            .attribute(
                job.x,
                sliding_window_shapes=(3, patch, patch),
                strides=(3, stride, stride),
                perturbations_per_eval=batch,
            )[0]
        )
