"""Training: the curves of every run, the searches, and the tables of results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from apps.studio import parts
from apps.studio.charts import chart
from fashionviz.errors import FashionvizError
from fashionviz.evaluation.results_page import TaskSection, result_sections
from fashionviz.figures.curves import metric_names, runs_figure
from fashionviz.figures.sweep import curves_picture, order_picture, step_picture
from fashionviz.models.card import FIGURE_NAMES, ModelCard, load_card
from fashionviz.models.weights import model_folder
from fashionviz.sweeps.record import SweepRecord, load_record
from fashionviz.sweeps.studies import STUDIES

SWEEPS = Path(__file__).resolve().parents[3] / "docs" / "sweeps"


def cards() -> dict[str, ModelCard]:
    """Of the shipped models with a training history, by name."""
    found = {}
    for info in parts.engine().models():
        if info.trained:
            try:
                card = load_card(model_folder(info.name))
            except FashionvizError as error:
                parts.sentence(error)
                continue
            if card.recipe.get("history"):
                found[info.name] = card
    return found


def curves(known: Mapping[str, ModelCard]) -> None:
    """One figure of the chosen runs, laid over each other."""
    histories = {name: card.recipe["history"] for name, card in known.items()}
    names = list(histories)
    like = [name for name in names if name.rpartition(".")[2] == parts.model().task]
    chosen = st.multiselect(
        "Runs", names, default=like or names[:1], key="runs", bind="query-params", wrap=True,
        help="The run that gave each model the weights that it is shipped with.",
    )  # fmt: skip
    if not chosen:
        st.info("Choose at least one run.")
        return
    metrics = metric_names({name: histories[name] for name in chosen})
    keys = {name: key for key, name in metrics.items()}
    parts.choice_from("figure", list(keys))
    metric = keys[st.selectbox("Figure", list(keys), key="figure", bind="query-params")]
    without = [name for name in chosen if not any(metric in row for row in histories[name])]
    # All runs go in, so that each keeps its colour whichever are chosen; those that are not have no rows.
    shown: dict[str, Sequence[Mapping[str, Any]]] = {n: histories[n] if n in chosen else () for n in names}
    chart(runs_figure(shown, metric), "curves", f"training-{metric}", alt=f"{metrics[metric]} of {', '.join(chosen)}")
    if without:
        st.caption(f"Not logged by {', '.join(f'`{name}`' for name in without)}.")
    st.caption(
        "Validation is scored after each epoch with the averaged weights, which are what is kept; training with the "
        "weights of the moment, on augmented photos. Runs on different data cannot be compared by their figures."
    )
    runs_table({name: known[name] for name in chosen})


def runs_table(known: Mapping[str, ModelCard]) -> None:
    """What each run was, a row each; the learning rate is the highest of its schedule, which is not logged by epoch."""
    rows = []
    for name, card in known.items():
        recipe, history = card.recipe, card.recipe["history"]
        best = max((row for row in history if "val_score" in row), key=lambda row: row["val_score"], default=None)
        rows.append(
            {
                "run": name,
                "epochs": len(history),
                "best epoch": int(best["epoch"]) + 1 if best else None,
                "score there": best["val_score"] if best else None,
                "learning rate": recipe.get("learning_rate"),
                "optimiser": recipe.get("optimiser"),
                "started from": recipe.get("init"),
                "data": ", ".join(card.data_sets),
                "machine": recipe.get("machine"),
            }
        )
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={"score there": st.column_config.NumberColumn(format="%.4f")},
    )
    st.page_link("views/models.py", label="Recipe, card and curves of one model", icon=":material/list_alt:")


def searches() -> None:
    """The committed records of searches, or the command that makes one."""
    st.subheader("Searches for hyper-parameters", anchor=False)
    paths = sorted(SWEEPS.glob("*.json"))
    if not paths:
        st.info("No search has been recorded here. This one is laid out; it trains for hours, and a kill loses little:")
        st.code("\n".join(f"fashionviz sweep {name}" for name in STUDIES), language="bash")
        return
    names = [path.stem for path in paths]
    parts.choice_from("sweep", names)
    name = st.selectbox("Search", names, key="sweep", bind="query-params")
    sweep(load_record(paths[names.index(name)]))


def sweep(record: SweepRecord) -> None:
    """A search: its plots, and every trial in a table."""
    st.markdown(f"**{record.title}.** {record.note}")
    done = sum(trial.state == "finished" for trial in record.trials)
    st.caption(
        f"{done} of {len(record.trials)} trials finished{'' if record.complete else '; the search is not complete'}. "
        f"Scored on the {record.split} split of `{record.data_set}`, n = {record.n:,}."
    )
    plots = {
        "trials": ("Trials in their order", order_picture(record)),
        "curves": ("Winners by epoch", curves_picture(record)),
        **{step.name: (f"Step {step.name}", step_picture(record, step)) for step in record.steps},
    }
    for tab, (key, (title, picture)) in zip(st.tabs([t for t, _ in plots.values()]), plots.items(), strict=True):
        with tab:
            st.image(picture, width="stretch", alt=f"{title} of {record.title}; the table below holds every trial")
            st.download_button(
                f"{title} (SVG)", picture, file_name=f"{record.study}-{key}.svg", mime="image/svg+xml",
                on_click="ignore", icon=":material/download:", key=f"svg {key}",
            )  # fmt: skip
    st.dataframe(pd.DataFrame([trial_row(record, trial.number) for trial in record.trials]), hide_index=True)
    st.code(record.command, language="bash")


def trial_row(record: SweepRecord, number: int) -> dict[str, Any]:
    """A trial as a row of the table."""
    trial = record.trial(number)
    assert trial is not None
    low, high = trial.ci95 or (None, None)
    return {
        "trial": trial.number, "step": trial.step, **trial.choices, "state": trial.state, "accuracy": trial.accuracy,
        "low": low, "high": high, "epoch": trial.epoch, "seconds": trial.seconds, "why": trial.sentence,
    }  # fmt: skip


@st.cache_resource(show_spinner=False, max_entries=2)
def _sections(weights: tuple[str | None, ...]) -> tuple[TaskSection, ...]:
    """The committed results, public figures alone; read anew when a model's weights change."""
    return result_sections()


