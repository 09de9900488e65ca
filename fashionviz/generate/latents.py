"""Latents: where pictures come from. The same seed gives the same latents on every machine and front end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: The largest seed: what fits a browser's number without loss.
LARGEST_SEED = 2**53 - 1

Latent = NDArray[np.float32]


def latent_of(seed: int, size: int, truncation: float | None = None) -> Latent:
    """The latent of a seed.

    Args:
        seed: 0 or more.
        size: its dimensions.
        truncation: values further from 0 are drawn anew until they are not (Brock et al., arXiv:1809.11096): the
            smaller, the more alike and the more typical the pictures; ``None`` draws once.

    Returns:
        ``(size,)`` float32 from a normal distribution.
    """
    return candidates(seed, size, 1, truncation)[0]


def candidates(seed: int, size: int, count: int, truncation: float | None = None) -> NDArray[np.float32]:
    """Latents of one seed, drawn one after the other; the first one is :func:`latent_of`'s.

    Args:
        seed, size, truncation: as of :func:`latent_of`.
        count: how many.

    Returns:
        ``(count, size)`` float32.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    found = []
    for _ in range(count):
        values = rng.standard_normal(size)
        if truncation is not None:
            while (far := np.abs(values) > truncation).any():
                values[far] = rng.standard_normal(int(far.sum()))
        found.append(values.astype(np.float32))
    return np.stack(found)


def latents_of(seeds: list[int] | tuple[int, ...], size: int, truncation: float | None = None) -> NDArray[np.float32]:
    """The latents of several seeds, ``(N, size)``."""
    if not seeds:
        return np.empty((0, size), np.float32)
    return np.stack([latent_of(seed, size, truncation) for seed in seeds])


def slerp(a: Latent, b: Latent, share: float) -> Latent:
    """Between two latents along the great circle (White, arXiv:1609.04468), where the lengths stay typical.

    Args:
        a, b: ``(D,)``.
        share: 0 gives a, 1 gives b.
    """
    length_a, length_b = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    if not length_a or not length_b:
        return ((1 - share) * a + share * b).astype(np.float32)
    cosine = float(np.clip(np.dot(a / length_a, b / length_b), -1, 1))
    angle = np.arccos(cosine)
    if np.sin(angle) < 1e-6:  # the same direction, or opposite ones, between which no circle is the great one
        return ((1 - share) * a + share * b).astype(np.float32)
    out = (np.sin((1 - share) * angle) * a + np.sin(share * angle) * b) / np.sin(angle)
    return out.astype(np.float32)
