"""The whole suite as users get it: one process on one port, started and stopped like the command does it."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from starlette.testclient import TestClient
from websockets.sync.client import connect

from apps.api import get_engine
from apps.pages import theme_css
from apps.portal import EXAMPLES, ModelRow, model_row
from apps.server import bind, create_app
from fashionviz import images
from fashionviz.data.examples import draw
from fashionviz.evaluation.tagging import Tagged
from fashionviz.figures.theme import ACCENT, DARK, LIGHT
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from fashionviz.models.registry import get_model
from fashionviz.results import ModelInfo
from tests.conftest import TAGGER

ROOT = Path(__file__).resolve().parents[2]
START = "import sys; from apps.server import serve; serve(port=int(sys.argv[1]))"
#: Generous: the machine may be busy with the other tests.
PATIENCE_S = 120


@dataclass
class Running:
    """A server in a process of its own."""

    process: subprocess.Popen[str]
    port: int
    said: str

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str) -> tuple[int, str]:
        with urllib.request.urlopen(self.address + path, timeout=60) as answer:
            return answer.status, answer.read().decode()


def start(weights: Path, port: int = 0) -> subprocess.Popen[str]:
    environment = {**os.environ, "FASHIONVIZ_WEIGHTS": str(weights), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", START, str(port)],
        cwd=weights,  # from elsewhere: nothing may depend on the folder it is started in
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def server(random_weights: Path) -> Iterator[Running]:
    process = start(random_weights)
    assert process.stdout is not None
    said = process.stdout.readline()
    found = re.search(r":(\d+)$", said.strip())
    assert found, f"the server said {said!r} and {process.stderr.read() if process.stderr else ''}"
    yield Running(process, int(found[1]), said)
    process.kill()
    process.communicate()


def test_it_prints_its_address_and_listens(server: Running) -> None:
    assert server.said == f"fashionviz is at http://127.0.0.1:{server.port}\n"
    assert json.loads(server.get("/health/live")[1]) == {"status": "live"}


def test_both_apps_and_the_api_answer_in_one_process(server: Running) -> None:
    assert "See what a fashion classifier sees" in server.get("/")[1]
    assert "gradio" in server.get("/lab/")[1]
    assert "/predict" in json.loads(server.get("/lab/gradio_api/info")[1])["named_endpoints"]
    assert server.get("/studio/_stcore/health")[1] == "ok"
    models = json.loads(server.get("/api/v1/models")[1])
    assert any(m["trained"] for m in models)


@pytest.mark.parametrize("path", ["/lab", "/studio", "/studio/predict", "/studio/filters", "/studio/guided-backprop"])
def test_addresses_without_a_slash_and_deep_links_work(server: Running, path: str) -> None:
    status, page = server.get(path)
    assert status == 200
    assert "<html" in page.lower()


def test_the_studio_talks_over_its_websocket(server: Running) -> None:
    address = f"ws://127.0.0.1:{server.port}/studio/_stcore/stream"
    with connect(address, subprotocols=["streamlit"], open_timeout=30) as socket_:  # type: ignore[list-item]
        assert socket_.protocol.state.name == "OPEN"


def test_the_pages_send_visitors_to_no_other_host(server: Running) -> None:
    for path in ("/lab/", "/studio/"):
        with urllib.request.urlopen(server.address + path, timeout=60) as answer:
            policy = answer.headers["content-security-policy"]
        assert "http" not in policy
        assert "'self'" in policy


def test_a_foreign_origin_reads_nothing_from_the_lab(server: Running) -> None:
    request = urllib.request.Request(server.address + "/lab/config", headers={"Origin": "https://elsewhere.example"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("named", ["file", "http://127.0.0.1/picture.png"])
def test_the_lab_opens_no_file_or_address_a_caller_names(server: Running, tmp_path: Path, named: str) -> None:
    """Only what was uploaded: else anyone could look at any picture on the server, or let it fetch for them."""
    secret = tmp_path / "secret.png"
    secret.write_bytes(images.encode_png(draw("hat", 0)))
    path = str(secret) if named == "file" else named
    file = {"path": path, "meta": {"_type": "gradio.FileData"}}
    request = urllib.request.Request(
        f"{server.address}/lab/gradio_api/call/predict",
        json.dumps({"data": [file, "", ""]}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        event = json.loads(answer.read())["event_id"]
    said = server.get(f"/lab/gradio_api/call/predict/{event}")[1]
    assert "event: error" in said
    assert "predictions" not in said
    assert str(tmp_path) not in said
    assert secret.exists()


def test_usage_is_not_reported(server: Running) -> None:
    config = json.loads(server.get("/lab/config")[1])
    assert not config.get("analytics_enabled")


def test_a_streamed_upload_over_the_cap_is_told_so(server: Running) -> None:
    """Chunked, without Content-Length: the sender gets the answer, not a broken connection."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    head = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'

    def body() -> Iterator[bytes]:
        yield head
        for _ in range(30):
            yield b"x" * 1_048_576
        yield b"\r\n--edge--\r\n"

    headers = {"Content-Type": "multipart/form-data; boundary=edge"}
    connection.request("POST", "/api/v1/predict", body(), headers, encode_chunked=True)
    answer = connection.getresponse()
    assert answer.status == 413
    assert json.loads(answer.read())["error"]["code"] == "body_too_large"
    connection.close()
    assert server.get("/health/live")[0] == 200


