"""The lab through ``gradio_client`` as a real client against a launched server, and its pure parts."""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
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

from apps.lab import gallery, handlers, parts, region, snippets
from apps.lab.app import build_lab, mount_options
from apps.lab.events import Events
from apps.lab.intake import Upload, take
from apps.lab.jobs import Jobs
from apps.lab.storage import EVERY_S, OLDEST_S, sweep
from fashionviz import images
from fashionviz.data.examples import KINDS, draw
from fashionviz.errors import FetchError, ImageError, ImageTooLarge, InvalidRequest, Overloaded
from fashionviz.figures import pictures
from fashionviz.inference.engine import Engine
from fashionviz.results import ClassScore, ModelRef, Prediction, Timings

MODEL = "mobilenet_v2.gender_category"


def jpeg(exif: Image.Exif | None = None, size: tuple[int, int] = (90, 120)) -> bytes:
    """A small photo."""
    picture = Image.fromarray(draw("dress", 1)).resize(size)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=92, exif=exif or Image.Exif())
    return out.getvalue()


@pytest.fixture(scope="module")
def server(random_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Engine, Path]]:
    """A launched lab: its address, its engine and Gradio's temporary folder."""
    with pytest.MonkeyPatch.context() as patch:
        cache = tmp_path_factory.mktemp("gradio")
        patch.setenv("GRADIO_TEMP_DIR", str(cache))
        patch.setenv("FASHIONVIZ_WEIGHTS", str(random_weights))
        patch.setenv("FASHIONVIZ_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
        engine = Engine()
        blocks = build_lab(engine)
        options = {k: v for k, v in mount_options().items() if k != "run_history"}
        _, url, _ = blocks.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **options)
        yield url, engine, cache
        blocks.close()
        engine.close()


@pytest.fixture
def client(server: tuple[str, Engine, Path], tmp_path: Path) -> Iterator[Client]:
    """A visitor of its own."""
    client = Client(server[0], download_files=str(tmp_path / "down"), verbose=False, analytics_enabled=False)
    yield client
    client.close()


def save(folder: Path, data: bytes, name: str = "photo.jpg") -> str:
    path = folder / name
    path.write_bytes(data)
    return str(path)


def stored(cache: Path) -> set[str]:
    return {str(p) for p in cache.rglob("*") if p.is_file()}


# --- the calls for programs ---------------------------------------------------------------------------------------


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
    assert set(named) == {"/predict", "/explain", "/activations", "/filters", "/every_model", "/annotate"}
    assert [p["parameter_name"] for p in named["/predict"]["parameters"]] == ["file", "model", "box"]
    names = ["file", "model", "method", "target", "box"]
    assert [p["parameter_name"] for p in named["/explain"]["parameters"]] == names


# --- bad input ----------------------------------------------------------------------------------------------------


def _gps() -> bytes:
    exif = Image.Exif()
    exif[274] = 6  # lies on its side
    exif[271] = "SECRETCAMERA"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    return jpeg(exif)


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
    file = handle_file(save(tmp_path, _gps(), "gps.jpg"))
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


# --- the page's own events ----------------------------------------------------------------------------------------


def test_two_sessions_do_not_share_a_photo(server: tuple[str, Engine, Path], random_weights: Path) -> None:
    """What one session holds, another's questions do not see."""
    from gradio.state_holder import StateHolder

    blocks = build_lab(server[1])
    holder = StateHolder()
    holder.set_blocks(blocks)
    state = next(b for b in blocks.blocks.values() if b.get_block_name() == "state")
    holder["first"][state._id] = "a photo"
    assert holder["first"][state._id] == "a photo"
    assert holder["second"][state._id] is None
    assert state.time_to_live <= 3600
    assert blocks.delete_cache is not None
    assert sum(blocks.delete_cache) <= 3600


