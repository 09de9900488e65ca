"""Where the pictures of a training batch come from: catalogue, street and home photos, with what is known of each.

A picture carries a mask of *allowed* classes: one for a catalogue item of the Men's or Women's department, two for a
photo whose category is known but not its department (partial labels; Cour et al. 2011).
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from fashionviz.data.cache import decoded
from fashionviz.data.catalogue10 import catalogue10
from fashionviz.data.labels import CLOTHING10, GENDER_CATEGORY, LabelGroup, Task, gender_category
from fashionviz.data.sets import ParquetSet, open_set, split_of, string_codes
from fashionviz.data.street import street_label
from fashionviz.errors import DataError, InvalidRequest
from fashionviz.models.preprocess import placement
from fashionviz.training.augment import cut_out_alpha

log = logging.getLogger(__name__)

DEPARTMENTS = ("Men", "Women", "Unisex", "Boys", "Girls")
Progress = Callable[[int, int], None]

#: How many patches without a garment are cut for pasting onto.
BACKGROUNDS = 3000

#: The category that a home photo's label implies, and the department where the garment is sold in one alone.
_HOME = {
    "Shoes": "Other",
    "Hat": "Accessories",
    "Dress": "Women/Apparel",
    "Skirt": "Women/Apparel",
    "Blouse": "Women/Apparel",
}


#: Which of the ten classes the names of the ``extra`` photos may mean.
EXTRA10: dict[str, tuple[str, ...]] = {
    "Shoes": ("shoes",),
    "Pants": ("pants",),
    "Longsleeve": ("longsleeve",),
    "T-Shirt": ("t-shirt",),
    "Outwear": ("outwear",),
    "Dress": ("dress",),
    "Shorts": ("shorts",),
    "Shirt": ("shirt",),
    "Hat": ("hat",),
    "Skirt": ("skirt",),
    "Blazer": ("outwear",),
    "Polo": ("t-shirt", "longsleeve", "shirt"),
    "Hoodie": ("longsleeve", "outwear"),
    "Undershirt": ("t-shirt", "longsleeve"),
    "Blouse": ("shirt", "longsleeve", "t-shirt"),
    "Top": ("t-shirt", "longsleeve", "shirt"),
}


@dataclass(frozen=True)
class Source:
    """Pictures of one kind, decoded, with labels.

    Attributes:
        pixels: ``(N, h, w, 3)`` uint8.
        allowed: ``(N, K)`` bool, which classes may be right; of a multi-label task, which labels are.
        how: how its pictures are framed, lit and placed (:mod:`fashionviz.training.draws`).
        weight: ``(N,)`` probability of being drawn; sums to 1.
        auxiliary: labels ``(N,)`` of the auxiliary heads, -1 where unknown; a head that is missing knows none.
        alpha: ``(N, h, w)`` uint8 0..255 for cut-outs, or ``None``.
        known: of a multi-label task, ``(N, K)`` bool: which labels anything is known of; else ``None``.
    """

    pixels: np.ndarray
    allowed: Tensor
    how: str
    weight: Tensor
    auxiliary: dict[str, Tensor] = field(default_factory=dict)
    alpha: np.ndarray | None = None
    known: Tensor | None = None

    def __len__(self) -> int:
        return len(self.pixels)


def allowed_classes(label: str | None, category: str | None) -> list[bool]:
    """Which classes may be right, given a certain label or only a category."""
    if label:
        return [c == label for c in GENDER_CATEGORY]
    if not category:
        return [True] * len(GENDER_CATEGORY)
    return [c.endswith(f"/{category}") for c in GENDER_CATEGORY]


def _even(n: int) -> Tensor:
    return torch.full((n,), 1 / max(1, n))


def catalogue(
    name: str,
    size: tuple[int, int],
    articles: tuple[str, ...],
    how: str = "catalogue",
    progress: Progress | None = None,
) -> Source:
    """The train split of a catalogue set; items of other departments teach the category and the auxiliary heads."""
    data = open_set(name, "train")
    table = data.table(["gender", "masterCategory", "articleType"]).to_pylist()
    allowed = []
    for row in table:
        category = row["masterCategory"]
        if category and category not in ("Apparel", "Accessories"):
            category = "Other"
        allowed.append(allowed_classes(gender_category(row), category))
    return Source(
        pixels=decoded(data, size, progress=progress),
        allowed=torch.tensor(allowed),
        how=how,
        weight=_even(len(table)),
        auxiliary={
            "article": torch.from_numpy(string_codes([r["articleType"] for r in table], articles)),
            "department": torch.from_numpy(string_codes([r["gender"] for r in table], DEPARTMENTS)),
        },
    )


def article_types() -> tuple[str, ...]:
    """Article types of the catalogue's train split, sorted."""
    column = open_set("fpi", "train").table(["articleType"]).column("articleType").to_pylist()
    return tuple(sorted({a for a in column if a}))


