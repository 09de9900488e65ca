"""A person cut away from a drawn catalogue photo, and photos that are refused."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from fashionviz.data.landmarks.catalogue import part_map
from fashionviz.data.landmarks.colours import Clusters
from fashionviz.data.landmarks.derive import from_photo, normalised_error
from fashionviz.data.landmarks.kinds import Kind, Visibility
from fashionviz.data.landmarks.parts import Part, Refused
from fashionviz.errors import InvalidRequest

SKIN, HAIR, SHIRT, JEANS = (224, 172, 138), (30, 24, 22), (40, 120, 80), (52, 66, 110)
Pixels = NDArray[np.uint8]


def person(
    shirt: tuple[int, int, int] = SHIRT,
    jeans: tuple[int, int, int] = JEANS,
    ground: tuple[int, int, int] = (255, 255, 255),
) -> Pixels:
    """A person of 168 × 224 pixels: short sleeves to row 92, bare arms, the shirt's hem at row 160 from 56 to 112."""
    picture = Image.new("RGB", (168, 224), ground)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((52, 150, 116, 223), fill=jeans)
    for x in (34, 118):
        pen.rectangle((x, 84, x + 16, 172), fill=SKIN)
    pen.polygon([(76, 48), (54, 54), (32, 92), (52, 92), (56, 84), (56, 160), (112, 160), (112, 84), (116, 92),
                 (136, 92), (114, 54), (92, 48), (84, 58)], fill=shirt)  # fmt: skip
    pen.rectangle((77, 36, 91, 50), fill=SKIN)
    pen.ellipse((70, 6, 98, 44), fill=HAIR)
    pen.ellipse((73, 14, 95, 44), fill=SKIN)
    grain = np.random.default_rng(0).normal(0, 3, (224, 168, 1))
    pixels = np.asarray(picture).astype(float) + grain * (np.asarray(picture).min(2, keepdims=True) < 250)
    return pixels.clip(0, 255).astype(np.uint8)


def test_skin_hair_and_trousers_are_cut_away() -> None:
    parts = part_map(person(), Kind.UPPER)
    assert parts[110, 84] == Part.GARMENT
    assert parts[28, 84] == Part.SKIN
    assert parts[8, 84] == Part.COVER
    assert parts[140, 42] == Part.SKIN  # the bare arm
    assert parts[200, 84] == Part.OTHER
    assert parts[30, 10] == Part.GROUND


def test_landmarks_of_a_worn_shirt() -> None:
    found = from_photo(person(), Kind.UPPER)
    assert found, found.reason
    expected = np.array([(76, 48), (92, 48), (42, 94), (126, 94), (np.nan,) * 2, (np.nan,) * 2, (56, 160), (112, 160)])
    error = normalised_error(expected / (168, 224), found, (224, 168))
    assert np.nanmax(error) < 0.06
    assert np.isnan(error).tolist() == [False] * 4 + [True] * 2 + [False] * 2


def test_a_small_photo_is_measured_enlarged() -> None:
    small = np.asarray(Image.fromarray(person()).resize((60, 80), Image.Resampling.LANCZOS))
    large, found = from_photo(person(), Kind.UPPER), from_photo(small, Kind.UPPER)
    assert found, found.reason
    assert found.size == pytest.approx(large.size * 80 / 224, rel=0.06)
    assert np.nanmax(normalised_error(large.points, found, (80, 60))) < 0.08


def test_a_print_in_the_colours_of_skin_stays_garment() -> None:
    pixels = person()
    pixels[100:125, 72:96] = (228, 160, 120)
    assert (part_map(pixels, Kind.UPPER)[104:121, 76:92] == Part.GARMENT).all()


def test_trousers_of_a_person_cut_at_the_chest() -> None:
    picture = Image.new("RGB", (168, 224), "white")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((52, 0, 116, 40), fill=(200, 40, 60))
    pen.polygon([(54, 36), (114, 36), (120, 90), (116, 200), (92, 200), (84, 90), (76, 200), (52, 200), (48, 90)],
                fill=JEANS)  # fmt: skip
    for x in (50, 92):
        pen.rectangle((x, 201, x + 26, 214), fill=(120, 70, 30))
    found = from_photo(np.asarray(picture), Kind.LOWER)
    assert found, found.reason
    points = found.points * (168, 224)
    assert np.hypot(*(points[4] - (52, 41))) < 8
    assert np.hypot(*(points[6] - (52, 200))) < 8
    assert found.visibility[4:].tolist() == [Visibility.OCCLUDED] * 2 + [Visibility.VISIBLE] * 2


def _two(pixels: Pixels) -> Pixels:
    half = np.asarray(Image.fromarray(pixels).resize((84, 112)))
    both = np.full_like(pixels, 255)
    both[60:172, :84], both[60:172, 84:] = half, half
    return both


REFUSED = [
    (np.full((224, 168, 3), 255, np.uint8), "nothing"),
    (person(ground=(150, 160, 150)), "ground is not white"),
    (person(shirt=SKIN), "colour of skin"),
    (person(jeans=SHIRT), "worn below"),
    (_two(person()), ""),
]


@pytest.mark.parametrize(("pixels", "words"), REFUSED, ids=["empty", "grey ground", "beige", "same colour", "two"])
def test_what_cannot_be_separated_is_refused_with_the_reason(pixels: Pixels, words: str) -> None:
    found = from_photo(pixels, Kind.UPPER)
    assert not found
    assert words in found.reason
    assert found.reason
    with pytest.raises(Refused):
        part_map(pixels, Kind.UPPER)


def test_a_folded_shirt_is_refused() -> None:
    pixels = np.full((224, 168, 3), 255, np.uint8)
    pixels[30:200, 20:150] = SHIRT
    assert "folded" in from_photo(pixels, Kind.UPPER).reason


def test_a_better_map_replaces_the_colours_of_skin() -> None:
    """With a network's map a beige shirt is no longer taken for skin."""
    pixels = person(shirt=(225, 180, 150))
    assert "skin" in from_photo(pixels, Kind.UPPER).reason
    people = part_map(person(), Kind.UPPER)
    people[people == Part.OTHER] = Part.GARMENT  # the network does not tell garments apart
    found = from_photo(pixels, Kind.UPPER, people)
    assert found, found.reason
    assert np.nanmax(normalised_error(from_photo(person(), Kind.UPPER).points, found, (224, 168))) < 0.06


def test_wrong_arrays_are_named() -> None:
    with pytest.raises(InvalidRequest, match="RGB"):
        from_photo(np.zeros((20, 20), np.uint8), Kind.UPPER)
    with pytest.raises(InvalidRequest, match="map"):
        from_photo(person(), Kind.UPPER, np.zeros((10, 10), np.uint8))
    assert from_photo(person(), Kind.NONE).reason == "no landmark applies"


def test_a_part_that_cannot_be_sampled_is_a_refusal() -> None:
    with pytest.raises(Refused, match="does not show"):
        Clusters(np.empty((0, 3), np.float32), 4)
