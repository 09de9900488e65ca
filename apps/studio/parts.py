"""Parts that the pages share: headers, the ask for a photo, errors as one sentence, legends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from typing import TypeVar

import streamlit as st

from apps.lab.region import describe
from apps.studio import intake, state
from apps.studio.state import Held
from fashionviz.errors import FashionvizError, ModelNotTrained, Overloaded
from fashionviz.figures.pictures import Picture, enlarge
from fashionviz.figures.theme import SIGNED, class_colour, tag_colour, viridis
from fashionviz.inference.engine import Engine, shared_engine
from fashionviz.models.registry import get_model
from fashionviz.results import Box, ClassScore, ModelInfo, Prediction, Report, TagGroup
from fashionviz.tag_results import TaggingReport

#: Of a classifier or of a tagger.
AnyReport = TypeVar("AnyReport", Report, TaggingReport)
#: Plotly's tool bar and zooming have no use on these figures, and zooming traps a finger that scrolls.
PLAIN = {"displayModeBar": False, "scrollZoom": False}
#: Pictures with no more pixels than this on their longest side are shown as squares.
TINY = 96

STYLE = """
<style>
  .stMainBlockContainer { padding-top: 4.5rem; padding-bottom: 4rem; max-width: 1240px; }
  .stMainBlockContainer h1 { padding: 0 0 .2rem; }
  .stImage img { border-radius: 6px; }
  .stImage { column-gap: .5rem; row-gap: .25rem; }
  .fv-links a { color: inherit; text-underline-offset: 3px; }
  .fv-legend { display: flex; align-items: center; gap: .6rem; font-size: .82rem; opacity: .9; margin: .1rem 0 .4rem; }
  .fv-legend i { flex: 0 1 11rem; min-width: 4rem; height: .7rem; border-radius: 3px; border: 1px solid #8884; }
  .fv-top { list-style: none; margin: 0; padding: 0; }
  .fv-top li { display: grid; grid-template-columns: 1fr auto; column-gap: .6rem; font-size: .9rem; }
  .stHtml .fv-top li { margin: 0 0 .5rem !important; padding: 0; }
  .fv-top li:first-child { font-weight: 600; }
  .fv-top .fv-number { font-variant-numeric: tabular-nums; }
  .fv-top .fv-track { grid-column: 1 / -1; height: .45rem; border-radius: 3px; background: #8883; overflow: hidden; }
  .fv-top i { display: block; height: 100%; min-width: 1px; }
  .fv-tagged { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); column-gap: 2rem; }
  .fv-tagged.fv-tight { display: block; }
  .stHtml .fv-tagged ol { margin: 0 !important; padding: 0 !important; }
  .fv-tagged p { font-size: .82rem; opacity: .8; margin: .4rem 0 .3rem; }
  .fv-tagged .fv-track { position: relative; }
  .fv-tagged .fv-top li { font-weight: 400; }
  .fv-tagged b { position: absolute; top: 0; width: 2px; height: 100%; background: currentColor; }
  [class*="st-key-wide_"] { overflow-x: auto; }
  [class*="st-key-wide_"] > * { min-width: 46rem; }
  .st-key-study_text table { display: block; overflow-x: auto; }
  .st-key-study_text td { white-space: nowrap; }
  .st-key-study_text td:first-child { white-space: normal; min-width: 11rem; }
  .stPageLink a span, .stPageLink p { white-space: normal; overflow: visible; text-overflow: clip; }
  [class*="st-key-match_"] .stMarkdown strong {
    font-size: .88rem; line-height: 1.3; height: 3.9em; overflow: hidden;
    display: -webkit-box; -webkit-line-clamp: 3; -webkit-box-orient: vertical;
  }
  [class*="st-key-match_"] [data-testid="stCaptionContainer"] p {
    font-size: .78rem; line-height: 1.35; min-height: 8.2em;
  }
  [class*="st-key-match_"] button { min-height: 1.6rem; padding-top: 0; padding-bottom: 0; }
  @media (max-width: 640px) {
    .stMainBlockContainer { padding-left: 1rem; padding-right: 1rem; }
    .stMainBlockContainer h1 { font-size: 1.7rem; }
    .st-key-four .stColumn, [class*="st-key-pair"] .stColumn {
      min-width: calc(50% - .5rem); flex: 1 1 calc(50% - .5rem);
    }
  }
</style>
"""


def engine() -> Engine:
    """The engine of this process, shared with the other front ends."""
    return shared_engine()


def model() -> ModelInfo:
    """The model chosen in the sidebar."""
    return engine().model(st.session_state.get("model"))


def header(title: str, question: str, label: str, *how_to_read: str) -> None:
    """Title, what the page answers, which model and data it shows, and how to read it.

    Args:
        title: the page's title.
        question: one sentence on what it answers.
        label: model and data, short.
        how_to_read: two or three plain sentences.
    """
    st.title(title, anchor=False)
    st.markdown(question)
    st.caption(label)
    with st.expander("How to read this"):
        for sentence in how_to_read:
            if sentence:  # not every task has words that must stand beside its classes
                st.markdown(sentence)


def note(info: ModelInfo) -> None:
    """The words that must stand beside the model's classes, where there are any."""
    if info.note:
        st.caption(info.note)


def model_label(info: ModelInfo) -> str:
    """Name, input size and where it runs."""
    place = f" · {info.device}, {info.dtype}" if info.loaded and info.device else ""
    return f"Model `{info.name}` · input {input_label(info)}{place}"


def grey(info: ModelInfo) -> bool:
    """Whether the model sees no colour."""
    return get_model(info.name).grey


def input_label(info: ModelInfo) -> str:
    """Size of the model's input in words."""
    height, width = info.input_size
    return f"{width}×{height} px" + (", grey" if grey(info) else "")


def shown(picture: Picture, longest: int = 640) -> Picture:
    """A picture at the size of a page: smooth, but a tiny one as the squares that its pixels are.

    Smoothing 28 pixels over a page would hide where one ends, and show shades that no model saw.
    """
    return enlarge(picture, longest, smooth=max(picture.shape[:2]) > TINY)


def top_classes(scores: Sequence[ClassScore], classes: tuple[str, ...]) -> None:
    """A few classes as bars in their colours, most probable first."""
    rows = "".join(
        f'<li><span>{escape(score.label)}</span><span class="fv-number">{score.probability:.1%}</span>'
        f'<span class="fv-track" aria-hidden="true"><i style="width:{score.probability:.2%};'
        f'background:{class_colour(score.label, classes)}"></i></span></li>'
        for score in scores
    )
    st.html(f'<ol class="fv-top">{rows}</ol>')


def seconds(ms: float) -> str:
    """A time as one says it."""
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.1f} s"


