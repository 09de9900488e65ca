"""Making a catalogue on the page Find the item: the demo with one button, or of shop photos of the visitor's own."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from apps.studio import intake, jobs, own_catalogue, parts
from fashionviz import images
from fashionviz.match import sources, wiring
from fashionviz.match.build import BuildResult, build, open_for_build
from fashionviz.match.catalogue import Catalogue, own_folder
from fashionviz.match.embedders import item_embedders
from fashionviz.match.protocols import WholePhoto
from fashionviz.models.registry import default_model

_PRIVACY = (
    "Your shop photos are embedded on this server. Their names, small pictures of them and their vectors are kept in a "
    "folder of this browser tab alone, which nobody else can search, and deleted when you remove it, at the latest "
    "within the hour. The photos themselves are not kept."
)


def demo_work(on_progress, cancel):  # type: ignore[no-untyped-def]
    """What the job of the demo button does."""
    source, embedder = sources.DemoSource(), wiring.best_embedder(parts.engine())
    folder = own_folder("demo")
    fresh = not (folder / "catalogue.sqlite").is_file() or Catalogue(folder).embedder == embedder.ref
    catalogue = open_for_build(folder, source, embedder, WholePhoto(), overwrite=not fresh)
    return build(catalogue, source, embedder, on_progress=on_progress, cancel=cancel)


def offer_demo() -> None:
    """The demo with one button."""
    st.button(
        f"Build the demo catalogue: {len(sources.DemoSource())} articles drawn by our own generator",
        key="build_demo",
        type="primary",
        on_click=_begin,
        args=("demo",),
    )


def offer_own(open_first: bool) -> None:
    """A catalogue of the visitor's own shop photos."""
    with st.expander("Search in shop photos of your own", expanded=open_first):
        turn = st.session_state.setdefault("shop_turn", 0)
        key = f"shop_photos_{turn}"
        st.file_uploader(
            "Shop photos, one article each: JPEG, PNG or WebP",
            accept_multiple_files=True,
            key=key,
            max_upload_size=images.MAX_BYTES // 2**20,
        )
        st.caption(f"At most {own_catalogue.MAX_PHOTOS}. {_PRIVACY}")
        with st.container(horizontal=True):
            st.button("Build a catalogue of them", key="build_own", on_click=_take, args=(key,))
            if own_catalogue.held() is not None:
                st.button("Remove my catalogue", key="drop_own", on_click=_drop)
        st.caption("A catalogue that stays, of any size, with prices and other columns of a table:")
        which = "" if item_embedders() else f" --embedder {default_model().name}"
        st.code(f"fashionviz catalogue build myshop photos/{which}", language="bash")


def _begin(what: str) -> None:
    st.session_state["building"] = what
    for key in ("built", "build_said"):
        st.session_state.pop(key, None)


def _take(key: str) -> None:
    """Take the files over, then let go of them; a new key gives an empty widget that holds nothing."""
    files = [file for file in st.session_state.get(key) or () if isinstance(file, UploadedFile)]
    photos, remarks = own_catalogue.accepted([(Path(file.name).name, file.getvalue()) for file in files])
    for file in files:
        intake.discard(file)
    st.session_state["shop_turn"] += 1
    if not photos:
        st.session_state["build_said"] = "Choose some photos first."
        return
    _begin("own")
    own_catalogue.begin()
    st.session_state["shop_photos"], st.session_state["build_remarks"] = photos, remarks


def _drop() -> None:
    own_catalogue.drop()
    for key in ("built", "build_said", "catalogue"):
        st.session_state.pop(key, None)


def work(what: str) -> None:
    """Run the job in the background; the page ends here while it runs."""
    if what == "demo":
        job = jobs.job_for(("catalogue", "demo"), demo_work)
    else:
        folder = st.session_state["own_catalogue"]
        photos, engine = st.session_state["shop_photos"], parts.engine()
        job = jobs.job_for(
            ("catalogue", str(folder)), own_catalogue.build_work(folder, photos, lambda: wiring.best_embedder(engine))
        )
    if not job.wait(jobs.PATIENCE_S):
        jobs.watch(job, "Building the catalogue", step="photo")
        st.stop()
    del st.session_state["building"]
    st.session_state.pop("shop_photos", None)
    jobs.drop_job()
    if job.error is not None:
        st.session_state["build_said"] = str(job.error)
    elif job.cancelled:
        st.session_state["build_said"] = "Stopped. What was embedded before is in the catalogue."
    else:
        st.session_state["built"] = job.result
    st.session_state["catalogue"] = "demo" if what == "demo" else own_catalogue.NAME
    st.rerun()


def said_of_build() -> None:
    """What came of the last build."""
    if said := st.session_state.get("build_said"):
        st.warning(said)
    result: BuildResult | None = st.session_state.get("built")
    if result is None:
        return
    st.success(f"{result.added + result.replaced + result.kept:,} of {result.total:,} items are in the catalogue.")
    for remark in st.session_state.get("build_remarks", ()):
        st.info(remark)
    if result.refused:
        with st.expander(f"{len(result.refused)} could not be read"):
            for refusal in result.refused:
                st.text(f"{refusal.id}: {refusal.reason}")
