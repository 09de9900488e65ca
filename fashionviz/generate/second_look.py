"""A second look: of several latents of a seed, the one whose picture is most surely of the class asked for.

Rejection sampling by the discriminator (Azadi et al., arXiv:1810.06758), with its guess of the class in the place of
its logit, which tells little of pictures of one class: chosen by it, they agree with the class no more often.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from fashionviz.generate.latents import Latent, candidates
from fashionviz.models.generators import Generator


def surest(
    generator: Generator, judge: nn.Module, seed: int, named: int, tries: int, truncation: float | None = None
) -> Latent:
    """The latent of a seed whose picture the discriminator names most surely as a class.

    Args:
        generator: a conditional one, in evaluation mode.
        judge: maps ``(N, 3, H, W)`` in -1..1 and classes ``(N,)`` to logits ``(N,)`` and class logits ``(N, K)``.
        seed: of the latents.
        named: index of the class.
        tries: latents to choose among; 1 is no choice.
        truncation: as of :func:`fashionviz.generate.latents.latent_of`.

    Returns:
        ``(latent,)`` float32; the first of several that are named equally surely.
    """
    found = candidates(seed, generator.latent, tries, truncation)
    if tries == 1:
        return found[0]
    device = next(generator.parameters()).device
    # On a GPU without its short floats: a choice is not a rounding, another one is another garment.
    with torch.inference_mode(), torch.backends.cudnn.flags(allow_tf32=False):
        classes = torch.full((tries,), named, device=device)
        drawn = generator(torch.from_numpy(found).to(device), classes)
        _, names = judge(drawn, classes)
        place = int(names.log_softmax(dim=1)[:, named].argmax())
    return found[place]


def surest_latents(
    generator: Generator, judge: nn.Module, seeds: Sequence[int], classes: NDArray[np.int64], tries: int
) -> NDArray[np.float32]:
    """:func:`surest` of several seeds with a class each, ``(N, latent)``."""
    found = [surest(generator, judge, seed, int(named), tries) for seed, named in zip(seeds, classes, strict=True)]
    return np.stack(found)
