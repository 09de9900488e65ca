"""The curl calls that pages show are calls of this API."""

from __future__ import annotations

import io
import shlex

import pytest
from PIL import Image
from starlette.testclient import TestClient

from apps.lab import snippets
from fashionviz.models.registry import get_model
from tests.apps.api.calls import NAME, PNG

LAYER = get_model(NAME).first_conv


def call(client: TestClient, line: str) -> Image.Image:
    """Do what a line of curl would do with a drawn dress, and open the picture that it keeps."""
    words = shlex.split(line)
    assert words[0] == "curl"
    address = words[-1].removeprefix(snippets.DEFAULT_URL)
    form = dict(words[i + 1].split("=", 1) for i, word in enumerate(words) if word == "-F")
    if form:
        sent = form.pop("file")
        assert sent.startswith("@")
        answer = client.post(address, files={"file": (sent[1:], PNG, "image/png")}, data=form)
    else:
        answer = client.get(address)
    assert answer.status_code == 200, answer.text
    assert words[words.index("-o") + 1].endswith(".png")
    return Image.open(io.BytesIO(answer.content))


@pytest.mark.parametrize(
    "line",
    [
        snippets.explain_curl("it's mine.png", NAME, "gradient"),
        snippets.explain_curl("a.png", NAME, "grad-cam", "Men/Other", (20, 20, 200, 200)),
        snippets.activations_curl("$(reboot).png", NAME, LAYER, (20, 20, 200, 200)),
        snippets.filters_curl(NAME, LAYER),
    ],
)
def test_what_pages_show_for_curl_brings_a_picture(client: TestClient, line: str) -> None:
    assert min(call(client, line).size) > 16
