"""Which pixels of a catalogue photo are the garment: the silhouette on white, with the person cut away by colour.

Most photos of the catalogue show a person in a studio: the head at the top of an upper garment's photo, other garments
below; the waist of a person at the top of a trouser photo, shoes below. The rule finds the face by the range of skin,
samples the colours of skin, hair, garment and what is worn below or above where they must be, and gives each pixel of
the silhouette to the colours that it fits best, with what is possible where (no garment above the chin).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashionviz.data.landmarks.colours import Clusters, Features, features, looks_like_skin
from fashionviz.data.landmarks.kinds import Kind
from fashionviz.data.landmarks.morphology import (
    Mask,
    box_sum,
    components,
    dilate,
    erode,
    filled,
    largest,
    opened,
    touching,
    without_small,
)
from fashionviz.data.landmarks.parts import Part, PartMap, Refused
from fashionviz.models.silhouette import GROUND

#: Log-likelihood that any colour gets as a garment: it may have colours that were not sampled (sleeves, a lining).
_ANY_COLOUR = -15.5
#: Pixels at the silhouette's edge that are mixed with the ground, after enlarging too.
_RIM = 2
#: Darkest channel from which a pixel is so light that the ground may have eaten its neighbours.
_PALE = 222
#: Least difference of colour, in units of ``colours.features``, between a garment and what is worn next to it.
_EDGE = 9.0


@dataclass(frozen=True)
class Face:
    """A face, in pixels.

    Attributes:
        x: middle.
        top: first row of skin.
        chin: estimated row of the chin.
        width: of the skin between the cheeks.
    """

    x: float
    top: int
    chin: int
    width: int


def silhouette(pixels: NDArray[np.uint8]) -> Mask:
    """What stands on white in ``(H, W, 3)``: all that near-white connected to the border does not reach.

    Raises:
        Refused: the ground is not white, there is nothing, or there are several things.
    """
    light = pixels.min(axis=2) >= GROUND * 255
    height = len(light)
    border = np.zeros_like(light)
    border[0], border[:, 0], border[:, -1] = True, True, True
    sides = np.concatenate([light[: height // 2, 0], light[: height // 2, -1]])
    if sides.mean() < 0.93:
        raise Refused("the ground is not white")
    border[-1] = True
    ground = touching(light, border & light)
    figure = opened(~ground, 1)
    parts, areas = components(figure)
    if not len(areas) or areas[0] < 0.03 * light.size:
        raise Refused("nothing large enough stands on the ground")
    if len(areas) > 1 and areas[1] > 0.15 * areas[0]:
        raise Refused("several things stand apart")
    return without_small(parts > 0, 0.02 * areas[0])


def without_gaps(pixels: NDArray[np.uint8], figure: Mask) -> Mask:
    """Cut ground that the figure encloses (between an arm and the body) out of it, unless the garment is white."""
    pure = (pixels.min(axis=2) >= 250) & figure
    if pure.sum() > 0.12 * figure.sum():
        return figure
    parts, areas = components(pure)
    return figure & ~np.concatenate([[False], areas >= 0.0015 * figure.size])[parts]


def find_face(pixels: NDArray[np.uint8], figure: Mask, person: Mask | None = None) -> Face | None:
    """The face of a person: skin in the narrow top of the silhouette; ``None`` where there is none.

    Args:
        pixels: ``(H, W, 3)`` uint8.
        figure: ``(H, W)``, what stands on the ground.
        person: ``(H, W)``, skin and hair where they are known.

    Raises:
        Refused: there is more than one.
    """
    height, width = figure.shape
    skin = opened(looks_like_skin(pixels) & (figure if person is None else person), 1)
    parts, areas = components(skin)
    rows = np.flatnonzero(figure.any(1))
    columns = np.flatnonzero(figure.any(0))
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    found: list[Face] = []
    widest = int(figure.sum(1).max())
    for number, area in enumerate(areas[:6], 1):
        if area < 0.002 * figure.size:
            break
        part = parts == number
        ys = np.flatnonzero(part.any(1))
        first = int(ys[0])
        if first > top + 0.3 * (bottom - top):
            continue
        band = part[first : first + max(4, round(0.12 * height))]
        here = band.any(1)
        wide = int(np.percentile(band.sum(1)[here], 70))  # not the median: a fringe makes the forehead narrow
        x = float(np.nonzero(band)[1].mean())
        own = figure[first : first + len(band)].sum(1)
        if not 0.035 * width <= wide <= 0.3 * width or np.median(own) > 0.62 * widest:
            continue
        if not columns[0] + 0.15 * len(columns) <= x <= columns[-1] - 0.15 * len(columns):
            continue
        found.append(Face(x, first, round(first + 1.25 * wide), wide))
    if not found:
        return None
    best = min(found, key=lambda face: face.top)
    if any(abs(f.x - best.x) > 2 * best.width and f.top < best.chin for f in found):
        raise Refused("several people")
    return best


def part_map(pixels: NDArray[np.uint8], kind: Kind, people: PartMap | None = None) -> PartMap:
    """Garment, skin, hair and other garments of a catalogue photo.

    Args:
        pixels: ``(H, W, 3)`` uint8, one garment of this kind on near-white ground, worn or not.
        kind: not ``NONE``.
        people: ``(H, W)`` of :class:`Part` from a better source, such as a segmentation network that tells garments
            (``GARMENT``), skin and hair (``SKIN`` or ``COVER``) and ``GROUND`` apart. It replaces the silhouette and
            the range of skin; garments worn together are still told apart by colour.

    Raises:
        Refused: the garment cannot be separated from the rest.
    """
    if people is None:
        figure = without_gaps(pixels, silhouette(pixels))
        skin = looks_like_skin(pixels) & figure
    else:
        figure = people != Part.GROUND
        skin = (people == Part.SKIN) | (people == Part.COVER)
        if figure.sum() < 0.03 * figure.size:
            raise Refused("nothing large enough stands on the ground")
    face = find_face(pixels, figure, None if people is None else skin)
    share = skin.sum() / figure.sum()
    known = None if people is None else skin
    if kind is Kind.LOWER:
        worn = face is not None or figure[0].mean() > 0.08 or 0.015 < share < 0.6
        labels = _lower(pixels, figure, skin, face, known) if worn else figure.astype(np.uint8)
    elif face is not None:
        labels = _below_face(pixels, figure, skin, face, known)
    else:
        if share > 0.05 or (known is not None and known.any()):
            raise Refused("skin colours without a face")
        rows, columns = figure.any(1).sum(), figure.any(0).sum()
        if figure.sum() > 0.86 * rows * columns:
            raise Refused("the garment is folded to a rectangle")
        labels = figure.astype(np.uint8)
    garment = labels == Part.GARMENT
    labels[garment] = Part.GROUND
    kept = largest(opened(garment, (3 if kind is Kind.LOWER else 1) if len(figure) > 140 else 1))
    if kept.sum() < 0.02 * kept.size:
        raise Refused("the garment is too small")
    if people is None and (pixels.min(axis=2)[kept] >= _PALE).mean() > 0.3:
        raise Refused("the garment is nearly as white as the ground")
    if face is not None and kind is not Kind.LOWER and kept[-1].sum() > 0.03 * kept.shape[1]:
        raise Refused("what is worn below has the garment's colours, or the garment's end is outside")
    kept = filled(kept, 0.01 * kept.sum())
    labels[kept] = Part.GARMENT
    _check_edges(pixels, labels, kind)
    return labels


def _decide(scores: dict[Part, Features], figure: Mask, known: Mask | None) -> PartMap:
    """The part with the best score around each pixel of the figure.

    The rim of the figure is mixed with the ground and has colours of neither, so it is judged by what lies inside it.
    Where skin and hair are known, garments are looked for elsewhere only.
    """
    names = list(scores)
    inner = erode(figure, _RIM).astype(np.float64)
    whole = figure.astype(np.float64)
    side = 2 * _RIM + 1
    inside = box_sum(inner, side)
    found = []
    for name in names:
        score = np.clip(scores[name], -60, 0)
        near, all_ = (box_sum(score * weight, side) for weight in (inner, whole))
        mean = np.where(inside > 0.5, near / np.maximum(inside, 1), all_ / np.maximum(box_sum(whole, side), 1))
        if known is not None:
            mean = mean - 60.0 * (known == (name in (Part.GARMENT, Part.OTHER)))
        found.append(mean)
    labels = np.array(names, np.uint8)[np.stack(found, axis=-1).argmax(-1)]
    labels[~figure] = Part.GROUND
    return labels


def _check_edges(pixels: NDArray[np.uint8], labels: PartMap, kind: Kind) -> None:
    """Refuse a border between garments that the photo does not show: it was drawn by where things usually are."""
    pool = features(pixels)
    d = max(2, round(0.015 * len(labels)))
    for upwards in (False, True):
        if upwards and kind is not Kind.LOWER:
            continue
        map_, colour = (labels[::-1], pool[::-1]) if upwards else (labels, pool)
        edge = (map_[d:-d] == Part.GARMENT) & (map_[d + 1 : len(map_) - d + 1] == Part.OTHER)
        y, x = np.nonzero(edge)
        if len(y) < 6:
            continue
        gap = np.linalg.norm(colour[y, x] - colour[y + 2 * d, x], axis=1)
        if np.median(gap) < _EDGE:
            raise Refused("no edge shows between the garment and what is worn next to it")


def _shade(pixels: NDArray[np.uint8]) -> Mask:
    """Light pixels without a colour, as a shadow on white is."""
    low, high = pixels.min(axis=2), pixels.max(axis=2)
    return (low > 185) & (low < GROUND * 255) & (high.astype(np.int16) - low < 14)


def _below_face(pixels: NDArray[np.uint8], figure: Mask, skin: Mask, face: Face, known: Mask | None) -> PartMap:
    """Parts of a person that wears an upper or a full garment."""
    height, width = figure.shape
    pool = features(pixels)
    y, x = np.mgrid[:height, :width]
    rows = np.flatnonzero(figure.any(1))
    bottom = int(rows[-1]) + 1
    length = bottom - face.chin
    if length < 0.3 * height:
        raise Refused("the face is too low for a garment below it")
    body_x = float(np.median(x[figure & (y > face.chin + 0.3 * length)]))
    torso = figure & (y > face.chin + 0.22 * length) & (y < face.chin + 0.5 * length) & (abs(x - body_x) < face.width)
    in_face = skin & (y >= face.top) & (y < face.chin) & (abs(x - face.x) < 0.7 * face.width)
    hair_at = figure & ~skin & (y < face.top + 0.3 * face.width)
    if in_face.sum() < 12 or torso.sum() < 30:
        raise Refused("no face or body to sample")
    skin_model = Clusters(pool[in_face], 3)
    like_face = (skin_model.fit(pool) > -17) & looks_like_skin(pixels) & figure
    if known is not None:
        like_face = known
    if (like_face & torso).sum() > 0.4 * torso.sum():
        raise Refused("the garment has the colour of skin")
    garment_model = Clusters(pool[torso & ~like_face], 5)
    if known is None and _shade(pixels)[figure].mean() > 0.12 and _shade(pixels)[torso].mean() < 0.25:
        raise Refused("a shadow lies on the ground")
    sampled = pool[torso & ~like_face]
    if known is None and (skin_model.fit(sampled) > garment_model.fit(sampled) - 4).mean() > 0.25:
        raise Refused("the garment has the colour of skin")
    below_at = figure & (y >= bottom - max(3, round(0.035 * height))) & (abs(x - body_x) < 1.6 * face.width)
    below_model = Clusters(pool[below_at], 4)
    if (garment_model.fit(pool[below_at]) > below_model.fit(pool[below_at]) - 1.2).mean() > 0.45:
        raise Refused("what is worn below has the garment's colours, or the garment's end is outside")
    if (
        hair_at.sum() >= 8
        and np.median(pixels[hair_at].mean(-1)) > 100
        and (garment_model.fit(pool[hair_at]) > -14).mean() > 0.6
    ):
        raise Refused("a hood is over the head")
    scores: dict[Part, Features] = {}
    depth = (y - face.chin) / max(1, length)
    scores[Part.GARMENT] = np.maximum(garment_model.fit(pool), _ANY_COLOUR) - 60.0 * (y < face.chin - 0.1 * face.width)
    scores[Part.SKIN] = np.where(
        looks_like_skin(pixels) | dilate(like_face, 1), skin_model.fit(pool) + 0.5, skin_model.fit(pool) - 6
    )
    scores[Part.OTHER] = below_model.fit(pool) - 14.0 * np.clip(0.55 - depth, 0, 1) - 60.0 * (depth < 0.3)
    if hair_at.sum() >= 8:
        hair_model = Clusters(pool[hair_at], 2)
        reach = abs(x - face.x) / face.width
        scores[Part.COVER] = hair_model.fit(pool) - 10 * np.clip(reach - 1.3, 0, 3) - 14 * np.clip(depth - 0.2, 0, 1)
    labels = _decide(scores, figure, known)
    hair = labels == Part.COVER
    labels[hair & ~touching(hair, hair_at)] = Part.GARMENT
    other = labels == Part.OTHER
    labels[other & ~touching(other, below_at)] = Part.GARMENT
    bare = labels == Part.SKIN  # a print in the colours of skin touches neither the ground nor the face
    labels[bare & ~touching(bare, dilate(~figure, max(2, round(0.015 * height))) | in_face)] = Part.GARMENT
    labels[(labels == Part.GARMENT) & (y < face.chin - 0.1 * face.width)] = Part.COVER
    # The rim of long hair is mixed with the ground and looks like anything: beside the neck only what is thick counts.
    garment = labels == Part.GARMENT
    thin = garment & ~opened(garment, max(2, round(0.015 * height))) & (y < face.chin + 0.8 * face.width)
    labels[thin & dilate(labels == Part.COVER, max(2, round(0.02 * height)))] = Part.COVER
    return labels


def _lower(pixels: NDArray[np.uint8], figure: Mask, skin: Mask, face: Face | None, known: Mask | None) -> PartMap:
    """Parts of a person that wears a lower garment."""
    height = len(figure)
    pool = features(pixels)
    y = np.arange(height)[:, None]
    rows = np.flatnonzero(figure.any(1))
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    if face is not None:
        top = min(face.chin + face.width, bottom - 10)
    length = bottom - top
    from_top = (y - top) / length
    middle = figure & ~skin & (from_top > 0.2) & (from_top < (0.42 if face is None else 0.6))
    above_at = figure & (from_top >= 0) & (from_top < (0.035 if face is None else 0.15))
    feet_at = figure & (from_top > 0.97)
    if middle.sum() < 30 or above_at.sum() < 8 or feet_at.sum() < 4:
        raise Refused("no body to sample")
    garment_model = Clusters(pool[middle], 4)
    above_model, feet_model = Clusters(pool[above_at], 4), Clusters(pool[feet_at], 3)
    for model, where, words in (
        (above_model, above_at, "what is worn above has the garment's colours"),
        (feet_model, feet_at, "the shoes have the garment's colours"),
    ):
        if (garment_model.fit(pool[where]) > model.fit(pool[where]) - 1.2).mean() > 0.5:
            raise Refused(words)
    scores: dict[Part, Features] = {}
    scores[Part.GARMENT] = np.maximum(garment_model.fit(pool), _ANY_COLOUR - 1)
    above = above_model.fit(pool) - 20 * np.clip(from_top - 0.2, 0, 1)
    feet = feet_model.fit(pool) - 20 * np.clip(0.88 - from_top, 0, 1)
    scores[Part.OTHER] = np.maximum(above, feet)
    bare = figure & skin
    if bare.sum() > 0.005 * figure.size:
        skin_model = Clusters(pool[bare], 3)
        scores[Part.SKIN] = np.where(looks_like_skin(pixels), skin_model.fit(pool), skin_model.fit(pool) - 6)
    labels = _decide(scores, figure, known)
    labels[(labels == Part.GARMENT) & (y < top)] = Part.OTHER
    other = labels == Part.OTHER
    labels[other & ~touching(other, above_at | feet_at)] = Part.GARMENT
    return labels
