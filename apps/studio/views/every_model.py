"""Every model: the same photo answered by all trained models, side by side."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from apps.lab.snippets import curl_snippet
from apps.studio import jobs, parts, state, trust_view
from apps.studio.answered import answered
from apps.studio.charts import save_picture
from apps.studio.code_tabs import code_tabs
from apps.studio.every import TOP, Answer, every_work, shell_code, table, table_csv, table_json
from apps.studio.state import Held
from apps.words import INSENSITIVE, caution_markdown
from fashionviz.explain.methods import get_method
from fashionviz.figures.gallery import contact_sheet
from fashionviz.inference.held import region_of
from fashionviz.models.registry import get_model
from fashionviz.results import Box, ModelInfo
from fashionviz.take_home.code import every_python

_SIDE = 320
#: Where the session keeps the model whose map is being tested.
_TESTED = "every_tested"


def answers(held: Held, box: Box | None) -> dict[str, Answer]:
    """What is known so far, kept in this session, by the model's name."""
    key = ("every", held.digest, box, *((info.name, info.sha256) for info in trained))
    return state.remember(key, dict)


def run(held: Held, box: Box | None, found: dict[str, Answer]) -> bool:
    """Ask the models that have not answered yet; whether that still goes on."""
    key = ("every job", held.digest, box, *((info.name, info.sha256) for info in trained))
    if len(found) == len(trained):
        jobs.drop_job(key)
        return False
    nothing_yet = not found
    job = jobs.job_for(key, every_work(parts.engine(), trained, held.photo, box, found))
    if nothing_yet:
        job.wait(jobs.PATIENCE_S)
    if not job.finished:
        jobs.watch(job, "Asking one model after the other", step="model", seen=len(found))
        return True
    if job.cancelled:
        st.info(f"Stopped. {len(found)} of {len(trained)} models have answered.")
        st.button("Go on", on_click=jobs.drop_job, type="primary")
    elif job.error is not None:
        parts.sentence(job.error)
        jobs.drop_job()
    return False


def again(found: dict[str, Answer]) -> None:
    """Forget what failed, so that it is asked again."""
    for name in [name for name, answer in found.items() if answer.failed]:
        del found[name]
    jobs.drop_job()


def group(
    task: str, infos: Sequence[ModelInfo], found: dict[str, Answer], held: Held, box: Box | None, going_on: bool
) -> None:
    """The models of one task, each in its place from the beginning."""
    st.subheader(get_model(infos[0].name).task.title, anchor=False)
    parts.note(infos[0])
    for info in infos:
        with st.container(border=True):
            answer = found.get(info.name)
            if answer is not None:
                card(answer)
                if answer.map is not None:
                    badge(answer, held, box, len(found) == len(trained))
                continue
            st.markdown(f"**{info.name}**")
            st.caption("Has not answered yet." if going_on else "Was not asked.")


def card(answer: Answer) -> None:
    """One model: classes, what it saw, where it looked, how long it took."""
    info = answer.info
    left, right = st.columns([5, 6], gap="medium")
    with left:
        st.markdown(f"**{info.name}**")
        if answer.error is not None:
            st.error(answer.error)
        if answer.prediction is not None:
            if answer.prediction.tags:
                parts.top_tags(answer.prediction, TOP)
            else:
                parts.top_classes(answer.prediction.first(TOP), info.classes)
        st.caption(times(answer))
        if answer.prediction is not None:
            parts.why_link(answer.prediction)
    with right:
        if answer.map_error is not None:
            st.error(answer.map_error)
        if answer.seen is not None and answer.map is not None and answer.prediction is not None:
            title, target = get_method(answer.method).title, answer.prediction.top.label
            kind = "tag" if info.multilabel else "class"
            with st.container(key=f"pair_{info.name}"):
                one, two = st.columns(2)
            height, width = answer.seen.shape[:2]
            as_seen = f"As the model sees it: {width}×{height} px" + (", grey" if parts.grey(info) else "")
            with one:
                st.image(
                    parts.shown(answer.seen, _SIDE),
                    width="stretch",
                    caption=as_seen,
                    alt=f"The photo as {info.name} sees it, {width}×{height} pixels",
                    output_format="PNG",
                )
            with two:
                st.image(
                    parts.shown(answer.map, _SIDE),
                    width="stretch",
                    caption=f"{title} for {target}",
                    alt=f"{title} of {info.name} for the {kind} {target}",
                    output_format="PNG",
                )


