"""What the pages that draw share: which generator, which class, how typical, points in words, pictures as asked for."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import streamlit as st

from apps.studio import links, parts, state
from fashionviz.drawing_results import Drawing, GeneratorInfo, Samples
from fashionviz.errors import FashionvizError
from fashionviz.generate.points import parse_point

#: Keys of the fields, and their names in the address.
GENERATOR, LABEL, SEED, COUNT, TRUNCATION = "gen", "class", "seed", "count", "truncation"
#: The choice of no class of a conditional generator.
IN_TURN = "each class in turn"
#: How far from the middle latents may lie, with what comes of it; the empty one draws once, whatever comes.
TYPICAL = {
    "0.3": "nearly the same garment over and over",
    "0.5": "very typical garments, much alike",
    "0.7": "typical garments",
    "1": "mostly typical, some variety",
    "1.5": "varied, now and then an odd one",
    "2": "nearly as varied as it gets",
    "off": "everything it can draw, the odd ones too",
}
#: Seeds that the dice throws: short enough to be told to somebody.
DICE = 100_000


def generator_choice(*, judged: bool = False) -> GeneratorInfo:
    """Which generator draws; it travels in the address and is remembered from page to page.

    Args:
        judged: only those whose discriminator is shipped.
    """
    infos = [info for info in parts.engine().generators() if info.judged or not judged]
    names = [info.name for info in infos]
    parts.choice_from(GENERATOR, names)
    # On a new page the field is a new one, whatever is left of the old one's state: the address, then what was kept.
    page, asked = st.session_state.get("page"), st.query_params.get_all(GENERATOR)
    if st.session_state.get("generator_on") != page or (GENERATOR not in st.session_state and not asked):
        st.session_state["generator_on"] = page
        wanted = next(iter(asked), st.session_state.get("kept_generator"))
        if wanted in names:
            st.session_state[GENERATOR] = wanted
    # Without words beside the names: what a bound field shows is what stands in the address. The default comes first.
    name = st.selectbox("Generator", names, key=GENERATOR, bind="query-params")
    st.session_state["kept_generator"] = name
    info = next(info for info in infos if info.name == name)
    st.caption(info.title + ("" if info.trained else " · **not trained yet**"))
    return info


def generator_label(info: GeneratorInfo) -> str:
    """Name, size of the pictures and weights, short."""
    height, width = info.size
    weights = f" · SHA-256 `{info.sha256[:12]}…`" if info.sha256 else ""
    return f"Generator `{info.name}` · draws {width}×{height} px{weights}"


def need_drawable(info: GeneratorInfo) -> None:
    """End the page with what to do when the generator has no weights: it never draws noise."""
    if not info.trained:
        st.warning(f"{info.name} is not trained yet, so it draws nothing. Train it, or choose another generator.")
        st.code(f"fashionviz train {info.name}", language="bash")
        st.stop()


def label_choice(info: GeneratorInfo, none: str = IN_TURN) -> str | None:
    """The class that is drawn; ``None`` where none is asked for, and for a generator that knows no classes.

    Args:
        info: the generator.
        none: what it means to ask for none.
    """
    if not info.classes:
        only = ", ".join(info.learns) or "garments of every class"
        st.selectbox("Class", [only], disabled=True, help="This generator cannot be asked for a class.", key="no_class")
        return None
    options = [none, *info.classes]
    parts.choice_from(LABEL, options)
    label = st.selectbox("Class", options, key=LABEL, bind="query-params")
    return None if label == none else label


def throw() -> None:
    """A new seed; for callbacks."""
    st.session_state[SEED] = secrets.randbelow(DICE)


def truncation_choice() -> float | None:
    """How typical the drawings are, with a word for it."""
    parts.choice_from(TRUNCATION, list(TYPICAL))
    chosen = st.select_slider(
        "Truncation",
        list(TYPICAL),
        value="off",
        key=TRUNCATION,
        bind="query-params",
        help="Values of the latent further from 0 than this are drawn anew until they are not: the smaller, the more "
        "typical the garments, and the more alike.",
    )
    st.caption(f"{chosen}: {TYPICAL[chosen]}.")
    return None if chosen == "off" else float(chosen)


def truncation_word(truncation: float | None) -> str:
    """A truncation as it stands in an address."""
    return "off" if truncation is None else f"{truncation:g}"


def samples(info: GeneratorInfo, points: Sequence[str], label: str | None, truncation: float | None) -> Samples:
    """Pictures of points, asked for once in a session.

    Raises:
        FashionvizError: a point that there is not, or too many.
    """
    asked = tuple(points)
    found: Samples = state.remember(
        ("draw", info.name, info.sha256, label, truncation, asked),
        lambda: parts.engine().generate(info.name, label=label, points=asked, truncation=truncation),
    )
    return found


def draw(info: GeneratorInfo, point: str, label: str | None, truncation: float | None = None) -> Drawing:
    """The picture of one point.

    Raises:
        FashionvizError: a point that there is not.
    """
    return samples(info, [point], label, truncation).drawings[0]


def labelled(info: GeneratorInfo, seeds: Sequence[int]) -> tuple[Drawing, ...]:
    """Drawings of seeds, each class in its turn; what the front ends draw where nobody asks for a class."""
    return samples(info, [str(seed) for seed in seeds], None, None).drawings


def points_of(text: str) -> tuple[list[str], list[str]]:
    """Points in a field or an address, with commas between them.

    Returns:
        Those that can be read, and a sentence for each that cannot.
    """
    good, bad = [], []
    for part in text.split(","):
        if not part.strip():
            continue
        try:
            good.append(str(parse_point(part.strip())))
        except FashionvizError as error:
            bad.append(str(error))
    return list(dict.fromkeys(good)), bad


def towards(start: str, end: str, share: float) -> str:
    """The point so far on the way from one to another."""
    return str(parse_point(start).towards(parse_point(end), share))


def point_words(point: str, longest: int = 26) -> str:
    """A point for people."""
    if point.isdecimal():
        return f"seed {point}"
    return point if len(point) <= longest else f"{point[: longest - 9]}…{point[-8:]}"


def drawing_words(drawing: Drawing) -> str:
    """Where a picture comes from, in a few words."""
    return point_words(drawing.point) + (f", {drawing.label}" if drawing.label else "")


def draw_link(text: str, info: GeneratorInfo, label: str | None, *, icon: str | None = None, **choices: str) -> bool:
    """A link to the page Draw.

    Args:
        text: what it says.
        info: the generator.
        label: the class.
        icon: a Material symbol.
        choices: what else the address carries.
    """
    asked = {GENERATOR: info.name} | ({LABEL: label} if label and info.classes else {}) | choices
    return links.link("draw", text, icon, **asked)


def figure_words(info: GeneratorInfo) -> str:
    """The figure that stands for a generator, with its interval, n and what it was measured on; empty without one."""
    found = next((metric for metric in info.metrics if metric["name"] == "frechet_distance"), None)
    if found is None:
        return ""
    low, high = found["ci95"]
    where = f"n = {found['n']:,}, {found['data_set']} {found['split']}"
    return f"Fréchet {found['value']:.2f} ({low:.2f} to {high:.2f}), {where}"


def note(info: GeneratorInfo) -> None:
    """The words that must stand beside its classes, where there are any."""
    if info.note:
        st.caption(info.note)
