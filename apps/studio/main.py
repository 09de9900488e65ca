"""The studio's entry: shared sidebar, one file a page. ``streamlit run apps/studio/main.py``, or mounted at /studio."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parents[2])
if ROOT not in sys.path:  # `streamlit run` puts this file's folder on the path, not the checkout
    sys.path.insert(0, ROOT)

import streamlit as st  # noqa: E402

from apps.studio import items, links, parts, sidebar  # noqa: E402
from fashionviz.models.registry import list_models  # noqa: E402

VIEWS = Path(__file__).parent / "views"
#: By section: file, title, icon, address, whether it asks about a photo.
SECTIONS = {
    "One photo": (
        ("predict.py", "Predict", ":material/sell:", "predict", True),
        ("explain.py", "Attribution gallery", ":material/dashboard:", "explain", True),
        ("guided_backprop.py", "Guided backprop", ":material/center_focus_strong:", "guided-backprop", True),
        ("activations.py", "Activation maps", ":material/layers:", "activations", True),
        ("landmarks.py", "Landmarks", ":material/pin_drop:", "landmarks", True),
        ("segment.py", "Garment and skin", ":material/content_cut:", "segment", True),
        ("every_model.py", "Every model", ":material/view_agenda:", "every-model", True),
        ("disagreement.py", "Disagreement", ":material/call_split:", "disagreement", True),
        ("report.py", "Take it home", ":material/lab_profile:", "report", True),
    ),
    "Find it": (
        ("match.py", "Find the item", ":material/travel_explore:", "match", True),
        ("video.py", "In a video", ":material/movie:", "video", False),
    ),
    "Many photos": (("annotate.py", "Annotate", ":material/photo_library:", "annotate", True),),
    "Draw": (
        ("draw.py", "Draw", ":material/brush:", "draw", False),
        ("quiz.py", "Real or drawn?", ":material/quiz:", "real-or-drawn", False),
        ("generator.py", "Inside the generator", ":material/account_tree:", "generator", False),
        ("find_latent.py", "Find it in latent space", ":material/my_location:", "find-latent", True),
        ("drawing_quality.py", "How good are the drawings", ":material/straighten:", "drawing-quality", False),
    ),
    "Inside": (
        ("filters.py", "First-layer filters", ":material/grid_view:", "filters", False),
        ("layers.py", "Layers", ":material/stacks:", "layers", True),
        ("averages.py", "Class averages", ":material/blur_on:", "averages", False),
        ("embedding_map.py", "Embedding map", ":material/scatter_plot:", "embedding-map", False),
    ),
    "Errors": (
        ("confusion.py", "Confusion matrix", ":material/table_chart:", "confusion", False),
        ("compare_errors.py", "Compare errors", ":material/compare:", "compare-errors", False),
        ("tags.py", "Tags", ":material/label:", "tags", False),
    ),
    "Models": (
        ("models.py", "Models", ":material/list_alt:", "models", False),
        ("training.py", "Training", ":material/show_chart:", "training", False),
        ("studies.py", "Studies", ":material/science:", "studies", False),
    ),
}
#: Addresses of the pages that look into any network, one that names nothing too.
INSIDE = ("filters", "activations", "layers", "segment", "models")

MARK = Path(ROOT) / "apps" / "static" / "mark.svg"
# A file of our own: a Material symbol as the page's icon would be loaded from another server.
st.set_page_config(page_title="fashionviz studio", page_icon=str(MARK), layout="wide", initial_sidebar_state=344)
st.logo(str(MARK), size="large")
st.html(parts.STYLE)
sections = {
    section: [st.Page(VIEWS / file, title=title, icon=icon, url_path=url) for file, title, icon, url, _ in listed]
    for section, listed in SECTIONS.items()
}
pages = [page for listed in sections.values() for page in listed]
asks = {title for listed in SECTIONS.values() for _, title, _, _, photo in listed if photo}


def home() -> None:
    """The bare address: a default page loses its own address, so this one leads to Predict, which keeps its."""
    st.switch_page(pages[0], query_params={key: st.query_params.get_all(key) for key in st.query_params})


start = st.Page(home, title="Studio", default=True, visibility="hidden")
page = st.navigation({**sections, "": [start]}, position="top")
if page is start:
    page.run()  # before the sidebar: what its widgets hold in the address could not be handed on after it
links.register({p.url_path: p for p in pages}, page.url_path, [spec.name for spec in list_models()])
with st.sidebar:
    with parts.plainly():
        sidebar.model_choice(parts.engine(), inside=page.url_path in INSIDE)
    place = st.container()  # the field below it says which photo stands in it
    items.bring()
    with place:
        sidebar.photo(wanted_on_page=page.title in asks)
    sidebar.links()
if page.title in asks:
    items.banner(st.session_state["model"])
else:
    items.problem()
page.run()
