"""The items on a photo, by the engine, the command line and the API, and as a picture."""

import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

import fashionviz.inference.engine as engines
from apps.api import get_engine
from apps.server import create_app
from fashionviz.detect_results import Detections
from fashionviz.errors import Cancelled, InvalidRequest, ModelNotTrained
from fashionviz.figures.detections import detection_picture
from fashionviz.figures.theme import class_colour
from fashionviz.images import encode_png, from_pixels
from fashionviz.inference.engine import Engine
from tests.cli.test_cli import run
from tests.conftest import MODEL as CLASSIFIER
from tests.item_network import MODEL, boxes, item_engine, painted


@pytest.fixture(scope="module")
def detecting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    weights = tmp_path_factory.mktemp("weights")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASHIONVIZ_WEIGHTS", str(weights))
        engine = item_engine(weights)
        yield engine
        engine.close()


def near(result: Detections, size: tuple[int, int], left: int = 0, top: int = 0) -> None:
    """Every box is that of the painted item, to a pixel or two of the photo."""
    true = boxes(size)
    for label, box in zip(result.labels, result.boxes, strict=True):
        expected = np.array(true[label]) + [left, top] * 2
        assert np.abs(np.array(box) - expected).max() <= 1 + max(size) / 320


@pytest.mark.parametrize("size", [(508, 336), (432, 768), (120, 80), (100, 100)])
def test_boxes_are_in_pixels_of_the_photo(detecting: Engine, size: tuple[int, int]) -> None:
    result = detecting.detect(from_pixels(painted(size)[0]))
    assert result.model.name == MODEL
    assert (result.labels, result.scores) == (("dress", "bag"), pytest.approx((0.9, 0.7)))
    assert result.min_score == 0.6
    near(result, size)
    assert result.timings.as_dict()["compute"] > 0


def test_a_lower_score_finds_more(detecting: Engine) -> None:
    photo = from_pixels(painted()[0])
    assert detecting.detect(photo, min_score=0.0).labels == ("dress", "bag", "footwear")
    assert detecting.detect(photo, min_score=0.8).labels == ("dress",)
    assert detecting.detect(photo, min_score=1.0).labels == ()
    for score in (-0.1, 1.5, float("nan")):
        with pytest.raises(InvalidRequest, match="between 0 and 1"):
            detecting.detect(photo, min_score=score)


def test_a_region_is_searched_and_the_boxes_stay_those_of_the_photo(detecting: Engine) -> None:
    inner, size = painted((120, 80))[0], (120, 80)
    photo = np.zeros((300, 260, 3), np.uint8)
    photo[70:190, 100:180] = inner
    for box in ((100, 70, 180, 190), (180, 190, 100, 70)):
        result = detecting.detect(from_pixels(photo), box=box)
        assert result.box == box
        assert set(result.labels) == {"dress", "bag"}
        near(result, size, left=100, top=70)
    beyond = detecting.detect(from_pixels(photo), box=(100, 70, 900, 900))
    near(beyond, size, left=100, top=70)


def test_photos_of_both_orientations_at_once(detecting: Engine) -> None:
    sizes = [(120, 80), (80, 120)] * 4
    results: list[Detections | None] = [None] * len(sizes)

    def ask(place: int) -> None:
        results[place] = detecting.detect(from_pixels(painted(sizes[place])[0]))

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(len(sizes))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for size, result in zip(sizes, results, strict=True):
        assert result is not None
        assert len(result) == 2
        near(result, size)


def test_it_can_be_cancelled(detecting: Engine) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        detecting.detect(from_pixels(painted()[0]), cancel=cancel)


def test_who_finds_items_and_who_does_not(detecting: Engine, engine: Engine) -> None:
    photo, info = from_pixels(painted()[0]), detecting.model(MODEL)
    assert (info.answer, info.names, info.methods, info.default) == ("boxes", False, (), True)
    with pytest.raises(InvalidRequest, match=f"finds no items on a photo. These do: {MODEL}"):
        detecting.detect(photo, CLASSIFIER)
    with pytest.raises(ModelNotTrained, match=f"fashionviz train {MODEL}"):
        engine.detect(photo)
    for call in ("predict", "explain", "trust"):
        with pytest.raises(InvalidRequest, match="draws a box around each garment: use `fashionviz detect`"):
            getattr(detecting, call)(photo, MODEL)


