"""Where a photo comes from: an upload, the camera, a drawn example, or a few CC0 photos from their publisher."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from apps.studio import state
from fashionviz import images
from fashionviz.data.examples import KINDS, draw
from fashionviz.data.sets import cache_root
from fashionviz.errors import FashionvizError
from fashionviz.figures.pictures import enlarge
from fashionviz.generate.examples import example_drawings, example_refs
from fashionviz.inference.engine import shared_engine
from fashionviz.models.weights import model_folder

PRIVACY = (
    "Your photo is decoded to bare pixels and kept in this server's memory for this browser tab only. "
    "It is never written to disk and goes when you close the tab."
)
#: The drawn examples' seed: they are the same at every visit.
SEED = 7
_THUMB = 92
_LIMIT_MB = images.MAX_BYTES // (1024 * 1024)


def chooser(place: str) -> None:
    """Every way to bring in a photo.

    Args:
        place: a prefix for the widgets' keys; the chooser stands in the sidebar or on a page.
    """
    turn = st.session_state.setdefault("turn", 0)
    key = f"{place}_upload_{turn}"
    # No list of types: whatever comes is judged by the one door, which names what is wrong in one sentence.
    st.file_uploader(
        "Photo of a garment: JPEG, PNG or WebP",
        key=key,
        on_change=_uploaded,
        args=(key, "photo"),
        max_upload_size=_LIMIT_MB,
    )
    if st.toggle("Use the camera", key=f"{place}_camera_on"):
        key = f"{place}_camera_{turn}"
        st.camera_input("Take a photo", key=key, on_change=_uploaded, args=(key, "camera.jpg"))
    _drawn(place)
    _published(place)
    st.caption(PRIVACY)


def _uploaded(key: str, fallback: str) -> None:
    """Decode what was sent, then let go of the file; a new key gives an empty widget that holds nothing."""
    file = st.session_state.get(key)
    if not isinstance(file, UploadedFile):
        return  # nothing, or one that was taken in and discarded a moment ago
    state.take_bytes(file.getvalue(), Path(file.name or fallback).name)
    discard(file)
    st.session_state["turn"] += 1


def discard(file: UploadedFile) -> None:
    """Drop the upload's bytes from Streamlit's memory now instead of at the end of the session."""
    context = get_script_run_ctx()
    remove = getattr(context.uploaded_file_mgr, "remove_file", None) if context else None
    if context is not None and remove is not None:
        remove(session_id=context.session_id, file_id=file.file_id)


@st.cache_data(show_spinner=False)
def _drawing(kind: str) -> NDArray[np.uint8]:
    return draw(kind, SEED)


def _small(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """At most twice the thumbnail's size on the page, for sharp screens."""
    picture = Image.fromarray(pixels)
    picture.thumbnail((2 * _THUMB, 3 * _THUMB))
    return np.asarray(picture)


def _drawn(place: str) -> None:
    """The generator's drawings, each with its seed; those of our own program where it is not trained."""
    refs = example_refs()
    if not refs:
        st.caption("Or try one of these, drawn by our own program:")
        _kinds(place)
        return
    st.caption(f"Or try one of these, drawn by `{refs[0].model}`, each from the seed and the class below it:")
    try:
        drawings = _examples(refs[0].model, model_folder(refs[0].model).stat().st_mtime)
    except FashionvizError as error:
        st.caption(str(error))
        _kinds(place)
        return
    with st.container(horizontal=True, gap="small"):
        for ref, pixels in zip(refs, drawings, strict=True):
            with st.container(width=_THUMB, gap="xsmall"):
                st.image(enlarge(pixels, 2 * _THUMB, smooth=True), width=_THUMB, alt=f"Example {ref.words}")
                st.button(
                    f"Seed {ref.point}", key=f"{place}_{ref}", on_click=_choose_drawing, args=(str(ref),),
                    width="stretch", help=f"{ref.words[0].upper()}{ref.words[1:]}. Take it as the photo.",
                )  # fmt: skip
                st.caption((ref.label or "").replace("/", "/ "))  # or a narrow column breaks the word


def _choose_drawing(name: str) -> None:
    st.session_state[state.ITEM] = name


@st.cache_data(show_spinner=False, max_entries=2)
def _examples(model: str, since: float) -> list[NDArray[np.uint8]]:
    """The same for every visitor; the time says when the weights are others."""
    return [drawing.pixels for drawing in example_drawings(shared_engine())]


def _kinds(place: str) -> None:
    with st.container(horizontal=True, gap="small"):
        for kind in KINDS:
            pixels = _drawing(kind)
            _thumbnail(f"{place}_drawn_{kind}", kind, _small(pixels), lambda p=pixels, k=kind: state.take_pixels(p, k))


def _thumbnail(key: str, label: str, pixels: NDArray[np.uint8], on_click: object) -> None:
    with st.container(width=_THUMB, gap="xsmall"):
        st.image(pixels, width=_THUMB, alt=f"Example: {label}")
        st.button(label, key=key, on_click=on_click, width="stretch")  # type: ignore[arg-type]


def _published(place: str) -> None:
    folder = cache_root() / "examples"
    paths = sorted(p for p in folder.glob("*") if p.suffix.lower() in {".jpg", ".jpeg", ".png", ".webp"})
    if not paths:
        if st.button("Fetch a few CC0 photos", key=f"{place}_fetch", help="Downloads a few free photos, once."):
            _fetch(folder)
        return
    st.caption("Photos in the public domain (CC0), from their publisher:")
    with st.container(horizontal=True, gap="small"):
        for number, path in enumerate(paths, start=1):
            try:
                pixels = _published_pixels(str(path))
            except (FashionvizError, OSError):
                continue  # a damaged download is no example
            label = f"photo {number}"
            _thumbnail(
                f"{place}_cc0_{path.stem}", label, _small(pixels), lambda p=pixels, n=path.name: state.take_pixels(p, n)
            )


@st.cache_data(show_spinner=False, max_entries=24)
def _published_pixels(path: str) -> NDArray[np.uint8]:
    """Pixels of a published photo: the same for every visitor, so it may be shared."""
    return images.decode(Path(path).read_bytes(), max_side=1024).pixels


def _fetch(folder: Path) -> None:
    from fashionviz.data.fetch import fetch_examples

    try:
        with st.spinner("Fetching a few photos from their publisher…"):
            fetch_examples(folder, None)
    except FashionvizError as error:
        st.error(str(error))
        return
    st.rerun()