def with_alpha(source: Source, threshold: float = 0.93) -> Source:
    """The same pictures as cut-outs: alpha by flood fill from the border, computed at a width of 60 pixels."""
    height, width = source.pixels.shape[1:3]
    small = [round(60 * height / width), 60]
    alpha = np.empty(source.pixels.shape[:3], dtype=np.uint8)
    for start in range(0, len(source), 512):
        block = torch.from_numpy(np.array(source.pixels[start : start + 512])).permute(0, 3, 1, 2).float() / 255
        cut = cut_out_alpha(F.interpolate(block, small, mode="bilinear", antialias=True), threshold)
        cut = -F.max_pool2d(-cut, 3, 1, 1)  # one pixel in: the light fringe of the photo stays behind
        soft = F.interpolate(cut, [height, width], mode="bilinear", align_corners=False)
        alpha[start : start + 512] = (soft[:, 0] * 255).to(torch.uint8).numpy()
    return replace(source, how="pasted", alpha=alpha)


def street_masks(data: ParquetSet, size: tuple[int, int]) -> np.ndarray:
    """Person masks of ccp, ``(N, h, w)`` uint8: 255 on clothes, skin and hair."""
    out = np.zeros((len(data), *size), dtype=np.uint8)
    for i, row in enumerate(data.rows(["mask"])):
        mask = row["mask"]
        with Image.open(io.BytesIO(mask["bytes"] if isinstance(mask, dict) else mask), formats=("PNG",)) as image:
            labels = np.asarray(image)
            place = placement(labels.shape[:2], size)
            person = Image.fromarray(((labels > 0) * 255).astype(np.uint8)).resize((place.width, place.height))
        out[i, place.top : place.top + place.height, place.left : place.left + place.width] = np.asarray(person)
    return out


def street(size: tuple[int, int], progress: Progress | None = None) -> Source:
    """Street photos of ccp's train split with a department, both departments drawn equally often.

    ``alpha`` is the person's mask where the publisher has one, 255 everywhere else.
    """
    pixels, alphas, labels = [], [], []
    for split in ("train", "tags"):
        data = open_set("ccp", split)
        rows = data.table(["id"]).to_pylist()
        names = [street_label(r) if split_of("ccp", r["id"]) == "train" else None for r in rows]
        keep = [i for i, n in enumerate(names) if n]
        pixels.append(np.asarray(decoded(data, size, progress=progress)[keep]))
        masks = street_masks(data, size)[keep] if split == "train" else np.full((len(keep), *size), 255, np.uint8)
        alphas.append(masks)
        labels += [str(names[i]) for i in keep]
    allowed = torch.tensor([allowed_classes(n, None) for n in labels])
    men = torch.tensor([n.startswith("Men") for n in labels])
    weight = torch.where(men, 0.5 / men.sum(), 0.5 / (~men).sum())
    departments = {"department": (~men).long()}
    return Source(np.concatenate(pixels), allowed, "street", weight, departments, np.concatenate(alphas))


def home(size: tuple[int, int], progress: Progress | None = None) -> Source:
    """Photos taken at home: the garment's name gives the category, and for a few garments the department."""
    pixels, allowed = [], []
    for split in ("train", "extra"):
        data = open_set("clothing", split)
        table = data.table(["label", "kids"]).to_pylist()
        pixels.append(np.asarray(decoded(data, size, progress=progress)))
        for row in table:
            hint = _HOME.get(str(row["label"]), "Apparel")
            certain = "/" in hint and not row["kids"]
            allowed.append(allowed_classes(hint if certain else None, hint.rpartition("/")[2]))
    return Source(np.concatenate(pixels), torch.tensor(allowed), "home", _even(len(allowed)))


