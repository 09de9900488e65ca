"""Synthetic street views of catalogue items: what a detector would cut out of a photo of somebody who wears the item.

An item is cut out of its white ground, seen in perspective, put before a patch of a street or home photo, partly
covered, relit, shaded and blurred; the frame is its box with the errors of a detector. Whatever is drawn depends on
(seed, item, view) alone: the same view is the same picture in every batch, run and process. Nobody wore these items:
wherever a figure on such views stands, it says synthetic.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from fashionviz.data.cutouts import SMALL, Bytes, CutOuts
from fashionviz.data.light import lit

#: Words that must stand beside every figure on them.
SYNTHETIC = "synthetic street views: catalogue photos cut out, warped, relit, covered and pasted onto other photos"


@dataclass(frozen=True)
class ViewRanges:
    """How far a street view may be from its catalogue photo.

    Attributes:
        rotate: degrees either way.
        corner: how far each corner of the item's box moves, as a share of its sides.
        stretch: of width against height, as a share.
        margin: least and most by which each side of the frame lies outside of the item, as a share of its sides.
        cover: probability that something covers a part, and its least and largest side as a share of the frame's.
        gamma, brightness, cast, contrast, saturation: largest relative change.
        shade: darkest side of a shadow that falls across the frame, as a share of the light it takes.
        blur: probability, and least and largest deviation of a Gaussian in pixels of a frame 128 high.
    """

    rotate: float = 18.0
    corner: float = 0.09
    stretch: float = 0.12
    margin: tuple[float, float] = (-0.08, 0.18)
    cover: tuple[float, float, float] = (0.5, 0.15, 0.45)
    gamma: float = 0.25
    brightness: float = 0.25
    cast: float = 0.08
    contrast: float = 0.25
    saturation: float = 0.25
    shade: float = 0.35
    blur: tuple[float, float, float] = (0.4, 0.4, 1.4)


RANGES = ViewRanges()
#: Numbers drawn for a view, by name, and how many.
_DRAWN = {
    "rotate": 1, "corners": 8, "stretch": 1, "margins": 4, "ground": 4, "cover": 8, "cloth": 4, "gamma": 1,
    "brightness": 1, "cast": 3, "contrast": 1, "saturation": 1, "shade": 2, "blur": 2,
}  # fmt: skip


def drawn(seed: int, items: Sequence[int], views: Sequence[int]) -> dict[str, Tensor]:
    """The random numbers of views, ``(N, k)`` in [0, 1) by name; those of a view do not depend on the others.

    Args:
        seed: of a run or of an evaluation.
        items: ids.
        views: the number of the view of each.
    """
    many = sum(_DRAWN.values())
    raw = b"".join(
        hashlib.shake_128(f"{seed}|{item}|{view}".encode()).digest(4 * many)
        for item, view in zip(items, views, strict=True)
    )
    values = np.frombuffer(raw, "<u4").reshape(-1, many) / 2.0**32
    table = torch.from_numpy(values.astype(np.float32)).clamp(max=1 - 1e-7)
    return dict(zip(_DRAWN, table.split(list(_DRAWN.values()), dim=1), strict=True))


def _span(values: Tensor, low: float, high: float) -> Tensor:
    return values * (high - low) + low


def quads(boxes: Tensor, aspect: float, draw: dict[str, Tensor], how: ViewRanges) -> Tensor:
    """Where the corners of the items' boxes come to lie, ``(N, 4, 2)``, in units of the photo's height.

    Args:
        boxes: ``(N, 4)`` x0, y0, x1, y1, 0 to 1 of the photo.
        aspect: the photo's width by its height.
        draw: of :func:`drawn`.
        how: the ranges.

    Returns:
        x and y of the upper left, upper right, lower right and lower left corner, the box's middle at 0.
    """
    width = (boxes[:, 2] - boxes[:, 0]) * aspect * (1 + _span(draw["stretch"][:, 0], -how.stretch, how.stretch))
    height = boxes[:, 3] - boxes[:, 1]
    sides = torch.stack([width, height], dim=1)[:, None]
    signs = torch.tensor([[-1.0, -1], [1, -1], [1, 1], [-1, 1]])
    moved = _span(draw["corners"].view(-1, 4, 2), -how.corner, how.corner)
    corners = (signs / 2 + moved) * sides
    angle = torch.deg2rad(_span(draw["rotate"][:, 0], -how.rotate, how.rotate))
    cos, sin = angle.cos()[:, None], angle.sin()[:, None]
    x, y = corners.unbind(dim=2)
    return torch.stack([cos * x - sin * y, sin * x + cos * y], dim=2)


def frames(corners: Tensor, draw: dict[str, Tensor], how: ViewRanges) -> Tensor:
    """The boxes ``(N, 4)`` that a detector would cut around the corners ``(N, 4, 2)``, in the same units."""
    low, high = corners.amin(dim=1), corners.amax(dim=1)
    sides = high - low
    margins = _span(draw["margins"], *how.margin).view(-1, 2, 2)
    return torch.cat([low - margins[:, 0] * sides, high + margins[:, 1] * sides], dim=1)


def homographies(source: Tensor, target: Tensor) -> Tensor:
    """The projective maps ``(N, 3, 3)`` that send four points ``(N, 4, 2)`` to four others."""
    x, y = source.unbind(dim=2)
    u, v = target.unbind(dim=2)
    zero, one = torch.zeros_like(x), torch.ones_like(x)
    first = torch.stack([x, y, one, zero, zero, zero, -u * x, -u * y], dim=2)
    second = torch.stack([zero, zero, zero, x, y, one, -v * x, -v * y], dim=2)
    solved = torch.linalg.solve(torch.cat([first, second], dim=1), torch.cat([u, v], dim=1))
    return torch.cat([solved, torch.ones(len(solved), 1)], dim=1).view(-1, 3, 3)


def _pixels(frame: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """x and y of the middles of a frame's pixels, ``(H, W)`` each, in pixels."""
    y, x = torch.meshgrid(torch.arange(frame[0]) + 0.5, torch.arange(frame[1]) + 0.5, indexing="ij")
    return x, y


