"""The REST API: every call, every way it fails, and what it must never give away."""

from __future__ import annotations

import asyncio
import io
import re
import struct
import threading
import zlib
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from apps import health
from apps.api import get_engine, inputs
from apps.api.inputs import parse_box, plain_name
from apps.middleware import MOST_PHOTOS, BodyLimit
from apps.server import create_app
from fashionviz import images
from fashionviz.data.examples import draw
from fashionviz.errors import InvalidRequest, Overloaded
from fashionviz.figures import pictures
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from fashionviz.models.weights import is_trained, weights_root
from fashionviz.serialise import array_from_json
from tests.reports import N

NAME = "mobilenet_v2.gender_category"
API = "/api/v1"
PNG = images.encode_png(draw("dress", 0))


@pytest.fixture(scope="module")
def engine(random_weights: Path) -> Iterator[Engine]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASHIONVIZ_WEIGHTS", str(random_weights))
        engine = Engine(EngineConfig(device="cpu"))
        yield engine
        engine.close()


@pytest.fixture(scope="module")
def app(engine: Engine) -> Any:
    app = create_app(lab=False, studio=False)
    app.dependency_overrides[get_engine] = lambda: engine
    return app


@pytest.fixture(scope="module")
def client(app: Any) -> Iterator[TestClient]:
    with TestClient(app) as client:
        yield client


class Broken:
    """The engine with some of its calls replaced."""

    def __init__(self, engine: Engine, **calls: Any) -> None:
        self._engine = engine
        self.__dict__.update(calls)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


@pytest.fixture
def replace(app: Any, engine: Engine) -> Iterator[Any]:
    def put(**calls: Any) -> None:
        app.dependency_overrides[get_engine] = lambda: Broken(engine, **calls)

    yield put
    app.dependency_overrides[get_engine] = lambda: engine


def post(client: TestClient, path: str, data: bytes = PNG, name: str = "dress.png", **fields: str) -> Any:
    return client.post(API + path, files={"file": (name, data, "image/png")}, data=fields)


def run_alone(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run in a thread of its own: a browser test of the same session has an event loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, coroutine).result(60)


def error_of(response: Any) -> tuple[str, str]:
    """The error's code and sentence, after checking that the body has the one shape."""
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message"}
    message = body["error"]["message"]
    assert message.endswith(".")
    assert "Traceback" not in message
    assert "/work" not in message
    return body["error"]["code"], message


# --- models ---------------------------------------------------------------------------------------------------


def test_models_lists_name_metrics_and_methods(client: TestClient) -> None:
    found = {m["name"]: m for m in client.get(f"{API}/models").json()}
    model = found[NAME]
    assert model["trained"]
    assert model["default"]
    assert model["input_size"] == [160, 120]
    assert model["metrics"][0]["n"] == 96
    assert "guided-backprop" in model["methods"]
    assert "not a person" in model["note"]
    assert client.get(f"{API}/models/{NAME}").json()["sha256"] == model["sha256"]


def test_layers_come_from_the_model(client: TestClient) -> None:
    layers = {layer["name"]: layer for layer in client.get(f"{API}/models/{NAME}/layers").json()}
    assert layers["features.0.0"]["filters"]
    assert layers["features.0.0"]["shape"] == [32, 80, 60]


def test_report_is_the_committed_one(client: TestClient) -> None:
    report = client.get(f"{API}/models/{NAME}/report").json()
    assert report["n"] == N
    assert sum(map(sum, report["confusion"])) == N
    assert report["accuracy_ci95"][0] < report["accuracy"] < report["accuracy_ci95"][1]
    assert [c["label"] for c in report["per_class"]] == report["classes"]


