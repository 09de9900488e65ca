"""A photo to its matches: boxes, categories, narrowing, probabilities; and the wiring to an engine."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from fashionviz.data.garment13 import GARMENT13
from fashionviz.errors import ImageTooSmall, InvalidRequest, ModelNotTrained
from fashionviz.images import Photo, from_pixels
from fashionviz.match import curve, wiring
from fashionviz.match.catalogue import Catalogue
from fashionviz.match.curve import MatchCurve, curve_of
from fashionviz.match.embedders import EngineEmbedder, FrozenFeatures
from fashionviz.match.errors import EmbedderMismatch, NoDetector
from fashionviz.match.photo import match_item, match_photo
from fashionviz.match.protocols import Found
from fashionviz.match.results import CatalogueItem
from fashionviz.match.shelves import SHELVES, category_of, shelves_for
from fashionviz.match.store import NewItem
from fashionviz.models.preprocess import to_input
from fashionviz.models.registry import get_model
from fashionviz.models.weights import load_trained
from fashionviz.results import Box, ModelRef
from fashionviz.serialise_matches import matches_json
from tests.conftest import MODEL
from tests.match.fakes import DIM, Colours, made

COLOURS = {"red": (230, 20, 20), "green": (20, 230, 20), "blue": (20, 20, 230), "dark red": (140, 10, 10)}
RED, BLUE = (0.0, 0.0, 50.0, 60.0), (50.0, 0.0, 100.0, 60.0)


def flat(colour: tuple[int, int, int]) -> np.ndarray:
    return np.full((20, 20, 3), colour, np.uint8)


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    """Four colours, in two categories."""
    made_one = made(tmp_path / "colours")
    vectors = Colours().embed([flat(colour) for colour in COLOURS.values()])
    category = {"blue": "cold", "green": "cold"}
    with made_one.writer() as writer:
        writer.add(
            [
                NewItem(CatalogueItem(name, category.get(name, "warm"), name, {"price": 5, "score": "ours wins"}), v)
                for name, v in zip(COLOURS, vectors, strict=True)
            ]
        )
    return made_one


@pytest.fixture
def photo() -> Photo:
    """Red on the left, blue on the right."""
    pixels = np.zeros((60, 100, 3), np.uint8)
    pixels[:, :50], pixels[:, 50:] = COLOURS["red"], COLOURS["blue"]
    return from_pixels(pixels)


class Boxes:
    """A detector that finds what it was told."""

    def __init__(self, *rows: tuple[Box, float, str]) -> None:
        self.rows = rows

    def detect(self, photo: Photo) -> Found:
        boxes, scores, labels = zip(*self.rows, strict=True)
        return Found(boxes, scores, labels)


class Warmth:
    """A categoriser by the mean of red and blue."""

    categories = ("warm", "cold", "lukewarm")

    def name_crop(self, photo: Photo, box: Box | None) -> tuple[tuple[str, float], ...]:
        part = photo.crop(box) if box else photo
        warm = float(part.pixels[..., 0].mean()) > float(part.pixels[..., 2].mean())
        first = ("warm", "lukewarm", "cold") if warm else ("cold", "lukewarm", "warm")
        return tuple(zip(first, (0.7, 0.2, 0.1), strict=True))


def test_every_garment_found_is_matched_surest_first(catalogue: Catalogue, photo: Photo) -> None:
    detector = Boxes((RED, 0.9, "top"), (BLUE, 0.8, "bag"), ((0, 0, 10, 10), 0.3, "hat"))
    result = match_photo(photo, catalogue, Colours(), detector=detector, k=2)
    assert [(item.box, item.score, item.category) for item in result.items] == [(RED, 0.9, "tops"), (BLUE, 0.8, "bags")]
    assert [item.matches[0].item.id for item in result.items] == ["red", "blue"]
    named = match_photo(photo, catalogue, Colours(), detector=detector, categoriser=Warmth()).items[0]
    assert (named.label, named.category) == ("top", "tops"), "the score is the detector's, and speaks of its own label"
    assert named.categories[0][0] == "warm"
    assert [len(item.matches) for item in result.items] == [2, 2]
    first = result.items[0].matches[0]
    assert first.score == pytest.approx(1, abs=1e-3)
    assert first.probability is None
    assert not result.calibrated
    body = matches_json(result, "a.png")
    assert set(body) >= {"file", "items", "timings_ms"}
    match = body["items"][0]["matches"][0]
    assert (match["id"], match["price"], match["probability"]) == ("red", 5, None)
    assert match["score"] == first.score  # not the column of that name
    assert body["items"][0]["box"] == [0, 0, 50, 60]
    assert set(body["timings_ms"]) == {"decode", "detect", "categorise", "embed", "search", "total"}


def test_a_part_of_a_garment_is_no_garment_of_its_own(catalogue: Catalogue, photo: Photo) -> None:
    boxes = (RED, (5.0, 5.0, 30.0, 40.0), (5.0, 5.0, 30.0, 40.0), (40.0, 0.0, 100.0, 60.0))
    labels, scores = ("top", "top", "bag", "top"), (0.9, 0.8, 0.75, 0.7)
    detector = SimpleNamespace(detect=lambda photo: Found(boxes, scores, labels))
    found = match_photo(photo, catalogue, Colours(), detector=detector).items
    assert [(item.box, item.label) for item in found] == [(RED, "top"), (boxes[2], "bag"), (boxes[3], "top")]


def test_the_whole_photo_a_region_and_a_category(catalogue: Catalogue, photo: Photo) -> None:
    whole = match_photo(photo, catalogue, Colours()).items
    assert [item.box for item in whole] == [(0, 0, 100, 60)]
    assert whole[0].score is None
    part = match_photo(photo, catalogue, Colours(), boxes=[(120, 70, 50, -5)]).items[0]  # corners in any order
    assert (part.box, part.matches[0].item.id) == (BLUE, "blue")
    warm = match_photo(photo, catalogue, Colours(), boxes=[BLUE], category="warm").items[0]
    assert {match.item.category for match in warm.matches} == {"warm"}
    assert warm.narrowed_to == ("warm",)
    with pytest.raises(InvalidRequest, match="no category 'hot'; it has cold, warm"):
        match_photo(photo, catalogue, Colours(), category="hot")
    with pytest.raises(ImageTooSmall):
        match_photo(photo, catalogue, Colours(), boxes=[(200, 0, 300, 60)])


def test_narrowing_searches_the_two_most_probable_that_the_catalogue_has(catalogue: Catalogue, photo: Photo) -> None:
    choices = {"categoriser": Warmth(), "narrow": True}
    item = match_photo(photo, catalogue, Colours(), boxes=[RED], **choices).items[0]
    assert item.categories == (("warm", 0.7), ("lukewarm", 0.2))
    assert (item.category, item.narrowed_to) == ("warm", ("warm",))
    assert {match.item.id for match in item.matches} == {"red", "dark red"}

    class Strange(Warmth):
        def name_crop(self, photo: Photo, box: Box | None) -> tuple[tuple[str, float], ...]:
            return (("hats", 0.9), ("bags", 0.1))

    item = match_photo(photo, catalogue, Colours(), boxes=[RED], categoriser=Strange(), narrow=True).items[0]
    assert (item.narrowed_to, len(item.matches)) == ((), 4)  # in all of it, rather than nowhere
    with pytest.raises(InvalidRequest, match="none is installed"):
        match_photo(photo, catalogue, Colours(), narrow=True)
    with pytest.raises(InvalidRequest, match="not both"):
        match_photo(photo, catalogue, Colours(), category="warm", **choices)


def test_probabilities_need_a_curve(catalogue: Catalogue, photo: Photo) -> None:
    with catalogue.writer() as writer:
        writer.calibrate(MatchCurve(8.0, -4.0, 500, "pairs", Colours.ref.sha256))
    result = match_photo(photo, catalogue, Colours(), boxes=[RED])
    assert result.calibrated
    for match in result.items[0].matches:
        assert match.probability == pytest.approx(1 / (1 + np.exp(4.0 - 8.0 * match.score)))


def test_the_curve_is_that_of_the_embedders_card_and_of_its_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert curve_of(Colours.ref) is None  # it is no network of the registry
    fitted = SimpleNamespace(slope=8.0, intercept=-4.0, n=500, data_set="fpi", split="validation", note="street views")
    monkeypatch.setattr(curve, "load_card", lambda folder: SimpleNamespace(match=fitted, sha256="a" * 64))
    wanted = MatchCurve(8.0, -4.0, 500, "fpi validation: street views", "a" * 64)
    assert curve_of(Colours.ref) == made(tmp_path / "c").curve() == wanted
    assert curve_of(ModelRef("colours.item", "b" * 64)) is None
    monkeypatch.setattr(curve, "load_card", lambda folder: SimpleNamespace(sha256="a" * 64))
    assert curve_of(Colours.ref) is None


def test_a_photo_without_garments_and_other_weights(catalogue: Catalogue, photo: Photo) -> None:
    nothing = Boxes((RED, 0.1, "top"))
    assert match_photo(photo, catalogue, Colours(), detector=nothing).items == ()

    class Other(Colours):
        ref = ModelRef("colours.item", "f" * 64)

    with pytest.raises(EmbedderMismatch):
        match_photo(photo, catalogue, Other())


def test_items_like_an_item_leave_it_out(catalogue: Catalogue) -> None:
    found = match_item(catalogue, "red", 2)
    assert len(found) == 2
    assert found[0].item.id == "dark red"


def test_without_a_detector_one_sentence_says_what_can_be_done(photo: Photo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wiring, "trained_detectors", tuple)
    with pytest.raises(NoDetector, match=r"whole photo \(`whole`\), or a part"):
        wiring.EngineDetector(object())
    with pytest.raises(NoDetector):
        wiring.EngineDetector(SimpleNamespace(detect=lambda photo: None))  # none is trained
    monkeypatch.setattr(wiring, "trained_detectors", lambda: ("boxes.garment13",))

    def untrained(photo: Photo) -> None:
        raise ModelNotTrained("It is not trained.")

    with pytest.raises(NoDetector):
        wiring.EngineDetector(SimpleNamespace(detect=untrained)).detect(photo)
    given = SimpleNamespace(
        boxes=np.array([[0, 0, 5, 5], [1, 2, 30, 40]]), scores=np.array([0.2, 0.75], np.float32), labels=("bag", "top")
    )
    found = wiring.EngineDetector(SimpleNamespace(detect=lambda photo: given)).detect(photo)
    assert (found.boxes, found.labels) == (((1, 2, 30, 40), (0, 0, 5, 5)), ("top", "bag"))
    assert found.scores == (0.75, pytest.approx(0.2))
    assert wiring.DetectingCropper(Boxes((BLUE, 0.9, "top"))).crop(photo) == BLUE


def test_an_engine_that_embeds_is_asked_for_each_picture() -> None:
    def embed(photo: Photo, model: str | None = None) -> SimpleNamespace:
        assert model == "colours.item"
        return SimpleNamespace(vector=Colours().embed([photo.pixels])[0], model=Colours.ref)

    known = SimpleNamespace(sha256=Colours.ref.sha256)
    embedder = EngineEmbedder(SimpleNamespace(embed=embed, model=lambda name: known), "colours.item")
    assert (embedder.ref, embedder.dim) == (Colours.ref, DIM)
    pictures = [flat(colour) for colour in COLOURS.values()]
    assert np.array_equal(embedder.embed(pictures), Colours().embed(pictures))
    assert embedder.embed([]).shape == (0, DIM)


def test_frozen_features_are_the_input_of_the_last_layer_normalised(weights: Path) -> None:
    embedder = FrozenFeatures(MODEL)
    picture = np.random.default_rng(0).integers(0, 256, (50, 70, 3), np.uint8)
    found = embedder.embed([picture, picture[:, ::-1]])
    network, card = load_trained(MODEL)
    spec = get_model(MODEL)
    with torch.inference_mode():
        x = to_input(picture, spec.input_size, spec.mean, spec.std)[0][None]
        pooled = network.eval().features(x).mean(dim=(2, 3))[0].numpy()
    assert found[0] == pytest.approx(pooled / np.linalg.norm(pooled), abs=1e-5)
    assert np.linalg.norm(found, axis=1) == pytest.approx(1, abs=1e-5)
    assert embedder.ref == ModelRef(MODEL, card.sha256)
    with pytest.raises(InvalidRequest, match="makes no vector"):
        FrozenFeatures("lraspp_mobilenet_v2.garment")
    with pytest.raises(ModelNotTrained, match=r"features of a classifier can be taken instead: --embedder"):
        wiring.embedder_for(object())
    assert wiring.embedder_for(object(), MODEL).ref == wiring.best_embedder(object()).ref == embedder.ref


def test_what_the_detector_found_says_where_to_search(catalogue: Catalogue, photo: Photo, tmp_path: Path) -> None:
    """Of a category that holds its label, whatever the categoriser thinks; the catalogue may have none of them."""
    assert shelves_for("trousers", (("tops", 0.9),), {"pants", "tops"}) == ("pants",)
    assert shelves_for("trousers", (("tops", 0.9), ("hats", 0.1)), {"tops"}) == ("tops",)
    assert shelves_for(None, (("tops", 0.9), ("hats", 0.1)), {"tops", "hats"}) == ("tops", "hats")
    assert shelves_for("cape", (), {"tops"}) == ()
    assert SHELVES.keys() == set(GARMENT13)

    class Finds:
        def detect(self, photo: Photo) -> Found:
            return Found((RED,), (0.9,), ("top",))

    shop = made(tmp_path / "shop")
    vectors = Colours().embed([flat(COLOURS["red"]), flat(COLOURS["dark red"])])
    with shop.writer() as writer:
        for name, category, vector in (("a bag", "bags", vectors[0]), ("a shirt", "tops", vectors[1])):
            writer.add([NewItem(CatalogueItem(name, category, name), vector)])
    whole, narrowed = (
        match_photo(photo, shop, Colours(), detector=Finds(), narrow=narrow).items[0] for narrow in (False, True)
    )
    assert [match.item.id for match in whole.matches] == ["a bag", "a shirt"]
    assert [match.item.id for match in narrowed.matches] == ["a shirt"]
    assert narrowed.narrowed_to == ("tops",)


def test_what_a_garment_is_called() -> None:
    assert category_of("dress", (("tops", 0.9),)) == "dresses"
    assert category_of("neckwear", (("tops", 0.9),)) == "tops"
    assert category_of("neckwear", ()) == "neckwear"
    assert category_of(None, (("tops", 0.9),)) == "tops"
    assert category_of(None, ()) is None
