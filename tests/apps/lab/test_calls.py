"""The lab's calls through ``gradio_client`` as a real client against a launched server: answered or refused."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import gradio as gr
import httpx
import numpy as np
import pytest
import uvicorn
from fastapi import FastAPI
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from apps.lab import handlers
from apps.lab.app import build_lab, mount_options
from fashionviz import images
from fashionviz.figures import pictures
from fashionviz.inference.engine import Engine
from tests.apps.lab.photos import gps, jpeg
from tests.conftest import MODEL


def save(folder: Path, data: bytes, name: str = "photo.jpg") -> str:
    path = folder / name
    path.write_bytes(data)
    return str(path)


def stored(cache: Path) -> set[str]:
    return {str(p) for p in cache.rglob("*") if p.is_file()}


def test_predict_gives_the_engines_numbers(client: Client, server: tuple[str, Engine, Path], tmp_path: Path) -> None:
    data = jpeg()
    answer = client.predict(handle_file(save(tmp_path, data)), MODEL, "", api_name="/predict")
    expected = server[1].predict(images.decode(data), MODEL)
    assert answer["model"] == MODEL
    assert answer["file"] == "photo.jpg"
    assert [p["label"] for p in answer["predictions"]] == [s.label for s in expected.scores]
    got = [p["probability"] for p in answer["predictions"]]
    assert np.allclose(got, [s.probability for s in expected.scores], atol=1e-6)
    assert set(answer["timings_ms"]) == {"decode", "queue", "compute", "total"}


def test_predict_takes_defaults_and_a_box(client: Client, server: tuple[str, Engine, Path], tmp_path: Path) -> None:
    data = jpeg()
    answer = client.predict(file=handle_file(save(tmp_path, data)), box="10,20,80,110", api_name="/predict")
    expected = server[1].predict(images.decode(data), box=(10, 20, 80, 110))
    assert answer["box"] == [10, 20, 80, 110]
    assert answer["predictions"][0]["probability"] == pytest.approx(expected.top.probability, abs=1e-6)


def test_explain_gives_the_same_picture_as_the_library(
    client: Client, server: tuple[str, Engine, Path], tmp_path: Path
) -> None:
    data = jpeg()
    path = client.predict(
        handle_file(save(tmp_path, data)), MODEL, "guided-backprop", "Men/Apparel", "", api_name="/explain"
    )
    result = server[1].explain(images.decode(data), MODEL, target="Men/Apparel")
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        assert not picture.getexif()
        shown = np.asarray(picture.convert("RGB")).astype(int)
    assert np.abs(shown - pictures.enlarge(pictures.attribution_colour(result), handlers.PICTURE)).max() <= 1


def test_activations_and_filters_are_pictures(client: Client, tmp_path: Path) -> None:
    path = client.predict(handle_file(save(tmp_path, jpeg())), MODEL, "", api_name="/activations")
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        assert picture.width > 100
    path = client.predict(MODEL, "", api_name="/filters")
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        assert picture.width > 100


def test_only_the_documented_calls_are_public(client: Client) -> None:
    named = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(named) == {
        "/predict", "/explain", "/trust", "/activations", "/filters", "/landmarks", "/every_model", "/annotate",
        "/draw", "/interpolate", "/invert",
    }  # fmt: skip
    assert [p["parameter_name"] for p in named["/predict"]["parameters"]] == ["file", "model", "box"]
    names = ["file", "model", "method", "target", "box", "against"]
    for call in ("/explain", "/trust"):
        assert [p["parameter_name"] for p in named[call]["parameters"]] == names


def _png(size: tuple[int, int]) -> bytes:
    return images.encode_png(np.zeros((size[1], size[0], 3), np.uint8))


BAD: list[tuple[str, Callable[[], bytes], str]] = [
    ("notes.txt", lambda: b"no picture at all", "JPEG, PNG or WebP"),
    ("cut.jpg", lambda: jpeg()[:900], "damaged or cut off"),
    ("IMG_1.HEIC", lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 64, "HEIC"),
    ("dot.png", lambda: _png((1, 1)), "1×1"),
    ("drawing.svg", lambda: b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "SVG"),
    ("empty.jpg", lambda: b"", "empty"),
]


@pytest.mark.parametrize(("name", "make", "words"), BAD, ids=[b[0] for b in BAD])
def test_bad_files_get_one_sentence(
    client: Client, server: tuple[str, Engine, Path], tmp_path: Path, name: str, make: Callable[[], bytes], words: str
) -> None:
    before = stored(server[2])
    with pytest.raises(AppError) as caught:
        client.predict(handle_file(save(tmp_path, make(), name)), MODEL, "", api_name="/predict")
    said = str(caught.value)
    assert words in said
    assert "Traceback" not in said
    assert said.count("\n") == 0
    assert not {p for p in stored(server[2]) - before if p.endswith(name)}


def test_photos_leave_no_metadata_and_no_file_behind(
    client: Client, server: tuple[str, Engine, Path], tmp_path: Path
) -> None:
    before = stored(server[2])
    file = handle_file(save(tmp_path, gps(), "gps.jpg"))
    answer = client.predict(file, MODEL, "", api_name="/predict")
    assert "turned upright" in answer["notes"]
    client.predict(file, MODEL, "guided-backprop", "", "", api_name="/explain")
    new = stored(server[2]) - before
    assert not {p for p in new if "gps" in Path(p).name}
    assert all(b"SECRETCAMERA" not in Path(p).read_bytes() for p in new)


def test_addresses_of_other_servers_are_refused(client: Client, server: tuple[str, Engine, Path]) -> None:
    address = {"path": "http://192.0.2.1/x.jpg", "meta": {"_type": "gradio.FileData"}}
    for arguments in ((address, MODEL, ""), (None, address, "")):
        with pytest.raises(AppError, match="not its address"):
            client.predict(*arguments, api_name="/predict")
    for route in ("file=http://192.0.2.1/x.jpg", "file=HTTPS://192.0.2.1/", "proxy=http://192.0.2.1/x.jpg"):
        answer = httpx.get(f"{server[0]}gradio_api/{route}")
        assert answer.status_code == 403
        assert "own files" in answer.text


def test_files_nobody_uploaded_are_not_read(server: tuple[str, Engine, Path], tmp_path: Path) -> None:
    """Mounted, not launched: there Gradio's own check is off."""
    own = tmp_path / "private.jpg"
    own.write_bytes(jpeg())
    app = FastAPI()
    gr.mount_gradio_app(app, build_lab(server[1]), path="/lab", **mount_options())
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", ws="none")
    mounted = uvicorn.Server(config)
    thread = threading.Thread(target=mounted.run, daemon=True)
    thread.start()
    while not mounted.started:
        time.sleep(0.02)
    port = mounted.servers[0].sockets[0].getsockname()[1]
    base = f"http://127.0.0.1:{port}/lab"
    sent = {"path": str(own), "meta": {"_type": "gradio.FileData"}}
    try:
        numbers = {d["api_name"]: d["id"] for d in httpx.get(f"{base}/config").json()["dependencies"]}
        for call, data in (("predict", [sent, MODEL, ""]), ("filters", [sent, ""])):
            question = {"data": data, "fn_index": numbers[call], "session_hash": call}
            assert httpx.post(f"{base}/gradio_api/queue/join", json=question).status_code == 200
            with httpx.stream("GET", f"{base}/gradio_api/queue/data?session_hash={call}", timeout=60) as lines:
                said = next(line for line in lines.iter_lines() if "process_completed" in line)
            assert "was not uploaded by a user" in said
            assert "probability" not in said
    finally:
        mounted.should_exit = True
        thread.join(10)
    assert own.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("no.such_model", ""), "no.such_model"),
        ((MODEL, "1,2,3"), "x0,y0,x1,y1"),
        ((MODEL, "0,0,nan,5"), "x0,y0,x1,y1"),
        ((MODEL, "0,0,3,3"), "at least 8×8"),
    ],
)
def test_bad_questions_get_one_sentence(client: Client, tmp_path: Path, arguments: tuple[str, str], words: str) -> None:
    with pytest.raises(AppError, match=words):
        client.predict(handle_file(save(tmp_path, jpeg())), *arguments, api_name="/predict")
