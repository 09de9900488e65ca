"""Garment, skin and hair, or background: what each pixel of a photo shows.

Street photos come with the masks of Clothing Co-Parsing, 59 labels a pixel. They are mapped so:

- *skin and hair* are the labels ``skin`` (41) and ``hair`` (19): the person.
- *background* is ``null`` (0). Passers-by are not labelled, and so are background here.
- *garment* are the other 56: everything that is worn or carried. **Shoes, bags, glasses, jewellery and watches count as
  garment**, because of what the regions are for: they say whether a classifier looked at the item or at the person who
  wears it, and the classifiers here name shoes, hats, bags and watches too. With those as background, a classifier that
  rightly looks at the shoe of a shoe photo would be said to look beside the garment. Stockings and tights count as
  garments although skin shines through them, as their publisher labelled them.

Catalogue photos have no masks. Theirs are *derived*: the silhouette on white, which is all garment where the article is
photographed without a person (shoes, bags, watches), and parted into garments, skin and hair by the procedure that also
finds landmarks (:mod:`fashionviz.data.landmarks.catalogue`) where an article is worn. Nobody annotated them, and
wherever a number or a picture shows them they are called derived.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashionviz import images
from fashionviz.data.landmarks.catalogue import part_map, silhouette
from fashionviz.data.landmarks.kinds import Kind, kind_of
from fashionviz.data.landmarks.morphology import touching
from fashionviz.data.landmarks.parts import Part, Refused
from fashionviz.data.sets import image_bytes
from fashionviz.data.street2shop import ARTICLES
from fashionviz.errors import DataError

#: In the order of the logits.
REGIONS = ("background", "garment", "skin and hair")
BACKGROUND, GARMENT, PERSON = range(3)
#: Of a pixel about which nothing is known.
UNKNOWN = 255

#: Words that must stand beside what is measured on derived masks.
DERIVED_NOTE = (
    "The masks are derived from silhouettes on white by a rule; nobody annotated them. Photos that the rule refuses "
    "are skipped."
)
#: The columns that masks are read from or derived by.
COLUMNS = ("mask", "articleType")

#: Of Clothing Co-Parsing.
LABELS = 59
_HAIR, _SKIN = 19, 41
_STREET = np.full(256, UNKNOWN, np.uint8)
_STREET[:LABELS] = GARMENT
_STREET[0] = BACKGROUND
_STREET[[_HAIR, _SKIN]] = PERSON

_PARTS = np.full(256, UNKNOWN, np.uint8)
_PARTS[[Part.GROUND, Part.GARMENT, Part.OTHER]] = BACKGROUND, GARMENT, GARMENT
_PARTS[[Part.SKIN, Part.COVER]] = PERSON

#: Articles that the catalogue shows without a person.
ALONE = frozenset((*ARTICLES["footwear"], *ARTICLES["bags"], "Watches", "Wallets"))

Regions = NDArray[np.uint8]


def street_regions(mask: NDArray[np.uint8]) -> Regions:
    """The regions of a mask of Clothing Co-Parsing.

    Args:
        mask: ``(H, W)`` numbers of the publisher's 59 labels.

    Returns:
        ``(H, W)`` uint8, places in :data:`REGIONS`.

    Raises:
        DataError: a number is none of the 59.
    """
    regions = _STREET[mask]
    if (regions == UNKNOWN).any():
        raise DataError(f"The mask holds the number {int(mask.max())}; the labels are 0 to {LABELS - 1}.")
    return regions


def catalogue_regions(pixels: NDArray[np.uint8], article: str | None) -> Regions:
    """Derived regions of a catalogue photo on white.

    Args:
        pixels: ``(H, W, 3)`` uint8.
        article: its article type.

    Returns:
        ``(H, W)`` uint8, places in :data:`REGIONS`; white that is enclosed may be a stripe of the garment or ground
        between arm and body, and so is :data:`UNKNOWN`.

    Raises:
        Refused: the ground is not white, the rule cannot tell the parts apart, or it has none for such an article.
    """
    if article in ALONE:
        return silhouette(pixels).astype(np.uint8) * np.uint8(GARMENT)
    kind = kind_of(article)
    if kind is Kind.NONE:
        raise Refused("no rule for such an article")
    regions = _PARTS[part_map(pixels, kind)]
    ground = regions == BACKGROUND
    border = np.zeros_like(ground)
    border[[0, -1]] = border[:, [0, -1]] = True
    regions[ground & ~touching(ground, border & ground)] = UNKNOWN
    return regions


def photo_with_regions(row: Mapping[str, Any]) -> tuple[NDArray[np.uint8], Regions]:
    """A row's photo ``(H, W, 3)`` and its regions ``(H, W)``, both uint8.

    Args:
        row: with ``image`` and either ``mask`` (numbers of the 59 labels as PNG) or ``articleType``.

    Raises:
        ImageError: the photo cannot be read.
        DataError: the mask cannot be read or does not fit the photo.
        Refused: no mask, and none can be derived.
    """
    pixels = images.decode(image_bytes(row)).pixels
    if "mask" not in row:
        return pixels, catalogue_regions(pixels, row.get("articleType"))
    encoded = image_bytes({"image": row["mask"]})
    if not encoded:
        raise Refused("no mask")
    try:
        with Image.open(io.BytesIO(encoded), formats=("PNG",)) as picture:
            mask = np.asarray(picture)
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError("The mask is not a readable PNG picture.") from error
    if mask.dtype != np.uint8 or mask.shape != pixels.shape[:2]:
        raise DataError("The mask is no picture of one channel of the photo's size.")
    return pixels, street_regions(mask)
