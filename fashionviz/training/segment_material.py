"""Photos with regions to learn from: street photos, their people on other grounds, catalogue photos.

A photo and its regions are one tensor, so that every geometric change is drawn for both at once
(``torchvision.transforms.v2`` with ``tv_tensors.Mask``).
"""

from __future__ import annotations

import hashlib
import inspect
import logging
import os
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from fashionviz.data import regions as rule
from fashionviz.data.landmarks.kept import rule_version
from fashionviz.data.landmarks.parts import Refused
from fashionviz.data.regions import BACKGROUND, LABELS, UNKNOWN, Regions, photo_with_regions
from fashionviz.data.sets import ParquetSet, cache_root, open_set
from fashionviz.errors import DataError, ImageError, InvalidRequest
from fashionviz.models.preprocess import letterbox, normalise, placement
from fashionviz.models.registry import ModelSpec
from fashionviz.training.segment_recipes import SegmentRecipe

log = logging.getLogger(__name__)

#: Sizes that photos are kept at: about their own.
STREET, CATALOGUE = (384, 288), (224, 168)
#: Share of the catalogue's photos that are seen on another ground.
MOVED = 0.5


@dataclass(frozen=True)
class RegionPhotos:
    """Photos of one kind, letterboxed onto white.

    Attributes:
        pixels: ``(N, h, w, 3)`` uint8.
        regions: ``(N, h, w)`` uint8, places in :data:`~fashionviz.data.regions.REGIONS`.
    """

    pixels: NDArray[np.uint8]
    regions: Regions

    def __len__(self) -> int:
        return len(self.pixels)


def letterbox_regions(regions: Regions, frame: tuple[int, int], around: int = BACKGROUND) -> Regions:
    """Regions of a photo where :func:`~fashionviz.models.preprocess.letterbox` puts its pixels.

    Args:
        regions: ``(H, W)`` uint8.
        frame: height and width.
        around: what the padding is.
    """
    place = placement((regions.shape[0], regions.shape[1]), frame)
    out = np.full(frame, around, np.uint8)
    scaled = Image.fromarray(regions).resize((place.width, place.height), Image.Resampling.NEAREST)
    out[place.top : place.top + place.height, place.left : place.left + place.width] = np.asarray(scaled)
    return out


def _rule_of(data: ParquetSet) -> str:
    """Changes with whatever makes the regions of a set."""
    if "mask" in data.columns:
        return hashlib.sha256(rule.street_regions(np.arange(LABELS, dtype=np.uint8)).tobytes()).hexdigest()[:12]
    return hashlib.sha256(inspect.getsource(rule.catalogue_regions).encode()).hexdigest()[:12] + rule_version()


def region_photos(
    data: ParquetSet, size: tuple[int, int], *, around: int = BACKGROUND, most: int | None = None, seed: int = 0
) -> RegionPhotos:
    """The photos of a split that have regions, made once and kept in the user's cache.

    Args:
        data: with a column ``mask`` or ``articleType``.
        size: height and width that photos are fitted into.
        around: what the padding is.
        most: so many of them, drawn by the seed; all in order if ``None``.
        seed: of the drawing.

    Raises:
        DataError: neither column, or no photo has regions.
    """
    column = next((c for c in rule.COLUMNS if c in data.columns), None)
    if column is None:
        raise DataError(f"{data.name} has neither masks nor article types to derive some by.")
    folder = cache_root() / "regions"
    drawn = "" if most is None else f"-{most}of{seed}"
    stem = f"{data.name}-{data.split}-{size[0]}x{size[1]}-{around}{drawn}-{data.fingerprint()}-{_rule_of(data)}"
    path = folder / f"{stem}.npy"
    if not path.exists():
        log.info("reading the regions of %s %s (once)", data.name, data.split)
        chosen = None
        if most is not None:  # twice as many as are wanted: some are refused
            chosen = set(np.random.default_rng(seed).permutation(len(data))[: 2 * most].tolist())
        found = _made(data, column, size, around, chosen, most)
        if not len(found):
            raise DataError(f"{data.name} {data.split}: no photo has regions.")
        folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.part")
        with partial.open("wb") as handle:
            np.save(handle, found)
        partial.replace(path)
    both = np.load(path, mmap_mode="r")
    return RegionPhotos(both[..., :3], both[..., 3])


