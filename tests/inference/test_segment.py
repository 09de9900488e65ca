"""What each pixel shows, by the engine, the command line and the API, and as pictures."""

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

import fashionviz.inference.engine as engines
from apps.api import get_engine
from apps.server import create_app
from fashionviz.annotate.run import annotate
from fashionviz.data.regions import REGIONS
from fashionviz.errors import InvalidRequest, ModelNotTrained
from fashionviz.evaluation.compare import compare
from fashionviz.explain.averages import build_averages
from fashionviz.figures.regions import COLOURS, border, label_png, legend, region_picture, shares_figure, with_legend
from fashionviz.images import encode_png, from_pixels
from fashionviz.inference.engine import Engine
from fashionviz.segment_results import Segmentation, labels_at
from tests.cli.test_cli import run
from tests.conftest import MODEL as CLASSIFIER
from tests.region_network import MODEL, painted, region_engine


@pytest.fixture(scope="module")
def segmenting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    weights = tmp_path_factory.mktemp("weights")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASHIONVIZ_WEIGHTS", str(weights))
        engine = region_engine(weights)
        yield engine
        engine.close()


@pytest.fixture(scope="module")
def wide() -> tuple[np.ndarray, np.ndarray]:
    """A photo that is wider than the network's input, so that padding stands above and below it."""
    return painted((90, 150))


def test_labels_are_those_of_the_photo_with_the_padding_cut_away(
    segmenting: Engine, wide: tuple[np.ndarray, np.ndarray]
) -> None:
    photo, true = wide
    result = segmenting.segment(from_pixels(photo))
    assert result.model.name == MODEL
    assert result.classes == REGIONS
    assert result.labels.shape == result.view.pixels.shape[:2] == (320, 240)
    place = result.view.placement
    assert place.top > 0
    assert (result.labels[: place.top] == 0).all()
    assert result.probabilities.sum(axis=0) == pytest.approx(1, abs=1e-5)
    said = result.labels_on((90, 150))
    assert said.shape == true.shape
    assert said.dtype == np.uint8
    assert (said == true).mean() > 0.99
    assert result.shares == pytest.approx([(true == i).mean() for i in range(3)], abs=0.01)
    assert sum(result.shares) == pytest.approx(1)
    assert result.timings.as_dict()["compute"] > 0


