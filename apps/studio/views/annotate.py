"""Annotate: many photos at once, a table of answers that a person corrects, a CSV that takes the work along."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

import pandas as pd
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from apps.studio import intake, jobs, parts
from apps.studio.desk import MAX_PHOTOS, MAX_TOTAL, Desk, Sheet, annotation_work, counted, listed
from fashionviz import images
from fashionviz.annotate.row import Annotation, printable
from fashionviz.annotate.table import CHECK_BELOW, below
from fashionviz.data.examples import KINDS, draw
from fashionviz.results import ModelInfo

PRIVACY = (
    "Your photos are kept in this server's memory for this browser tab only. They are never written to disk and go "
    "when you remove them or close the tab."
)
_ROW = 72
_HIGHEST = 620


def desk() -> Desk:
    """This session's desk."""
    return st.session_state.setdefault("desk", Desk())


def clear() -> None:
    """Drop the photos and everything said about them."""
    for key in ("desk", "annotating", "sheet", "annotate_said"):
        st.session_state.pop(key, None)
    job = st.session_state.pop("job", None)
    if job is not None:
        job.cancel()


def uploads(running: bool) -> None:
    """The one place for photos and for an earlier table."""
    turn = st.session_state.setdefault("desk_turn", 0)
    key = f"desk_upload_{turn}"
    st.file_uploader(
        "Photos of garments (JPEG, PNG or WebP), and the CSV of an earlier time if there is one",
        accept_multiple_files=True,
        key=key,
        on_change=_uploaded,
        args=(key,),
        max_upload_size=images.MAX_BYTES // 1048576,
        disabled=running,
    )
    st.caption(f"At most {MAX_PHOTOS} photos with {MAX_TOTAL // 1048576} MB together. {PRIVACY}")
    for remark in desk().remarks:
        st.info(remark)


def _uploaded(key: str) -> None:
    """Take the files over, then let go of them; a new key gives an empty widget that holds nothing."""
    files = [file for file in st.session_state.get(key) or () if isinstance(file, UploadedFile)]
    desk().take([(file.name, file.getvalue()) for file in files])
    for file in files:
        intake.discard(file)
    st.session_state["desk_turn"] += 1
    st.session_state.pop("annotate_said", None)


def examples() -> None:
    """A few drawn photos, for a first try."""
    if st.button(f"Try it with {len(KINDS)} photos drawn by our own program", key="annotate_examples"):
        desk().take([(f"{kind}.png", images.encode_png(draw(kind, intake.SEED))) for kind in KINDS])
        st.rerun()


def choose_models(trained: Sequence[ModelInfo], running: bool) -> list[ModelInfo]:
    """One or several trained models; the one of the sidebar at first, if it is among them."""
    names = [info.name for info in trained]
    first = parts.model().name
    st.multiselect(
        "Models",
        names,
        default=[first if first in names else names[0]],
        key="models",
        bind="query-params",
        disabled=running,
    )
    chosen = [info for info in trained if info.name in st.session_state["models"]]
    if not chosen:
        st.info("Choose at least one model.")
        st.stop()
    return chosen


def start_button(here: Desk, chosen: Sequence[ModelInfo]) -> None:
    """Begin, or try again what failed, and what is still to be asked in words."""
    new, failed = here.waiting(chosen)
    with st.container(horizontal=True):
        st.button(
            "Annotate" if new or not failed else "Try those that failed again",
            type="primary",
            key="annotate_start",
            disabled=not (new or failed),
            on_click=_start,
            args=([info.name for info in chosen],),
        )
        st.button("Remove all photos and answers", key="annotate_clear", on_click=clear)
    words = [f"{counted(len(here.photos), 'photo')} here"]
    words.append(f"{counted(new, 'answer')} still to be asked" if new else "all of them asked")
    if failed:
        words.append(f"{failed:,} without an answer")
    st.caption(", ".join(words) + ".")


def _start(names: list[str]) -> None:
    st.session_state["annotating"] = names
    st.session_state.pop("annotate_said", None)


def work(here: Desk, names: list[str]) -> None:
    """Run the job in the background; the page ends here while it runs."""
    job = jobs.job_for(("annotate", *names), annotation_work(here, names, parts.engine()))
    if not job.wait(jobs.PATIENCE_S):
        jobs.watch(job, "Annotating", step="answer")
        st.stop()
    del st.session_state["annotating"]
    jobs.drop_job()
    if job.cancelled:
        st.session_state["annotate_said"] = "Stopped. What was answered is kept; start again to go on from there."
    elif job.error is not None:
        st.session_state["annotate_said"] = str(job.error)
    st.rerun()  # the controls above are those of a job that runs


def summary(here: Desk, chosen: Sequence[ModelInfo]) -> None:
    """What came of it, in a line, and what a person should know."""
    rows = [row for info in chosen for row in here.asked(info.name)]
    failed = sum(row.error is not None for row in rows)
    corrected = sum(row.corrected is not None for row in rows)
    st.caption(
        f"{counted(len(rows), 'row')}: {len(rows) - failed:,} answered, {failed:,} failed, {corrected:,} corrected; "
        f"{len(below(rows)):,} below {CHECK_BELOW:.0%} to look at."
    )
    if changed := sorted(here.changed & set(here.photos)):
        st.warning(
            "These photos have changed since they were corrected; look again: " + ", ".join(map(printable, changed))
        )
    if elsewhere := here.elsewhere():
        stay = "stays" if elsewhere == 1 else "stay"
        st.caption(f"{counted(elsewhere, 'row')} of photos that are not here {stay} in the CSV.")


