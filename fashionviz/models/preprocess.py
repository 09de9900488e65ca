"""From a photo's pixels to a model's input: letterbox onto white, scale to 0..1, normalise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image


@dataclass(frozen=True)
class Placement:
    """Where a photo lies inside the model's input, in input pixels, so that maps can be laid back over it.

    Attributes:
        top, left: offset of the photo in the frame.
        height, width: size of the photo in the frame.
        frame: height and width of the frame.
    """

    top: int
    left: int
    height: int
    width: int
    frame: tuple[int, int]

    def cut(self, values: NDArray) -> NDArray:
        """The part of ``(..., H, W)`` values of the frame that the photo covers."""
        return values[..., self.top : self.top + self.height, self.left : self.left + self.width]

    def on_photo(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Points ``(…, 2)``, x and y from 0 to 1 of the frame, as x and y from 0 to 1 of the photo, clipped to it."""
        height, width = self.frame
        pixels = np.asarray(points, np.float64) * [width, height] - [self.left, self.top]
        out: NDArray[np.float64] = np.clip(pixels / [self.width, self.height], 0, 1)
        return out

    def in_frame(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Points ``(…, 2)``, x and y from 0 to 1 of the photo, as x and y from 0 to 1 of the frame."""
        height, width = self.frame
        pixels = np.asarray(points, np.float64) * [self.width, self.height] + [self.left, self.top]
        out: NDArray[np.float64] = pixels / [width, height]
        return out


def placement(photo_size: tuple[int, int], frame: tuple[int, int]) -> Placement:
    """Fit a photo of (height, width) into a frame of (height, width), centred, keeping its shape."""
    scale = min(frame[0] / photo_size[0], frame[1] / photo_size[1])
    height = max(1, min(frame[0], round(photo_size[0] * scale)))
    width = max(1, min(frame[1], round(photo_size[1] * scale)))
    return Placement((frame[0] - height) // 2, (frame[1] - width) // 2, height, width, frame)


def turned(frame: tuple[int, int], photo_size: tuple[int, int]) -> tuple[int, int]:
    """A frame on its side where that suits the photo better, both as height and width.

    A detector takes either: a wide photo in an upright frame would be shrunk to less than half for nothing.
    """
    wide = photo_size[1] > photo_size[0]
    return (min(frame), max(frame)) if wide else (max(frame), min(frame))


def letterbox(pixels: NDArray[np.uint8], frame: tuple[int, int]) -> tuple[NDArray[np.uint8], Placement]:
    """Resize ``(H, W, 3)`` uint8 pixels into the frame, the rest white.

    Antialiased bilinear, as torchvision's ``v2.Resize``. Paper 000 resizes and pads the same way.
    """
    place = placement((pixels.shape[0], pixels.shape[1]), frame)
    tensor = torch.from_numpy(np.array(pixels, copy=True)).permute(2, 0, 1)
    if (place.height, place.width) != tuple(tensor.shape[1:]):
        # Here, not above: torchvision takes seconds to import, and the server listens before it needs it.
        from torchvision.transforms import v2
        from torchvision.transforms.v2 import functional as F

        tensor = F.resize(tensor, [place.height, place.width], v2.InterpolationMode.BILINEAR, antialias=True)
    out = np.full((*frame, 3), 255, dtype=np.uint8)
    out[place.top : place.top + place.height, place.left : place.left + place.width] = tensor.permute(1, 2, 0).numpy()
    return out, place


def to_grey(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """``(H, W, 3)`` RGB as a network that weighs it into one channel sees it: three equal channels (ITU-R BT.601)."""
    return np.repeat(np.asarray(Image.fromarray(pixels).convert("L"))[..., None], 3, axis=2)


def normalise(pixels: torch.Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> torch.Tensor:
    """``(N, 3, H, W)`` values in 0..1 to the range the network was trained on."""
    shape = (1, 3, 1, 1)
    return (pixels - pixels.new_tensor(mean).view(shape)) / pixels.new_tensor(std).view(shape)


def to_input(
    pixels: NDArray[np.uint8],
    frame: tuple[int, int],
    mean: tuple[float, ...],
    std: tuple[float, ...],
) -> tuple[torch.Tensor, NDArray[np.uint8], Placement]:
    """A photo's pixels to ``(3, H, W)`` float32, with the letterboxed picture and its placement."""
    boxed, place = letterbox(pixels, frame)
    tensor = torch.from_numpy(boxed).permute(2, 0, 1).float().div_(255)
    return normalise(tensor[None], mean, std)[0], boxed, place
