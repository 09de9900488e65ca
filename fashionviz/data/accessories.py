"""Shoes, bags and other accessories of the example pictures."""

from __future__ import annotations

from fashionviz.data.drawing import Point, Table, area, blur, ellipse, mirrored, mix, rgb, stroke
from fashionviz.data.garments import COLOURS, INK, LEATHERS, WHITE, C, drawer, pick

GOLD, STEEL = rgb("#cfa85a"), rgb("#b8bec6")


def _floor(table: Table, cx: float, cy: float, rx: float, ry: float = 9) -> None:
    table.paint(blur(area(ellipse(cx, cy, rx, ry)), 7), (0.15, 0.15, 0.18), 0.5)


@drawer("handbag")
def handbag(table: Table) -> None:
    """A leather handbag with a flap and a handle."""
    colour = pick(table, (*LEATHERS, "#9c3b3b", "#33506b"))
    metal = table.chance.choice((GOLD, STEEL))
    _floor(table, C + 4, 392, 128)
    handle: list[Point] = [
        (C - 62, 214),
        (C - 66, 130),
        (C - 36, 84),
        (C, 76),
        (C + 36, 84),
        (C + 66, 130),
        (C + 62, 214),
    ]
    table.cloth(stroke(handle, 13), mix(colour, INK, 0.15), volume=3, gloss=0.5)
    body = area(mirrored([(0, 194), (100, 196), (114, 210), (128, 372), (118, 390), (0, 392)]))
    table.cloth(body, colour, volume=14, gloss=0.3, height=table.folds([[(C - 90, 350), (C, 362), (C + 92, 350)]], 8))
    flap = area(mirrored([(0, 190), (100, 192), (117, 208), (118, 250), (92, 292), (0, 312)]))
    table.shadow(flap, 2, 8, 5, 0.4)
    table.cloth(flap, mix(colour, WHITE, 0.06), volume=9, gloss=0.4)
    stitch = mirrored([(0, 198), (96, 200), (109, 212), (110, 248), (87, 285), (0, 304)])
    table.paint(stroke(stitch, 1.1, closed=True, dashes=4), mix(colour, WHITE, 0.55), 0.8)
    for side in (1, -1):
        table.cloth(stroke(ellipse(C + side * 62, 216, 10, 12), 4, closed=True), metal, volume=2, gloss=0.6)
    lock = area(mirrored([(0, 288), (17, 289, 1), (17, 318, 1), (0, 324)]))
    table.shadow(lock, 1, 3, 2, 0.5)
    table.cloth(lock, metal, volume=3, gloss=0.5)
    table.paint(area(ellipse(C, 304, 4, 5)), mix(metal, INK, 0.7))


@drawer("watch")
def watch(table: Table) -> None:
    """A wrist watch, seen from above."""
    chance = table.chance
    strap, metal = pick(table, (*LEATHERS, "#2f3e55")), chance.choice((GOLD, STEEL, STEEL))
    face = rgb(chance.choice(("#f5f3ec", "#1d2733", "#24463f", "#f0e4d0")))
    straps = area(
        mirrored([(0, 34), (27, 36), (30, 60), (40, 172, 1), (0, 180)]),
        mirrored([(0, 300), (40, 308, 1), (31, 420), (22, 450), (0, 456)]),
    )
    table.shadow(straps, 6, 8, 6)
    table.cloth(straps, strap, volume=6, gloss=0.2)
    for top, bottom in ((46, 168), (312, 440)):
        for side in (1, -1):
            inner = [(C + side * (24 if top < 100 else 33), top), (C + side * (33 if top < 100 else 20), bottom)]
            table.paint(stroke(inner, 1.2, dashes=4), mix(strap, WHITE, 0.6), 0.8)
    for y in (356, 376, 396, 416):
        table.paint(area(ellipse(C, y, 2.6, 3.4)), mix(strap, INK, 0.8))
    case = area(ellipse(C, 240, 84, 84), [(C + 80, 230, 1), (C + 94, 230, 1), (C + 94, 250, 1), (C + 80, 250, 1)])
    table.shadow(case, 6, 9, 7, 0.4)
    table.cloth(case, metal, volume=6, gloss=0.7)
    table.cloth(area(ellipse(C, 240, 69, 69)), face, volume=4, edge=0.6)
    dark = sum(face) < 1.5
    ink = WHITE if dark else INK
    clock = [(0.0, -1.0), (0.5, -0.866), (0.866, -0.5), (1.0, 0.0), (0.866, 0.5), (0.5, 0.866)]
    for i, (dx, dy) in enumerate([*clock, *[(-a, -b) for a, b in clock]]):
        start = 50 if i % 3 == 0 else 56
        table.paint(
            stroke([(C + dx * start, 240 + dy * start), (C + dx * 62, 240 + dy * 62)], 3.4 if i % 3 == 0 else 1.8), ink
        )
    hour, minute = clock[chance.randrange(1, 3)], chance.choice(clock[3:])
    table.paint(stroke([(C, 240), (C - hour[0] * 32, 240 + hour[1] * 32)], 5), ink)
    table.paint(stroke([(C, 240), (C + minute[0] * 48, 240 + minute[1] * 48)], 3.2), ink)
    table.paint(stroke([(C - 6, 250), (C + 28, 194)], 1.2), rgb("#c8452f"))
    table.paint(area(ellipse(C, 240, 4, 4)), metal)
    table.paint(blur(area([(C - 52, 214), (C - 16, 178), (C - 4, 184), (C - 46, 226)]), 3), WHITE, 0.25)


