"""Example pictures of outfits worn in a drawn street."""

from __future__ import annotations

import numpy as np

from fashionviz.data.drawing import (
    WIDTH,
    Colour,
    Point,
    Table,
    area,
    blur,
    ellipse,
    grain,
    grid,
    mix,
    rgb,
    stroke,
)
from fashionviz.data.garments import COLOURS, INK, LEATHERS, WHITE, C, drawer, pick

SKINS = ("#f0c9a8", "#d9a27a", "#a8714a", "#7a4b30", "#5a3825")
HAIRS = ("#2a1d17", "#5a3a22", "#8a5a2c", "#1b1a1d", "#6e6a66")
WALLS = ("#c9b6a1", "#a9b3b8", "#b98f76", "#8f9a8c", "#d3c8b6")


def _street(table: Table) -> None:
    """Sky, three houses with windows and shops, a pavement; out of focus, as behind a portrait."""
    chance = table.chance
    y, x = grid()
    sky = np.stack([0.80 + y / 2600, 0.87 + y / 3600, 0.93 + y / 6000], axis=2)
    table.pixels = np.clip(sky, 0, 1)
    left = -20.0
    while left < WIDTH:
        wide, top = chance.uniform(90, 150), chance.uniform(-40, 70)
        wall = rgb(chance.choice(WALLS))
        box: list[Point] = [(left, top, 1), (left + wide, top, 1), (left + wide, 352, 1), (left, 352, 1)]
        table.paint(area(box), wall)
        table.paint(area([(left, top, 1), (left + 7, top, 1), (left + 7, 352, 1), (left, 352, 1)]), INK, 0.25)
        for row in range(4):
            for column in range(int(wide // 34)):
                wx, wy = left + 14 + column * 34, top + 26 + row * 62
                if wy < 230:
                    pane = area([(wx, wy, 1), (wx + 18, wy, 1), (wx + 18, wy + 36, 1), (wx, wy + 36, 1)])
                    glass = mix(rgb("#4d5d6b"), rgb("#f2d9a0"), chance.choice((0.0, 0.1, 0.25, 0.8)))
                    table.paint(pane, glass)
        awning = pick(table, COLOURS)
        sill: list[Point] = [
            (left + 8, 276, 1),
            (left + wide - 4, 276, 1),
            (left + wide - 4, 352, 1),
            (left + 8, 352, 1),
        ]
        table.paint(area(sill), rgb("#3b3f45"))
        table.paint(
            area([(left + 4, 258, 1), (left + wide, 258, 1), (left + wide + 4, 282, 1), (left, 282, 1)]), awning
        )
        left += wide
    ground = y >= 348
    paving = np.stack([0.62 + (y - 348) / 900] * 3, axis=2) * np.array([1.0, 0.98, 0.95])
    reach = np.maximum(y - 300, 1)
    joints = (((x - C) / reach * 110 + 1000) % 46 < 2.2) | ((6000 / reach) % 9 < 0.5)
    paving *= np.where(joints, 0.88, 1.0)[..., None]
    table.pixels = np.where(ground[..., None], paving, table.pixels)
    soft = [blur(table.pixels[..., c], 4) for c in range(3)]
    table.pixels = np.clip(np.stack(soft, axis=2) + grain(chance.randrange(999))[..., None] * 0.012, 0, 1)


def _person(table: Table) -> tuple[Colour, Colour]:
    """A shadow on the ground; skin and hair by chance."""
    table.paint(blur(area(ellipse(C + 14, 456, 74, 9)), 6), (0.1, 0.1, 0.12), 0.55)
    return rgb(table.chance.choice(SKINS)), rgb(table.chance.choice(HAIRS))


def _head(table: Table, skin: Colour, hair: Colour, *, long: bool) -> None:
    if long:
        back = area(
            [
                (C, 30),
                (C + 28, 42),
                (C + 32, 80),
                (C + 34, 126),
                (C + 12, 134),
                (C - 12, 134),
                (C - 34, 126),
                (C - 32, 80),
                (C - 28, 42),
            ]
        )
        table.cloth(back, hair, volume=6)
    table.cloth(
        area([(C - 10, 92, 1), (C + 10, 92, 1), (C + 15, 132, 1), (C - 15, 132, 1)]), mix(skin, INK, 0.12), volume=4
    )
    table.cloth(area(ellipse(C, 72, 21, 28)), skin, volume=7, edge=0.2)
    top = area(
        [
            (C - 23, 72),
            (C - 25, 50),
            (C - 10, 33),
            (C + 10, 33),
            (C + 25, 50),
            (C + 23, 72),
            (C + 16, 56),
            (C + 2, 49),
            (C - 14, 56),
        ]
    )
    table.cloth(top, hair, volume=5)
    for side in (1, -1):
        table.paint(stroke([(C + side * 5, 69), (C + side * 12, 69)], 1.8), mix(hair, INK, 0.5), 0.8)
    table.paint(stroke([(C - 5, 86), (C, 87.5), (C + 5, 86)], 1.8), rgb("#9c4a48"), 0.8)
    table.paint(stroke([(C + 1, 71), (C + 3, 79)], 1.2), mix(skin, INK, 0.35), 0.6)


def _limb(table: Table, points: list[Point], width: float, colour: Colour) -> None:
    mask = stroke(points, width)
    table.cloth(mask, colour, volume=5, edge=0.25)


@drawer("street dress")
def street_dress(table: Table) -> None:
    """Someone in a summer dress with a bag."""
    chance = table.chance
    _street(table)
    skin, hair = _person(table)
    colour = rgb(chance.choice(("#c2433f", "#e0b04a", "#3f6fa0", "#4f8a6d", "#b05a8a", "#f0ece2")))
    pattern = chance.choice(("dots", "plain", "stripes"))
    shoe = pick(table, LEATHERS)
    for side in (1, -1):
        _limb(table, [(C + side * 14, 330), (C + side * 14, 390), (C + side * 13, 446)], 17, skin)
        table.cloth(area(ellipse(C + side * 16, 452, 13, 8)), shoe, volume=4, gloss=0.4)
        _limb(table, [(C + side * 39, 142), (C + side * 52, 200), (C + side * 48, 262)], 14, skin)
    body = area(
        [
            (C - 18, 118, 1),
            (C, 140),
            (C + 18, 118, 1),
            (C + 40, 128, 1),
            (C + 38, 170),
            (C + 29, 206),
            (C + 46, 260),
            (C + 66, 356, 1),
            (C, 366),
            (C - 66, 356, 1),
            (C - 46, 260),
            (C - 29, 206),
            (C - 38, 170),
            (C - 40, 128, 1),
        ]
    )
    ridges = table.folds([[(C + k * 10, 216), (C + k * 15, 290), (C + k * 20, 358)] for k in (-2, -1, 0, 1, 2)], 9)
    table.shadow(body, 4, 4, 5, 0.25)
    table.cloth(body, colour, pattern=pattern, second=WHITE if sum(colour) < 2.6 else rgb("#2f4a6b"), height=ridges)
    table.cloth(
        area([(C - 30, 200, 1), (C + 30, 200, 1), (C + 30, 210, 1), (C - 30, 210, 1)]), mix(colour, INK, 0.5), volume=2
    )
    _head(table, skin, hair, long=True)
    bag = area([(C + 34, 270, 1), (C + 70, 270, 1), (C + 74, 312), (C + 32, 312)])
    table.paint(stroke([(C + 40, 272), (C + 48, 250), (C + 58, 252), (C + 64, 272)], 3), mix(shoe, INK, 0.3))
    table.cloth(bag, shoe, volume=5, gloss=0.3)


@drawer("street suit")
def street_suit(table: Table) -> None:
    """Someone in a jacket, a shirt and trousers."""
    chance = table.chance
    _street(table)
    skin, hair = _person(table)
    colour = rgb(chance.choice(("#2c3a52", "#4a4f58", "#5b4a3a", "#33463c", "#7d8a94")))
    pattern = chance.choice(("plain", "checks", "pinstripes"))
    second = mix(colour, WHITE, 0.35)
    legs = mix(colour, INK, 0.25) if chance.random() < 0.6 else rgb("#b8a583")
    for side in (1, -1):
        table.cloth(area(ellipse(C + side * 19, 453, 15, 8)), rgb("#3a251b"), volume=4, gloss=0.5)
        leg = area(
            [
                (C, 262, 1),
                (C + side * 36, 262, 1),
                (C + side * 36, 350),
                (C + side * 31, 450, 1),
                (C + side * 8, 450, 1),
                (C + side * 4, 350),
            ]
        )
        table.cloth(leg, legs, height=table.folds([[(C + side * 20, 290), (C + side * 20, 440)]], 5, 3), volume=6)
    body = area(
        [
            (C - 20, 116, 1),
            (C + 20, 116, 1),
            (C + 50, 128),
            (C + 48, 200),
            (C + 44, 240),
            (C + 48, 296, 1),
            (C, 302),
            (C - 48, 296, 1),
            (C - 44, 240),
            (C - 48, 200),
            (C - 50, 128),
        ]
    )
    table.shadow(body, 4, 4, 5, 0.25)
    ridges = table.folds([[(C + 40, 180), (C + 22, 214), (C + 20, 250)], [(C - 40, 180), (C - 22, 214), (C - 20, 260)]])
    table.cloth(body, colour, pattern=pattern, second=second, height=ridges)
    for side in (1, -1):
        sleeve = area(
            [
                (C + side * 40, 124),
                (C + side * 56, 138),
                (C + side * 66, 210),
                (C + side * 62, 284, 1),
                (C + side * 45, 284, 1),
                (C + side * 45, 214),
            ]
        )
        table.cloth(area(ellipse(C + side * 53, 294, 8, 12)), skin, volume=4)
        table.cloth(sleeve, colour, pattern=pattern, second=second, volume=6)
    _head(table, skin, hair, long=False)
    table.cloth(area([(C - 20, 116, 1), (C, 128), (C + 20, 116, 1), (C + 4, 216, 1), (C - 4, 216, 1)]), WHITE, volume=3)
    if chance.random() < 0.6:
        table.cloth(
            area([(C - 5, 128, 1), (C + 5, 128, 1), (C + 7, 196), (C, 208, 1), (C - 7, 196)]),
            pick(table, COLOURS),
            volume=2,
        )
    for side in (1, -1):
        lapel = area([(C + side * 20, 114, 1), (C + side * 34, 152, 1), (C + side * 24, 160, 1), (C, 222, 1)])
        table.cloth(lapel, mix(colour, WHITE, 0.06), pattern=pattern, second=second, volume=2)
    for y in (236, 258):
        table.paint(area(ellipse(C, y, 2.6, 2.6)), mix(colour, INK, 0.7))


@drawer("street casual")
def street_casual(table: Table) -> None:
    """Someone in a jumper, jeans and sneakers."""
    chance = table.chance
    _street(table)
    skin, hair = _person(table)
    colour = pick(table, COLOURS)
    jeans = rgb(chance.choice(("#3d5a80", "#27405f", "#23262d")))
    for side in (1, -1):
        table.cloth(area(ellipse(C + side * 21, 453, 17, 9)), rgb("#eeece6"), volume=4)
        leg = area(
            [
                (C, 258, 1),
                (C + side * 38, 258, 1),
                (C + side * 36, 350),
                (C + side * 31, 448, 1),
                (C + side * 9, 448, 1),
                (C + side * 5, 350),
            ]
        )
        folds = table.folds([[(C + side * 8, 352), (C + side * 32, 358)], [(C + side * 10, 430), (C + side * 30, 424)]])
        table.cloth(leg, jeans, pattern="denim", second=mix(jeans, WHITE, 0.8), height=folds, volume=6)
        table.cloth(area(ellipse(C + side * 55, 282, 8, 11)), skin, volume=4)
    body = area(
        [
            (C - 18, 116, 1),
            (C, 122),
            (C + 18, 116, 1),
            (C + 48, 128),
            (C + 46, 200),
            (C + 46, 276, 1),
            (C, 281),
            (C - 46, 276, 1),
            (C - 46, 200),
            (C - 48, 128),
        ]
    )
    table.shadow(body, 4, 4, 5, 0.25)
    ridges = table.folds([[(C + 38, 178), (C + 14, 214)], [(C - 38, 178), (C - 18, 220)], [(C - 30, 262), (C, 254)]])
    table.cloth(
        body,
        colour,
        pattern=chance.choice(("stripes", "melange", "plain")),
        second=mix(colour, WHITE, 0.8),
        height=ridges,
    )
    for side in (1, -1):
        sleeve = area(
            [
                (C + side * 38, 124),
                (C + side * 55, 140),
                (C + side * 67, 210),
                (C + side * 64, 274, 1),
                (C + side * 46, 274, 1),
                (C + side * 45, 214),
            ]
        )
        table.cloth(sleeve, colour, second=WHITE, volume=6)
    _head(table, skin, hair, long=chance.random() < 0.5)
    table.cloth(stroke([(C - 17, 119), (C, 127), (C + 17, 119)], 6), mix(colour, INK, 0.15), volume=2)
