"""Take it home: what the models say of the photo, as one HTML file."""

from __future__ import annotations

import streamlit as st

from apps.lab.snippets import report_curl
from apps.studio import jobs, parts, state
from apps.studio.code_tabs import code_tabs
from apps.studio.state import Held
from fashionviz.explain.methods import METHODS, get_method
from fashionviz.results import Box
from fashionviz.take_home.code import report_cli, report_python
from fashionviz.take_home.gather import take_home
from fashionviz.take_home.page import report_html
from fashionviz.take_home.result import METHODS as USUAL
from fashionviz.take_home.result import TRUSTED, Wish

MOST_PROBABLE = "the most probable class"


def choose(box: Box | None) -> Wish:
    """Models, methods and class; all of them travel in the address."""
    first = info.name if info.trained else names[0]
    left, right = st.columns(2)
    models = left.multiselect("Models", names, default=[first], key="models", bind="query-params", wrap=True)
    offered = [name for name in METHODS if any(name in i.methods for i in trained if i.name in models)]
    methods = right.multiselect(
        "Where they looked",
        list(METHODS),
        default=[name for name in USUAL if name in METHODS],
        key="methods",
        bind="query-params",
        wrap=True,
    )
    if not models:
        st.info("Choose at least one model.")
        st.stop()
    classes = list(dict.fromkeys(label for i in trained if i.name in models for label in i.classes))
    parts.choice_from("target", [MOST_PROBABLE, *classes])
    target = st.selectbox("Class to explain", [MOST_PROBABLE, *classes], key="target", bind="query-params")
    checked = st.segmented_control(
        "Find out which maps can be trusted: those of quick methods, all, or none",
        TRUSTED,
        default=Wish.trust,
        required=True,
        key="trust",
        bind="query-params",
    )
    slow = [get_method(name).title for name in methods if name in offered and get_method(name).slow]
    if slow:
        st.caption(f"{', '.join(slow)}: many passes through each network, which may take a minute or more.")
    return Wish(tuple(models), tuple(methods), None if target == MOST_PROBABLE else target, box, checked)


def page_for(held: Held, wish: Wish) -> tuple[str, tuple[str, ...]] | None:
    """The report and what is missing in it, from this session or from a job; ``None`` before anybody asked for it."""
    weights = tuple(i.sha256 for i in trained if i.name in wish.models)
    key = ("report", held.digest, held.name, wish, weights)
    known = state.answer(key)
    if known is not None:
        return known
    running = st.session_state.get("job")
    wanted = st.button("Make the report", type="primary", icon=":material/lab_profile:", key="make")
    if not wanted and (running is None or running.key != key):
        return None
    if wanted and running is not None and running.finished:
        jobs.drop_job(key)  # stopped, or failed: once more
    engine = parts.engine()

    def work(on_progress, cancel):  # type: ignore[no-untyped-def]
        found = take_home(engine, held.photo, held.name, wish, on_progress=on_progress, cancel=cancel)
        return report_html(found), tuple(sentence for part in found.parts for sentence in part.missing)

    job = jobs.job_for(key, work)
    if not job.wait(jobs.PATIENCE_S):
        jobs.watch(job, "Asking the models", step="step")
        st.stop()
    if job.result is not None:
        jobs.drop_job()
        state.keep(key, job.result)
        st.rerun()
    if job.cancelled:
        st.info("Stopped before it was done. Make the report to start again.")
    elif job.error is not None:
        parts.sentence(job.error)
    return None


def show(page: str, missing: tuple[str, ...], name: str) -> None:
    """The file to download."""
    data = page.encode("utf-8", errors="replace")
    st.success(f"The report is there: one HTML file of {len(data) / 1e6:.1f} MB.", icon=":material/check:")
    for sentence in missing:
        st.caption(sentence)
    st.download_button(
        "Download the report (HTML)",
        data,
        file_name=f"{name.rpartition('.')[0] or name}.html",
        mime="text/html",
        on_click="ignore",
        type="primary",
        icon=":material/download:",
    )
    st.caption("It opens in any browser, without a network, and prints.")


info = parts.model()
trained = [i for i in parts.engine().models() if i.trained and i.names]
names = [i.name for i in trained]
parts.header(
    "Take it home",
    "What the models say of the photo, where they looked and what their layers see, as one file to keep or to send.",
    "One HTML file that needs nothing else: no server, no network, no script",
    "The file holds the photo's pixels without the metadata of the file that you chose, each model's answer with its "
    "probabilities, the maps with their legends and times and how far each can be trusted, the activation maps of the "
    "default layer and the filters of the first one.",
    "It names the weights by their SHA-256, the versions of what computed it, and the code that makes it again: the "
    "same photo and weights give the same figures and pictures.",
)
if not trained:
    parts.need_weights(info)
held = parts.need_photo("make a report on it")
with parts.plainly():
    box = parts.region_box()
    left, right = st.columns([3, 8], gap="large")
    with left:
        st.image(held.photo.pixels, width="stretch", alt="The photo that the report is about")
    with right:
        wish = choose(box)
        made = page_for(held, wish)
        if made is not None:
            show(*made, held.name)
code_tabs(report_python(held.name, wish), report_cli(held.name, wish), report_curl(held.name, wish))
