"""The garments, shoes and accessories of the example pictures, each a function that draws on a table."""

from __future__ import annotations

from collections.abc import Callable

from fashionviz.data.drawing import WIDTH, Colour, Point, Table, area, ellipse, mirrored, mix, rgb, stroke

COLOURS = ("#b5433f", "#2f5d8a", "#3c6e57", "#d9a441", "#6c4a7e", "#37414f", "#c9788f", "#5f8fa8", "#8c5a3c", "#d8d2c4")
DARKS = ("#2b3242", "#3b2f2f", "#26384a", "#33413a", "#4a3040")
LEATHERS = ("#7b4a2b", "#2a2526", "#9a6a3f", "#5d2f33", "#b58a5c")
INK: Colour = (0.10, 0.10, 0.12)
WHITE: Colour = (0.97, 0.97, 0.96)
C = WIDTH / 2

#: Every drawer by kind; filled below and in ``street``.
DRAWERS: dict[str, Callable[[Table], None]] = {}


def drawer(kind: str) -> Callable[[Callable[[Table], None]], Callable[[Table], None]]:
    """Register a function as the drawer of a kind."""

    def register(function: Callable[[Table], None]) -> Callable[[Table], None]:
        DRAWERS[kind] = function
        return function

    return register


def pick(table: Table, codes: tuple[str, ...]) -> Colour:
    """A colour by chance."""
    return rgb(table.chance.choice(codes))


def _seam(table: Table, points: list[Point], colour: Colour, *, closed: bool = False, dashes: int = 0) -> None:
    table.paint(stroke(points, 1.0, closed=closed, dashes=dashes), mix(colour, INK, 0.6), 0.55)


@drawer("t-shirt")
def t_shirt(table: Table) -> None:
    """A T-shirt laid flat, plain or striped, some with a printed disc."""
    chance = table.chance
    colour = pick(table, COLOURS)
    pattern = chance.choice(("plain", "stripes", "melange", "plain"))
    length, wide = chance.uniform(378, 402), chance.uniform(84, 94)
    half: list[Point] = [
        (0, 118),
        (27, 106),
        (42, 84, 1),
        (84, 97),
        (112, 114),
        (160, 196, 1),
        (119, 220, 1),
        (95, 180, 1),
        (wide, 270),
        (wide + 4, length, 1),
        (0, length + 5),
    ]
    back = area(mirrored([(0, 92), (42, 83, 1), (30, 112), (0, 120)]))
    body = area(mirrored(half))
    table.shadow(body)
    table.cloth(back, mix(colour, INK, 0.35))
    ridges = table.folds(
        [
            [(C + 88, 190), (C + 66, 240), (C + 60, 320)],
            [(C - 88, 190), (C - 60, 232), (C - 50, 300)],
            [(C - 70, 130), (C - 30, 190), (C - 22, 260)],
            [(C + 20, length - 10), (C + 30, 330), (C + 18, 270)],
            [(C - 62, length - 8), (C - 66, 340)],
            [(C + 118, 130), (C + 130, 190)],
            [(C - 120, 134), (C - 134, 192)],
        ]
    )
    table.cloth(body, colour, pattern=pattern, second=mix(colour, WHITE, 0.85), height=ridges)
    rib: list[Point] = [(C - 39, 88), (C - 26, 110), (C, 121), (C + 26, 110), (C + 39, 88)]
    table.cloth(stroke(rib, 8), mix(colour, INK, 0.16), volume=3)
    for side in (1, -1):
        _seam(table, [(C + side * 95, 180), (C + side * 92, 140), (C + side * 84, 97)], colour)
        _seam(table, [(C + side * 114, 213), (C + side * 155, 190)], colour, dashes=3)
    _seam(table, [(C - wide - 2, length - 9), (C, length - 4), (C + wide + 2, length - 9)], colour, dashes=3)
    if pattern == "plain" and chance.random() < 0.7:
        accent = rgb(chance.choice(("#f2e6c9", "#f4c95d", "#e9f1f2")))
        table.paint(area(ellipse(C, 214, 37, 37)), accent, 0.92)
        table.paint(
            area(
                [
                    (C - 37, 222),
                    (C - 12, 194),
                    (C + 4, 214),
                    (C + 16, 202),
                    (C + 37, 224),
                    (C + 26, 240),
                    (C, 251),
                    (C - 26, 240),
                ]
            ),
            mix(colour, INK, 0.35),
            0.9,
        )


