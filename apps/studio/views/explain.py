"""Attribution gallery: every method on one photo, for a class or for one class and not another."""

from __future__ import annotations

import time

import pandas as pd
import streamlit as st

from apps.studio import attributions, jobs, parts, state, trust_view
from apps.studio.attributions import Asked, Known
from apps.studio.charts import save_picture
from apps.studio.jobs import Job
from apps.studio.state import Held
from apps.words import INSENSITIVE, caution_markdown
from fashionviz.explain.methods import METHODS
from fashionviz.explain.trust import ALIKE, MARGIN
from fashionviz.figures.gallery import SCALES, contact_sheet, draw_as
from fashionviz.figures.pictures import view_photo
from fashionviz.results import Attribution, Box, Prediction

MOST_PROBABLE = "the most probable class"
NOTHING = "nothing: the class itself"
_SIDE = 480
_COLUMNS = 3


def choose(prediction: Prediction) -> tuple[str | None, str | None, str]:
    """Class, the one it is compared with, and the scale; all travel in the address."""
    for key, options in (("target", [MOST_PROBABLE, *info.classes]), ("against", [NOTHING, *info.classes])):
        parts.choice_from(key, options)
    one, two = st.columns(2)
    target = one.selectbox("Class to explain", [MOST_PROBABLE, *info.classes], key="target", bind="query-params")
    against = two.selectbox("Why it and not …", [NOTHING, *info.classes], key="against", bind="query-params")
    first, second = runner_up(prediction, None if target == MOST_PROBABLE else target)
    with st.container(horizontal=True):
        if second is not None and against != second:
            st.button(
                f"Why {first} and not {second}?",
                on_click=compare,
                args=(first, second),
                icon=":material/compare_arrows:",
            )
        if against != NOTHING:
            st.button("Explain the class itself", on_click=compare, args=(target, NOTHING))
    scale = st.segmented_control(
        "One scale for all maps", SCALES, default=SCALES[0], required=True, key="scale", bind="query-params"
    )
    return None if target == MOST_PROBABLE else target, None if against == NOTHING else against, str(scale)


def compare(target: str, against: str) -> None:
    """Before the page runs again: another question."""
    st.session_state["target"], st.session_state["against"] = target, against


def runner_up(prediction: Prediction, target: str | None) -> tuple[str, str | None]:
    """The class that is explained, and the most probable of the others; of a tagger within the first group."""
    scores = prediction.tags[0].tags if prediction.tags else prediction.scores
    first = target or prediction.top.label
    return first, next((score.label for score in scores if score.label != first), None)


def ask(held: Held, asked: Asked) -> tuple[Known, bool]:
    """What is known so far, and whether a job goes on that finds out more."""
    key = ("gallery", info.name, info.sha256, held.digest, asked.box, asked.target, asked.against)
    known = state.remember(key, Known)
    left = attributions.todo(info, known)
    if not left:
        jobs.drop_job(key)
        if known.stopped and len(known.maps) < len(info.methods):
            st.info(f"Stopped. {len(known.maps)} of {len(info.methods)} methods have answered.")
            st.button("Go on", on_click=go_on, args=(known,), type="primary")
        return known, False
    nothing_yet = not known.count
    job = jobs.job_for(key, attributions.work(parts.engine(), info, asked, known))
    if nothing_yet:
        job.wait(jobs.PATIENCE_S)
    if not job.finished:
        watch(job, known, known.count, known.count + len(left))
        return known, True
    jobs.drop_job(key)
    if job.error is not None:
        parts.sentence(job.error)
    elif attributions.todo(info, known):
        st.rerun()  # it ended between two looks, and more has been asked for since
    return known, False


def stop(job: Job, known: Known) -> None:
    """Before the page runs again: what runs ends at its next pass, what waits is not wanted any more."""
    job.cancel()
    known.stopped, known.wanted = True, list(known.trust)


def go_on(known: Known) -> None:
    """Before the page runs again: the maps that were stopped are wanted after all."""
    known.stopped = False