def test_report_missing_says_why(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.api.routes.load_report", lambda name: None)
    response = client.get(f"{API}/models/{NAME}/report")
    assert response.status_code == 404
    assert error_of(response)[0] == "report_missing"


@pytest.mark.parametrize("path", ["/models/nope", "/models/nope/layers", "/models/nope/report", "/filters?model=nope"])
def test_unknown_model_is_404(client: TestClient, path: str) -> None:
    response = client.get(API + path)
    assert response.status_code == 404
    code, message = error_of(response)
    assert code == "unknown_model"
    assert NAME in message  # the names there are


# --- predict --------------------------------------------------------------------------------------------------


def test_predict_equals_the_engine(client: TestClient, engine: Engine) -> None:
    response = post(client, "/predict")
    body = response.json()
    expected = engine.predict(images.decode(PNG))
    assert body["file"] == "dress.png"
    assert [p["label"] for p in body["predictions"]] == [s.label for s in expected.scores]
    got = [p["probability"] for p in body["predictions"]]
    assert got == pytest.approx([s.probability for s in expected.scores], abs=1e-6)
    assert got == sorted(got, reverse=True)
    assert sum(got) == pytest.approx(1, abs=1e-5)
    assert [p["logit"] for p in body["predictions"]] == pytest.approx([s.logit for s in expected.scores], abs=1e-4)
    assert set(body["timings_ms"]) == {"decode", "queue", "compute", "total"}
    assert body["sha256"] == response.headers["x-fashionviz-weights"] == expected.model.sha256
    assert body["box"] is None
    assert "not a person" in body["note"]
    assert response.headers["cache-control"] == "no-store"


def test_box_and_model_come_by_form_or_query(client: TestClient, engine: Engine) -> None:
    box = (40.0, 30.0, 200.0, 260.0)
    form = post(client, "/predict", box="40,30,200,260", model=NAME).json()
    query = post(client, f"/predict?box=40,30,200,260&model={NAME}").json()
    expected = engine.predict(images.decode(PNG), box=box)
    for body in (form, query):
        assert body["box"] == list(box)
        assert body["predictions"][0]["logit"] == pytest.approx(expected.top.logit, abs=1e-4)
    whole = post(client, "/predict").json()
    assert whole["predictions"][0]["logit"] != pytest.approx(expected.top.logit, abs=1e-3)


def test_not_trained_model_never_guesses(
    client: TestClient, app: Any, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(tmp_path))
    empty = Engine(EngineConfig(device="cpu"))
    app.dependency_overrides[get_engine] = lambda: empty
    try:
        assert not client.get(f"{API}/models/{NAME}").json()["trained"]
        response = post(client, "/predict")
        page = client.get("/").text
        ready = client.get("/health/ready")
    finally:
        app.dependency_overrides[get_engine] = lambda: engine
    assert response.status_code == 409
    assert error_of(response)[0] == "model_not_trained"
    assert "No model is trained yet" in page
    assert "looked.png" not in page
    assert ready.status_code == 503
    assert ready.json()["reason"]


def test_photos_of_two_visitors_do_not_mix(client: TestClient, engine: Engine) -> None:
    photos = {kind: images.encode_png(draw(kind, 1)) for kind in ("watch", "skirt")}
    expected = {kind: engine.predict(images.decode(data)).top.logit for kind, data in photos.items()}
    wrong: list[str] = []

    def visitor(kind: str) -> None:
        for _ in range(4):
            body = post(client, "/predict", photos[kind], f"{kind}.png").json()
            if body["file"] != f"{kind}.png" or abs(body["predictions"][0]["logit"] - expected[kind]) > 1e-3:
                wrong.append(kind)

    threads = [threading.Thread(target=visitor, args=(kind,)) for kind in (*photos, *photos)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# --- explain, filters, activations ----------------------------------------------------------------------------


def test_explain_gives_the_same_values_in_every_format(client: TestClient, engine: Engine) -> None:
    expected = engine.explain(images.decode(PNG), method="guided-backprop", target="Men/Apparel")
    as_json = post(client, "/explain", target="Men/Apparel", format="json").json()
    as_npy = post(client, "/explain", target="Men/Apparel", format="npy")
    assert as_json["target"] == "Men/Apparel"
    assert as_json["values"]["shape"] == [3, 160, 120]
    np.testing.assert_allclose(array_from_json(as_json["values"]), expected.values, atol=1e-6)
    loaded = np.load(io.BytesIO(as_npy.content), allow_pickle=False)
    assert loaded.dtype == np.float32
    np.testing.assert_allclose(loaded, expected.values, atol=1e-6)
    assert as_json["placement"]["frame"] == [160, 120]


@pytest.mark.parametrize("style", ["colour", "signed", "overlay"])
def test_explain_picture_is_the_figure(client: TestClient, engine: Engine, style: str) -> None:
    response = post(client, "/explain", method="gradient", target="Women/Apparel", style=style)
    assert response.headers["content-type"] == "image/png"
    assert response.headers["x-fashionviz-target"] == "Women/Apparel"
    assert response.headers["x-fashionviz-method"] == "gradient"
    assert 0 <= float(response.headers["x-fashionviz-probability"]) <= 1
    result = engine.explain(images.decode(PNG), method="gradient", target="Women/Apparel")
    expected = pictures.enlarge(getattr(pictures, f"attribution_{style}")(result), 640).astype(int)
    got = np.asarray(Image.open(io.BytesIO(response.content))).astype(int)
    assert got.shape == expected.shape
    assert np.abs(got - expected).max() <= 1


def test_explain_without_a_target_takes_the_top_class(client: TestClient) -> None:
    top = post(client, "/predict").json()["predictions"][0]["label"]
    assert post(client, "/explain?format=json").json()["target"] == top


def test_caller_who_hangs_up_stops_the_work(app: Any, replace: Any) -> None:
    stopped = threading.Event()

    def slow(photo: Any, *, cancel: threading.Event, **_: Any) -> Any:
        if cancel.wait(20):
            stopped.set()
        raise InvalidRequest("It was cancelled.")

    replace(explain=slow)
    body, content_type = _multipart(PNG)
    sent: list[Any] = []
    queue = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        return queue.pop() if queue else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    run_alone(app(_scope("POST", f"{API}/explain", content_type), receive, send))
    assert stopped.is_set()


def test_filters_as_picture_and_numbers(client: TestClient, engine: Engine) -> None:
    bank = engine.filters()
    as_json = client.get(f"{API}/filters?format=json").json()
    assert as_json["first"]
    np.testing.assert_array_equal(array_from_json(as_json["weights"]), bank.weights)
    as_npy = np.load(io.BytesIO(client.get(f"{API}/filters?format=npy").content), allow_pickle=False)
    np.testing.assert_array_equal(as_npy, bank.weights)
    picture = client.get(f"{API}/filters", params={"model": NAME})
    assert picture.headers["x-fashionviz-layer"] == "features.0.0"
    assert Image.open(io.BytesIO(picture.content)).size == (405, 201)
    deeper = client.get(f"{API}/filters", params={"layer": "features.1.conv.1", "format": "json"}).json()
    assert not deeper["first"]


def test_filters_of_a_layer_without_any_is_422(client: TestClient) -> None:
    response = client.get(f"{API}/filters", params={"layer": "features.0.1"})
    assert response.status_code == 422
    assert error_of(response)[0] == "invalid_request"


def test_activations_in_every_format(client: TestClient, engine: Engine) -> None:
    expected = engine.activations(images.decode(PNG), layer="features.3").maps
    every = post(client, "/activations", layer="features.3", format="json").json()
    assert every["channels"] == len(expected)
    np.testing.assert_allclose(array_from_json(every["maps"]), expected, atol=1e-5)
    one = post(client, "/activations", layer="features.3", channel="5", format="npy")
    np.testing.assert_allclose(np.load(io.BytesIO(one.content)), expected[5:6], atol=1e-5)
    grid = post(client, "/activations", layer="features.3")
    large = post(client, "/activations", layer="features.3", channel="5")
    assert grid.headers["x-fashionviz-channels"] == str(len(expected))
    assert Image.open(io.BytesIO(grid.content)).size != Image.open(io.BytesIO(large.content)).size


# --- what is refused ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "fields", "names"),
    [
        ("/predict", {"box": "1,2,3"}, "box"),
        ("/predict", {"box": "1,2,3,x"}, "box"),
        ("/predict", {"box": "nan,0,10,10"}, "box"),
        ("/predict", {"box": "10,10,10,90"}, "box"),
        ("/explain", {"format": "gif"}, "format"),
        ("/explain", {"style": "neon"}, "style"),
        ("/explain", {"method": "tea-leaves"}, "tea-leaves"),
        ("/explain", {"target": "Cats"}, "Cats"),
        ("/activations", {"channel": "-1"}, "channel"),
        ("/activations", {"channel": "many"}, "channel"),
        ("/activations", {"channel": "99999"}, "channel"),
        ("/activations", {"layer": "no.such.layer"}, "no.such.layer"),
        ("/activations", {"layer": "classifier.1"}, "classifier.1"),
    ],
)
def test_a_wrong_field_is_named(client: TestClient, path: str, fields: dict[str, str], names: str) -> None:
    response = post(client, path, **fields)
    assert response.status_code == 422
    code, message = error_of(response)
    assert code == "invalid_request"
    assert names in message


def test_a_box_outside_the_photo_is_refused(client: TestClient) -> None:
    response = post(client, "/predict", box="5000,5000,6000,6000")
    assert response.status_code == 422
    assert "region" in error_of(response)[1]


@pytest.mark.parametrize("path", ["/predict", "/explain", "/activations"])
def test_a_missing_file_is_named(client: TestClient, path: str) -> None:
    for response in (client.post(API + path), client.post(API + path, data={"file": "a string"})):
        assert response.status_code == 422
        assert "'file'" in error_of(response)[1]


def test_a_broken_form_is_one_sentence(client: TestClient) -> None:
    headers = {"content-type": "multipart/form-data; boundary=a"}
    response = client.post(f"{API}/predict", content=b"nonsense", headers=headers)
    assert response.status_code == 400
    assert error_of(response)[0] == "bad_request"


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png_header(width: int, height: int) -> bytes:
    """A PNG whose header promises more pixels than it has."""
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + _chunk(b"IDAT", zlib.compress(b"\0" * 100)) + _chunk(b"IEND", b"")


def _saved(kind: str, size: tuple[int, int] = (64, 64)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (b"", 422, "empty"),
        (b"hello, I am no picture", 415, "JPEG, PNG or WebP"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 200, 415, "HEIC"),
        (b"%PDF-1.7" + b"\0" * 200, 415, "PDF"),
        (_saved("GIF"), 415, "GIF"),
        (_saved("PNG", (1, 1)), 422, "1×1"),
        (_saved("PNG", (4000, 9)), 422, "strip"),
        (_png_header(20000, 20000), 413, "million"),
        (PNG[: len(PNG) // 2], 422, "damaged"),
        (_saved("JPEG", (400, 400))[:600], 422, "damaged"),
        (b"\xff\xd8\xff" + b"x" * 26_214_400, 413, "25 MB"),
    ],
    ids=["empty", "text", "heic", "pdf", "gif", "1x1", "strip", "giant header", "cut png", "cut jpeg", "over 25 MB"],
)
@pytest.mark.parametrize("path", ["/predict", "/explain", "/activations"])
def test_a_bad_picture_is_one_sentence(client: TestClient, path: str, data: bytes, status: int, words: str) -> None:
    response = post(client, path, data)
    assert response.status_code == status
    assert words in error_of(response)[1]
    assert client.get("/health/live").json() == {"status": "live"}


def _with_gps() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 36.0)})
    out = io.BytesIO()
    Image.fromarray(draw("jacket", 0)).save(out, "JPEG", exif=exif, comment=b"SecretComment")
    return out.getvalue()