def _made(
    data: ParquetSet, column: str, size: tuple[int, int], around: int, chosen: set[int] | None, most: int | None
) -> NDArray[np.uint8]:
    """``(N, h, w, 4)``: RGB and regions."""
    made: list[NDArray[np.uint8]] = []
    for number, row in enumerate(data.rows(["image", column])):
        if chosen is not None and number not in chosen:
            continue
        if most is not None and len(made) == most:
            break
        try:
            pixels, regions = photo_with_regions(row)
        except (ImageError, DataError, Refused) as error:
            log.debug("%s row %d: %s", data.name, number, error)
            continue
        made.append(np.dstack([letterbox(pixels, size)[0], letterbox_regions(regions, size, around)]))
    return np.stack(made) if made else np.empty((0, *size, 4), np.uint8)


class RegionBatch(NamedTuple):
    """Photos of one step.

    Attributes:
        images: ``(N, 3, H, W)`` float32, normalised.
        regions: ``(N, H, W)`` int64; :data:`~fashionviz.data.regions.UNKNOWN` counts nowhere.
    """

    images: Tensor
    regions: Tensor


def on_ground(pixels: Tensor, regions: Tensor, ground: Tensor) -> Tensor:
    """What is no background of a photo, on another ground; the cut is soft over a pixel.

    Args:
        pixels: ``(3, h, w)`` uint8.
        regions: ``(h, w)``.
        ground: ``(3, h, w)`` uint8.

    Returns:
        ``(3, h, w)`` uint8.
    """
    alpha = F.avg_pool2d((regions != BACKGROUND).float()[None, None], 3, 1, 1, count_include_pad=False)[0]
    return (alpha * pixels + (1 - alpha) * ground).round().to(torch.uint8)


