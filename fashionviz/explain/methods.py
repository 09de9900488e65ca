"""Attribution methods over Captum, by name. A new method is one function and one decorator.

Each takes the network, its hookable copy, an input ``(1, 3, H, W)``, a class index, the name of the Grad-CAM layer and
a ``tick`` that counts forward passes (and raises when the job is cancelled), and returns ``(3, H, W)``.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fashionviz.errors import InvalidRequest
from fashionviz.explain.hookable import Hookable

# Captum announces its hooks on every call; they are removed by Captum and our tests check it.
warnings.filterwarnings("ignore", message="Setting backward hooks on ReLU activations", category=UserWarning)
warnings.filterwarnings("ignore", message="Input Tensor .* did not already require gradients", category=UserWarning)


def _captum() -> Any:
    """Captum, when first needed: importing it takes most of a second, and training does without it."""
    from captum import attr

    return attr


Tick = Callable[[int, int], None]
#: How thorough the slow methods are: steps of integrated gradients, noisy copies of SmoothGrad, and places on a side at
#: which occlusion covers the photo.
STEPS, COPIES, PLACES = 48, 24, 16


@dataclass(frozen=True)
class Job:
    """Everything a method needs.

    Attributes:
        network: the plain network; it must not be hooked.
        hooked: the hookable copy, held exclusively; ``None`` for methods that need no hooks.
        x: ``(1, 3, H, W)``.
        target: class index.
        cam_layer: last layer with a spatial extent.
        tick: called with (done, total) passes.
    """

    network: nn.Module
    hooked: Hookable | None
    x: Tensor
    target: int
    cam_layer: str
    tick: Tick

    @property
    def copy(self) -> Hookable:
        """The hookable copy, for the methods that are declared to need it."""
        if self.hooked is None:
            raise RuntimeError("a method that hooks must be registered with hooks=True")
        return self.hooked

    def leaf(self) -> Tensor:
        """The input as a fresh tensor that takes gradients."""
        return self.x.clone().requires_grad_()

    def counted(self, total: int) -> Callable[[Tensor], Tensor]:
        """The network as a function that ticks at each forward pass."""
        done = 0
        module = self.network

        def forward(x: Tensor) -> Tensor:
            nonlocal done
            self.tick(min(done, total - 1), total)
            out = module(x)
            done += 1
            return out

        return forward


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
    """

    name: str
    title: str
    explanation: str
    run: Callable[[Job], Tensor]
    slow: bool = False
    hooks: bool = False
    relu_only: bool = False


METHODS: dict[str, Method] = {}


def _method(
    name: str, title: str, explanation: str, *, slow: bool = False, hooks: bool = False, relu_only: bool = False
) -> Callable[[Callable[[Job], Tensor]], Callable[[Job], Tensor]]:
    def decorate(run: Callable[[Job], Tensor]) -> Callable[[Job], Tensor]:
        METHODS[name] = Method(name, title, explanation, run, slow, hooks, relu_only)
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
    return _captum().GuidedBackprop(job.copy).attribute(job.leaf(), target=job.target)[0]


@_method(
    "gradient",
    "Gradient",
    "How much the class's logit would rise for a small rise of the value (Simonyan et al. 2014).",
)
def _gradient(job: Job) -> Tensor:
    return _captum().Saliency(job.network).attribute(job.leaf(), target=job.target, abs=False)[0]


@_method(
    "input-x-gradient",
    "Input × gradient",
    "The gradient times the normalised value: a first-order share of the logit (Shrikumar et al. 2016).",
)
def _input_x_gradient(job: Job) -> Tensor:
    return _captum().InputXGradient(job.network).attribute(job.leaf(), target=job.target)[0]


@_method(
    "grad-cam",
    "Grad-CAM",
    "Last feature maps weighted by their mean gradient: which regions speak for the class (Selvaraju et al. 2017). "
    "One map, repeated for the three colour channels.",
    hooks=True,
)
def _grad_cam(job: Job) -> Tensor:
    layer = job.copy.net.get_submodule(job.cam_layer)
    cam = _captum().LayerGradCam(job.copy, layer).attribute(job.leaf(), target=job.target, relu_attributions=True)
    size = tuple(job.x.shape[2:])
    return F.interpolate(cam, size, mode="bilinear", align_corners=False)[0].expand(3, *size)


@_method(
    "guided-grad-cam",
    "Guided Grad-CAM",
    "Guided backpropagation times Grad-CAM: fine detail, only where the region speaks for the class.",
    hooks=True,
    relu_only=True,
)
def _guided_grad_cam(job: Job) -> Tensor:
    return _guided_backprop(job) * _grad_cam(job)


@_method(
    "integrated-gradients",
    "Integrated gradients",
    "Gradients summed on the way from mean grey to the photo; the values add up to the change of the logit "
    f"(Sundararajan et al. 2017, {STEPS} steps).",
    slow=True,
)
def _integrated_gradients(job: Job) -> Tensor:
    steps, batch = STEPS, 4
    forward = job.counted(steps // batch + 2)
    method = _captum().IntegratedGradients(forward)
    return method.attribute(job.leaf(), target=job.target, n_steps=steps, internal_batch_size=batch)[0].float()


@_method(
    "smoothgrad",
    "SmoothGrad",
    f"Mean gradient over {COPIES} copies of the photo with a little noise (Smilkov et al. 2017).",
    slow=True,
)
def _smoothgrad(job: Job) -> Tensor:
    samples, batch = COPIES, 4
    spread = 0.15 * float(job.x.max() - job.x.min())
    # Fixed noise, so that the same photo gives the same map; drawn apart from the global generator.
    noise = torch.randn((samples, *job.x.shape[1:]), generator=torch.Generator().manual_seed(0)).to(job.x) * spread
    total = torch.zeros_like(job.x[0])
    forward = job.counted(samples // batch)
    for part in noise.split(batch):
        total += _captum().Saliency(forward).attribute(job.x + part, target=job.target, abs=False).sum(dim=0)
    return total / samples


@_method(
    "occlusion",
    "Occlusion",
    "How much the logit falls when a patch is covered with mean grey (Zeiler and Fergus 2014).",
    slow=True,
)
def _occlusion(job: Job) -> Tensor:
    height, width = job.x.shape[2:]
    patch, stride, batch = max(8, height // 8), max(4, height // PLACES), 8
    places = (-(-(height - patch) // stride) + 1) * (-(-(width - patch) // stride) + 1)
    forward = job.counted(-(-places // batch) + 2)
    with torch.no_grad():
        return (
            _captum()
            .Occlusion(forward)
            .attribute(
                job.x,
                target=job.target,
                sliding_window_shapes=(3, patch, patch),
                strides=(3, stride, stride),
                perturbations_per_eval=batch,
            )[0]
        )
