"""One call from a photo on the disk to a report beside it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from fashionviz.errors import InvalidRequest
from fashionviz.photo_files import read_photo
from fashionviz.results import Box, Progress
from fashionviz.take_home.gather import take_home
from fashionviz.take_home.page import report_html
from fashionviz.take_home.result import METHODS, TakeHome, Trusted, Wish

ENDINGS = (".html", ".htm")


def save_report(
    photo: Path | str,
    out: Path | str,
    models: Sequence[str] = (),
    methods: Sequence[str] = METHODS,
    target: str | None = None,
    box: Box | None = None,
    trust: Trusted = "quick",
    on_progress: Callable[[Progress], None] | None = None,
) -> TakeHome:
    """Ask the models about a photo and write what they say as one HTML file.

    Args:
        photo: a JPEG, PNG or WebP file.
        out: the page, ending in ``.html``.
        models: registry names; the default model where there are none.
        methods: attribution methods.
        target: the class to explain; the most probable one for ``None``.
        box: region in pixels of the photo.
        trust: of which maps to find out how far they can be trusted: ``quick`` methods', ``all``, or ``none``.
        on_progress: called after each answer.

    Returns:
        What stands in the page.

    Raises:
        ImageError: the photo cannot be read.
        UnknownModel, ModelNotTrained, InvalidRequest: what is wanted makes no sense, or the page cannot be written.
    """
    from fashionviz.inference.engine import shared_engine

    path = Path(out)
    if path.suffix.lower() not in ENDINGS:
        raise InvalidRequest(f"--out must end in .html, not {path.suffix!r}.")
    wish = Wish(tuple(models), tuple(methods), target, box, trust)
    found = take_home(shared_engine(), read_photo(photo), Path(photo).name, wish, on_progress=on_progress)
    text = report_html(found)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        beside.write_text(text, encoding="utf-8", errors="replace")  # a name may hold bytes that are no UTF-8
        beside.replace(path)
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be written: {error.strerror}.") from error
    return found