@drawer("shirt")
def shirt(table: Table) -> None:
    """A button-down shirt with long sleeves."""
    chance = table.chance
    colour = pick(table, ("#dfe7ef", "#a9c1d9", "#e8d9cf", "#5c7fa6", "#7d8f7a", "#ece9e2", "#8f3f4a"))
    pattern = chance.choice(("plain", "checks", "pinstripes"))
    second = mix(rgb(chance.choice(DARKS)), colour, 0.25)
    half: list[Point] = [
        (0, 96),
        (34, 74, 1),
        (78, 88),
        (100, 106),
        (126, 220),
        (140, 344, 1),
        (110, 352, 1),
        (96, 250),
        (88, 186, 1),
        (84, 290),
        (86, 392),
        (70, 414),
        (0, 420),
    ]
    body = area(mirrored(half))
    table.shadow(body)
    table.cloth(area(mirrored([(0, 72), (34, 70), (26, 100), (0, 108)])), mix(colour, INK, 0.3))
    ridges = table.folds(
        [
            [(C + 84, 192), (C + 58, 236), (C + 50, 310)],
            [(C - 84, 192), (C - 54, 240), (C - 48, 330)],
            [(C + 112, 190), (C + 122, 260), (C + 124, 320)],
            [(C - 112, 190), (C - 124, 262), (C - 126, 322)],
            [(C + 40, 400), (C + 44, 350)],
            [(C - 30, 402), (C - 34, 350)],
        ],
        width=8,
    )
    table.cloth(body, colour, pattern=pattern, second=second, height=ridges)
    table.cloth(
        area([(C - 8, 100, 1), (C + 8, 100, 1), (C + 8, 417, 1), (C - 8, 417, 1)]),
        colour,
        pattern=pattern,
        second=second,
        volume=3,
    )
    for side in (1, -1):
        leaf = area([(C, 108, 1), (C + side * 35, 68, 1), (C + side * 46, 84), (C + side * 27, 124, 1)])
        table.shadow(leaf, 2, 4, 3, 0.25)
        table.cloth(leaf, mix(colour, WHITE, 0.15), pattern=pattern, second=second, volume=3)
        _seam(table, [(C + side * 88, 186), (C + side * 88, 140), (C + side * 78, 88)], colour)
        cuff = area(
            [(C + side * 109, 330, 1), (C + side * 138, 322, 1), (C + side * 141, 345, 1), (C + side * 109, 353, 1)]
        )
        table.cloth(cuff, colour, pattern=pattern, second=second, volume=3)
    for i in range(6):
        button = area(ellipse(C, 134 + i * 47, 3.6, 3.6))
        table.shadow(button, 1, 1, 1, 0.5)
        table.paint(button, mix(WHITE, colour, 0.2))
    pocket: list[Point] = [(C + 28, 168, 1), (C + 66, 168, 1), (C + 66, 206, 1), (C + 47, 216, 1), (C + 28, 206, 1)]
    table.cloth(area(pocket), colour, pattern=pattern, second=second, volume=2)
    _seam(table, pocket, colour, closed=True)