def test_metadata_never_comes_back(client: TestClient) -> None:
    data = _with_gps()
    assert Image.open(io.BytesIO(data)).getexif().get_ifd(0x8825)  # it is in there
    pictures_back = [
        post(client, "/explain", data, style=style, method="gradient").content for style in ("colour", "overlay")
    ]
    pictures_back.append(post(client, "/activations", data).content)
    for png in pictures_back:
        assert b"Secret" not in png
        chunks = re.findall(rb"(IHDR|IDAT|IEND|eXIf|tEXt|iTXt|zTXt|iCCP|tIME)", png)
        assert set(chunks) <= {b"IHDR", b"IDAT", b"IEND"}
        opened = Image.open(io.BytesIO(png))
        assert not opened.getexif()
        assert opened.width > opened.height  # turned as the camera says: the drawing is upright, the tag turns it
    body = post(client, "/predict", data).text
    assert "Secret" not in body
    assert "turned upright" in body


# --- limits, failures, headers --------------------------------------------------------------------------------


def test_photos_over_the_bound_are_refused_while_health_answers(
    client: TestClient, replace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "DECODE_WAIT_S", 120.0)
    gate, inside = threading.Event(), threading.Semaphore(0)

    def held(*args: Any, **kwargs: Any) -> Any:
        inside.release()
        assert gate.wait(120)
        raise InvalidRequest("The gate is open.")

    assert client.get("/health/ready").status_code == 200
    replace(predict=held)
    with ThreadPoolExecutor(MOST_PHOTOS) as callers:
        waiting = [callers.submit(post, client, "/predict") for _ in range(MOST_PHOTOS)]
        try:
            for _ in waiting:
                assert inside.acquire(timeout=120)
            refused = [post(client, "/predict"), post(client, "/explain")]
            others = [client.get("/health/ready").status_code, client.get(f"{API}/models").status_code]
        finally:
            gate.set()
        answered = {call.result().status_code for call in waiting}
    for response in refused:
        assert response.status_code == 429
        assert response.headers["retry-after"] == "1"
        assert error_of(response)[0] == "overloaded"
    assert others == [200, 200]
    assert answered == {422}, "none of those that were let in is refused"


