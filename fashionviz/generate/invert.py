"""From a photo back to a latent: gradient descent on the latent (Zhu et al., arXiv:1609.03552)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from fashionviz.generate.latents import latents_of
from fashionviz.models.generators import Generator

#: Latents that are tried first, by seed; the best one is where the descent begins.
TRIED = 96
#: Of Adam.
RATE = 0.06
#: Latents stay within so many standard deviations in each dimension.
BOUND = 2.5


def invert(
    generator: Generator,
    target: NDArray[np.uint8],
    classes: list[Tensor | None],
    steps: int,
    tick: Callable[[int, int], None],
) -> tuple[NDArray[np.float32], int, tuple[float, ...]]:
    """Search the latent whose picture is most like a photo.

    Args:
        generator: in evaluation mode.
        target: ``(H, W, 3)`` uint8, of the generator's size.
        classes: the classes that may be drawn, as weights ``(K,)``; ``[None]`` where it knows none.
        steps: of the descent.
        tick: called with (done, total); may raise.

    Returns:
        The latent ``(D,)``, which of the classes, and the mean squared difference of pixels (0..1) after each step.
    """
    device = next(generator.parameters()).device
    wanted = torch.from_numpy(target).permute(2, 0, 1)[None].float().to(device) / 255
    begin = torch.from_numpy(latents_of(list(range(TRIED)), generator.latent)).to(device)
    best: tuple[float, int, Tensor] | None = None
    for number, asked in enumerate(classes):
        tick(0, steps)
        with torch.inference_mode():
            drawn = _picture(generator, begin, _repeat(asked, len(begin), device))
            loss = _loss(drawn, wanted.expand_as(drawn))
        place = int(loss.argmin())
        if best is None or float(loss[place]) < best[0]:
            best = (float(loss[place]), number, begin[place].clone())
    assert best is not None
    _, number, z = best
    z = z[None].clone().requires_grad_(True)
    asked = _repeat(classes[number], 1, device)
    optimiser = torch.optim.Adam([z], RATE)
    distances, kept, least = [], z.detach().clone(), float("inf")
    for step in range(steps):
        tick(step, steps)
        for group in optimiser.param_groups:  # a cosine to nothing: the last steps settle
            group["lr"] = RATE * 0.5 * (1 + float(np.cos(np.pi * step / steps)))
        drawn = _picture(generator, z, asked)
        loss = _loss(drawn, wanted).sum()
        optimiser.zero_grad()
        loss.backward()
        found = float((drawn.detach() - wanted).square().mean())
        if float(loss.detach()) < least:
            least, kept = float(loss.detach()), z.detach().clone()
        distances.append(found)
        optimiser.step()
        with torch.no_grad():
            z.clamp_(-BOUND, BOUND)
    tick(steps, steps)
    return kept[0].cpu().numpy().astype(np.float32), number, tuple(distances)


def _picture(generator: Generator, z: Tensor, classes: Tensor | None) -> Tensor:
    return (generator(z, classes) + 1) / 2


def _repeat(classes: Tensor | None, n: int, device: torch.device) -> Tensor | None:
    return None if classes is None else classes[None].repeat(n, 1).to(device)


def _loss(drawn: Tensor, wanted: Tensor) -> Tensor:
    """Squared differences at three sizes, ``(N,)``: coarse shapes pull first."""
    total = torch.zeros(len(drawn), device=drawn.device)
    for factor in (1, 2, 4):
        a, b = (F.avg_pool2d(x, factor) if factor > 1 else x for x in (drawn, wanted))
        total = total + (a - b).square().mean(dim=(1, 2, 3))
    return total