@drawer("dress")
def dress(table: Table) -> None:
    """A sleeveless dress with a belt and a wide skirt."""
    chance = table.chance
    colour = pick(table, ("#b23a48", "#2d4a73", "#3f7d6b", "#d08c3e", "#7a4e8a", "#20242e", "#cf6f8a"))
    pattern = chance.choice(("plain", "dots", "plain", "stripes"))
    hem, flare = chance.uniform(420, 446), chance.uniform(104, 132)
    half: list[Point] = [
        (0, 92),
        (24, 76),
        (34, 44, 1),
        (50, 44, 1),
        (52, 84),
        (66, 116, 1),
        (54, 170),
        (47, 200),
        (66, 260),
        (flare * 0.86, 350),
        (flare, hem - 6, 1),
        (flare * 0.5, hem + 4),
        (0, hem + 7),
    ]
    body = area(mirrored(half))
    table.shadow(body)
    ridges = table.folds(
        [[(C + k * 17, 214), (C + k * 24, 300), (C + k * flare / 4.2, hem)] for k in (-3, -2, -1, 0, 1, 2, 3)], width=11
    )
    bust = table.folds([[(C - 40, 132), (C - 20, 148), (C - 6, 138)], [(C + 40, 132), (C + 20, 148), (C + 6, 138)]])
    table.cloth(body, colour, pattern=pattern, second=mix(colour, WHITE, 0.85), height=ridges + bust * 0.6)
    belt = area([(C - 49, 192, 1), (C, 197), (C + 49, 192, 1), (C + 49, 207, 1), (C, 212), (C - 49, 207, 1)])
    table.cloth(belt, mix(colour, INK, 0.55), volume=3, gloss=0.25)
    table.paint(
        stroke([(C - 7, 195, 1), (C + 7, 195, 1), (C + 7, 210, 1), (C - 7, 210, 1)], 2.2, closed=True), rgb("#d6b25e")
    )
    _seam(table, [(C - 24, 76), (C, 92), (C + 24, 76)], colour)


@drawer("skirt")
def skirt(table: Table) -> None:
    """A pleated skirt."""
    colour = pick(table, COLOURS)
    pattern = table.chance.choice(("checks", "plain", "checks"))
    half: list[Point] = [(0, 96), (58, 92, 1), (60, 118, 1), (100, 250), (130, 386, 1), (66, 400), (0, 404)]
    body = area(mirrored(half))
    table.shadow(body)
    pleats = [[(C + k * 13, 122), (C + k * 21, 260), (C + k * 28, 392)] for k in (-4, -3, -2, -1, 0, 1, 2, 3, 4)]
    table.cloth(body, colour, pattern=pattern, second=mix(colour, INK, 0.7), height=table.folds(pleats, 12, 3))
    for line in pleats:
        _seam(table, [(x + 5, y) for x, y in line], colour)
    table.cloth(area(mirrored([(0, 96), (58, 92, 1), (60, 118, 1), (0, 122)])), mix(colour, INK, 0.3), volume=4)
    table.paint(area(ellipse(C + 44, 106, 4.5, 4.5)), WHITE)


@drawer("trousers")
def trousers(table: Table) -> None:
    """Jeans or cloth trousers, the legs side by side."""
    chance = table.chance
    denim = chance.random() < 0.6
    colour = pick(table, ("#3d5a80", "#27405f", "#5b7ea3") if denim else ("#b9a37e", "#4a4f57", "#6b6f4e", "#2e3138"))
    cuff = chance.uniform(38, 52)
    half: list[Point] = [
        (0, 62),
        (66, 58, 1),
        (72, 100),
        (84, 170),
        (82, 300),
        (34 + cuff, 446, 1),
        (32, 450, 1),
        (20, 300),
        (0, 186, 1),
    ]
    body = area(mirrored(half))
    table.shadow(body)
    lines: list[list[Point]] = [
        [(C + 4, 186), (C + 34, 172), (C + 64, 160)],
        [(C - 4, 186), (C - 34, 174), (C - 64, 164)],
        [(C + 30, 288), (C + 60, 300)],
        [(C - 30, 296), (C - 62, 304)],
        [(C + 40, 424), (C + 66, 416)],
        [(C - 42, 420), (C - 68, 412)],
    ]
    lines += [[(C + 53, 190), (C + 54, 310), (C + 54, 440)], [(C - 53, 190), (C - 54, 310), (C - 54, 440)]]
    table.cloth(
        body,
        colour,
        pattern="denim" if denim else "plain",
        second=mix(colour, WHITE, 0.8),
        height=table.folds(lines, 8),
        volume=11,
    )
    band = area(mirrored([(0, 62), (66, 58, 1), (68, 80, 1), (0, 84)]))
    table.cloth(band, mix(colour, INK, 0.1), pattern="denim" if denim else "plain", volume=3)
    _seam(table, [(C - 68, 80), (C, 84), (C + 68, 80)], colour)
    _seam(table, [(C, 84), (C, 186)], colour)
    thread = rgb("#d9a85b") if denim else mix(colour, WHITE, 0.3)
    for side in (1, -1):
        table.paint(stroke([(C + side * 30, 84), (C + side * 42, 112), (C + side * 72, 124)], 1.2, dashes=3), thread)
        loop = area(
            [
                (C + side * 38 - 3, 58, 1),
                (C + side * 38 + 3, 58, 1),
                (C + side * 38 + 3, 84, 1),
                (C + side * 38 - 3, 84, 1),
            ]
        )
        table.cloth(loop, mix(colour, INK, 0.2), volume=2)
        table.paint(stroke([(C + side * 33, 441), (C + side * (33 + cuff), 437)], 1.2, dashes=3), thread, 0.8)
    table.paint(stroke([(C + 11, 88), (C + 12, 140), (C + 2, 162)], 1.2, dashes=3), thread)
    table.paint(area(ellipse(C, 73, 4.6, 4.6)), rgb("#c0914a") if denim else mix(colour, INK, 0.5))


