"""What attributions cost, in one run: `python -m bench.explain [--rounds N] [--slow] [MODEL…]`.

For every method our time against plain Captum on the same network, and against a forward pass, at 224×224 on the CPU.
The three run in turn, so that a busy machine slows all of them; ratios are medians of the rounds' ratios. "Plain
Captum" is what one would write by hand: the network with nothing in place and ReLU6 made visible to Captum, the class
known. Ours also chooses the class. The engine adds letterboxing and waiting for its place.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import time
import warnings
from collections.abc import Callable

import torch
from torch import Tensor, nn

from fashionviz.explain.hookable import Hookable, HookableReLU, hookable
from fashionviz.explain.methods import COPIES, METHODS, PLACES, Job, methods_for
from fashionviz.models.registry import ModelSpec, get_model
from fashionviz.models.weights import is_trained, load_trained

MODELS = ("mobilenet_v2.gender_category", "resnet50.gender_category", "resnet152.gender_category", "vgg16.clothing10")
SIDE = 224
#: To be reached: against Captum, and guided backpropagation and Grad-CAM against a forward pass.
MOST, GUIDED, CAM = 1.1, 3.0, 2.5


def visible(network: nn.Module) -> nn.Module:
    """Nothing in place, and every ReLU6 a kind of ReLU that Captum hooks."""
    for name, child in network.named_children():
        if isinstance(child, nn.ReLU6):
            setattr(network, name, HookableReLU(6.0))
        elif isinstance(child, nn.ReLU):
            child.inplace = False
        visible(child)
    return network


def plain_captum(name: str, network: nn.Module, layer: nn.Module, x: Tensor, steps: int) -> Callable[[], object]:
    """A method by Captum alone; ``steps`` is what ours took for integrated gradients."""
    from captum import attr

    def leaf() -> Tensor:
        return x.clone().requires_grad_()

    def guided() -> Tensor:
        return attr.GuidedBackprop(network).attribute(leaf(), target=0)

    def cam() -> Tensor:
        found = attr.LayerGradCam(network, layer).attribute(leaf(), 0, relu_attributions=True)
        return attr.LayerAttribution.interpolate(found, (SIDE, SIDE), "bilinear")

    patch, stride = max(8, SIDE // 8), max(4, SIDE // PLACES)
    calls: dict[str, Callable[[], object]] = {
        "gradient": lambda: attr.Saliency(network).attribute(leaf(), target=0, abs=False),
        "guided-backprop": guided,
        "input-x-gradient": lambda: attr.InputXGradient(network).attribute(leaf(), target=0),
        "grad-cam": cam,
        "guided-grad-cam": lambda: guided() * cam(),
        "activation-x-gradient": lambda: attr.LayerAttribution.interpolate(
            attr.LayerGradientXActivation(network, layer).attribute(leaf(), 0).sum(1, keepdim=True),
            (SIDE, SIDE),
            "bilinear",
        ),
        "integrated-gradients": lambda: attr.IntegratedGradients(network).attribute(
            leaf(), target=0, n_steps=steps, internal_batch_size=4
        ),
        "smoothgrad": lambda: attr.NoiseTunnel(attr.Saliency(network)).attribute(
            leaf(), nt_samples=COPIES, nt_samples_batch_size=4, stdevs=0.3, target=0, abs=False
        ),
        "occlusion": lambda: attr.Occlusion(network).attribute(
            x, (3, patch, patch), (3, stride, stride), target=0, perturbations_per_eval=8
        ),
    }
    return calls[name]


def timed(call: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def network_of(spec: ModelSpec) -> tuple[nn.Module, str]:
    """The network, and whether its weights are trained: for its speed it does not matter."""
    if is_trained(spec.name):
        return load_trained(spec.name)[0], "trained"
    return spec.build(), "not trained, random weights"


def measure(name: str, rounds: int, *, slow: bool) -> bool:
    """Print a model's table; whether every goal was reached."""
    spec = get_model(name)
    network, state = network_of(spec)
    network = network.eval().to(memory_format=torch.channels_last).requires_grad_(False)
    x = torch.randn(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    x = x.to(memory_format=torch.channels_last)
    ours: Hookable = hookable(network, x, share=True)
    theirs = visible(copy.deepcopy(network))
    layer = theirs.get_submodule(spec.gradcam_layer)
    million = sum(p.numel() for p in network.parameters()) / 1e6
    print(f"\n{name}: {million:.1f} M parameters, {state}, {SIDE}×{SIDE}, {torch.get_num_threads()} thread(s)")
    print(f"{'method':24}{'ours':>10}{'÷ Captum':>10}{'÷ forward':>11}")
    well = True

    def forward() -> None:
        with torch.inference_mode():
            network(x)

    for method in methods_for(spec.relu_family):
        if METHODS[method].slow and not slow:
            continue
        steps = [64]

        def own(method: str = method, steps: list[int] = steps) -> None:
            job = Job(ours, ours, x, lambda row: int(row.argmax()), spec.gradcam_layer, lambda done, total: None)
            METHODS[method].run(job)
            steps[0] = job.found.steps or steps[0]

        own()
        captum = plain_captum(method, theirs, layer, x, steps[0])
        captum()
        times = []
        for _ in range(max(1, rounds // 5) if METHODS[method].slow else rounds):
            before, a, b, after = timed(forward), timed(own), timed(captum), timed(forward)
            times.append((a, a / b, 2 * a / (before + after)))
        took, against, passes = (statistics.median(column) for column in zip(*times, strict=True))
        limit = {"guided-backprop": GUIDED, "grad-cam": CAM}.get(method, float("inf"))
        good = against <= MOST and passes <= limit
        well &= good
        print(f"{method:24}{took * 1000:7.0f} ms{against:10.2f}{passes:11.1f}  {'' if good else 'missed'}", flush=True)
    return well


def main() -> None:
    """Measure the models named, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=MODELS)
    parser.add_argument("--rounds", type=int, default=15, help="of quick methods; a fifth of it of slow ones")
    parser.add_argument("--slow", action="store_true", help="also the slow methods, which take minutes")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    well = [measure(name, chosen.rounds, slow=chosen.slow) for name in chosen.models]
    print(f"\nTo reach: at most {MOST} × Captum; guided backprop ≤ {GUIDED:g}, Grad-CAM ≤ {CAM:g} forward passes.")
    print("All reached." if all(well) else "Some were missed, as marked.")


if __name__ == "__main__":
    main()