@st.fragment(run_every=0.5)
def watch(job: Job, known: Known, seen: int, total: int) -> None:
    """Which method runs and how far it is, with a button to stop; the page runs again with every answer."""
    if job.finished or job.stopping or known.count > seen:
        st.rerun()
    step, left = known.step, ""
    within = 0.0
    if step is not None and step.total > 1:
        within = min(1.0, step.done / step.total)
        left = f" · pass {step.done} of {step.total}"
        if step.seconds_left is not None:
            left += f" · {jobs.time_left(step.seconds_left)}"
    words = f"{known.now} ({seen + 1} of {total}) · {time.monotonic() - job.started:.0f} s so far{left}"
    st.progress(min(1.0, (seen + within) / max(total, 1)), text=words)
    st.button("Cancel", key="cancel_job", on_click=stop, args=(job, known))


def want(known: Known, methods: tuple[str, ...]) -> None:
    """Before the page runs again: trust is asked for, after what runs now."""
    known.wanted = [*known.wanted, *(m for m in methods if m not in known.wanted)]


def again(known: Known) -> None:
    """Forget what failed, so that it is asked again."""
    for answers in (known.maps, known.trust):
        for method in [m for m, answer in answers.items() if isinstance(answer, str)]:
            del answers[method]
    jobs.drop_job()


def gallery(known: Known, scale: str, going_on: bool) -> None:
    """A card a method, each in its place from the beginning."""
    methods = attributions.order(info)
    for start in range(0, len(methods), _COLUMNS):
        columns = st.columns(_COLUMNS)
        for column, method in zip(columns, methods[start : start + _COLUMNS], strict=False):
            with column.container(border=True):
                card(method, known, scale, going_on)


def card(method: str, known: Known, scale: str, going_on: bool) -> None:
    """One method: its map, its time, and how far it can be trusted."""
    found = known.maps.get(method)
    title = METHODS[method].title.replace("propagation", "\u00adpropagation")  # where a narrow card may break the word
    st.markdown(f"**{title}**", help=METHODS[method].explanation)
    if found is None:
        slow = " It takes many passes." if METHODS[method].slow else ""
        st.caption(("Waits for its turn." if going_on else "Was not asked.") + slow)
        return
    if isinstance(found, str):
        st.error(found)
        return
    picture = draw_as(scale, grey=parts.grey(info))(found)
    st.image(
        parts.shown(picture, _SIDE),
        width="stretch",
        alt=f"{METHODS[method].title} for {found.question}, to which the model gives {found.probability:.1%}",
        output_format="PNG",
    )
    words = f"{parts.seconds(found.timings.compute)}"
    if found.layer:
        words += f" · layer `{found.layer}`"
    if found.completeness_error is not None:
        words += f" · {found.steps} steps, off by {found.completeness_error:.1%}"
    st.caption(words)
    badge(method, known)


def badge(method: str, known: Known) -> None:
    """The verdict in a sentence with the scores behind it, or the button that asks for it."""
    trust = known.trust.get(method)
    if trust is None:
        asked = method in known.wanted
        st.button(
            "Asked …" if asked else "Can I trust this map?",
            key=f"trust_{method}",
            on_click=want,
            args=(known, (method,)),
            disabled=asked,
            icon=":material/verified_user:",
            type="tertiary",
        )
        return
    if isinstance(trust, str):
        st.error(trust)
        return
    trust_view.verdict(trust)


def legend(scale: str) -> None:
    """What the colours mean, on the scale that all maps share."""
    if scale == "Signed":
        parts.legend_signed("against the class", "for the class")
    elif scale == "Over the photo":
        parts.legend_magnitude("no influence", "most influence")
    else:
        st.caption("Every colour channel on its own; grey is zero.")
    st.caption("One rule for all maps: full colour is the 99th percentile of the map's own magnitude.")