def photo_alt(prediction: Prediction, photo: str = "Your photo") -> str:
    """What a photo shows, for those who do not see it: what the model says of it."""
    top = prediction.top
    return f"{photo}, said to be {top.label} ({top.probability:.0%}) by {prediction.model.name}"


def why_link(prediction: Prediction) -> None:
    """The way to why the most probable class and not the runner-up; of a tagger within its first group."""
    scores = prediction.tags[0].tags if prediction.tags else prediction.scores
    if len(scores) < 2:
        return
    first, second = scores[0].label, scores[1].label
    st.page_link(
        "views/explain.py",
        label=f"Why {first} and not {second}?",
        icon=":material/compare_arrows:",
        query_params={"model": prediction.model.name, "target": first, "against": second},
    )


def top_tags(prediction: Prediction, count: int) -> None:
    """A few tags of a tagger: the most probable one of each group, or of the only group, in the group's colour."""
    rows = "".join(_tag_bar(tag, tag_colour(tag, prediction.tags)) for tag in prediction.first(count))
    st.html(f'<div class="fv-tagged fv-tight"><ol class="fv-top">{rows}</ol></div>')


def _tag_bar(tag: ClassScore, colour: str) -> str:
    return (
        f"<li><span>{'✓ ' if tag.said else ''}{escape(tag.value)}</span>"
        f'<span class="fv-number">{tag.probability:.1%}</span>'
        f'<span class="fv-track" aria-hidden="true"><i style="width:{tag.probability:.2%};'
        f'background:{colour}"></i><b style="left:{tag.threshold or 0:.2%}"></b></span></li>'
    )


