"""Studies: what one choice does, all else equal."""

from __future__ import annotations

import re

import streamlit as st

from apps.studio import parts
from fashionviz.studies.pages import study_pages

#: What GitHub folds away.
_FOLD = re.compile(r"<details><summary>(.+?)</summary>\n(.*?)</details>", re.DOTALL)


def written(text: str) -> None:
    """Markdown; what is folded away in it, in a fold of ours."""
    begun = 0
    for fold in _FOLD.finditer(text):
        st.markdown(text[begun : fold.start()])
        with st.expander(fold[1]):
            st.markdown(fold[2])
        begun = fold.end()
    st.markdown(text[begun:])


parts.header(
    "Studies",
    "What does one choice in training do, all else equal?",
    "Figures on validation, or on the public test split where the page says so",
    "Each table changes one thing at a time and trains, or fits, everything anew. Where an interval is given, it is "
    "a 95 % interval over photos: another run of the same training would differ as well.",
)
pages = {page.name: page for page in study_pages()}
if not pages:
    st.info(
        "The pages of the studies are in the project's folder docs/studies, which is not here. This one writes a page:"
    )
    st.code("fashionviz study balance", language="bash")
    st.stop()
parts.choice_from("study", list(pages))
name = st.selectbox("Study", list(pages), key="study", bind="query-params")
page = pages[name]
st.subheader(page.title, anchor=False)
with st.container(key="study_text"):  # tables wider than the page scroll by themselves
    written(page.text)
st.download_button(
    "Download this page (Markdown)",
    f"# {page.title}\n\n{page.text}\n",
    file_name=f"{name}.md",
    mime="text/markdown",
    on_click="ignore",
    icon=":material/download:",
)
st.caption("The same command writes it anew:")
st.code(f"fashionviz study {name}", language="bash")