def labelled(
    name: str,
    split: str,
    size: tuple[int, int],
    task: Task,
    how: str,
    *,
    columns: tuple[str, ...] | None = None,
    crop: bool = False,
) -> Source:
    """The rows of a split that have a label of the task, one certain class each.

    Args:
        name, split: the data set.
        size: height and width to decode to.
        task: whose rule labels the rows.
        how: how the pictures are drawn.
        columns: which the rule reads; the task's by default.
        crop: to the box of what stands on white first.
    """
    data = open_set(name, split)
    labels = [task.label_of(row) for row in data.table(list(columns or task.columns)).to_pylist()]
    keep = [i for i, label in enumerate(labels) if label]
    codes = torch.from_numpy(string_codes([labels[i] for i in keep], task.classes))
    pixels = decoded(data, size, crop=crop)
    return Source(
        pixels=pixels if len(keep) == len(pixels) else np.asarray(pixels[keep]),
        allowed=F.one_hot(codes, len(task.classes)).bool(),
        how=how,
        weight=_even(len(keep)),
    )


def stratified(source: Source, count: int, seed: int) -> Source:
    """So many pictures of a source, of each class (or set of allowed classes) its share, drawn by a seed.

    Shares are rounded by largest remainder, so that exactly ``count`` pictures are drawn. Those of a multi-label task
    are drawn without regard to their labels.

    Raises:
        InvalidRequest: the source has fewer.
    """
    if count > len(source):
        raise InvalidRequest(f"A subsample of {count:,} photos was asked for, and there are {len(source):,}.")
    if source.known is None:
        _, group, sizes = torch.unique(source.allowed.int(), dim=0, return_inverse=True, return_counts=True)
    else:  # hardly two pictures have the same labels: all are one group
        group, sizes = torch.zeros(len(source), dtype=torch.int64), torch.tensor([len(source)])
    # In whole numbers: floating point would round a share of exactly 3 down to 2 now and then.
    quotas, remainders = np.divmod(sizes.numpy() * count, len(source))
    quotas[np.argsort(-remainders, kind="stable")[: count - quotas.sum()]] += 1
    rng = np.random.default_rng(seed)
    parts = [rng.permutation(np.flatnonzero(group.numpy() == g))[:quota] for g, quota in enumerate(quotas)]
    index = np.sort(np.concatenate(parts))
    chosen = torch.from_numpy(index)
    weight = source.weight[chosen]
    return replace(
        source,
        pixels=np.asarray(source.pixels[index]),
        allowed=source.allowed[chosen],
        weight=weight / weight.sum(),
        auxiliary={head: labels[chosen] for head, labels in source.auxiliary.items()},
        alpha=None if source.alpha is None else source.alpha[index],
        known=None if source.known is None else source.known[chosen],
    )


def one_of(true: NDArray[np.bool_], known: NDArray[np.bool_], group: LabelGroup) -> NDArray[np.int64]:
    """Which tag of a group that excludes one another items have: its place, the group's size for a rarer value, or -1.

    Args:
        true, known: ``(N, L)``.
        group: of tags of which at most one is true.

    Returns:
        ``(N,)``; -1 where nothing is known.
    """
    of_group, told = true[:, group.start : group.stop], known[:, group.start : group.stop].any(axis=1)
    place = np.where(of_group.any(axis=1), of_group.argmax(axis=1), group.stop - group.start)
    return np.where(told, place, -1).astype(np.int64)


def tagged(name: str, splits: tuple[str, ...], size: tuple[int, int], task: Task, how: str) -> Source:
    """Rows of a multi-label task of which anything is known.

    Args:
        name: the data set.
        splits: its files; of those without a split of their own, the rows that the rule gives to the train split.
        size: height and width to decode to.
        task: whose rule says what is true and what is known.
        how: how the pictures are drawn.
    """
    assert task.targets is not None
    pixels, truths, knowns = [], [], []
    for split in splits:
        data = open_set(name, split)
        columns = [c for c in task.columns if c in data.columns]
        rows = data.table([*columns, "id"]).to_pylist()
        true, known = task.targets(rows)
        train = np.array([split == "train" or split_of(name, row["id"]) == "train" for row in rows])
        keep = np.flatnonzero(known.any(axis=1) & train)
        cached = decoded(data, size)
        pixels.append(cached if len(keep) == len(cached) else np.asarray(cached[keep]))
        truths.append(true[keep])
        knowns.append(known[keep])
    count = sum(len(part) for part in truths)
    true, known = np.concatenate(truths), np.concatenate(knowns)
    return Source(
        pixels=pixels[0] if len(pixels) == 1 else np.concatenate(pixels),
        allowed=torch.from_numpy(true),
        how=how,
        weight=_even(count),
        auxiliary={g.name: torch.from_numpy(one_of(true, known, g)) for g in task.groups if g.exclusive},
        known=torch.from_numpy(known),
    )