@drawer("sneaker")
def sneaker(table: Table) -> None:
    """A canvas or leather sneaker from the side."""
    colour = pick(table, ("#f0efec", "#2f3c4f", "#a63d40", "#4c7a6a", "#e0dcd2", "#5a6d8c"))
    accent = pick(table, COLOURS)
    _floor(table, 184, 346, 154)
    upper: list[Point] = [
        (44, 318),
        (40, 262),
        (52, 200, 1),
        (84, 188),
        (120, 196, 1),
        (158, 238),
        (226, 268),
        (292, 282),
        (324, 310),
        (318, 324, 1),
        (44, 326, 1),
    ]
    lining = area([(52, 202), (84, 186), (122, 196), (128, 212), (86, 216)])
    body = area(upper)
    ridges = table.folds([[(150, 240), (196, 280), (200, 312)], [(226, 276), (262, 296), (268, 316)]], 9)
    table.cloth(body, colour, volume=12, height=ridges)
    table.cloth(lining, mix(accent, INK, 0.35), volume=3)
    toe = area([(262, 278), (298, 284), (325, 310), (318, 325, 1), (256, 325, 1), (250, 300)])
    table.cloth(toe, mix(colour, WHITE, 0.55), volume=7)
    heel = area([(42, 318), (40, 262), (50, 214), (68, 214), (74, 262), (80, 325, 1), (44, 326, 1)])
    table.cloth(heel, accent, volume=6)
    for dx in (0, 22, 44):
        band = area(
            [(128 + dx, 252 + dx * 0.3, 1), (138 + dx, 250 + dx * 0.3, 1), (112 + dx, 324, 1), (100 + dx, 324, 1)]
        )
        table.cloth(band, accent, volume=2)
    tongue = area([(120, 192), (146, 176), (160, 190), (160, 236), (140, 222)])
    table.cloth(tongue, mix(colour, INK, 0.08), volume=5)
    for i in range(5):
        x, y = 136 + i * 19, 214 + i * 13
        lace = stroke([(x - 9, y + 15), (x + 4, y + 2), (x + 17, y - 6 + i)], 5.5)
        table.shadow(lace, 1, 2, 1, 0.4)
        table.cloth(lace, WHITE, volume=2)
        table.paint(area(ellipse(x - 10, y + 16, 2.6, 2.6)), mix(accent, INK, 0.5))
    sole = area(
        [
            (36, 320, 1),
            (100, 325),
            (220, 324),
            (324, 312, 1),
            (334, 326),
            (322, 347, 1),
            (180, 350),
            (46, 350, 1),
            (36, 340),
        ]
    )
    table.cloth(sole, rgb("#f4f2ec"), volume=5)
    table.paint(stroke([(38, 337), (180, 338), (326, 333)], 2.4), accent)


@drawer("heel")
def heel(table: Table) -> None:
    """A court shoe with a high heel, from the side."""
    colour = pick(table, ("#a8232f", "#1f1d20", "#c98f86", "#27406b", "#7b5a3a", "#6e2a4d"))
    _floor(table, 100, 386, 26, 5)
    _floor(table, 250, 386, 82, 7)
    spike = area([(58, 244, 1), (118, 262, 1), (108, 300), (102, 384, 1), (91, 384, 1), (88, 330), (64, 290)])
    table.cloth(spike, mix(colour, INK, 0.25), volume=5, gloss=0.8)
    table.cloth(
        area([(62, 196), (84, 176), (130, 214), (196, 296), (224, 322), (200, 330), (120, 264), (72, 236)]),
        rgb("#d8b99b"),
        volume=6,
    )
    upper = area(
        [
            (58, 250),
            (52, 214),
            (64, 180, 1),
            (76, 206),
            (122, 250),
            (170, 304),
            (214, 332),
            (246, 326, 1),
            (272, 336),
            (318, 362),
            (330, 376),
            (318, 383),
            (214, 383, 1),
            (180, 366),
            (124, 292),
            (88, 258),
        ]
    )
    table.cloth(upper, colour, volume=8, gloss=1.0, height=table.folds([[(240, 344), (282, 356)]], 8))
    sole = area([(86, 258), (124, 290), (182, 366), (214, 380), (322, 380, 1), (318, 387), (208, 387), (174, 372)])
    table.cloth(sole, rgb("#3a2a24"), volume=2)


