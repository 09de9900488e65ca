"""The studio's entry: shared sidebar, one file a page. ``streamlit run apps/studio/main.py``, or mounted at /studio."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parents[2])
if ROOT not in sys.path:  # `streamlit run` puts this file's folder on the path, not the checkout
    sys.path.insert(0, ROOT)

import streamlit as st  # noqa: E402

from apps.studio import parts, sidebar  # noqa: E402

VIEWS = Path(__file__).parent / "views"
#: file, title, icon, address, whether it asks about a photo
LISTED = (
    ("predict.py", "Predict", ":material/sell:", "predict", True),
    ("filters.py", "First-layer filters", ":material/grid_view:", "filters", False),
    ("activations.py", "Activation maps", ":material/layers:", "activations", True),
    ("explain.py", "Attribution gallery", ":material/dashboard:", "explain", True),
    ("guided_backprop.py", "Guided backprop", ":material/center_focus_strong:", "guided-backprop", True),
    ("landmarks.py", "Landmarks", ":material/pin_drop:", "landmarks", True),
    ("every_model.py", "Every model", ":material/view_agenda:", "every-model", True),
    ("annotate.py", "Annotate", ":material/photo_library:", "annotate", True),
    ("confusion.py", "Confusion matrix", ":material/table_chart:", "confusion", False),
    ("tags.py", "Tags", ":material/label:", "tags", False),
    ("studies.py", "Studies", ":material/science:", "studies", False),
    ("models.py", "Models", ":material/list_alt:", "models", False),
)

MARK = Path(ROOT) / "apps" / "static" / "mark.svg"
# A file of our own: a Material symbol as the page's icon would be loaded from another server.
st.set_page_config(page_title="fashionviz studio", page_icon=str(MARK), layout="wide", initial_sidebar_state=344)
st.logo(str(MARK), size="large")
st.html(parts.STYLE)
pages = [st.Page(VIEWS / file, title=title, icon=icon, url_path=url) for file, title, icon, url, _ in LISTED]
asks = {title for _, title, _, _, photo in LISTED if photo}


def home() -> None:
    """The bare address: a default page loses its own address, so this one leads to Predict, which keeps its."""
    st.switch_page(pages[0], query_params={key: st.query_params.get_all(key) for key in st.query_params})


start = st.Page(home, title="Studio", default=True, visibility="hidden")
page = st.navigation([start, *pages])
if page is start:
    page.run()  # before the sidebar: what its widgets hold in the address could not be handed on after it
with st.sidebar:
    with parts.plainly():
        sidebar.model_choice(parts.engine())
    sidebar.photo(wanted_on_page=page.title in asks)
    sidebar.links()
page.run()