def badge(answer: Answer, held: Held, box: Box | None, all_done: bool) -> None:
    """How far a map can be trusted, or the button that asks for it; one is tested at a time."""
    info, method, engine = answer.info, answer.method, parts.engine()
    key = ("trust", info.name, info.sha256, held.digest, box, method, None)
    if state.answer(key) is None and st.session_state.get(_TESTED) != info.name:
        st.button(
            "Can I trust this map?",
            key=f"trust_{info.name}",
            on_click=st.session_state.__setitem__,
            args=(_TESTED, info.name),
            disabled=not all_done,
            help=None if all_done else "Once every model has answered.",
            icon=":material/verified_user:",
            type="tertiary",
        )
        return
    if not all_done and state.answer(key) is None:  # the session has one job at a time
        st.caption("Its map is tested once every model has answered.")
        return
    found = answered(
        key,
        lambda on_progress, cancel: engine.trust(
            held.photo, info.name, method, box=box, on_progress=on_progress, cancel=cancel
        ),
        "Finding out how far the map can be trusted",
    )
    if found is not None:
        trust_view.verdict(found, key=info.name)


def times(answer: Answer) -> str:
    """Input size and times in words."""
    words = [f"Input {parts.input_label(answer.info)}"]
    if answer.predict_ms is not None:
        words.append(f"answered in {_ms(answer.predict_ms)}")
    if answer.map_ms is not None:
        words.append(f"{get_method(answer.method).title.lower()} in {_ms(answer.map_ms)}")
    return " · ".join(words)


def _ms(value: float) -> str:
    return f"{value:.1f} ms" if value < 10 else f"{value:,.0f} ms"


def downloads(held: Held, box: Box | None, done: Sequence[Answer]) -> None:
    """The table, as it is and to take along, and the code behind it."""
    st.subheader("As a table", anchor=False)
    share = {f"probability {i + 1}": st.column_config.NumberColumn(format="%.3f") for i in range(TOP)}
    brief = {name: st.column_config.NumberColumn(format="%.1f") for name in ("ms", "method ms")}
    frame = pd.DataFrame(table(done))
    if frame["error"].isna().all():
        frame = frame.drop(columns="error")
    st.dataframe(frame, hide_index=True, column_config=share | brief)
    drawn = [(answer.info.name, answer.map) for answer in done if answer.map is not None]
    if drawn:
        title = "Where each model looked for its first answer"
        whole = held.photo.pixels if box is None else region_of(held.photo, box).pixels
        save_picture(contact_sheet(whole, drawn, title), "every", "every-model", title, "All maps (PNG)")
    with st.container(horizontal=True):
        for label, data, name, mime in (
            ("Table (CSV)", table_csv(done), "every-model.csv", "text/csv"),
            ("Every class (JSON)", table_json(done, held.name, box), "every-model.json", "application/json"),
        ):
            st.download_button(label, data, file_name=name, mime=mime, on_click="ignore", icon=":material/download:")
    code_tabs(
        every_python(held.name, box),
        shell_code(held.name, trained, box),
        "\n".join(curl_snippet(held.name, info.name, box=box) for info in trained),
    )


infos = tuple(info for info in parts.engine().models() if info.names)
trained = tuple(info for info in infos if info.trained)
untrained = [info.name for info in infos if not info.trained]
parts.header(
    "Every model",
    "What does each of the trained models make of the same photo?",
    f"{len(trained)} of {len(infos)} models are trained",
    f"Every trained model is asked about the photo, one after the other, and shows its {TOP} most probable classes or "
    "tags, the photo at the size at which it sees it, and which pixels spoke for the first of them. Small inputs are "
    "shown as the squares that their pixels are.",
    "Each model chooses among the classes of its own task even when none fits; of a tagger's tags, those are said that "
    "reach the line in their bar (✓). In the maps blue pixels spoke for the "
    "class, red ones against it, white ones said nothing; each map has its own scale.",
    "Times are those of preparing the photo and running the network on this machine now; reading the weights from "
    "disk, decoding the photo and waiting for others are not in them. A model's first answer takes longer.",
)
if untrained:
    st.caption("Not trained yet, so they do not answer: " + ", ".join(f"`{name}`" for name in untrained) + ".")
if not trained:
    st.warning("No model is trained yet. Train one, for example:")
    st.code(f"fashionviz train {infos[0].name}", language="bash")
    st.stop()
held = parts.need_photo("see what every model makes of it")
with parts.plainly():
    box = parts.region_box()
    found = answers(held, box)
    going_on = run(held, box, found)
tasks = dict.fromkeys(info.task for info in trained)
parts.legend_signed("against the class", "for the class")
for task in tasks:
    group(task, [info for info in trained if info.task == task], found, held, box, going_on)
done = [found[info.name] for info in trained if info.name in found]
if any(answer.method in INSENSITIVE for answer in done):
    st.caption(caution_markdown())
if any(answer.failed for answer in done) and not going_on:
    st.button("Ask those that failed again", on_click=again, args=(found,), icon=":material/refresh:")
if done and not going_on:
    downloads(held, box, done)