class RegionMixture(Dataset[RegionBatch]):
    """Item ``epoch * len + step`` is a batch; it depends on recipe, epoch and step alone, whoever asks for it.

    Args:
        recipe: batch, resolutions and seed.
        spec: mean and deviation of the input.
        street: street photos.
        catalogue: photos on white; none are needed where the recipe takes none.

    Raises:
        InvalidRequest: a subsample of more photos than there are.
    """

    def __init__(
        self, recipe: SegmentRecipe, spec: ModelSpec, street: RegionPhotos, catalogue: RegionPhotos | None
    ) -> None:
        self.recipe, self.spec, self.street, self.catalogue = recipe, spec, street, catalogue
        self.rows = np.arange(len(street))
        if recipe.subsample is not None:
            if recipe.subsample > len(street):
                raise InvalidRequest(f"There are {len(street):,} street photos, not {recipe.subsample:,}.")
            self.rows = np.sort(np.random.default_rng(recipe.seed).permutation(self.rows)[: recipe.subsample])

    def __len__(self) -> int:
        return max(1, len(self.rows) // self.recipe.batch["street"])

    def __getitem__(self, number: int) -> RegionBatch:
        recipe = self.recipe
        epoch, step = divmod(number, len(self))
        rng = np.random.default_rng([recipe.seed, epoch, step])
        order = np.random.default_rng([recipe.seed, epoch]).permutation(self.rows)
        many = recipe.batch["street"]
        shown = [self._street(i) for i in order[step * many : (step + 1) * many]]
        for _ in range(recipe.batch.get("cutout", 0)):
            pixels, regions = self._street(rng.choice(self.rows))
            shown.append((on_ground(pixels, regions, self._ground(pixels, rng, plain=0.75)), regions))
        for _ in range(recipe.batch.get("catalogue", 0) if self.catalogue is not None else 0):
            shown.append(self._catalogue(rng))
        change = augmentation(recipe.frame_at(epoch))
        with torch.random.fork_rng(devices=[]):  # the transforms draw from PyTorch's own generator
            torch.manual_seed(int(rng.integers(2**62)))
            changed = [change(*_wrapped(*pair)) for pair in shown]
        images = torch.stack([image.as_subclass(Tensor) for image, _ in changed]).float().div_(255)
        regions = torch.stack([mask.as_subclass(Tensor) for _, mask in changed]).long()
        return RegionBatch(normalise(images, self.spec.mean, self.spec.std), regions)

    def _street(self, place: int) -> tuple[Tensor, Tensor]:
        return _pair(self.street, place)

    def _catalogue(self, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        assert self.catalogue is not None
        pixels, regions = _pair(self.catalogue, int(rng.integers(len(self.catalogue))))
        if rng.random() < MOVED:
            pixels = on_ground(pixels, regions, self._ground(pixels, rng, plain=0.3))
        return pixels, regions

    def _ground(self, like: Tensor, rng: np.random.Generator, *, plain: float) -> Tensor:
        """White or one colour, mostly light, or a window of a street photo without a person."""
        if rng.random() < plain:
            light = rng.random() < 0.7
            colour = torch.from_numpy(rng.integers(235 if light else 30, 256, 1 if light else 3).astype(np.uint8))
            return colour.view(-1, 1, 1).expand_as(like)
        height, width = self.street.regions.shape[1:]
        for _ in range(20):
            place = int(rng.choice(self.rows))
            h = int(height * rng.uniform(0.3, 0.8))
            w = int(h * like.shape[2] / like.shape[1])
            y, x = int(rng.integers(height - h + 1)), int(rng.integers(width - w + 1))
            window = self.street.pixels[place, y : y + h, x : x + w]
            if (self.street.regions[place, y : y + h, x : x + w] != BACKGROUND).mean() > 0.02:
                continue
            if (window > 250).all(axis=2).mean() < 0.3:  # the white margin is no street
                patch = torch.from_numpy(np.ascontiguousarray(window)).permute(2, 0, 1)[None].float()
                grown = F.interpolate(patch, like.shape[1:], mode="bilinear", align_corners=False)
                return grown[0].round().to(torch.uint8)
        return torch.full_like(like, 255)


def _pair(photos: RegionPhotos, place: int) -> tuple[Tensor, Tensor]:
    pixels = torch.from_numpy(np.ascontiguousarray(photos.pixels[place])).permute(2, 0, 1)
    return pixels, torch.from_numpy(np.array(photos.regions[place]))


def _wrapped(pixels: Tensor, regions: Tensor) -> tuple[Tensor, Tensor]:
    from torchvision import tv_tensors

    return tv_tensors.Image(pixels), tv_tensors.Mask(regions)


def augmentation(frame: tuple[int, int]):  # type: ignore[no-untyped-def]  # torchvision is imported when it is needed
    """What happens to a photo and its regions together: size, part, mirror, turn; and to the photo alone: colour, blur.

    Args:
        frame: height and width of what comes out.

    Returns:
        ``(Image (3, h, w) uint8, Mask (h, w)) -> (Image (3, H, W), Mask (H, W))``.
    """
    from torchvision import tv_tensors
    from torchvision.transforms import v2

    fill = {tv_tensors.Image: 255, tv_tensors.Mask: UNKNOWN}
    return v2.Compose(
        [
            v2.RandomZoomOut(fill={tv_tensors.Image: 255, tv_tensors.Mask: BACKGROUND}, side_range=(1.0, 1.6), p=0.2),
            v2.RandomApply([v2.RandomRotation(12, v2.InterpolationMode.BILINEAR, fill=fill)], p=0.2),
            v2.RandomResizedCrop(frame, scale=(0.25, 1.0), ratio=(0.6, 0.95), antialias=True),
            v2.RandomHorizontalFlip(),
            v2.ColorJitter(brightness=0.35, contrast=0.35, saturation=0.35, hue=0.03),
            v2.RandomGrayscale(p=0.05),
            v2.RandomApply([v2.GaussianBlur(5, (0.1, 1.5))], p=0.1),
        ]
    )


def street_photos() -> RegionPhotos:
    """The street photos of the train split.

    Raises:
        DataError: they are not there.
    """
    return region_photos(open_set("ccp", "train"), STREET)


def catalogue_photos(recipe: SegmentRecipe) -> RegionPhotos | None:
    """The recipe's catalogue photos with derived regions; ``None`` where it takes none.

    Raises:
        DataError: they are not there.
    """
    if not recipe.batch.get("catalogue") or not recipe.catalogue:
        return None
    return region_photos(open_set("fpi-large", "train"), CATALOGUE, most=recipe.catalogue, seed=recipe.seed)
