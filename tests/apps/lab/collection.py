"""What a visitor brings to the tab "Annotate", and an engine that counts what it is asked."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gradio as gr
from PIL import Image

from apps.lab.intake import Upload
from fashionviz.annotate.row import Annotation
from fashionviz.data.examples import draw
from fashionviz.inference.engine import Engine
from tests.conftest import MODEL

SMALL = "category_cnn28.category11"
SHA = "ab" * 32
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 64
REQUEST = gr.Request(session_hash="a")
#: A file's name and bytes, to what Gradio hands over for it.
Send = Callable[[str, bytes], Upload]


def jpeg(kind: str = "dress", seed: int = 0) -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[271] = "SECRETCAMERA"
    Image.fromarray(draw(kind, seed)).resize((90, 120)).save(out, "JPEG", quality=90, exif=exif)
    return out.getvalue()


def row(file: str, **changes: Any) -> Annotation:
    plain = Annotation(file, SHA, MODEL, SHA, "Men/Apparel", 0.9, "Women/Apparel", 0.05)
    return replace(plain, **changes)


class Counting:
    """The engine, counting what it is asked; while the gate is shut only the first photo is answered."""

    def __init__(self, engine: Engine) -> None:
        self.real, self.config = engine, engine.config
        self.calls: list[str] = []
        self.gate = threading.Event()
        self.gate.set()

    @property
    def asked(self) -> int:
        return len(self.calls)

    def predict(self, *args: Any, **options: Any) -> Any:
        self.calls.append(args[1])
        if self.asked > 1:
            assert self.gate.wait(120)
        return self.real.predict(*args, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)
