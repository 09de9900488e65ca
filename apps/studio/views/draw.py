"""Draw: new garments from seeds; pick, mix, vary and walk between them."""

from __future__ import annotations

import streamlit as st

from apps.studio import drawing, drawing_files, parts, picked, state
from apps.studio.cells import Cell, cells
from fashionviz.drawing_results import Drawing, Samples, Walk
from fashionviz.generate.files import FILM_SIDE, gif_bytes, strip_picture
from fashionviz.generate.latents import LARGEST_SEED
from fashionviz.generate.limits import MAX_KEYS
from fashionviz.images import encode_png

NEW, LIKE, MIX, WALK = "New", "More like this", "Mix", "Random walk"
SHOW, START, NEARNESS, PICKS, ONE = "show", "start", "nearness", "picks", "one"
COUNTS = [4, 9, 16, 25, 36, 64, 100]
#: How far a drawing "like this" lies from it, as a share of the way to another seed.
NEARNESSES = {"0.1": "hardly different", "0.2": "a little different", "0.35": "different", "0.5": "half another"}
#: Steps of a random walk at most: each lengthens its point's text.
LONGEST_WALK = 36
STEPS = [4, 8, 12, 24, 48]
#: Frames of a strip on the page.
_STRIP = 12


def controls() -> tuple[str | None, int, int, float | None]:
    """Class, seed, count and truncation; all of them travel in the address."""
    first, second, third = st.columns([3, 2, 3], gap="medium")
    with first:
        label = drawing.label_choice(info)
        st.select_slider("How many", COUNTS, value=16, key=drawing.COUNT, bind="query-params")
    with second:
        st.number_input(
            "Seed",
            0,
            LARGEST_SEED - COUNTS[-1],
            key=drawing.SEED,
            bind="query-params",
            help="The same seed draws the same.",
        )
        st.button("Throw the dice", key="dice", on_click=drawing.throw, icon=":material/casino:", width="stretch")
    with third:
        truncation = drawing.truncation_choice()
    return label, int(st.session_state[drawing.SEED]), int(st.session_state[drawing.COUNT]), truncation


def show_as(show: str, start: str) -> None:
    """What the grid shows from now on; for callbacks."""
    st.session_state[SHOW], st.session_state[START] = show, start


def grid_points(seed: int, count: int) -> list[str]:
    """The points of the grid by what it shows; ends the page with a sentence where it cannot be."""
    show = st.segmented_control(
        "The grid shows", [NEW, LIKE, MIX, WALK], default=NEW, required=True, key=SHOW, bind="query-params"
    )
    seeds = [str(seed + place) for place in range(count)]
    if show == NEW:
        return seeds
    two = show == MIX
    text = st.text_input(
        "From these two points" if two else "From this point",
        key=START,
        bind="query-params",
        placeholder="7, 12" if two else "7",
        help="A point is a seed, or a way from seed to seed: 7>12@0.3 is three tenths of the way from 7 to 12.",
    )
    points, bad = drawing.points_of(text)
    for sentence in bad:
        st.error(sentence)
    if len(points) < (2 if two else 1):
        st.info(
            "Pick two drawings below “New” and press “Mix”, or write two points here."
            if two
            else f"Pick a drawing and press “{show}”, or write a point here: seed {seed} is taken until then."
        )
        if two:
            return []
    start = points[0] if points else str(seed)
    if show == MIX:
        return [drawing.towards(start, points[1], round(place / (count - 1), 4)) for place in range(count)]
    nearness = nearness_choice()
    if show == LIKE:
        return [start, *(drawing.towards(start, other, nearness) for other in seeds[: count - 1])]
    path = [start]
    for other in seeds[: min(count, LONGEST_WALK) - 1]:
        path.append(drawing.towards(path[-1], other, nearness))
    return path


def nearness_choice() -> float:
    """How far each drawing lies from the one it starts from."""
    parts.choice_from(NEARNESS, list(NEARNESSES))
    chosen = st.select_slider(
        "How different", list(NEARNESSES), value="0.2", key=NEARNESS, bind="query-params", width=320
    )
    st.caption(f"{float(chosen):.0%} of the way to another seed: {NEARNESSES[chosen]}.")
    return float(chosen)


def show_grid(samples: Samples, points: list[str]) -> None:
    """Every drawing as a button that picks it, and what they can be saved as."""
    drawn = samples.drawings
    cells(
        [
            Cell(d.pixels, drawing.drawing_words(d), points.index(d.point) + 1 if d.point in points else 0)
            for d in drawn
        ],
        "grid_cells",
        f"{len(drawn)} drawings; press one to pick it",
        lambda place: toggle(drawn[place].point),
        side=88 if len(drawn) > 36 else 120,
    )
    drawing_files.downloads(samples)


def toggle(point: str) -> None:
    """Pick a point, or put it back; for callbacks."""
    points, _ = drawing.points_of(st.session_state.get(PICKS, ""))
    if point in points:
        points.remove(point)
    elif len(points) < MAX_KEYS:
        points.append(point)
        st.session_state[ONE] = point
    else:
        st.toast(f"At most {MAX_KEYS} drawings can be picked. Put one back first.")
        return
    st.session_state[PICKS] = ",".join(points)