def tags(groups: Sequence[TagGroup], least: int = 2) -> None:
    """A tagger's groups: what is said and the next most probable tags; a line stands where a tag begins to be said.

    Args:
        groups: of the prediction.
        least: bars of each group at least.
    """
    blocks = []
    for group in groups:
        rows = "".join(_tag_bar(tag, tag_colour(tag, groups)) for tag in group.shown(least))
        blocks.append(f'<div><p>{escape(group.title)}</p><ol class="fv-top">{rows}</ol></div>')
    st.html(f'<div class="fv-tagged">{"".join(blocks)}</div>')


def need_photo(for_what: str) -> Held:
    """The session's photo; without one, ask for it and end the page."""
    held = state.held()
    if held is not None:
        return held
    if state.problem():
        st.error(state.problem())
    with st.container(border=True):
        st.markdown(f"**Add a photo to {for_what}.**")
        intake.chooser("page")
    st.stop()


def need_weights(info: ModelInfo) -> None:
    """End the page with what to do when the model has no weights: it never guesses."""
    if not info.trained:
        st.warning(f"{info.name} is not trained yet, so it does not guess. Train it, or choose another model.")
        st.code(f"fashionviz train {info.name}", language="bash")
        st.stop()


def need_report(info: ModelInfo, report: AnyReport | None) -> AnyReport:
    """The model's committed report; without one, end the page with what to do."""
    if report is not None:
        return report
    st.info(f"There is no report for {info.name} yet. Choose another model, or train and score this one:")
    st.code(f"fashionviz train {info.name}", language="bash")
    st.stop()


def region_box() -> Box | None:
    """The region asked about, said in words when it is not the whole photo."""
    choice, box = state.region()
    if box is not None:
        st.caption(f"Asked about {describe(choice, box)} of the photo; change it on the Predict page.")
    return box


@contextmanager
def plainly() -> Iterator[None]:
    """Show a failure as its one sentence and end the page, so that nothing stale stands under it."""
    try:
        yield
    except FashionvizError as error:
        sentence(error)
        st.stop()


def sentence(error: FashionvizError) -> None:
    """A failure in one sentence, with a second try where that may help."""
    if isinstance(error, ModelNotTrained):
        st.warning(str(error))
        return
    st.error(str(error))
    if isinstance(error, Overloaded) or error.status in (500, 503):
        st.button("Try again", key="try_again")


def legend_magnitude(low: str, high: str) -> None:
    """The viridis scale between two words."""
    stops = [i / 8 for i in range(9)]
    colours = [f"rgb({r} {g} {b})" for r, g, b in (viridis(s).tolist() for s in stops)]  # type: ignore[arg-type]
    _legend(low, high, colours)


def legend_signed(low: str, high: str) -> None:
    """The signed scale between two words, white at zero."""
    _legend(low, high, [colour for _, colour in SIGNED])


def legend_dots(entries: Sequence[tuple[str, str, str]]) -> None:
    """What letters and colours of dots mean.

    Args:
        entries: letter, word and colour of each.
    """
    dots = "".join(
        f'<span><b style="color:{colour}">{letter}</b> {escape(word)}</span>' for letter, word, colour in entries
    )
    st.html(f'<div class="fv-legend">{dots}</div>')


def _legend(low: str, high: str, colours: list[str]) -> None:
    st.html(
        f'<div class="fv-legend"><span>{low}</span>'
        f'<i style="background:linear-gradient(90deg,{",".join(colours)})"></i><span>{high}</span></div>'
    )


def choice_from(name: str, options: list[str]) -> None:
    """Drop a kept choice that is not among the options any more, before its widget is drawn."""
    if st.session_state.get(name) not in (None, *options):
        del st.session_state[name]