def test_padding_is_background_whatever_the_network_says_of_it(
    segmenting: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Red padding would be garment: the photo's border is drawn outwards for this once."""
    loaded = segmenting._get(MODEL)
    ask = loaded.ask
    monkeypatch.setattr(loaded, "ask", lambda x: ask(x.new_tensor([2.0, -2, -2]).view(3, 1, 1).expand_as(x)))
    result = segmenting.segment(from_pixels(painted((90, 150))[0]))
    place = result.view.placement
    assert (place.cut(result.labels) == 1).all()
    assert (result.labels == 1).sum() == place.height * place.width
    assert result.shares == pytest.approx((0, 1, 0))


def test_a_region_is_asked_about_in_its_own_pixels(segmenting: Engine, wide: tuple[np.ndarray, np.ndarray]) -> None:
    photo, true = wide
    box = (30, 20, 110, 80)
    result = segmenting.segment(from_pixels(photo), box=box)
    assert result.box == box
    assert (result.labels_on((60, 80)) == true[20:80, 30:110]).mean() > 0.99


def test_labels_of_another_size_come_from_probabilities() -> None:
    """Half-way between sure and unsure the sure one wins: labels alone could not tell."""
    probabilities = np.zeros((2, 1, 2), np.float32)
    probabilities[:, 0, 0], probabilities[:, 0, 1] = (0.1, 0.9), (0.55, 0.45)
    assert labels_at(probabilities, (1, 2)).tolist() == [[1, 0]]
    assert labels_at(probabilities, (1, 8))[0].tolist() == [1, 1, 1, 1, 1, 1, 0, 0]


def test_it_can_be_looked_into_but_names_nothing(segmenting: Engine, wide: tuple[np.ndarray, np.ndarray]) -> None:
    photo, info = from_pixels(wide[0]), segmenting.model(MODEL)
    assert (info.answer, info.names, info.methods, info.task) == ("regions", False, (), "garment")
    assert info.default
    assert str(info.main_metric and info.main_metric["name"]) == "miou"
    assert segmenting.activations(photo, MODEL, "features.0.0").maps.shape == (3, 320, 240)
    assert segmenting.filters(MODEL).weights.shape == (3, 3, 1, 1)
    assert "features.0.0" in [layer.name for layer in segmenting.layers(MODEL)]
    for ask in (
        lambda: segmenting.predict(photo, MODEL),
        lambda: segmenting.explain(photo, MODEL, "gradient", target="garment"),
        lambda: compare([MODEL]),
        lambda: annotate(Path("photos"), Path("labels.csv"), models=(MODEL,), engine=segmenting),
    ):
        with pytest.raises(InvalidRequest, match=r"fashionviz segment|gives regions"):
            ask()


def test_models_that_do_not_segment_say_who_does(segmenting: Engine, engine: Engine) -> None:
    photo = from_pixels(painted()[0])
    with pytest.raises(InvalidRequest, match=f"does not say what each pixel shows. This does: {MODEL}"):
        segmenting.segment(photo, CLASSIFIER)
    with pytest.raises(ModelNotTrained, match=f"fashionviz train {MODEL}"):
        engine.segment(photo)


def test_pictures_show_regions_in_their_colours(segmenting: Engine, wide: tuple[np.ndarray, np.ndarray]) -> None:
    photo, true = wide
    result = segmenting.segment(from_pixels(photo))
    picture = region_picture(result, photo, longest=300)
    assert picture.shape == (180, 300, 3)
    for index, (y, x) in enumerate(((170, 10), (120, 150), (45, 150))):
        assert true[y // 2, x // 2] == index
        grey = round(float(photo[y // 2, x // 2].mean()))
        colour = [int(COLOURS[index][i : i + 2], 16) for i in (1, 3, 5)]
        share = 0.0 if index == 0 else 0.55
        assert picture[y, x] == pytest.approx([grey * (1 - share) + c * share for c in colour], abs=2)
    assert (picture == 255).all(axis=2).sum() > 200, "white lines where regions meet"
    whole = with_legend(picture, result)
    assert whole.shape[1] == 300
    assert (whole[:180] == picture).all()
    for colour in COLOURS:
        rgb = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
        assert (whole[180:] == rgb).all(axis=2).sum() >= 100
    assert [words.rpartition(" ")[0] for _, words, _ in legend(result)] == list(REGIONS)


def test_a_border_is_where_labels_change() -> None:
    found = border(np.array([[0, 0, 1], [0, 0, 1]], np.uint8))
    assert found.tolist() == [[False, True, False], [False, True, False]]


def test_a_label_map_holds_the_numbers_of_the_classes() -> None:
    labels = np.array([[0, 1, 2], [2, 1, 0]], np.uint8)
    with Image.open(io.BytesIO(label_png(labels))) as picture:
        assert np.array_equal(np.asarray(picture), labels)
        shown = np.asarray(picture.convert("RGB"))
    assert shown[0, 1].tolist() == [int(COLOURS[1][i : i + 2], 16) for i in (1, 3, 5)]


def test_bars_show_the_shares(segmenting: Engine, wide: tuple[np.ndarray, np.ndarray]) -> None:
    result: Segmentation = segmenting.segment(from_pixels(wide[0]))
    (bars,) = shares_figure(result).data
    assert list(bars.x) == pytest.approx([100 * share for share in result.shares])
    assert list(bars.y) == list(REGIONS)
    assert tuple(bars.marker.color) == COLOURS


def test_over_the_api(segmenting: Engine, wide: tuple[np.ndarray, np.ndarray]) -> None:
    photo, true = wide
    app = create_app(lab=False, studio=False)
    app.dependency_overrides[get_engine] = lambda: segmenting
    png = encode_png(photo)
    with TestClient(app) as client:

        def post(path: str, **fields: str) -> object:
            return client.post(f"/api/v1{path}", files={"file": ("p.png", png, "image/png")}, data=fields)

        answer = post("/segment").json()
        assert (answer["model"], answer["size"]) == (MODEL, [90, 150])
        assert sum(answer["shares"].values()) == pytest.approx(1)
        with Image.open(io.BytesIO(base64.b64decode(answer["labels_png"]))) as picture:
            assert (np.asarray(picture) == true).mean() > 0.99
        boxed = post("/segment", box="30,20,110,80").json()
        assert (boxed["size"], boxed["box"]) == ([60, 80], [30, 20, 110, 80])
        drawn = post("/segment", format="png")
        assert drawn.headers["x-fashionviz-model"] == MODEL
        result = segmenting.segment(from_pixels(photo))
        with Image.open(io.BytesIO(drawn.content)) as picture:
            assert np.array_equal(np.asarray(picture), with_legend(region_picture(result, photo), result))
        values = np.load(io.BytesIO(post("/segment", format="npy").content))
        assert np.allclose(values, result.view.placement.cut(result.probabilities), atol=1e-6)
        for path in ("/predict", "/explain"):
            refused = post(path, model=MODEL)
            assert refused.status_code == 422
            assert "fashionviz segment" in refused.json()["error"]["message"]
        assert post("/segment", model=CLASSIFIER).status_code == 422
        listed = {model["name"]: model for model in client.get("/api/v1/models").json()}
        assert (listed[MODEL]["answer"], listed[MODEL]["methods"]) == ("regions", [])


def test_on_the_command_line(
    segmenting: Engine, wide: tuple[np.ndarray, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "_shared", segmenting)
    photo, true = wide
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "p.png").write_bytes(encode_png(photo))
    files = [str(tmp_path / folder / "p.png") for folder in ("a", "b")]
    status, out, err = run("segment", *files, "--out", str(tmp_path / "made"), "--json")
    assert status == 0, err
    first, second = json.loads(out)
    assert first["shares"] == second["shares"]
    assert [Path(name).name for name in (*first["out"], *second["out"])] == [
        "p.png", "p.labels.png", "p-2.png", "p-2.labels.png",
    ]  # fmt: skip
    with Image.open(second["out"][1]) as picture:
        assert (np.asarray(picture) == true).mean() > 0.99

    status, out, err = run("segment", files[0], str(tmp_path / "none.png"))
    assert status == 1
    assert "garment" in out
    assert "none.png" in err
    status, _, err = run("predict", files[0], "--model", MODEL, "--json")
    assert status == 2
    assert "use `fashionviz segment`" in " ".join(err.split())
    status, _, err = run("segment", files[0], "--model", CLASSIFIER)
    assert status == 2
    assert MODEL in err


@pytest.mark.parametrize("call", ["predict", "explain", "trust"])
def test_what_needs_a_class_is_refused_in_words(segmenting: Engine, call: str) -> None:
    photo = from_pixels(painted((90, 150))[0])
    with pytest.raises(InvalidRequest, match="names no class of a photo"):
        getattr(segmenting, call)(photo, MODEL)


def test_a_split_without_classes_has_no_files_to_build(segmenting: Engine) -> None:
    """Nobody is sent to a command that cannot work."""
    calls = (
        lambda: segmenting.averages(MODEL),
        lambda: segmenting.embedding_map(MODEL),
        lambda: segmenting.top_items(MODEL, "features.0", 0),
        lambda: build_averages(MODEL),
    )
    for call in calls:
        with pytest.raises(InvalidRequest, match="says what each pixel shows"):
            call()