@drawer("jacket")
def jacket(table: Table) -> None:
    """A tailored jacket over a shirt."""
    colour = pick(table, (*DARKS, "#5a6472", "#7a5c45", "#40566b"))
    pattern = table.chance.choice(("plain", "checks", "melange", "pinstripes"))
    second = mix(colour, WHITE, 0.4)
    half: list[Point] = [
        (0, 84),
        (32, 66, 1),
        (84, 86),
        (108, 112),
        (132, 240),
        (138, 362, 1),
        (106, 368, 1),
        (98, 260),
        (90, 190, 1),
        (82, 270),
        (94, 380),
        (84, 404),
        (0, 408),
    ]
    body = area(mirrored(half))
    table.shadow(body)
    ridges = table.folds(
        [
            [(C + 88, 196), (C + 62, 250), (C + 58, 300)],
            [(C - 88, 196), (C - 62, 252), (C - 56, 310)],
            [(C + 112, 210), (C + 120, 262), (C + 122, 340)],
            [(C - 112, 210), (C - 120, 262), (C - 122, 340)],
        ]
    )
    table.cloth(body, colour, pattern=pattern, second=second, height=ridges)
    table.cloth(area(mirrored([(0, 70), (30, 66, 1), (28, 120), (0, 236, 1)])), rgb("#f1efe9"), volume=4)
    _seam(table, [(C, 110), (C, 226)], WHITE)
    table.cloth(area(mirrored([(0, 70), (30, 64), (20, 104), (0, 112)])), mix(rgb("#f1efe9"), INK, 0.12), volume=3)
    for side in (1, -1):
        lapel = area(
            [
                (C + side * 34, 66, 1),
                (C + side * 58, 140, 1),
                (C + side * 44, 150, 1),
                (C + side * 54, 162, 1),
                (C + side * 24, 212),
                (C, 242, 1),
                (C + side * 16, 150),
            ]
        )
        table.shadow(lapel, 2, 4, 3, 0.35)
        table.cloth(lapel, mix(colour, WHITE, 0.05), pattern=pattern, second=second, volume=3, turn=side * 0.5)
        flap = area(
            [(C + side * 38, 306, 1), (C + side * 80, 300, 1), (C + side * 82, 318, 1), (C + side * 39, 324, 1)]
        )
        table.shadow(flap, 1, 3, 2, 0.3)
        table.cloth(flap, colour, pattern=pattern, second=second, volume=2)
        _seam(table, [(C + side * 90, 190), (C + side * 92, 140), (C + side * 84, 86)], colour)
    _seam(table, [(C, 240), (C + 3, 320), (C + 10, 406)], colour)
    for y in (262, 306):
        button = area(ellipse(C - 4, y, 5, 5))
        table.shadow(button, 1, 1, 1, 0.5)
        table.paint(button, mix(colour, INK, 0.6))