def test_a_picture_has_each_box_in_its_colour(detecting: Engine) -> None:
    size = (300, 200)
    photo = painted(size)[0]
    result = detecting.detect(from_pixels(photo))
    drawn = detection_picture(result, photo, longest=600)
    assert drawn.shape == (600, 400, 3)
    for label, box in zip(result.labels, result.boxes, strict=True):
        colour = class_colour(label, detecting.model(MODEL).classes)
        rgb = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
        x0, y0, x1, y1 = (round(2 * v) for v in box)
        assert (drawn[(y0 + y1) // 2, max(0, x0 - 3) : x0 + 4] == rgb).all(axis=1).any(), "its left side"
        assert (drawn[y1 - 3 : y1 + 4, (x0 + x1) // 2] == rgb).all(axis=1).any(), "its lower side"
    nothing = detecting.detect(from_pixels(photo), min_score=1.0)
    assert (detection_picture(nothing, photo, longest=300) == photo).all()


def test_over_the_api(detecting: Engine) -> None:
    size = (300, 200)
    photo = painted(size)[0]
    app = create_app(lab=False, studio=False)
    app.dependency_overrides[get_engine] = lambda: detecting
    png = encode_png(photo)
    with TestClient(app) as client:

        def post(path: str, **fields: str) -> object:
            return client.post(f"/api/v1{path}", files={"file": ("p.png", png, "image/png")}, data=fields)

        answer = post("/detect").json()
        result = detecting.detect(from_pixels(photo))
        assert [tuple(item["box"]) for item in answer["items"]] == [pytest.approx(box) for box in result.boxes]
        assert [item["label"] for item in answer["items"]] == ["dress", "bag"]
        assert (answer["file"], answer["model"], answer["min_score"]) == ("p.png", MODEL, 0.6)
        assert len(post("/detect", min_score="0.1").json()["items"]) == 3
        assert post("/detect", box="0,0,100,300").json()["box"] == [0, 0, 100, 300]
        drawn = post("/detect", format="png")
        assert drawn.headers["x-fashionviz-model"] == MODEL
        with Image.open(io.BytesIO(drawn.content)) as picture:
            assert np.array_equal(np.asarray(picture), detection_picture(result, photo))
        refused = post("/predict", model=MODEL)
        assert refused.status_code == 422
        assert "fashionviz detect" in refused.json()["error"]["message"]
        assert post("/detect", model=CLASSIFIER).status_code == 422
        assert post("/detect", min_score="2").status_code == 422
        listed = {model["name"]: model for model in client.get("/api/v1/models").json()}
        assert (listed[MODEL]["answer"], listed[MODEL]["methods"]) == ("boxes", [])


def test_on_the_command_line(detecting: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "_shared", detecting)
    photo = painted((300, 200))[0]
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "p.png").write_bytes(encode_png(photo))
    files = [str(tmp_path / folder / "p.png") for folder in ("a", "b")]
    status, out, err = run("detect", *files, "--out", str(tmp_path / "made"), "--json")
    assert status == 0, err
    first, second = json.loads(out)
    assert first["items"] == second["items"]
    assert [Path(answer["out"]).name for answer in (first, second)] == ["p.png", "p-2.png"]
    status, out, err = run("detect", files[0], "--out", str(tmp_path / "one.png"))
    assert status == 0, err
    assert "dress" in out
    with Image.open(tmp_path / "one.png") as picture:
        result = detecting.detect(from_pixels(photo))
        assert np.array_equal(np.asarray(picture), detection_picture(result, photo))
    status, out, _ = run("detect", files[0], "--min-score", "1")
    assert status == 0
    assert "nothing from a score of 1 on" in " ".join(out.split())
    status, out, err = run("detect", files[0], str(tmp_path / "none.png"))
    assert status == 1
    assert "none.png" in err
    for wrong in (
        [*files, "--out", str(tmp_path / "x.png")],
        [files[0], "--out", str(tmp_path / "x.gif")],
        [files[0], "--min-score", "7"],
        [files[0], "--model", CLASSIFIER],
    ):
        assert run("detect", *wrong)[0] == 2
