"""Small archives in their publishers' form."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import numpy as np
from PIL import Image

from fashionviz.data.publishers import PUBLICATIONS


def photo(seed: int, width: int = 90, height: int = 120, file_format: str = "JPEG") -> bytes:
    rng = np.random.default_rng(seed)
    image = Image.fromarray(rng.integers(0, 255, (height // 10, width // 10, 3), dtype=np.uint8)).resize(
        (width, height)
    )
    out = io.BytesIO()
    image.save(out, file_format)
    return out.getvalue()


def archive(top: str, files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as handle:
        for name, data in files.items():
            handle.writestr(f"{top}/{name}", data)
    return out.getvalue()


def clothing_archives(count: int = 24) -> tuple[bytes, bytes]:
    """The full set and its small subset: of each four, three are in the small one."""
    full: dict[str, bytes] = {}
    small: dict[str, bytes] = {}
    lines = ["image,sender_id,label,kids"]
    for i in range(count):
        identifier = f"{i:08d}-aaaa"
        full[f"images/{identifier}.jpg"] = photo(i, 400, 500)
        label = "Not sure" if i == 7 else "Polo" if i % 4 == 3 else "T-Shirt"
        lines.append(f"{identifier},{100 + i},{label},{i == 3}")
        if i % 4 != 3:
            part = ("train", "validation", "test")[i % 4]
            small[f"{part}/t-shirt/{identifier}.jpg"] = full[f"images/{identifier}.jpg"]
    full["images.csv"] = "\n".join(lines).encode()
    return archive("clothing-dataset-7ed86a9c", full), archive("clothing-dataset-small-x", small)


def serve_clothing(publisher: Any) -> None:
    full, small = clothing_archives()
    first, second = PUBLICATIONS["clothing"].remotes
    publisher.files |= {f"/{first.name}": full, f"/{second.name}": small}