def test_overloaded_says_when_to_come_back(client: TestClient, replace: Any) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise Overloaded("The queue is full. Please try again soon.", 2.4)

    replace(predict=full, explain=full, activations=full)
    for path in ("/predict", "/explain", "/activations"):
        response = post(client, path)
        assert response.status_code == 429
        assert response.headers["retry-after"] == "3"
        assert error_of(response)[0] == "overloaded"


def test_decoding_is_bounded(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "_decoders", threading.BoundedSemaphore(1))
    monkeypatch.setattr(inputs, "DECODE_WAIT_S", 0.05)
    with inputs._turn():
        response = post(client, "/predict")
    assert response.status_code == 429
    assert int(response.headers["retry-after"]) >= 1
    assert post(client, "/predict").status_code == 200


def test_the_unexpected_gives_nothing_away(client: TestClient, replace: Any, caplog: pytest.LogCaptureFixture) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError("no such file: /srv/secret/weights.bin")

    replace(predict=fail, explain=fail)
    for path in ("/predict", "/explain"):
        response = post(client, path, name="holiday.png")
        assert response.status_code == 500
        assert error_of(response)[0] == "internal_error"
        assert "secret" not in response.text
        assert "x-content-type-options" in response.headers
    assert "/srv/secret/weights.bin" in caplog.text  # the log has it
    assert "holiday" not in caplog.text