def take_along(held: Held, asked: Asked, known: Known, scale: str) -> None:
    """The page as a picture, the scores as a table, and the code behind it."""
    done = {m: a for m in attributions.order(info) if isinstance(a := known.maps.get(m), Attribution)}
    if not done:
        return
    first = next(iter(done.values()))
    st.subheader("As a table", anchor=False)
    st.dataframe(pd.DataFrame(attributions.rows(info, known)).dropna(axis=1, how="all"), hide_index=True)
    draw = draw_as(scale, grey=parts.grey(info))
    title = f"{info.name}: {first.question} ({first.probability:.1%}), {scale.lower()}"
    sheet = contact_sheet(view_photo(first.view), [(METHODS[m].title, draw(a)) for m, a in done.items()], title)
    save_picture(sheet, "gallery", "gallery", title, "Gallery (PNG)")
    with st.container(horizontal=True):
        for label, data, name, mime in (
            ("Table (CSV)", attributions.rows_csv(info, known), "gallery.csv", "text/csv"),
            (
                "Every score (JSON)",
                attributions.gallery_json(info, known, held.name),
                "gallery.json",
                "application/json",
            ),
        ):
            st.download_button(label, data, file_name=name, mime=mime, on_click="ignore", icon=":material/download:")
    python, shell, curl = st.tabs(["Python", "Command line", "curl"])
    for text in attributions.python_code(held.name, asked):
        python.code(text, language="python", wrap_lines=True)
    shell.code(attributions.shell_code(held.name, asked, list(done)), language="bash", wrap_lines=True)
    curl.code(attributions.curl_code(held.name, asked), language="bash", wrap_lines=True)


def predicted(held: Held, box: Box | None) -> Prediction:
    """The classes of the photo, of which one is explained."""
    return state.remember(
        ("predict", info.name, info.sha256, held.digest, box),
        lambda: parts.engine().predict(held.photo, info.name, box=box),
    )


info = parts.model()
parts.header(
    "Attribution gallery",
    "Where did the model look for a class, by every method it can serve, and why that class and not another?",
    parts.model_label(info),
    "Each map answers in its own way which parts of the photo spoke for the class. Where several agree there is more "
    "reason to believe them. “Why it and not …” explains the difference between two classes: what spoke for the one "
    "more than for the other.",
    "“Can I trust this map?” asks the same network with random weights for the same map: a map that hardly changes "
    "shows the photo, not the network (Adebayo et al. 2018). Then it takes away, or brings in, the pixels that the map "
    "marks and watches the class's probability; the dotted line is the same map laid elsewhere (Petsiuk et al. 2018).",
    f"The verdict follows from fixed rules. A blank map, or a rank correlation with random weights from {ALIKE:g} on: "
    f"no. Curves that together beat the map laid elsewhere by less than {MARGIN:g}: hardly. All others hold.",
)
parts.need_weights(info)
held = parts.need_photo("see where the model looked")
with parts.plainly():
    box = parts.region_box()
    prediction = predicted(held, box)
    left, right = st.columns([3, 9], gap="large")
    with right:
        target, against, scale = choose(prediction)
    top = target or prediction.top.label
    with left:
        st.image(held.photo.pixels, width="stretch", alt=parts.photo_alt(prediction))
        if prediction.tags:
            parts.top_tags(prediction, 3)
        else:
            parts.top_classes(prediction.first(3), info.classes)
        st.page_link("views/guided_backprop.py", label="One, large", icon=":material/center_focus_strong:")
    if top == against:
        st.warning(f"{top} cannot be compared with itself. Choose another class.")
        st.stop()
    asked = Asked(held.photo, box, info.name, target, against)
    with right:
        known, going_on = ask(held, asked)
        legend(scale)
        gallery(known, scale, going_on)
        everything = tuple(attributions.order(info))
        with st.container(horizontal=True):
            if set(everything) - set(known.wanted):
                st.button("How far can I trust them all?", on_click=want, args=(known, everything))
            if not going_on and any(isinstance(a, str) for a in [*known.maps.values(), *known.trust.values()]):
                st.button("Ask those that failed again", on_click=again, args=(known,), icon=":material/refresh:")
        if any(method in INSENSITIVE for method in info.methods):
            st.caption(caution_markdown())
        if not going_on:
            take_along(held, asked, known, scale)
