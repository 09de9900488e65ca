"""Class averages: what does the model look at in a class as a whole?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from apps.studio import parts
from apps.studio.charts import save_picture
from fashionviz.errors import InvalidRequest
from fashionviz.explain.averages import FILE
from fashionviz.explain.kept import NotBuilt
from fashionviz.explore_results import ClassAverages
from fashionviz.figures.averages import Look, average_map, average_sheet
from fashionviz.models.weights import model_folder

#: What the map may show, in words, and how pictures are made of it.
LOOKS: dict[str, Look] = {"magnitude": "magnitude", "signed sum": "signed", "colour channels": "colour"}
_SIDE, _PAGE = 150, 24


def choose(averages: ClassAverages) -> tuple[Look, list[int]]:
    """Which map, and which classes; both travel in the address."""
    look = st.segmented_control(
        "Map", list(LOOKS), default="magnitude", required=True, key="look", bind="query-params"
    )  # fmt: skip
    places = [place for place, count in enumerate(averages.counts) if count]
    if len(places) > _PAGE:
        wanted = st.text_input("Search classes", key="find", bind="query-params").strip().lower()
        places = [place for place in places if wanted in averages.classes[place].lower()]
        pages = max(1, -(-len(places) // _PAGE))
        if pages > 1:
            page = int(st.number_input(f"Page, 1 to {pages}", 1, pages, key="averages_page", width=160))
            places = places[(page - 1) * _PAGE : page * _PAGE]
    return LOOKS[str(look)], places


def tiles(averages: ClassAverages, look: Look, places: list[int]) -> None:
    """Every class: photo above map, its name and n below."""
    if not places:
        st.info("No class of that name has items. Search for another one.")
        return
    words = "guided backpropagation" if averages.method == "guided-backprop" else "gradient"
    with st.container(horizontal=True, gap="small"):
        for place in places:
            label, count = averages.classes[place], int(averages.counts[place])
            with st.container(width=_SIDE, gap="xsmall", key=f"average_{place}"):
                st.image(
                    parts.enlarge(averages.photos[place], 2 * _SIDE, smooth=True),
                    width=_SIDE, alt=f"Average photo of {label}", output_format="PNG",
                )  # fmt: skip
                st.image(
                    parts.enlarge(average_map(averages, place, look), 2 * _SIDE),
                    width=_SIDE, alt=f"Average {words} of {label}", output_format="PNG",
                )  # fmt: skip
                named = label.replace("/", "/\u200b")  # a narrow column breaks the name at the slash
                st.caption(f"**{named}** · n\u00a0=\u00a0{count:,}")
    if look == "magnitude":
        parts.legend_magnitude("no influence", "most influence in this class")
    elif look == "signed":
        parts.legend_signed("against the class", "for the class")
    else:
        st.caption("Mid-grey is zero; a colour is brighter where more of it speaks for the class, darker where less.")


def downloads(averages: ClassAverages, look: Look, places: list[int]) -> None:
    """The sheet as PNG, the arrays as they ship."""
    if places:
        name = averages.model.name
        title = f"Average attribution of {name} by class ({look})"
        save_picture(average_sheet(averages, places, look), "averages", f"{name}-averages-{look}", title)
    st.download_button(
        "Arrays (NPZ)",
        (model_folder(averages.model.name) / FILE).read_bytes(),
        file_name=f"{averages.model.name}-averages.npz",
        mime="application/octet-stream",
        on_click="ignore",
        icon=":material/download:",
    )


def table(averages: ClassAverages) -> None:
    """The same in numbers: how large the averages are, and how far signed values cancel."""
    with st.expander("Table"):
        magnitude = averages.magnitude.reshape(len(averages.classes), -1).mean(axis=1)
        net = np.abs(averages.signed).max(axis=1).reshape(len(averages.classes), -1).mean(axis=1)
        st.dataframe(
            pd.DataFrame(
                {
                    "class": averages.classes,
                    "n": averages.counts,
                    "mean magnitude": magnitude,
                    "left of it in the signed mean": np.divide(
                        net, magnitude, out=np.zeros_like(net), where=magnitude > 0
                    ),
                }
            ),
            hide_index=True,
            column_config={
                "mean magnitude": st.column_config.NumberColumn(format="%.3g"),
                "left of it in the signed mean": st.column_config.NumberColumn(format="percent"),
            },
        )


def code(averages: ClassAverages) -> None:
    """The same in Python, in a terminal and over the API."""
    name = averages.model.name
    with st.expander("The same in code"):
        lines = [
            "from fashionviz.inference.engine import shared_engine",
            f"averages = shared_engine().averages({name!r})",
            "print(averages.classes, averages.counts, averages.magnitude.shape)",
        ]
        st.code("\n".join(lines), language="python", wrap_lines=True)
        limit = f" --limit {averages.source.limit}" if averages.source.limit is not None else ""
        right = " --right-only" if averages.right_only else ""
        st.code(
            f"fashionviz averages {name}{limit}{right} --json\n"
            f"curl http://127.0.0.1:7860/api/v1/models/{name}/averages",
            language="bash",
            wrap_lines=True,
        )


info = parts.model()
parts.header(
    "Class averages",
    "What does the model look at in a class as a whole?",
    parts.model_label(info),
    "Above, the average of a class's test photos as the model receives them; below, the average of what speaks for the "
    "class in each of them, whatever the model answered. Where the map is bright, many photos have influence there.",
    "Signed values cancel where a garment lies now left and now right, so their average may be faint although each "
    "photo has a clear map; the average of magnitudes does not cancel. Each class is scaled on its own.",
    info.note,
)
parts.need_weights(info)
with parts.plainly():
    try:
        averages = parts.engine().averages(info.name)
    except (NotBuilt, InvalidRequest) as error:
        st.info(str(error))
        st.code(f"fashionviz averages {info.name}", language="bash")
        st.stop()
look, places = choose(averages)
tiles(averages, look, places)
height, width = averages.magnitude.shape[1:]
which = "items answered rightly" if averages.right_only else "items, right and wrong answers alike"
st.caption(
    f"{averages.source.words}: {which}. Method {averages.method}, for the true class; kept at {width}×{height} px. "
    f"Weights SHA-256 `{averages.model.sha256[:12]}…`."
)
downloads(averages, look, places)
table(averages)
code(averages)
parts.note(info)