@drawer("sunglasses")
def sunglasses(table: Table) -> None:
    """Sunglasses seen from the front."""
    chance = table.chance
    frame = pick(table, ("#1d1c1f", "#6b3f22", "#8a2f3a", "#c9a25a", "#2d4a5e"))
    lens = rgb(chance.choice(("#2b2f36", "#3f4a3a", "#4a3226", "#25384d")))
    wide, tall = chance.uniform(68, 76), chance.uniform(50, 60)
    for side in (1, -1):
        arm = area(
            [
                (C + side * 152, 200, 1),
                (C + side * 163, 196),
                (C + side * 150, 130),
                (C + side * 120, 96, 1),
                (C + side * 118, 103),
                (C + side * 142, 140),
            ]
        )
        table.shadow(arm, 4, 8, 5, 0.25)
        table.cloth(arm, mix(frame, INK, 0.2), volume=3, gloss=0.5)
    bridge = stroke([(C - 26, 224), (C, 208), (C + 26, 224)], 11)
    rims = []
    for side in (1, -1):
        x = C + side * 87
        rims.append(
            [
                (x + side * 71, 194),
                (x, 188),
                (x - side * 58, 200),
                (x - side * 64, 240),
                (x - side * 40, 188 + tall * 1.7),
                (x + side * 6, 196 + tall * 1.85),
                (x + side * 52, 190 + tall * 1.5),
                (x + side * wide, 232),
            ]
        )
    whole = area(*rims)
    table.shadow(whole, 6, 12, 9, 0.35)
    table.cloth(bridge, frame, volume=3, gloss=0.7)
    table.cloth(whole, frame, volume=4, gloss=0.8)
    for rim, side in zip(rims, (1, -1), strict=True):
        cx = sum(p[0] for p in rim) / 8
        cy = sum(p[1] for p in rim) / 8
        inner = area([(cx + (x - cx) * 0.86, cy + (y - cy) * 0.84) for x, y in rim])
        table.cloth(inner, lens, volume=12, edge=0.5)
        glow = blur(area([(cx - 40, cy - 30), (cx + 6, cy - 38), (cx - 22, cy + 30), (cx - 50, cy + 14)]), 5) * inner
        table.paint(glow, (0.85, 0.9, 0.95), 0.38 if side == 1 else 0.32)
        table.paint(area(ellipse(cx + side * 62, 203, 3.5, 2.2)), STEEL)


@drawer("hat")
def hat(table: Table) -> None:
    """A hat with a brim and a ribbon."""
    colour = pick(table, ("#c9b08a", "#5b4636", "#2f3440", "#8a8f94", "#7a2f35", "#e2d7bf"))
    ribbon = pick(table, ("#1f2430", "#7a2f35", "#f0ead9", "#2f5d5a"))
    brim = area([(26, 318), (70, 292), (C, 282), (290, 292), (334, 318), (300, 346), (C, 362), (60, 346)])
    table.shadow(brim, 4, 16, 10, 0.4)
    table.cloth(brim, colour, pattern="melange", second=mix(colour, WHITE, 0.3), volume=9)
    crown = area(
        [
            (84, 316),
            (92, 240),
            (104, 170),
            (134, 142),
            (C, 160),
            (226, 142),
            (256, 170),
            (268, 240),
            (276, 316),
            (C, 334),
        ]
    )
    table.shadow(crown, 2, 6, 8, 0.35)
    dent = table.folds(
        [[(C, 162), (C - 6, 200), (C + 2, 236)], [(136, 158), (146, 200)], [(224, 158), (214, 200)]], 14, 6
    )
    table.cloth(crown, colour, pattern="melange", second=mix(colour, WHITE, 0.3), volume=16, height=dent)
    band = area([(86, 286), (C, 302), (274, 286), (277, 318), (C, 335), (83, 318)])
    table.cloth(band, ribbon, volume=5, gloss=0.15)
    bow = area([(256, 290), (288, 282), (284, 304), (290, 322), (258, 314)])
    table.cloth(bow, ribbon, volume=3, gloss=0.15)
