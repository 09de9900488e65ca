"""Landmarks of hand-drawn masks whose answers are known."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from fashionviz.data.landmarks.derive import from_parts
from fashionviz.data.landmarks.kinds import LANDMARKS, Kind, Visibility
from fashionviz.data.landmarks.parts import Part, PartMap

Corners = list[tuple[float, float]]


def draw(left: Corners, size: tuple[int, int] = (200, 240), scale: float = 1.0) -> PartMap:
    """A garment whose left outline, from the top middle to the bottom middle, is mirrored to the right."""
    width = size[0]
    outline = [(x * scale, y * scale) for x, y in left]
    outline += [((width - 1) * scale - x, y) for x, y in reversed(outline)]
    picture = Image.new("L", (round(width * scale), round(size[1] * scale)))
    ImageDraw.Draw(picture).polygon(outline, fill=int(Part.GARMENT))
    return np.asarray(picture).copy()


#: Left outlines in a frame of 200 × 240 with its axis at 99.5, and where the left landmarks must be.
SHAPES: dict[str, tuple[Kind, Corners, dict[str, tuple[float, float]]]] = {
    # The neckline is a dip between (80, 30) and its mirror image; the sleeve's opening runs from (18, 80) to (42, 95).
    "t-shirt": (
        Kind.UPPER,
        [(99, 45), (80, 30), (55, 38), (18, 80), (42, 95), (56, 80), (56, 200), (99, 200)],
        {"collar": (80, 30), "sleeve": (30, 88), "hem": (56, 200)},
    ),
    "long sleeves spread": (
        Kind.UPPER,
        [(99, 42), (82, 30), (60, 36), (4, 150), (20, 158), (60, 90), (60, 200), (99, 200)],
        {"collar": (82, 30), "sleeve": (12, 154), "hem": (60, 200)},
    ),
    # The sleeve ends below the hem, so that it cannot be taken for it.
    "long sleeves hanging": (
        Kind.UPPER,
        [(99, 42), (82, 30), (52, 40), (30, 205), (47, 207), (60, 90), (60, 190), (99, 190)],
        {"collar": (82, 30), "sleeve": (39, 206), "hem": (60, 190)},
    ),
    # Straps from 70 to 80: the collar is the strap's top, the sleeve its outer end.
    "sleeveless": (
        Kind.UPPER,
        [(99, 60), (82, 50), (80, 30), (68, 30), (64, 60), (50, 80), (54, 200), (99, 200)],
        {"collar": (69, 30), "sleeve": (67, 32), "hem": (54, 200)},
    ),
    "dress": (
        Kind.FULL,
        [(99, 30), (80, 20), (54, 28), (34, 62), (52, 72), (60, 60), (68, 100), (36, 225), (99, 225)],
        {"collar": (80, 20), "sleeve": (43, 67), "waist": (68, 100), "hem": (36, 225)},
    ),
    "trousers": (
        Kind.LOWER,
        [(99, 20), (66, 20), (56, 80), (50, 220), (82, 220), (99, 90)],
        {"waist": (66, 20), "hem": (50, 220)},
    ),
    "skirt": (
        Kind.LOWER,
        [(99, 60), (70, 60), (40, 180), (99, 180)],
        {"waist": (70, 60), "hem": (40, 180)},
    ),
}


def pixels_of(parts: PartMap, kind: Kind) -> NDArray[np.float32]:
    found = from_parts(parts, kind)
    assert found, found.reason
    return found.points * np.array([parts.shape[1], parts.shape[0]], np.float32)


@pytest.mark.parametrize("name", SHAPES)
def test_each_landmark_lies_where_the_shape_was_drawn(name: str) -> None:
    kind, outline, answers = SHAPES[name]
    parts = draw(outline)
    points = pixels_of(parts, kind)
    size = from_parts(parts, kind).size
    for i, landmark in enumerate(LANDMARKS):
        side, part = landmark.split("_")
        if part not in answers:
            assert np.isnan(points[i]).all(), landmark
            continue
        x, y = answers[part]
        expected = (x if side == "left" else 199 - x, y)
        assert np.hypot(*(points[i] - expected)) < 0.04 * size, (landmark, points[i], expected)


@pytest.mark.parametrize("name", SHAPES)
def test_what_does_not_apply_has_no_place_and_the_rest_is_visible(name: str) -> None:
    kind, outline, answers = SHAPES[name]
    found = from_parts(draw(outline), kind)
    for i, landmark in enumerate(LANDMARKS):
        applies = landmark.split("_")[1] in answers
        assert found.visibility[i] == (Visibility.VISIBLE if applies else Visibility.NOT_APPLICABLE)
    assert set(found.named()) == {n for n in LANDMARKS if n.split("_")[1] in answers}


def lopsided(name: str) -> PartMap:
    """The shape with a notch in its left side, so that left and right differ."""
    kind, outline, _ = SHAPES[name]
    parts = draw(outline)
    rows = slice(100, 108) if kind is not Kind.LOWER else slice(120, 128)
    parts[rows, :66] = 0 if kind is Kind.LOWER else parts[rows, :66]
    parts[:, :] = np.roll(parts, 7, axis=1)
    return parts


@pytest.mark.parametrize("name", SHAPES)
def test_a_mirrored_mask_has_mirrored_landmarks(name: str) -> None:
    kind = SHAPES[name][0]
    parts = lopsided(name)
    points, mirrored = pixels_of(parts, kind), pixels_of(parts[:, ::-1].copy(), kind)
    swapped = mirrored.reshape(4, 2, 2)[:, ::-1].reshape(8, 2)
    swapped[:, 0] = parts.shape[1] - swapped[:, 0]
    np.testing.assert_allclose(points, swapped, atol=1.01)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("scale", [0.6, 2.0])
def test_a_scaled_mask_has_scaled_landmarks(name: str, scale: float) -> None:
    kind, outline, _ = SHAPES[name]
    once, scaled = from_parts(draw(outline), kind), from_parts(draw(outline, scale=scale), kind)
    np.testing.assert_allclose(scaled.points, once.points, atol=0.025)
    assert scaled.size == pytest.approx(scale * once.size, rel=0.03)


def _nothing(parts: PartMap) -> None:
    parts[:] = 0


def _two_pieces(parts: PartMap) -> None:
    parts[105:125] = 0


def _one_leg(parts: PartMap) -> None:
    parts[:, 100:] = 0


def _tiny(parts: PartMap) -> None:
    parts[:] = 0
    parts[10:18, 10:18] = 1


REFUSED: list[tuple[str, Callable[[PartMap], None], str]] = [
    ("t-shirt", _nothing, "no garment"),
    ("t-shirt", _tiny, "too small"),
    ("t-shirt", _two_pieces, "several parts"),
    ("t-shirt", _one_leg, ""),  # half a shirt: any reason will do, landmarks will not
]


@pytest.mark.parametrize(("name", "spoil", "words"), REFUSED)
def test_a_shape_that_is_no_garment_gets_a_reason_and_no_landmarks(
    name: str, spoil: Callable[[PartMap], None], words: str
) -> None:
    kind, outline, _ = SHAPES[name]
    parts = draw(outline)
    spoil(parts)
    found = from_parts(parts, kind)
    assert not found
    assert found.reason
    assert words in found.reason
    assert np.isnan(found.points).all()
    assert not found.visibility.any()


def test_crossed_legs_are_refused() -> None:
    parts = draw(SHAPES["trousers"][1])
    parts[120:] = 0
    parts[120:230, 90:110] = 1
    assert "hem" in from_parts(parts, Kind.LOWER).reason


def test_a_hem_cut_by_the_frame_is_outside() -> None:
    parts = draw(SHAPES["t-shirt"][1])[:150].copy()
    found = from_parts(parts, Kind.UPPER)
    assert found, found.reason
    assert found.visibility[6:].tolist() == [Visibility.OUTSIDE] * 2
    assert np.isnan(found.points[6:]).all()


def test_a_sleeve_cut_by_the_frame_is_outside() -> None:
    parts = draw(SHAPES["t-shirt"][1])[:, 30:].copy()
    found = from_parts(parts, Kind.UPPER)
    assert found, found.reason
    assert found.visibility[2:4].tolist() == [Visibility.OUTSIDE, Visibility.VISIBLE]


def test_hair_over_the_collar_occludes_it() -> None:
    parts = draw(SHAPES["t-shirt"][1])
    parts[10:60, 74:84] = Part.COVER
    found = from_parts(parts, Kind.UPPER)
    assert found.visibility[:2].tolist() == [Visibility.OCCLUDED, Visibility.VISIBLE]
    assert np.isfinite(found.points[:2]).all(axis=1).tolist() == [False, True]  # the hair's edge is not the collar


def test_a_top_that_hangs_over_the_waist_occludes_it() -> None:
    parts = draw(SHAPES["skirt"][1])
    parts[30:60, 60:140] = Part.OTHER
    found = from_parts(parts, Kind.LOWER)
    assert found.visibility[4:].tolist() == [Visibility.OCCLUDED] * 2 + [Visibility.VISIBLE] * 2


def test_a_bare_arm_ends_the_sleeve_that_lies_against_the_body() -> None:
    """Worn: the sleeve does not stick out of the silhouette, but skin comes out of it."""
    parts = draw([(99, 30), (84, 30), (45, 48), (45, 180), (99, 180)])
    parts[28:42, 87:113] = Part.SKIN  # neck
    for columns in (slice(45, 62), slice(138, 155)):
        parts[90:200, columns] = Part.SKIN
    found = from_parts(parts, Kind.UPPER)
    assert found, found.reason
    left = found.points[2] * (200, 240)
    assert np.hypot(*(left - (53, 92))) < 6


def test_hanging_sleeves_do_not_widen_the_hem() -> None:
    """Sleeves as long as the shirt, without a gap, hands below: the hem is as wide as the trousers."""
    parts = draw([(99, 30), (84, 30), (40, 46), (40, 150), (99, 150)])
    parts[28:42, 87:113] = Part.SKIN
    parts[150:240, 62:138] = Part.OTHER
    for columns in (slice(40, 58), slice(142, 160)):
        parts[150:170, columns] = Part.SKIN
    found = from_parts(parts, Kind.UPPER)
    assert found, found.reason
    x = found.points[6:, 0] * 200
    assert abs(x[0] - 62) < 5
    assert abs(x[1] - 138) < 5