def test_a_declared_body_over_the_cap_is_refused_unread(client: TestClient) -> None:
    response = client.post(f"{API}/predict", content=b"x" * 100, headers={"content-length": str(27 * 1024 * 1024)})
    assert response.status_code == 413
    assert error_of(response)[0] == "body_too_large"


def _multipart(data: bytes) -> tuple[bytes, bytes]:
    head = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
    return head + data + b"\r\n--edge--\r\n", b"multipart/form-data; boundary=edge"


def _scope(method: str, path: str, content_type: bytes) -> dict[str, Any]:
    headers = [(b"host", b"testserver"), (b"content-type", content_type)]
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": headers,
        "client": ("127.0.0.1", 1), "server": ("testserver", 80), "state": {},
    }  # fmt: skip


def test_an_undeclared_body_is_cut_off_at_the_cap(app: Any) -> None:
    """A stream without Content-Length: refused once it passes the cap, however long it would go on."""
    piece = b"x" * 1_048_576
    asked = 0
    sent: list[Any] = []

    async def receive() -> Any:
        nonlocal asked
        asked += 1
        start = _multipart(b"")[0].split(b"\r\n--edge--")[0] + b"\r\n\r\n" if asked == 1 else b""
        return {"type": "http.request", "body": start + piece, "more_body": asked < 1000}

    async def send(message: Any) -> None:
        sent.append(message)

    run_alone(app(_scope("POST", f"{API}/predict", b"multipart/form-data; boundary=edge"), receive, send))
    assert sent[0]["status"] == 413
    assert asked <= 27