def extra_clothing10(size: tuple[int, int]) -> Source:
    """The ``extra`` home photos, which the official ten classes leave out, under the classes that may be right.

    A blazer is outerwear; a polo may be a T-shirt, a longsleeve or a shirt: a name that leaves it open has several
    allowed classes (partial labels, :data:`EXTRA10`).
    """
    data = open_set("clothing", "extra")
    labels = data.table(["label"]).column("label").to_pylist()
    keep = [i for i, label in enumerate(labels) if label in EXTRA10]
    allowed = torch.tensor([[c in EXTRA10[labels[i]] for c in CLOTHING10] for i in keep])
    return Source(np.asarray(decoded(data, size)[keep]), allowed, "home", _even(len(keep)))


def catalogue_clothing10(name: str, size: tuple[int, int], articles: tuple[str, ...]) -> Source:
    """A catalogue's train split for the ten garment types; types outside them teach the article head alone.

    Args:
        name: the data set.
        size: height and width to decode to.
        articles: classes of the auxiliary head ``article``.
    """
    data = open_set(name, "train")
    rows = data.table(["articleType"]).to_pylist()
    labels = [catalogue10(row) for row in rows]
    return Source(
        pixels=decoded(data, size),
        allowed=torch.tensor([[label in (None, c) for c in CLOTHING10] for label in labels]),
        how="catalogue",
        weight=_even(len(rows)),
        auxiliary={"article": torch.from_numpy(string_codes([row["articleType"] for row in rows], articles))},
    )


def backgrounds(
    street_source: Source, home_source: Source | None, count: int | None = None, seed: int = 0
) -> np.ndarray:
    """Patches without a garment: street windows with no person, and the corners of home photos, if there are any.

    Returns:
        ``(count, 128, 96, 3)`` uint8, :data:`BACKGROUNDS` of them by default.

    Raises:
        DataError: no street photo has a mask.
    """
    count = BACKGROUNDS if count is None else count
    rng = np.random.default_rng(seed)
    assert street_source.alpha is not None
    masked = [i for i in range(len(street_source)) if street_source.alpha[i].min() == 0]
    if not masked:
        raise DataError("No street photo with a mask was found: backgrounds cannot be cut.")
    height, width = street_source.pixels.shape[1:3]
    out = np.empty((count, 128, 96, 3), dtype=np.uint8)
    filled = 0
    while filled < count:
        if home_source is not None and filled % 3 == 2:  # every third from a home photo's corner
            photo = home_source.pixels[rng.integers(len(home_source))]
            h = int(photo.shape[0] * rng.uniform(0.25, 0.4))
            w = int(h * 0.75)
            y = 0 if rng.random() < 0.5 else photo.shape[0] - h
            x = 0 if rng.random() < 0.5 else photo.shape[1] - w
            patch = photo[y : y + h, x : x + w]
        else:
            i = masked[rng.integers(len(masked))]
            h = int(height * rng.uniform(0.25, 0.75))
            w = int(h * 0.75)
            if w > width:
                continue
            y, x = rng.integers(0, height - h + 1), rng.integers(0, width - w + 1)
            if (street_source.alpha[i, y : y + h, x : x + w] > 0).mean() > 0.03:
                continue
            patch = street_source.pixels[i, y : y + h, x : x + w]
        if (patch > 250).all(axis=2).mean() > 0.5:  # the white margin of a letterboxed photo is no background
            continue
        out[filled] = np.asarray(Image.fromarray(np.ascontiguousarray(patch)).resize((96, 128)))
        filled += 1
    return out