@dataclass(frozen=True)
class Placed:
    """Where frames lie in the pictures that the network is given: fitted and centred, white around.

    Attributes:
        scale: ``(N,)`` pixels a unit.
        left, top, width, height: ``(N,)`` of the frame in pixels.
    """

    scale: Tensor
    left: Tensor
    top: Tensor
    width: Tensor
    height: Tensor

    @classmethod
    def fit(cls, boxes: Tensor, frame: tuple[int, int]) -> Placed:
        """Fit boxes ``(N, 4)`` into a frame of (height, width), in whole pixels as a letterbox does."""
        sides = boxes[:, 2:] - boxes[:, :2]
        scale = torch.minimum(frame[0] / sides[:, 1], frame[1] / sides[:, 0])
        width = (sides[:, 0] * scale).round().clamp(1, frame[1])
        height = (sides[:, 1] * scale).round().clamp(1, frame[0])
        left, top = ((frame[1] - width) / 2).floor(), ((frame[0] - height) / 2).floor()
        return cls(scale, left, top, width, height)

    def inside(self, frame: tuple[int, int]) -> Tensor:
        """``(N, 1, H, W)`` bool, which pixels the frame covers."""
        x, y = _pixels(frame)
        left, top, width, height = (v.view(-1, 1, 1) for v in (self.left, self.top, self.width, self.height))
        return ((x > left) & (x < left + width) & (y > top) & (y < top + height))[:, None]

    def shares(self, frame: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """x and y of each pixel, ``(N, H, W)``, 0 to 1 of the frame where it lies inside."""
        x, y = _pixels(frame)
        left, top, width, height = (v.view(-1, 1, 1) for v in (self.left, self.top, self.width, self.height))
        return (x - left) / width, (y - top) / height


def _window(patches: Tensor, placed: Placed, draw: Tensor, frame: tuple[int, int]) -> Tensor:
    """A part of each patch ``(N, 3, h, w)``, as large as the frame needs it: ``(N, 3, H, W)``."""
    part = _span(draw[:, 1], 0.6, 1.0)
    ratio = (placed.width / placed.height) / (patches.shape[3] / patches.shape[2])
    wide, high = part * ratio.clamp(max=1), part / ratio.clamp(min=1)
    left, top = draw[:, 2] * (1 - wide), draw[:, 3] * (1 - high)
    x, y = placed.shares(frame)
    column = (left.view(-1, 1, 1) + x * wide.view(-1, 1, 1)) * 2 - 1
    row = (top.view(-1, 1, 1) + y * high.view(-1, 1, 1)) * 2 - 1
    return F.grid_sample(
        patches, torch.stack([column, row], dim=3), mode="bilinear", padding_mode="border", align_corners=False
    )


def _cover(placed: Placed, draw: Tensor, how: ViewRanges, frame: tuple[int, int]) -> Tensor:
    """What something in front covers, ``(N, 1, H, W)`` 0..1: a turned rectangle or an ellipse, with a soft rim."""
    probability, least, most = how.cover
    x, y = placed.shares(frame)
    dx, dy = x - draw[:, 1].view(-1, 1, 1), y - draw[:, 2].view(-1, 1, 1)
    angle = (draw[:, 3] * torch.pi).view(-1, 1, 1)
    a = (dx * angle.cos() + dy * angle.sin()) / (_span(draw[:, 4], least, most) / 2).view(-1, 1, 1)
    b = (dy * angle.cos() - dx * angle.sin()) / (_span(draw[:, 5], least, most) / 2).view(-1, 1, 1)
    box, disc = torch.maximum(a.abs(), b.abs()), (a * a + b * b).sqrt()
    shape = torch.where((draw[:, 6] < 0.5).view(-1, 1, 1), box, disc)
    there = (draw[:, 0] < probability).view(-1, 1, 1)
    return (((1 - shape) * 12 + 0.5).clamp(0, 1) * there)[:, None]


def _blurred(images: Tensor, draw: Tensor, how: ViewRanges) -> Tensor:
    """Some pictures through a Gaussian of their own; the same for all of a picture's channels."""
    probability, least, most = how.blur
    chosen = torch.nonzero(draw[:, 0] < probability).flatten()
    if not len(chosen):
        return images
    n, (_, _, h, w) = len(chosen), images.shape
    sigma = _span(draw[chosen, 1], least, most) * h / 128
    reach = 3
    at = torch.arange(-reach, reach + 1)
    kernel = torch.exp(-(at**2) / (2 * sigma[:, None] ** 2))
    kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(3, dim=0)
    flat = F.pad(images[chosen].reshape(1, n * 3, h, w), (reach,) * 4, mode="replicate")
    flat = F.conv2d(flat, kernel.view(n * 3, 1, 1, -1), groups=n * 3)
    flat = F.conv2d(flat, kernel.view(n * 3, 1, -1, 1), groups=n * 3)
    images = images.clone()
    images[chosen] = flat.view(n, 3, h, w)
    return images


def _lit(images: Tensor, draw: dict[str, Tensor], how: ViewRanges) -> Tensor:
    def factor(name: str, most: float) -> Tensor:
        return 1 + _span(draw[name], -most, most)[:, :, None, None]

    return lit(
        images,
        gamma=torch.exp(_span(draw["gamma"], -how.gamma, how.gamma))[:, :, None, None],
        brightness=factor("brightness", how.brightness),
        cast=factor("cast", how.cast),
        contrast=factor("contrast", how.contrast),
        saturation=factor("saturation", how.saturation),
    )


def _shade(placed: Placed, draw: Tensor, how: ViewRanges, frame: tuple[int, int]) -> Tensor:
    """Factors ``(N, 1, H, W)``: the light falls off along one direction."""
    x, y = placed.shares(frame)
    angle = (draw[:, 0] * 2 * torch.pi).view(-1, 1, 1)
    along = ((x - 0.5) * angle.cos() + (y - 0.5) * angle.sin() + 0.5).clamp(0, 1)
    return (1 - along * (draw[:, 1] * how.shade).view(-1, 1, 1))[:, None]


def street_views(
    items: CutOuts,
    rows: NDArray[np.integer] | Sequence[int],
    grounds: Bytes,
    *,
    seed: int,
    views: Sequence[int],
    frame: tuple[int, int],
    how: ViewRanges = RANGES,
) -> Tensor:
    """Synthetic street views, as the network is given them: letterboxed on white.

    Args:
        items: of a split.
        rows: which of them, ``(N,)``.
        grounds: of :func:`fashionviz.data.cutouts.ground_patches`.
        seed: of a run or of an evaluation.
        views: the number of the view of each.
        frame: height and width of the result.
        how: the ranges.

    Returns:
        ``(N, 3, H, W)`` float32 in 0..1.
    """
    return placed_views(items, rows, grounds, seed=seed, views=views, frame=frame, how=how)[0]


def placed_views(
    items: CutOuts,
    rows: NDArray[np.integer] | Sequence[int],
    grounds: Bytes,
    *,
    seed: int,
    views: Sequence[int],
    frame: tuple[int, int],
    how: ViewRanges = RANGES,
) -> tuple[Tensor, Placed]:
    """:func:`street_views`, and where the crops lie in the pictures: the rest is the letterbox's white."""
    rows = np.asarray(rows)
    draw = drawn(seed, items.ids[rows].tolist(), views)
    boxes = torch.from_numpy(items.boxes[rows])
    corners = quads(boxes, SMALL[1] / SMALL[0], draw, how)
    cut = frames(corners, draw, how)
    placed = Placed.fit(cut, frame)
    # Corners of the items' boxes in pixels of the result, and in those of the photo as grid_sample counts them.
    there = (corners - cut[:, None, :2]) * placed.scale[:, None, None]
    there = there + torch.stack([placed.left, placed.top], dim=1)[:, None]
    x0, y0, x1, y1 = (boxes * 2 - 1).unbind(dim=1)
    here = torch.stack([x0, y0, x1, y0, x1, y1, x0, y1], dim=1).view(-1, 4, 2)
    moved = _sampled(items, rows, homographies(there / frame[0], here), frame)
    front, back = (_window(_patches(grounds, draw[name]), placed, draw[name], frame) for name in ("cloth", "ground"))
    images = moved[:, :3] + back * (1 - moved[:, 3:])
    cover = _cover(placed, draw["cover"], how, frame)
    images = images + (front - images) * cover
    images = _blurred(_lit(images, draw, how) * _shade(placed, draw["shade"], how, frame), draw["blur"], how)
    return torch.where(placed.inside(frame), images, 1.0).clamp(0, 1), placed


def _patches(grounds: Bytes, draw: Tensor) -> Tensor:
    chosen = (draw[:, 0] * len(grounds)).long().numpy()
    return torch.from_numpy(grounds[chosen]).permute(0, 3, 1, 2).float().div_(255)


def _sampled(items: CutOuts, rows: NDArray[np.integer], maps: Tensor, frame: tuple[int, int]) -> Tensor:
    """The cut-outs, colour times alpha and alpha, seen through maps from the result to the photo."""
    x, y = _pixels(frame)
    points = torch.stack([x, y, torch.full_like(x, frame[0])], dim=2).view(-1, 3) / frame[0]
    seen = points @ maps.transpose(1, 2)
    depth = seen[..., 2:]
    grid = (seen[..., :2] / depth.clamp(min=1e-3)).view(-1, *frame, 2)
    grid = torch.where(depth.view(-1, *frame, 1) > 1e-3, grid, 2.0)  # behind the viewer there is nothing
    out = torch.empty(len(rows), 4, *frame)
    larger = items.place[rows] >= 0
    for store, chosen, places in (
        (items.small, np.flatnonzero(~larger), rows[~larger]),
        (items.large, np.flatnonzero(larger), items.place[rows[larger]]),
    ):
        if len(chosen):
            picture = torch.from_numpy(store[places]).permute(0, 3, 1, 2).float().div_(255)
            picture = torch.cat([picture[:, :3] * picture[:, 3:], picture[:, 3:]], dim=1)
            out[chosen] = F.grid_sample(picture, grid[chosen], mode="bilinear", align_corners=False)
    return out