def sheet_of(here: Desk, info: ModelInfo, percent: int) -> Sheet:
    """The rows on show. They are laid out anew when the question is another, never because one was corrected."""
    about = (info.name, percent, here.version)
    kept: Sheet | None = st.session_state.get("sheet")
    if kept is not None and kept.about == about and kept.key in st.session_state:
        return kept
    number = st.session_state["sheets"] = st.session_state.get("sheets", 0) + 1
    fresh = Sheet(f"sheet_{number}", about, listed(here.asked(info.name), percent))
    st.session_state["sheet"] = fresh
    return fresh


def frame_of(here: Desk, rows: Sequence[Annotation]) -> pd.DataFrame:
    """The rows as the editor takes them."""
    text = {
        name: pd.array([getattr(row, name) for row in rows], dtype="string")
        for name in ("label", "corrected", "runner_up", "error")
    }
    frame = pd.DataFrame(
        {
            "photo": pd.array([here.thumbnail(row.file) for row in rows], dtype="string"),
            "label": text["label"],
            "probability": pd.array([row.probability for row in rows], dtype="Float64"),
            "corrected": text["corrected"],
            "runner_up": text["runner_up"],
            "runner_up_probability": pd.array([row.runner_up_probability for row in rows], dtype="Float64"),
            "file": pd.array([printable(row.file) for row in rows], dtype="string"),
            "error": text["error"],
        }
    )
    return frame if frame["error"].notna().any() else frame.drop(columns="error")


def editor(here: Desk, info: ModelInfo, sheet: Sheet) -> None:
    """The table; what is chosen in its column of corrections goes to the desk."""
    frame = frame_of(here, sheet.rows)
    st.data_editor(
        frame,
        key=sheet.key,
        hide_index=True,
        row_height=_ROW,
        placeholder="–",
        height=min(_HIGHEST, 40 + _ROW * len(sheet.rows)),
        disabled=[name for name in frame.columns if name != "corrected"],
        column_config={
            "photo": st.column_config.ImageColumn("Photo", width=80),
            "label": st.column_config.TextColumn("Class", width=165),
            "probability": st.column_config.NumberColumn("Probability", width=92, format="percent"),
            "corrected": st.column_config.SelectboxColumn(
                "Right class", options=list(info.classes), help="Choose one where the model is wrong."
            ),
            "runner_up": st.column_config.TextColumn("Runner-up", width=165),
            "runner_up_probability": st.column_config.NumberColumn("Its probability", width=118, format="percent"),
            "file": st.column_config.TextColumn("File"),
            "error": st.column_config.TextColumn("What is wrong", width="large"),
        },
        alt=f"Answers of {info.name}, a row a photo; the column Right class can be edited",
    )
    for number, cells in st.session_state[sheet.key]["edited_rows"].items():
        if "corrected" in cells:
            here.correct(sheet.rows[number].key, cells["corrected"])


def results(here: Desk, chosen: Sequence[ModelInfo]) -> None:
    """Filter, table and download."""
    asked = [info for info in chosen if here.asked(info.name)]
    if not asked:
        return
    st.subheader("Answers", anchor=False)
    info = asked[0]
    if len(asked) > 1:
        names = [other.name for other in asked]
        parts.choice_from("answers_of", names)
        name = st.selectbox("Answers of", names, key="answers_of", bind="query-params")
        info = asked[names.index(name)]
    percent = st.slider(
        "Show those below this probability, in % (100 shows all)", 0, 100, 100, key="below", bind="query-params"
    )
    parts.note(info)
    sheet = sheet_of(here, info, percent)
    if sheet.rows:
        editor(here, info, sheet)
    else:
        st.info(f"No answer is below {percent} %, or all that are have been corrected. Move the slider to see more.")
    summary(here, chosen)
    st.download_button(
        "Download the labels (CSV)",
        here.csv(),
        file_name="labels.csv",
        mime="text/csv",
        on_click="ignore",
        icon=":material/download:",
    )
    words = ["fashionviz", "annotate", "photos", *(w for m in chosen for w in ("--model", m.name)), "--out"]
    st.caption("The same for a folder of any size, also to go on from this CSV:")
    st.code(shlex.join([*words, "labels.csv"]), language="bash", wrap_lines=True)


def page() -> None:
    """All of it in a function: globals wait for the garbage collector, and photos must go with their session."""
    infos = [info for info in parts.engine().models() if info.answer == "classes"]  # the table holds one class a photo
    trained = [info for info in infos if info.trained]
    parts.header(
        "Annotate",
        "Name the class of many photos at once, correct what is wrong, and take the labels along.",
        f"{len(trained)} of the {len(infos)} models that give one class are trained",
        "Each photo becomes a row: the most probable class, how probable it is, and the second most probable one. "
        "Photos without an answer come first, then those that the model is least sure of.",
        "In the column Right class choose a class where the model is wrong: double-click the cell, or go there with "
        "the arrow keys and press Enter. The CSV keeps the model's class and yours side by side.",
        "To go on another day, bring the CSV and the photos back together: rows and corrections are kept, by the "
        "content of each photo, and only what is new is asked.",
    )
    if not trained:
        parts.need_weights(infos[0])
    here = desk()
    running: list[str] | None = st.session_state.get("annotating")
    uploads(running is not None)
    chosen = choose_models(trained, running is not None)
    with parts.plainly():
        if running is not None:
            work(here, running)
    if not here.photos:
        if here.rows:
            st.info(f"The table holds {counted(len(here.rows), 'row')}. Add its photos to see and to correct them.")
        else:
            examples()
        return
    start_button(here, chosen)
    if said := st.session_state.get("annotate_said"):
        st.warning(said)
    results(here, chosen)


page()