def test_a_taken_port_is_said_in_one_sentence(server: Running, random_weights: Path) -> None:
    second = start(random_weights, server.port)
    out, err = second.communicate(timeout=PATIENCE_S)
    assert second.returncode == 2
    assert out == ""
    assert err.strip() == f"Port {server.port} is taken by another program. Stop it, or choose another with --port."


def test_an_address_of_another_machine_is_said_too(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        bind("192.0.2.1", 7860)  # an address reserved for documentation
    assert stopped.value.code == 2
    assert "192.0.2.1" in capsys.readouterr().err


def test_it_stops_cleanly_with_a_live_page_open(server: Running) -> None:
    """Last: SIGTERM with an open websocket and an open event stream ends the process, with status 0."""
    address = f"ws://127.0.0.1:{server.port}/studio/_stcore/stream"
    with connect(address, subprotocols=["streamlit"], open_timeout=30):  # type: ignore[list-item]
        stream = socket.create_connection(("127.0.0.1", server.port))
        stream.sendall(
            b"GET /lab/gradio_api/heartbeat/abc HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"
        )
        assert stream.recv(12) == b"HTTP/1.1 200"
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        _, err = server.process.communicate(timeout=PATIENCE_S)
        stream.close()
    assert server.process.returncode == 0
    assert time.monotonic() - began < 20
    assert "CancelledError" not in err
    assert "Exception in ASGI" not in err


# --- the portal -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def portal(random_weights: Path) -> Iterator[TestClient]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASHIONVIZ_WEIGHTS", str(random_weights))
        engine = Engine(EngineConfig(device="cpu"))
        app = create_app(lab=False, studio=False)
        app.dependency_overrides[get_engine] = lambda: engine
        with TestClient(app) as client:
            yield client
        engine.close()


def test_portal_has_its_doors_models_and_promises(portal: TestClient) -> None:
    page = portal.get("/").text
    for link in ("/lab/", "/studio/", "/api/v1/docs"):
        assert f'href="{link}"' in page
    assert "Men and Women name the department an item is sold in, not a person" in page
    assert "deleted within the hour" in page
    assert "metadata are stripped" in page
    assert "mobilenet_v2.gender_category" in page
    assert "50.0%" in page
    assert "40.0% to 60.0%" in page
    assert "fpi test, n = 96" in page
    assert "curl -F file=@photo.jpg" in page


def test_portal_leads_to_pages_that_are_there(portal: TestClient) -> None:
    studio = (ROOT / "apps" / "studio" / "main.py").read_text()  # a script: importing it would run it
    pages = set(re.findall(r'":material/\w+:", "([\w-]+)"', studio))
    assert len(pages) == 27
    led = re.findall(r'class="question" href="/studio/([^"]+)"', portal.get("/").text)
    assert len(led) == 8
    assert set(led) <= pages


def test_portal_says_what_each_kind_of_model_answers_with() -> None:
    def answers(name: str) -> str:
        spec = get_model(name)
        kind = spec.task.answer
        return ModelRow(cast(ModelInfo, SimpleNamespace(answer=kind, classes=spec.task.classes)), *[""] * 4, ()).answers

    assert answers("mobilenet_v2.gender_category") == "6 classes"
    assert answers("mobilenet_v2.street_tags") == "50 tags"
    assert answers("lraspp_mobilenet_v2.garment") == "3 classes of pixels"
    assert answers("fasterrcnn_mobilenet_v2_fpn.garment13") == "13 kinds of boxes"
    assert answers("mobilenet_v2.item") == "a vector of each garment"


def test_portal_needs_no_other_host(portal: TestClient) -> None:
    page = portal.get("/").text
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
    for address in set(re.findall(r'(?:src|href)="(/(?:static|theme)[^"]*)"', page)):
        assert portal.get(address).status_code == 200
    assert not re.findall(r"<script(?! src)", page)  # the policy allows no inline script
    assert " style=" not in page


def test_every_picture_has_an_alternative_text(portal: TestClient) -> None:
    pictures = re.findall(r"<img[^>]*>", portal.get("/").text)
    assert len(pictures) >= 6
    assert all(" alt=" in p for p in pictures)
    assert all("width=" in p and "height=" in p for p in pictures)  # nothing jumps when they arrive


def test_theme_has_both_schemes() -> None:
    css = theme_css()
    for colour in (ACCENT, LIGHT.background, LIGHT.text, DARK.background, DARK.text):
        assert colour in css
    assert "prefers-color-scheme:dark" in css


def test_portal_examples_are_answered_live(portal: TestClient) -> None:
    for number, (kind, seed) in enumerate(EXAMPLES[:2]):
        photo = images.decode(portal.get(f"/portal/example/{number}/photo.png").content)
        assert (photo.pixels == draw(kind, seed)).all()
        body = portal.get(f"/portal/example/{number}.json").json()
        assert body["kind"] == kind
        shares = [p["probability"] for p in body["predictions"]]
        assert len(shares) == 3
        assert shares == sorted(shares, reverse=True)
        looked = images.decode(portal.get(f"/portal/example/{number}/looked.png").content)
        assert looked.height > looked.width
        assert looked.pixels.std() > 1
    filters = images.decode(portal.get("/portal/filters.png").content)
    assert (filters.width, filters.height) == (405, 99)


@pytest.mark.parametrize("path", ["/portal/example/99.json", "/portal/example/-1/photo.png"])
def test_portal_examples_end_somewhere(portal: TestClient, path: str) -> None:
    assert portal.get(path).status_code == 422


def test_an_unknown_page_is_a_page(portal: TestClient) -> None:
    response = portal.get("/nothing", headers={"accept": "text/html"})
    assert response.status_code == 404
    assert "nothing at this address" in response.text
    assert 'href="/"' in response.text


def test_model_row_words() -> None:
    info = Engine(EngineConfig(device="cpu")).model()
    accuracy = {
        "name": "accuracy", "value": 0.9712, "ci95": [0.9651, 0.9763], "n": 3961, "data_set": "fpi", "split": "test",
    }  # fmt: skip
    street = {**accuracy, "name": "department_recall", "data_set": "street", "split": "check", "n": 72}
    row = model_row(replace(info, metrics=(street, accuracy)))
    assert (row.value, row.figure, row.interval) == ("97.1%", "accuracy", "96.5% to 97.6%")
    assert row.measured_on == "fpi test, n = 3,961"
    assert row.others == ("mean recall of the two departments 97.1% (96.5% to 97.6%) on street check, n = 72",)
    assert model_row(replace(info, metrics=())).value == ""
    held_out = {**accuracy, "split": "validation"}
    assert model_row(replace(info, metrics=(street, held_out))).measured_on == "fpi validation, n = 3,961"


def test_the_portal_shows_a_taggers_average_precision(random_tagger: tuple[Path, Tagged]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASHIONVIZ_WEIGHTS", str(random_tagger[0]))
        engine = Engine(EngineConfig(device="cpu"))
        row = model_row(engine.model(TAGGER))
        assert (row.value, row.figure) == ("50.0%", "mean average precision of the tags")
        assert row.measured_on == "ccp test, n = 96"
        assert not any("average precision" in other for other in row.others)
        app = create_app(lab=False, studio=False)
        app.dependency_overrides[get_engine] = lambda: engine
        with TestClient(app) as client:
            page = client.get("/").text
        engine.close()
    assert "mean average precision of the tags, ccp test, n = 96" in page
    assert "50 tags" in page