def test_the_body_limit_leaves_others_alone() -> None:
    async def echo(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError("the app's own failure")

    with pytest.raises(ValueError, match="own failure"):
        run_alone(BodyLimit(echo)(_scope("POST", "/x", b""), None, None))  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v2/models", "/api/v1/models/a/b/c"])
def test_unknown_addresses_of_the_api_are_json(client: TestClient, path: str) -> None:
    response = client.get(path, headers={"accept": "text/html"})
    assert response.status_code == 404
    assert error_of(response)[0] == "not_found"


def test_a_wrong_method_is_json(client: TestClient) -> None:
    response = client.get(f"{API}/predict")
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert error_of(response)[0] == "method_not_allowed"


def test_no_foreign_origin_is_allowed(client: TestClient) -> None:
    origin = {"origin": "https://elsewhere.example"}
    assert "access-control-allow-origin" not in client.get(f"{API}/models", headers=origin).headers
    asked = {**origin, "access-control-request-method": "POST"}
    response = client.options(f"{API}/predict", headers=asked)
    assert response.status_code == 400
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize("path", ["/", f"{API}/models", f"{API}/docs", "/nothing", "/static/portal.css"])
def test_security_headers_everywhere(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert "default-src 'self'" in headers["content-security-policy"]


# --- description, health --------------------------------------------------------------------------------------


def test_openapi_is_complete(client: TestClient) -> None:
    schema = client.get(f"{API}/openapi.json").json()
    calls = {(m.upper(), p): op for p, methods in schema["paths"].items() for m, op in methods.items()}
    assert set(calls) == {
        ("GET", f"{API}/models"),
        ("GET", f"{API}/models/{{name}}"),
        ("GET", f"{API}/models/{{name}}/layers"),
        ("GET", f"{API}/models/{{name}}/report"),
        ("POST", f"{API}/predict"),
        ("POST", f"{API}/explain"),
        ("GET", f"{API}/filters"),
        ("POST", f"{API}/activations"),
        ("GET", "/health/live"),
        ("GET", "/health/ready"),
    }
    for operation in calls.values():
        assert operation["summary"]
        assert operation["description"]
        assert "schema" in operation["responses"]["200"]["content"]["application/json"]
    assert set(calls["POST", f"{API}/explain"]["responses"]["200"]["content"]) == {
        "application/json",
        "image/png",
        "application/octet-stream",
    }
    assert "429" in calls["POST", f"{API}/predict"]["responses"]
    assert schema["components"]["schemas"]["PredictionBody"]["examples"]


def test_docs_need_no_other_host(client: TestClient) -> None:
    page = client.get(f"{API}/docs").text
    for path in ("/predict", "/explain", "/filters", "/activations", "/models/{name}/report"):
        assert f"{API}{path}" in page
    assert "curl -F file=@photo.jpg" in page
    assert f"{API}/openapi.json" in page
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)


def test_live_and_ready(client: TestClient) -> None:
    assert client.get("/health/live").json() == {"status": "live"}
    response = client.get("/health/ready")
    body = response.json()
    assert response.status_code == 200
    assert body["ready"]
    assert body["worst"] <= body["tolerance"]


def test_ready_is_remembered_for_a_while(engine: Engine) -> None:
    asked = 0

    def count() -> Any:
        nonlocal asked
        asked += 1
        return engine.ready()

    broken: Any = Broken(engine, ready=count)
    cache = health.ReadinessCache(keep_s=60)
    assert cache.ask(broken).ready
    assert cache.ask(broken).ready
    assert asked == 1
    brief = health.ReadinessCache(keep_s=0)
    brief.ask(broken)
    brief.ask(broken)
    assert asked == 3


def test_a_failing_self_test_is_not_ready(client: TestClient, replace: Any) -> None:
    def fail() -> Any:
        raise RuntimeError("/srv/secret")

    replace(ready=fail)
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["worst"] is None
    assert "secret" not in response.text


# --- small parts ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("photo.jpg", "photo.jpg"),
        ("/home/someone/photo.jpg", "photo.jpg"),
        ("C:\\Users\\someone\\photo.jpg", "photo.jpg"),
        ("a\nb\x00.png", "ab.png"),
        ("", "photo"),
        (None, "photo"),
        ("x" * 300, "x" * 200),
    ],
)
def test_names_lose_their_folders(given: str | None, shown: str) -> None:
    assert plain_name(given) == shown


def test_parse_box() -> None:
    assert parse_box(None) is None
    assert parse_box(" ") is None
    assert parse_box("1, 2.5,3,4") == (1.0, 2.5, 3.0, 4.0)


def test_committed_weights_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The weights that users get: ready, and a drawn dress is answered with all six classes."""
    monkeypatch.delenv("FASHIONVIZ_WEIGHTS", raising=False)
    if not is_trained(NAME):
        pytest.skip(f"no weights of {NAME} in {weights_root().name}/: train them with `fashionviz train {NAME}`")
    own = Engine(EngineConfig(device="cpu"))
    app = create_app(lab=False, studio=False)
    app.dependency_overrides[get_engine] = lambda: own
    try:
        with TestClient(app) as client:
            assert client.get("/health/ready").status_code == 200
            body = post(client, "/predict").json()
            assert len(body["predictions"]) == 6
    finally:
        own.close()
