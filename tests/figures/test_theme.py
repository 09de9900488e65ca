"""The palette: a colour for every class, told apart by everybody, visible on light and dark pages."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from skimage.color import rgb2lab

from fashionviz.data.labels import TASKS
from fashionviz.figures.theme import DARK, LIGHT, PALETTE, class_colour

#: Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
VISION = {
    "common": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


def linear(colour: str) -> np.ndarray:
    value = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def seen(colour: str, vision: np.ndarray) -> np.ndarray:
    value = np.clip(vision @ linear(colour), 0, 1)
    encoded = np.where(value <= 0.0031308, 12.92 * value, 1.055 * value ** (1 / 2.4) - 0.055)
    return rgb2lab(encoded[None, None])[0, 0]


@pytest.mark.parametrize("vision", VISION.values(), ids=VISION)
def test_colours_are_told_apart(vision: np.ndarray) -> None:
    places = {colour: seen(colour, vision) for colour in PALETTE}
    for a, b in combinations(PALETTE, 2):
        assert np.linalg.norm(places[a] - places[b]) > 15, (a, b)


@pytest.mark.parametrize("scheme", [LIGHT, DARK])
def test_bars_stand_out_from_the_page(scheme) -> None:  # type: ignore[no-untyped-def]
    ground = seen(scheme.background, np.eye(3))[0]
    assert all(abs(seen(colour, np.eye(3))[0] - ground) > 25 for colour in PALETTE)


#: A tagger's labels have the colours of their groups.
CLASSED = [task for task in TASKS.values() if not task.multilabel]


@pytest.mark.parametrize("task", CLASSED, ids=[task.name for task in CLASSED])
def test_every_class_has_a_colour_of_its_own(task) -> None:  # type: ignore[no-untyped-def]
    colours = [class_colour(label, task.classes) for label in task.classes]
    assert len(set(colours)) == min(len(colours), len(PALETTE)), "fifty cannot all differ: names stand beside them"
    assert all(a != b for a, b in pairwise(colours))