def test_an_upload_is_deleted_as_it_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "upload"
    folder.mkdir()
    path = folder / "a.jpg"
    path.write_bytes(b"abc")
    assert take(Upload(str(path), "a.jpg")) == b"abc"
    assert not folder.exists()
    with pytest.raises(ImageError, match="no longer here"):
        take(Upload(str(path.with_name("b.jpg")), "b.jpg"))


def test_two_visitors_may_send_the_same_file_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"abc")
    assert take(Upload(str(path), "a.jpg")) == b"abc"
    assert take(Upload(str(path), "a.jpg")) == b"abc", "Gradio gives the same content the same path"
    now = time.monotonic()
    monkeypatch.setattr("apps.lab.intake.time.monotonic", lambda: now + 31)
    with pytest.raises(ImageError, match="no longer here"):
        take(Upload(str(path), "a.jpg"))


def test_files_of_the_page_are_not_deleted_by_naming_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "thumbnail.png"
    path.write_bytes(b"abc")
    monkeypatch.setattr("apps.lab.storage._ours", {str(path)})
    assert take(Upload(str(path), "thumbnail.png")) == b"abc"
    assert path.exists()


def test_old_files_are_swept_and_the_pages_own_kept(tmp_path: Path) -> None:
    for name in ("old", "own", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").write_bytes(b"x")
    for name in ("old", "own"):
        os.utime(tmp_path / name / "a.png", (0, time.time() - OLDEST_S - 1))
    assert sweep(tmp_path, {str(tmp_path / "own" / "a.png")}) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["new", "own"]
    assert EVERY_S + OLDEST_S <= 3600


def test_a_file_over_the_cap_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "big.jpg"
    with path.open("wb") as handle:
        handle.truncate(images.MAX_BYTES + 1)
    with pytest.raises(ImageTooLarge, match="25 MB"):
        take(Upload(str(path), "big.jpg"))
    assert not path.exists()


class _Broken:
    """An engine that fails in a chosen way."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __getattr__(self, name: str) -> Callable[..., None]:
        def fail(*_args: object, **_options: object) -> None:
            raise self.error

        return fail


def test_failures_empty_the_answer_and_hide_the_unexpected(caplog: pytest.LogCaptureFixture) -> None:
    photo = images.from_pixels(draw("hat", 0))
    busy = handlers.predict(
        _Broken(Overloaded("Many people are asking; please try again in 3 s.", 3)), photo, MODEL, None, ""
    )
    assert "try again in 3 s" in busy.html
    assert busy.prediction is None
    odd = handlers.predict(_Broken(RuntimeError("/secret/path")), photo, MODEL, None, "")
    assert "/secret/path" not in odd.html
    assert handlers.UNEXPECTED in odd.html
    assert "/secret/path" in caplog.text
    why = handlers.explain(_Broken(InvalidRequest("No.")), photo, MODEL, "gradient", None, None, "Colour")
    assert why.picture is None
    assert why.result is None
    assert "No." in why.caption
    seen = handlers.activations(_Broken(InvalidRequest("No.")), photo, MODEL, None, None)
    assert seen.tiles == ()
    assert seen.large is None
    assert "No." in seen.caption


def _fetch(engine: Engine) -> tuple[object, list[str] | object, str]:
    tiles, names, said = Events(engine).fetch()
    return tiles, names, said


def test_fetching_without_a_network_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: tuple[str, Engine, Path]
) -> None:
    def fail(*_arguments: object) -> None:
        raise FetchError("The publisher cannot be reached. Is this machine online?")

    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path))
    monkeypatch.setattr("fashionviz.data.fetch.fetch_examples", fail)
    with pytest.warns(UserWarning, match="cannot be reached"):  # a toast, outside a page
        _, _, said = _fetch(server[1])
    assert "cannot be reached" in said
    assert "drawn examples" in said
    assert len(gallery.example_tiles()) == len(gallery.sources()) > 5


def test_fetching_from_the_publisher_fills_the_row(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: tuple[str, Engine, Path]
) -> None:
    class Publisher(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(jpeg())

        def log_message(self, *_arguments: object) -> None:
            pass

    publisher = ThreadingHTTPServer(("127.0.0.1", 0), Publisher)
    threading.Thread(target=publisher.serve_forever, daemon=True).start()
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path))
    monkeypatch.setenv("FASHIONVIZ_EXAMPLES_URL", f"http://127.0.0.1:{publisher.server_port}")
    try:
        tiles, names, said = _fetch(server[1])
    finally:
        publisher.shutdown()
        publisher.server_close()
    assert "photos fetched" in said
    assert isinstance(names, list)
    assert names[0].endswith(".jpg")
    assert names[-1] in KINDS
    assert isinstance(tiles, list)
    assert len(tiles) == len(names)


def test_fetched_photos_come_first_and_go_through_the_door(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path))
    gallery.folder().mkdir(parents=True)
    (gallery.folder() / "shirt.jpg").write_bytes(_gps())
    names = gallery.sources()
    photo, file = gallery.open_example(names[0])
    assert file == "shirt.jpg"
    assert "turned upright" in photo.notes
    assert gallery.example_tiles(names)[0][1] == "shirt (photo)"


# --- jobs ---------------------------------------------------------------------------------------------------------


def test_cancelling_stops_a_slow_explanation(server: tuple[str, Engine, Path]) -> None:
    jobs, photo = Jobs(), images.from_pixels(draw("dress", 0))
    event = jobs.start("a")
    assert not jobs.cancel("b")
    threading.Timer(0.05, jobs.cancel, ["a"]).start()
    started = time.perf_counter()
    out = handlers.explain(server[1], photo, MODEL, "occlusion", None, None, "Overlay", cancel=event)
    assert out.result is None
    assert "cancelled" in out.caption.lower()
    assert time.perf_counter() - started < 20


def test_a_job_can_be_cancelled_before_it_starts() -> None:
    jobs = Jobs()
    jobs.announce("a")
    assert jobs.cancel("a")
    event = jobs.start("a")
    assert event.is_set()
    assert jobs.waiting("a")
    jobs.finish("a", event)
    assert not jobs.waiting("a")


def test_a_newer_job_replaces_the_older() -> None:
    jobs = Jobs()
    first, second = jobs.start("a"), jobs.start("a")
    assert first.is_set()
    assert not second.is_set()
    jobs.finish("a", first)
    assert jobs.current("a", second)
    jobs.replace("a")
    assert second.is_set()
    assert not jobs.cancel("a")


# --- region, pieces, snippets -------------------------------------------------------------------------------------


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
    assert region.parse_box(region.format_box((1, 2, 3, 4))) == (1, 2, 3, 4)


def test_the_card_escapes_what_it_shows() -> None:
    assert "<script>" not in parts.error_card("<script>alert(1)</script>")
    assert "<b>" not in parts.heading("<b>")


def test_the_card_shows_every_class_in_its_colour(server: tuple[str, Engine, Path]) -> None:
    info = server[1].model(MODEL)
    scores = tuple(ClassScore(c, 1 / 6, 0.0) for c in info.classes)
    prediction = Prediction(ModelRef(MODEL, "ab" * 32), scores, Timings(1, 2, 3), notes=("turned upright",))
    html = parts.prediction_card(prediction, info, "the whole photo")
    assert html.count("<li") == 6
    assert "department" in html
    assert "abababababab" in html
    assert "turned upright" in html


def test_the_caution_stands_where_it_belongs(server: tuple[str, Engine, Path]) -> None:
    photo = images.from_pixels(draw("dress", 1))
    for method, warned in (("guided-backprop", True), ("guided-grad-cam", True), ("gradient", False)):
        result = server[1].explain(photo, MODEL, method)
        assert ("Adebayo et al. 2018</a>" in handlers.caption(result, "Colour")) == warned, method


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
    assert snippets.link_query(MODEL, target="Men/Other") == f"?model={MODEL}&target=Men%2FOther"
