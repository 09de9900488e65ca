"""Photos as a camera writes them."""

from __future__ import annotations

import io

from PIL import Image

from fashionviz.data.examples import draw


def jpeg(exif: Image.Exif | None = None, size: tuple[int, int] = (90, 120)) -> bytes:
    """A small photo."""
    picture = Image.fromarray(draw("dress", 1)).resize(size)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=92, exif=exif or Image.Exif())
    return out.getvalue()


def gps() -> bytes:
    """One that says where it was taken, and by which camera."""
    exif = Image.Exif()
    exif[274] = 6  # lies on its side
    exif[271] = "SECRETCAMERA"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    return jpeg(exif)