def clear() -> None:
    """Put all picks back; for callbacks."""
    st.session_state[PICKS] = ""


def picks_field() -> list[str]:
    """The picked points as text: to read, to write and to copy."""
    text = st.text_input(
        "Picks",
        key=PICKS,
        bind="query-params",
        placeholder="press pictures above, or write points: 7, 12, 7>12@0.3",
        help=f"Two to {MAX_KEYS} picks can be walked through; one can be looked at closely.",
    )
    points, bad = drawing.points_of(text)
    for sentence in bad:
        st.error(sentence)
    if len(points) > MAX_KEYS:
        st.warning(f"Only the first {MAX_KEYS} picks are taken.")
    return points[:MAX_KEYS]


def shown_picks(drawings: tuple[Drawing, ...]) -> None:
    """The picks in order, each a button that puts it back, and what can be done with them."""
    cells(
        [Cell(d.pixels, f"Put back {drawing.drawing_words(d)}", place) for place, d in enumerate(drawings, 1)],
        "pick_cells",
        "Your picks in order; press one to put it back",
        lambda place: toggle(drawings[place].point),
        side=84,
    )
    with st.container(horizontal=True, gap="small"):
        if len(drawings) >= 2:
            first, second = drawings[0].point, drawings[1].point
            st.button(
                "Mix the first two", key="mix", icon=":material/join_inner:",
                on_click=show_as, args=(MIX, f"{first},{second}"),
            )  # fmt: skip
        st.button("Put all back", key="clear", on_click=clear, type="tertiary", icon=":material/undo:")


def interpolate(points: list[str], label: str | None, truncation: float | None) -> None:
    """From pick to pick on great circles: a strip and a film that loops."""
    st.subheader("From pick to pick", anchor=False)
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    steps = int(left.select_slider("Steps between two picks", STEPS, value=12, key="steps", bind="query-params"))
    loop = right.toggle("Back to the first", value=True, key="loop", bind="query-params")
    with parts.plainly():
        asked = (info.name, info.sha256, label, truncation, tuple(points), steps, loop)
        walk: Walk = state.remember(
            ("walk", *asked),
            lambda: parts.engine().walk(points, info.name, label=label, steps=steps, loop=loop, truncation=truncation),
        )
        film = state.remember(("film", *asked), lambda: gif_bytes(walk.frames))
    shown = min(_STRIP, len(walk.frames))
    st.image(
        parts.shown(strip_picture(walk.frames, _STRIP), 2 * _STRIP * 64), width="stretch", output_format="PNG",
        alt=f"{shown} frames of the walk in order",
    )  # fmt: skip
    st.caption(
        f"{len(walk.frames)} frames, {shown} of them here; {steps} steps between two picks along the great circle, "
        "where latents keep a typical length."
    )
    st.image(film, width=FILM_SIDE, alt=f"A film of {len(walk.frames)} frames from pick to pick, which loops")
    stem = f"{info.name}-walk"
    with st.container(horizontal=True, gap="small"):
        drawing_files.save("Film (GIF)", film, f"{stem}.gif", "image/gif", "save_gif")
        drawing_files.save(
            "Strip (PNG)", encode_png(strip_picture(walk.frames)), f"{stem}.png", "image/png", "save_strip"
        )
    picked.walk_code(walk)


def which(points: list[str]) -> str:
    """The pick that is looked at: the last one unless another is chosen."""
    parts.choice_from(ONE, points)
    if len(points) == 1:
        return points[0]
    return str(st.selectbox("Look closely at", points, index=len(points) - 1, key=ONE, bind="query-params"))


top = st.container()
info = drawing.generator_choice()
with top:
    parts.header(
        "Draw",
        "New garments, drawn by a network from nothing but a seed. Pick those you like and play with them.",
        drawing.generator_label(info),
        "A generator turns a latent, some hundred numbers, into a picture. The same seed and class draw the same "
        "garment on every page, in the API and on the command line: "
        + (
            f"a seed gives {info.tries} latents, and the network that judged this one while it learned keeps the one "
            "whose picture it is most sure shows the class asked for."
            if info.tries > 1
            else "a seed fixes the latent."
        ),
        "Press a picture to pick it. Between two picks the network can draw every step; near one pick lie garments "
        "like it.",
        "Nothing here can be bought, and nobody designed it: the pictures are what the network makes of the photos "
        "that it learned from. How good they are, and whether it copies, stands on the page “How good are the "
        "drawings”.",
    )
drawing.note(info)
drawing.need_drawable(info)
label, seed, count, truncation = controls()
with parts.plainly():
    asked = grid_points(seed, count)
    drawn = drawing.samples(info, asked, label, truncation) if asked else None
place = st.container()
points = picks_field()
if drawn is not None:
    with place:
        show_grid(drawn, points)
if not points:
    st.info("Press a picture to pick it: then you can vary it, classify it, mix it or walk to another.")
    st.stop()
with parts.plainly():
    kept = drawing.samples(info, points, label, truncation).drawings
shown_picks(kept)
if len(points) >= 2:
    interpolate(points, label, truncation)
point = which(points)
picked.closely(
    info,
    kept[points.index(point)],
    truncation,
    like=lambda: show_as(LIKE, point),
    walk=lambda: show_as(WALK, point),
)
