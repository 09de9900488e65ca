"""The film of a generator's training: the same seeds after every epoch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image, ImageSequence, UnidentifiedImageError

from apps.studio.drawing_files import data_url
from fashionviz.drawing_results import GeneratorInfo
from fashionviz.models.weights import model_folder

FILE = "film.webp"
EPOCH = "epoch"


@st.cache_data(show_spinner=False, max_entries=8)
def _frames(path: str, since: float) -> NDArray[np.uint8]:
    """Every frame ``(N, H, W, 3)``; the same for all visitors. The time says when to read it anew."""
    with Image.open(path, formats=("WEBP",)) as film:
        return np.stack([np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(film)])


def frames(name: str) -> NDArray[np.uint8] | None:
    """The film of a generator, a frame an epoch; ``None`` without one."""
    path: Path = model_folder(name) / FILE
    try:
        return _frames(str(path), path.stat().st_mtime)
    except (OSError, UnidentifiedImageError):
        return None


def show(info: GeneratorInfo) -> None:
    """The film that runs, and any epoch of it."""
    found = frames(info.name)
    if found is None:
        st.info(f"There is no film of {info.name}'s training. One is made as it is trained:")
        st.code(f"fashionviz train {info.name}", language="bash")
        return
    last = len(found)
    epoch = 1
    if last > 1:
        if st.session_state.get(EPOCH, 1) > last:
            del st.session_state[EPOCH]
        epoch = int(st.slider(f"Epoch, 1 to {last}", 1, last, last, key=EPOCH, bind="query-params"))
    left, right = st.columns(2, gap="large")
    with left:
        st.image(found[epoch - 1], width="stretch", output_format="PNG",
                 alt=f"What {info.name} drew from the same seeds after epoch {epoch}")  # fmt: skip
        st.caption(f"The same seeds after epoch {epoch} of {last}.")
    with right:
        data = (model_folder(info.name) / FILE).read_bytes()
        st.image(data_url(data, "image/webp"), width="stretch", alt="All epochs one after the other, as a film")
        st.caption("All epochs, again and again.")
        st.download_button("Film (WebP)", data, file_name=f"{info.name}-film.webp", mime="image/webp",
                           on_click="ignore", icon=":material/download:")  # fmt: skip
