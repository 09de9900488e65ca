"""The light of a photo, changed by numbers that somebody has drawn."""

from __future__ import annotations

from torch import Tensor


def lit(
    images: Tensor, *, gamma: Tensor, brightness: Tensor, cast: Tensor, contrast: Tensor, saturation: Tensor
) -> Tensor:
    """Pictures in another light.

    Args:
        images: ``(N, 3, H, W)`` in 0..1.
        gamma: ``(N, 1, 1, 1)`` exponent.
        brightness: ``(N, 1, 1, 1)`` factor.
        cast: ``(N, 3, 1, 1)`` factor of each channel.
        contrast: ``(N, 1, 1, 1)`` factor of the distance from the mean of the picture.
        saturation: ``(N, 1, 1, 1)`` factor of the distance from grey.

    Returns:
        ``(N, 3, H, W)`` in 0..1.
    """
    images = images.clamp(1e-4, 1) ** gamma * brightness * cast
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    images = mean + (images - mean) * contrast
    grey = images.mean(dim=1, keepdim=True)
    return (grey + (images - grey) * saturation).clamp(0, 1)
