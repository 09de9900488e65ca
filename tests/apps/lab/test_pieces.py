"""The lab's pure parts: regions of a photo, and code to copy."""

from __future__ import annotations

import numpy as np
import pytest

from apps.lab import region, snippets
from fashionviz import images
from tests.conftest import MODEL


def test_regions() -> None:
    photo = images.from_pixels(np.zeros((200, 100, 3), np.uint8))
    assert region.edges_to_box(photo, region.PRESETS[region.WHOLE]) is None
    assert region.edges_to_box(photo, region.PRESETS["Lower half"]) == (0, 100, 100, 200)
    assert region.edges_to_box(photo, (80, 0, 20, 50)) == (20, 0, 80, 100)
    assert region.corners_to_edges((90, 10), (10, 60)) == (10, 10, 90, 60)
    left, top, right, bottom = region.corners_to_edges((99, 99), (99, 99))
    assert right - left >= 4
    assert bottom - top >= 4
    assert right <= 100
    assert bottom <= 100
    assert region.preview(photo, (20, 20, 80, 120), (50, 50)).shape == (200, 100, 3)


@pytest.mark.parametrize("name", ["photo.jpg", "it's mine.jpg", "$(reboot).png", 'a"b.jpg'])
def test_snippets_are_code(name: str) -> None:
    import shlex

    code = snippets.python_snippet(name, MODEL, "occlusion", "Men/Other", (1, 2, 30, 40))
    compile(code, "snippet", "exec")
    compile(snippets.client_snippet(name, MODEL, "occlusion", None, None), "snippet", "exec")
    words = shlex.split(snippets.cli_snippet(name, MODEL, "occlusion", "Men/Other", (1, 2, 30, 40)).splitlines()[1])
    assert words[:3] == ["fashionviz", "explain", name]
    assert "--box" in words
    assert f"file=@{name}" in shlex.split(snippets.curl_snippet(name, MODEL, "gradient").splitlines()[1])
