"""Batches to learn boxes from: street photos, catalogue cut-outs pasted onto them, shop photos.

Whatever moves or covers pixels moves and covers items, and boxes are read off at the end: they are those of what is
seen (copy-paste augmentation, Ghiasi et al. 2021, arXiv:2012.07177).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import Dataset

from fashionviz.data.garment13 import GARMENT13
from fashionviz.errors import InvalidRequest
from fashionviz.models.detectors import Targets
from fashionviz.models.preprocess import normalise
from fashionviz.models.registry import ModelSpec
from fashionviz.training import augment, detect_material
from fashionviz.training.augment import Warp
from fashionviz.training.detect_material import NOTHING, SKIN, ItemPhotos
from fashionviz.training.detect_recipes import DetectRecipe
from fashionviz.training.draws import MILD, STRONG

#: Most items of a photo, with those that are pasted.
ROOM = 48
#: An item is left out where less of it is seen than this share: who could name it?
SEEN = 0.3
#: Its shorter side in pixels of the training photo, at least.
SHORTEST = 4


class ItemBatch(NamedTuple):
    """Photos of one step.

    Attributes:
        images: ``(N, 3, H, W)`` float32, normalised.
        targets: of each photo ``boxes`` ``(n, 4)`` in pixels, ``labels`` ``(n,)`` int64 and ``masks`` ``(n, H, W)``.
        pixels: ``(N, H, W)`` int64: the class of each pixel; after the classes skin and hair, then background.
    """

    images: Tensor
    targets: Targets
    pixels: Tensor


class _Shown(NamedTuple):
    """A photo before it is changed: ``(3, h, w)`` uint8, item numbers ``(h, w)``, labels by number from 1 on."""

    pixels: Tensor
    numbers: Tensor
    labels: list[int]


class ItemMixture(Dataset[ItemBatch]):
    """Item ``epoch * len + step`` is a batch; it depends on recipe, epoch and step alone, whoever asks for it.

    Args:
        recipe: batch, resolutions and seed.
        spec: mean and deviation of the input.
        street: street photos.
        cut_outs: of catalogue items; none are needed where the recipe takes none.

    Raises:
        InvalidRequest: a subsample of more photos than there are.
    """

    def __init__(self, recipe: DetectRecipe, spec: ModelSpec, street: ItemPhotos, cut_outs: ItemPhotos | None) -> None:
        self.recipe, self.spec, self.street, self.cut_outs = recipe, spec, street, cut_outs
        self.rows = np.arange(len(street))
        if recipe.subsample is not None:
            if recipe.subsample > len(street):
                raise InvalidRequest(f"There are {len(street):,} street photos, not {recipe.subsample:,}.")
            self.rows = np.sort(np.random.default_rng(recipe.seed).permutation(self.rows)[: recipe.subsample])
        self._by_class = (
            [found for c in range(len(GARMENT13)) if len(found := np.flatnonzero(cut_outs.labels[:, 0] == c))]
            if cut_outs is not None
            else []
        )

    def __len__(self) -> int:
        return max(1, len(self.rows) // self.recipe.batch["street"])

    def __getitem__(self, number: int) -> ItemBatch:
        recipe = self.recipe
        epoch, step = divmod(number, len(self))
        rng = np.random.default_rng([recipe.seed, epoch, step])
        order = np.random.default_rng([recipe.seed, epoch]).permutation(self.rows)
        many = recipe.batch["street"]
        shown = []
        for place in order[step * many : (step + 1) * many]:
            photo = self._street(int(place))
            for _ in range(int(rng.poisson(recipe.paste)) if self._by_class else 0):
                photo = self._pasted(photo, rng)
            shown.append(photo)
        for _ in range(recipe.batch.get("shop", 0) if self._by_class else 0):
            shown.append(self._shop(rng))
        frame = recipe.frame_at(epoch)
        with torch.random.fork_rng(devices=[]):  # the transforms draw from PyTorch's own generator
            torch.manual_seed(int(rng.integers(2**62)))
            changed = [_changed(photo, frame, rng) for photo in shown]
        images = torch.stack([pixels for pixels, _, _ in changed]).float().div_(255)
        return ItemBatch(
            normalise(images, self.spec.mean, self.spec.std),
            [target for _, target, _ in changed],
            torch.stack([classes for _, _, classes in changed]),
        )

    def _street(self, place: int) -> _Shown:
        whole = torch.from_numpy(np.array(self.street.pixels[place])).permute(2, 0, 1)
        count = int(torch.where(whole[3] == SKIN, 0, whole[3]).max())
        return _Shown(whole[:3], whole[3], self.street.labels[place, :count].tolist())

    def _pasted(self, photo: _Shown, rng: np.random.Generator) -> _Shown:
        """A photo with a cut-out over it, as large as such an item is on street photos, its light its own."""
        if len(photo.labels) == ROOM:
            return photo
        label, alpha, colour = self._item(rng, wide=detect_material.STREET[1], light=STRONG)
        height, width = photo.numbers.shape
        h, w = alpha.shape
        top, left = int(rng.integers(-h // 4, height - 3 * h // 4)), int(rng.integers(-w // 4, width - 3 * w // 4))
        return _laid(photo, label, alpha, colour, (top, left))

    def _shop(self, rng: np.random.Generator) -> _Shown:
        """One item, large, or some side by side, on a plain ground, mostly white, or a street without a person."""
        height, width = detect_material.STREET
        photo = _Shown(self._ground(rng), torch.zeros(detect_material.STREET, dtype=torch.uint8), [])
        many = int(rng.choice([1, 1, 2, 3, 4]))
        wide = 2.2 * width if many == 1 else 1.3 * width
        for place in range(many):
            label, alpha, colour = self._item(rng, wide=wide, light=MILD)
            h, w = alpha.shape
            middle = (place % 2 + 1) / (min(many, 2) + 1), (place // 2 + 1) / ((many - 1) // 2 + 2)
            x, y = middle[0] + rng.normal(0, 0.05), middle[1] + rng.normal(0, 0.05)
            photo = _laid(photo, label, alpha, colour, (round(y * height - h / 2), round(x * width - w / 2)))
        return photo

    def _item(self, rng: np.random.Generator, *, wide: float, light: augment.Light) -> tuple[int, Tensor, Tensor]:
        """A cut-out of a class drawn evenly: label, alpha ``(h, w)`` and colour ``(3, h, w)``, both 0..1."""
        assert self.cut_outs is not None
        place = int(rng.choice(self._by_class[int(rng.integers(len(self._by_class)))]))
        label = int(self.cut_outs.labels[place, 0])
        side = _SIZES[GARMENT13[label]] * wide * rng.uniform(0.7, 1.4)
        g = torch.Generator().manual_seed(int(rng.integers(2**62)))
        cut = torch.from_numpy(np.array(self.cut_outs.pixels[place])).permute(2, 0, 1)[None].float() / 255
        alpha = cut[:, 3:]
        frame = round(min(1.6 * side, max(detect_material.STREET))), round(min(1.6 * side, max(detect_material.STREET)))
        moved = augment.warp(torch.cat([cut[:, :3] * alpha, alpha], 1), frame, _PLACED, g)[0]
        rows, columns = (moved[3] > 0.5).any(1).nonzero(), (moved[3] > 0.5).any(0).nonzero()
        if not len(rows):
            return label, torch.zeros(1, 1), torch.zeros(3, 1, 1)
        moved = moved[:, int(rows[0]) : int(rows[-1]) + 1, int(columns[0]) : int(columns[-1]) + 1]
        colour = augment.relight((moved[:3] / moved[3].clamp(min=1e-3)).clamp(0, 1)[None], light, g)[0]
        return label, moved[3], colour

    def _ground(self, rng: np.random.Generator) -> Tensor:
        """White or one colour, mostly light, or a window of a street photo without a person, ``(3, h, w)`` uint8."""
        height, width = detect_material.STREET
        for _ in range(12 if rng.random() < 0.3 else 0):
            place, h = int(rng.choice(self.rows)), int(height * rng.uniform(0.3, 0.8))
            w = h * width // height
            y, x = int(rng.integers(height - h + 1)), int(rng.integers(width - w + 1))
            window = np.array(self.street.pixels[place, y : y + h, x : x + w])
            if (window[..., 3] != NOTHING).mean() <= 0.02:
                patch = torch.from_numpy(window[..., :3]).permute(2, 0, 1)[None].float()
                return F.interpolate(patch, detect_material.STREET, mode="bilinear")[0].round().to(torch.uint8)
        light = rng.random() < 0.8
        colour = rng.integers(240 if light else 40, 256, 1 if light else 3).astype(np.uint8)
        return torch.from_numpy(colour).view(-1, 1, 1).expand(3, *detect_material.STREET).contiguous()


#: Root of an item's median area on the street photos of the train split, as a share of the photo's width.
_SIZES = {
    "bag": 0.22, "belt": 0.1, "dress": 0.48, "eyewear": 0.075, "footwear": 0.18, "headwear": 0.16, "hosiery": 0.22,
    "neckwear": 0.23, "outerwear": 0.49, "shorts": 0.28, "skirt": 0.32, "top": 0.34, "trousers": 0.42,
}  # fmt: skip
#: How a cut-out is moved within a frame of 1.6 times its size.
_PLACED = Warp(zoom=(0.6, 0.65), shift=0.0, rotate=15, aspect=0.15)


def _laid(photo: _Shown, label: int, alpha: Tensor, colour: Tensor, at: tuple[int, int]) -> _Shown:
    """A photo with an item over it; what of the item lies outside is cut off.

    Args:
        photo: what is covered.
        label: of the item.
        alpha: ``(h, w)`` in 0..1.
        colour: ``(3, h, w)`` in 0..1.
        at: top and left, in pixels of the photo.
    """
    height, width = photo.numbers.shape
    h, w = alpha.shape
    top, left = at
    y0, x0, y1, x1 = max(top, 0), max(left, 0), min(top + h, height), min(left + w, width)
    if y0 >= y1 or x0 >= x1:
        return photo
    alpha = alpha[y0 - top : y1 - top, x0 - left : x1 - left]
    colour = colour[:, y0 - top : y1 - top, x0 - left : x1 - left]
    pixels, numbers = photo.pixels.clone(), photo.numbers.clone()
    under = pixels[:, y0:y1, x0:x1].float() / 255
    pixels[:, y0:y1, x0:x1] = ((alpha * colour + (1 - alpha) * under) * 255).round().to(torch.uint8)
    window = numbers[y0:y1, x0:x1]
    window[alpha > 0.5] = len(photo.labels) + 1
    return _Shown(pixels, numbers, [*photo.labels, label])


def _window(size: tuple[int, int], frame: tuple[int, int], rng: np.random.Generator) -> tuple[int, int, int, int]:
    """A part of a photo, or more than the photo, of about the frame's shape: top, left, height, width.

    Half are about the whole photo, as it is served; a third nearer, the others from further away.
    """
    kind = rng.random()
    near, far = (0.88, 1.05) if kind < 0.5 else (0.5, 0.88) if kind < 0.83 else (1.05, 1.6)
    height = size[0] * float(np.exp(rng.uniform(np.log(near), np.log(far))))
    width = height * frame[1] / frame[0] * rng.uniform(0.88, 1.14)
    top = rng.uniform(min(0, size[0] - height), max(0, size[0] - height))
    left = rng.uniform(min(0, size[1] - width), max(0, size[1] - width))
    return round(top), round(left), max(8, round(height)), max(8, round(width))


def _changed(
    photo: _Shown, frame: tuple[int, int], rng: np.random.Generator
) -> tuple[Tensor, dict[str, Tensor], Tensor]:
    """A photo as it is learned from: part, mirror, colour; with the boxes of what is still seen of each item.

    Returns:
        Pixels ``(3, H, W)`` uint8, target, class of each pixel ``(H, W)``.
    """
    from torchvision import tv_tensors
    from torchvision.transforms import v2
    from torchvision.transforms.v2 import functional as G

    size = (photo.numbers.shape[0], photo.numbers.shape[1])
    top, left, height, width = _window(size, frame, rng)
    around = (max(0, -left), max(0, -top), max(0, left + width - size[1]), max(0, top + height - size[0]))
    both = tv_tensors.Image(photo.pixels), tv_tensors.Mask(photo.numbers[None])
    if any(around):
        white = 255 if rng.random() < 0.7 else int(rng.integers(256))  # a served photo has a white margin
        both = G.pad(both[0], list(around), fill=white), G.pad(both[1], list(around), fill=NOTHING)
    at = top + around[1], left + around[0], height, width
    both = tuple(G.resized_crop(value, *at, list(frame), antialias=True) for value in both)
    look = v2.Compose(
        [
            v2.RandomHorizontalFlip(),
            v2.ColorJitter(brightness=0.25, contrast=0.25, saturation=0.3, hue=0.03),
            v2.RandomGrayscale(p=0.05),
            v2.RandomApply([v2.GaussianBlur(5, (0.1, 1.5))], p=0.1),
        ]
    )
    image, mask = look(*both)
    numbers = mask.as_subclass(Tensor)[0].long()
    shrunk = frame[0] * frame[1] / (height * width)
    before = torch.bincount(photo.numbers.flatten().long(), minlength=256)
    return image.as_subclass(Tensor), *read_off(numbers, photo.labels, before * shrunk)


def read_off(numbers: Tensor, labels: list[int], whole: Tensor) -> tuple[dict[str, Tensor], Tensor]:
    """Boxes, labels and masks of the items in a map of item numbers, and the class of each pixel.

    Args:
        numbers: ``(H, W)`` int64: 0 nothing, items from 1 on, :data:`SKIN`.
        labels: of the items, from number 1 on.
        whole: pixels of each number if all of it were seen; what is seen less than :data:`SEEN` of has no box.
    """
    classes = len(GARMENT13)
    table = torch.full((256,), classes + 1)
    table[SKIN] = classes
    table[1 : len(labels) + 1] = torch.tensor(labels, dtype=torch.long)
    boxes, kept, masks = [], [], []
    for number in range(1, len(labels) + 1):
        mask = numbers == number
        seen = int(mask.sum())
        if seen == 0 or seen < SEEN * float(whole[number]):
            continue
        rows, columns = mask.any(1).nonzero()[:, 0], mask.any(0).nonzero()[:, 0]
        box = [int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1]
        if min(box[2] - box[0], box[3] - box[1]) >= SHORTEST:
            boxes.append(box)
            kept.append(labels[number - 1])
            masks.append(mask)
    target = {
        "boxes": torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
        "labels": torch.tensor(kept, dtype=torch.long),
        "masks": torch.stack([*masks, numbers < 0])[: len(masks)].to(torch.uint8),  # none of none, too
    }
    return target, table[numbers]
