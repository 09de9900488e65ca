"""What drawings can be saved as on the pages that draw."""

from __future__ import annotations

import base64

import streamlit as st

from apps.studio import state
from fashionviz.drawing_results import Samples
from fashionviz.generate.files import grid_picture, zip_bytes
from fashionviz.images import encode_png


def data_url(data: bytes, mime: str) -> str:
    """A file as an address of its own: Streamlit would make a still of an animated WebP."""
    return f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"


def save(label: str, data: bytes, name: str, mime: str, key: str) -> None:
    """A button that saves a file."""
    st.download_button(label, data, file_name=name, mime=mime, key=key, on_click="ignore", icon=":material/download:")


def downloads(samples: Samples) -> None:
    """The grid as one picture, and every drawing with a manifest that says how to draw it again."""
    name = samples.model.name
    archive = state.remember(
        ("zip", name, samples.model.sha256, samples.truncation, tuple((d.point, d.label) for d in samples.drawings)),
        lambda: zip_bytes(samples),
    )
    with st.container(horizontal=True, gap="small"):
        save("Grid (PNG)", encode_png(grid_picture(samples.pixels)), f"{name}-grid.png", "image/png", "save_grid")
        save("All, with a manifest (ZIP)", archive, f"{name}.zip", "application/zip", "save_zip")
