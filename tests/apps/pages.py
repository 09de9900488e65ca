"""The studio as tests drive it: pages, links, uploads."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image
from streamlit.testing.v1 import AppTest

from fashionviz.data.examples import draw

MAIN = str(Path(__file__).resolve().parents[2] / "apps" / "studio" / "main.py")
TIMEOUT_S = 180  # for a page to run on a machine that is busy


def jpeg(kind: str = "dress", quality: int = 92) -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "a secret description"
    Image.fromarray(draw(kind, 1)).save(out, "JPEG", quality=quality, exif=exif)
    return out.getvalue()


def go(app: AppTest, page: str) -> AppTest:
    return app.switch_page(f"views/{page}.py").run()


def link(app: AppTest, page: str, **query: str) -> AppTest:
    """Open a page at an address with a query."""
    app.run()
    app.query_params.update(query)
    return go(app, page)


def upload(app: AppTest, data: bytes, name: str = "photo.jpg") -> AppTest:
    return app.file_uploader[0].set_value((name, data, "image/jpeg")).run()


def captions(app: AppTest) -> str:
    return "\n".join(c.value for c in app.caption)


def well(app: AppTest) -> AppTest:
    assert [e.value for e in app.exception] == []
    return app