def results() -> None:
    """The tables of the page of results, from what it is made of."""
    st.subheader("Results", anchor=False)
    with parts.plainly():
        sections = _sections(tuple(info.sha256 for info in parts.engine().models()))
    if not sections:
        st.info("No model is trained yet, so there are no results.")
        return
    by_name = {section.task.name: section for section in sections}
    parts.choice_from("task", list(by_name))
    name = st.selectbox("Task", list(by_name), key="task", bind="query-params")
    section = by_name[name]
    st.caption(f"{section.task.title}. {section.task.note}")
    if section.comparison is not None:
        compared(section)
    figures(section)
    if section.reference:
        st.caption(f"Reference: {section.reference}")
    st.caption("The same figures, with those of every class, are in docs/results.md, which this command writes:")
    st.code("fashionviz report", language="bash")


def compared(section: TaskSection) -> None:
    """Classifiers side by side, and how far each is from the best on the same pictures."""
    assert section.comparison is not None
    share = st.column_config.NumberColumn(format="%.4f")
    rows = [
        {
            "model": m.name, "data set": m.data_set, "split": m.split, "n": m.n, "accuracy": m.accuracy,
            "low": m.ci95[0], "high": m.ci95[1], "top 2": m.top2, "macro F1": m.macro_f1, "ECE": m.ece,
            "parameters": m.parameters, "MB": round(m.megabytes, 1),
        }
        for m in section.comparison.models
    ]  # fmt: skip
    config = dict.fromkeys(("accuracy", "low", "high", "top 2", "macro F1", "ECE"), share)
    st.dataframe(pd.DataFrame(rows), hide_index=True, column_config=config)
    st.caption("Low and high are the ends of the 95 % interval (Wilson).")
    for d in section.comparison.differences:
        low, high = d.ci95
        st.markdown(f"`{d.name}` less `{d.other}`: {d.value:+.4f} ({low:+.4f} to {high:+.4f}), paired, n {d.n:,}.")


def figures(section: TaskSection) -> None:
    """Every figure of every card."""
    rows = [
        {
            "model": model.card.name,
            "measure": FIGURE_NAMES.get(m.name, m.name),
            "value": m.value,
            "low": m.ci95[0],
            "high": m.ci95[1],
            "n": m.n,
            "data set": m.data_set,
            "split": m.split,
        }
        for model in section.models
        for m in model.card.metrics
    ]
    share = st.column_config.NumberColumn(format="%.4f")
    st.dataframe(pd.DataFrame(rows), hide_index=True, column_config=dict.fromkeys(("value", "low", "high"), share))


parts.header(
    "Training",
    "How did each model learn, which settings were tried, and what came out?",
    "From the committed cards, reports and records",
    "A curve that falls in training and not in validation is a network that learns its photos by heart; the weights "
    "that are shipped are those of the best epoch on validation, and nothing was chosen on the test split.",
    "Every figure of the tables stands with its number of pictures and its 95 % interval.",
)
st.subheader("Curves", anchor=False)
known = cards()
if known:
    curves(known)
else:
    st.info("No trained model here has kept its training history. Train one, for example:")
    st.code(f"fashionviz train {parts.model().name}", language="bash")
with parts.plainly():
    searches()
results()
st.page_link("views/studies.py", label="Studies: what one choice does, all else equal", icon=":material/science:")
