"""Real or drawn? A quiz that keeps the score; without the photos, which of two generators drew it."""

from __future__ import annotations

import streamlit as st

from apps.studio import drawing, links, parts, quiz_questions
from apps.studio.quiz_questions import DRAWN, REAL, Question, Score
from fashionviz import images
from fashionviz.drawing_results import GeneratorInfo, Judgement
from fashionviz.errors import FashionvizError

REAL_OR_DRAWN, WHICH = "Real or drawn?", "Which of two drew this?"
GAME, ROUND = "game", "round"
_SIDE = 384


def scores() -> dict[str, Score]:
    """The session's scores, one a game and generator."""
    found: dict[str, Score] = st.session_state.setdefault("quiz", {})
    return found


def next_round() -> None:
    """The next picture; for callbacks."""
    st.session_state[ROUND] = int(st.session_state.get(ROUND, 0)) + 1


def answer(key: str, question: Question, said: str) -> None:
    """Keep what was said of a picture, once; for callbacks."""
    scores().setdefault(key, Score()).keep(question.round, said, said == question.right)


def restart(key: str) -> None:
    """Forget a score and begin with other pictures; for callbacks."""
    scores().pop(key, None)
    next_round()


def show_score(key: str) -> None:
    """How often the visitor was right so far, with its interval."""
    score = scores().get(key, Score())
    if not score.n:
        st.caption("Your score appears here after the first answer. Guessing gives one half.")
        return
    low, high = score.interval
    st.metric("Your score", f"{score.right} of {score.n}", f"{score.right / score.n:.0%} right", delta_color="off",
              delta_arrow="off")  # fmt: skip
    st.caption(
        f"95 % interval {low:.0%} to {high:.0%}, n = {score.n}. "
        + (
            "You can tell them apart."
            if low > 0.5
            else "You take them for one another more often than a coin would."
            if high < 0.5
            else "So far a coin might do as well."
        )
    )
    st.button("Start again", key="restart", on_click=restart, args=(key,), type="tertiary")


def judged(question: Question, info: GeneratorInfo) -> None:
    """What the discriminator says of the picture, where one is shipped."""
    found = next((i for i in (info, *parts.engine().generators()) if i.judged and i.trained), None)
    if found is None:
        st.caption("No discriminator is installed that could say what it takes the picture for.")
        return
    try:
        said: Judgement = parts.engine().judge(images.from_pixels(question.pixels), found.name)
    except FashionvizError as error:
        st.caption(str(error))
        return
    taken = "real" if said.logit > 0 else "drawn"
    own = " It judged these drawings in training." if found.name == info.name else ""
    st.markdown(
        f"The discriminator of `{found.name}` takes it for **{taken}**: {said.probability:.0%} real, logit "
        f"{said.logit:+.2f}.{own}"
    )


def reveal(question: Question, said: str, info: GeneratorInfo) -> None:
    """What it was, where it came from, and the way on."""
    right = said == question.right
    (st.success if right else st.error)(f"{'Right' if right else 'Wrong'}: it is **{question.right}**.")
    if question.drawn is not None:
        st.markdown(f"Drawn by `{question.generator}`: {drawing.drawing_words(question.drawn)}.")
        owner = next(i for i in parts.engine().generators() if i.name == question.generator)
        drawing.draw_link("Open it in Draw", owner, question.drawn.label, icon=":material/brush:",
                          picks=question.drawn.point)  # fmt: skip
    elif question.item is not None:
        st.markdown(
            f"A photo: item {question.item.id} of the {question.item.split} split of `{question.item.data_set}`."
        )
        links.link("predict", "Look into it", item=str(question.item))
    judged(question, info)


def ask(question: Question, info: GeneratorInfo, key: str, keys: tuple[str, str]) -> None:
    """One picture, two buttons with a key each, and after the answer what it was."""
    left, right = st.columns([6, 5], gap="large")
    with left:
        st.image(parts.shown(question.pixels, _SIDE), width=_SIDE, output_format="PNG",
                 alt="A garment: is it a photo or drawn?" if question.drawn is None or key.startswith("real")
                 else "A drawn garment: which generator drew it?")  # fmt: skip
        st.caption(f"{question.about}; {question.pixels.shape[1]}×{question.pixels.shape[0]} px, enlarged.")
    with right:
        said = scores().get(key, Score()).said(question.round)
        with st.container(horizontal=True, gap="small"):
            for option, shortcut in zip(question.options, keys, strict=True):
                st.button(
                    option.capitalize() if option in (REAL, DRAWN) else option, key=f"say_{shortcut}",
                    shortcut=shortcut, disabled=said is not None, on_click=answer, args=(key, question, option),
                )  # fmt: skip
        if said is None:
            st.caption(f"Press {keys[0]} or {keys[1]} on the keyboard, or a button.")
        else:
            reveal(question, said, info)
            st.button("Next picture", key="next", on_click=next_round, type="primary", shortcut="N")
        show_score(key)


def choose_game(others: list[GeneratorInfo], photos: bool) -> str | None:
    """Which game, by what is there; ``None`` where there is neither."""
    games = [*([REAL_OR_DRAWN] if photos else []), *([WHICH] if others else [])]
    if not photos:
        st.info("The photos of the test split are not on this machine, so there is nothing real to show. "
                "Whoever runs it can fetch them:")  # fmt: skip
        st.code("fashionviz data fetch fpi", language="bash")
    if not games:
        st.info("A second trained generator would do instead: which of two drew this? There is none yet.")
        return None
    parts.choice_from(GAME, games)
    return str(st.segmented_control("Game", games, default=games[0], required=True, key=GAME, bind="query-params"))


top = st.container()
info = drawing.generator_choice()
with top:
    parts.header(
        "Real or drawn?",
        "One picture at a time: is it a photo, or did a network draw it?",
        drawing.generator_label(info),
        "Photos and drawings come equally often, in the same classes, at the same size. The score stays until you "
        "close the tab; its interval says how much it may be luck.",
        "The discriminator is the network that learned to tell photos from drawings while the generator learned to "
        "draw. A logit above 0 means that it takes a picture for a photo.",
    )
drawing.note(info)
drawing.need_drawable(info)
round_ = int(st.number_input("Round", 0, 2**31, key=ROUND, bind="query-params", width=160,
                             help="Each number is one picture; a link shows the same to others."))  # fmt: skip
others = [other for other in parts.engine().generators() if other.trained and other.name != info.name]
with parts.plainly():
    game = choose_game(others, quiz_questions.photos_here())
    if game is None:
        st.stop()
    if game == REAL_OR_DRAWN:
        question = quiz_questions.real_or_drawn(info, round_)
        ask(question, info, f"real {info.name}", ("1", "2"))
    else:
        question = quiz_questions.which_drew(info, others, round_)
        ask(question, info, f"which {info.name}", ("1", "2"))
