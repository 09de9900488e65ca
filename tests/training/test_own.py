"""Recipes on a user's own annotations: from files as published to a model that every front end serves."""

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import save_file
from typer.testing import CliRunner

from fashionviz.cli import app
from fashionviz.data import own_tasks
from fashionviz.data.landmarks.annotated import NOTE, annotated_landmarks
from fashionviz.data.landmarks.kinds import LANDMARKS
from fashionviz.data.sets import cache_root, open_set
from fashionviz.errors import DataError, InvalidRequest, UnknownModel
from fashionviz.images import decode
from fashionviz.inference.engine import Engine
from fashionviz.models.card import load_card
from fashionviz.models.registry import get_model, list_models
from fashionviz.models.ropanet import TRUNK
from fashionviz.models.weights import model_folder
from fashionviz.training import commands, install, own
from fashionviz.training.feature_material import landmark_targets
from fashionviz.training.own import garments_of
from fashionviz.training.recipes import Stage, any_recipe
from tests.data.formats.writers import jpeg, listing, pair, put

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

#: Width and height of the pictures, and the box of the garment in them.
SIZE, BOX = (400, 600), (100, 60, 300, 460)
COLOURS = {"Tee": (200, 30, 30), "Jeans": (30, 40, 200)}


def _picture(colour: tuple[int, int, int]) -> bytes:
    """Noise all around: only inside of the box the category can be told."""
    pixels = np.random.default_rng(0).integers(0, 256, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
    pixels[BOX[1] : BOX[3], BOX[0] : BOX[2]] = colour
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=90)
    return out.getvalue()


@pytest.fixture
def deepfashion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Tees and jeans as DeepFashion has them, with boxes, attributes and landmarks."""
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FASHIONVIZ_DATA", str(tmp_path / "none"))
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setattr(own_tasks, "LEAST", 3)
    root = tmp_path / "DeepFashion"
    lists: dict[str, list[str]] = {name: [] for name in ("category", "attr", "bbox", "landmarks", "partition")}
    upper = "0 150 80 0 250 80 1 110 200 0 290 200 0 130 450 2 0 0"
    lower = "0 150 80 0 250 80 0 130 450 0 270 450"
    for split, count in (("train", 8), ("val", 2), ("test", 2)):
        for i in range(count):
            for number, (name, marks) in enumerate((("Tee", f"1 1 {upper}"), ("Jeans", f"2 1 {lower}")), start=1):
                path = f"img/{name}/{split}_{i}.jpg"
                put(root / path, _picture(COLOURS[name]))
                lists["category"].append(f"{path} {number}")
                lists["attr"].append(f"{path} {1 if number == 1 else -1} {1 if i % 2 else -1} -1")
                lists["bbox"].append(f"{path} {' '.join(map(str, BOX))}")
                lists["landmarks"].append(f"{path} {marks}")
                lists["partition"].append(f"{path} {split}")
    put(root / "Anno/list_category_cloth.txt", listing("name type", ["Tee 1", "Jeans 2"]))
    put(root / "Anno/list_category_img.txt", listing("image label", lists["category"]))
    put(root / "Anno/list_attr_cloth.txt", listing("name type", ["knit 1", "striped 1", "never 1"]))
    put(root / "Anno/list_attr_img.txt", listing("image labels", lists["attr"]))
    put(root / "Anno/list_bbox.txt", listing("image x_1 y_1 x_2 y_2", lists["bbox"]))
    put(root / "Anno/list_landmarks.txt", listing("image type variation landmarks", lists["landmarks"]))
    put(root / "Eval/list_eval_partition.txt", listing("image status", lists["partition"]))
    return root


def test_pictures_are_cut_to_the_garment_and_landmarks_move_along(deepfashion: Path) -> None:
    folder = garments_of("deepfashion", deepfashion)
    data = open_set("deepfashion", "train")
    assert data.files[0].parent == folder == cache_root() / "data" / "deepfashion"
    row = next(iter(data.rows()))
    assert row["category"] == "Tee"
    photo = decode(row["image"]["bytes"])
    # 200 by 400 with a twentieth on every side is 220 by 440, shrunk to 320.
    shrink = 320 / 440
    assert (photo.width, photo.height) == (row["width"], row["height"]) == (160, 320)
    assert np.abs(photo.pixels[160, 80].astype(int) - COLOURS["Tee"]).max() < 12
    assert row["box"] == pytest.approx([10 * shrink, 20 * shrink, 210 * shrink, 420 * shrink], abs=0.1)
    marks = {mark["name"]: mark for mark in row["landmarks"]}
    assert marks["left_collar"]["x"] == pytest.approx((150 - 90) * shrink, abs=0.1)
    assert marks["left_collar"]["y"] == pytest.approx((80 - 40) * shrink, abs=0.1)
    assert marks["right_hem"]["visibility"] == "outside"

    found = annotated_landmarks(data, np.arange(len(data)))[0].derived
    assert found.size == pytest.approx(np.hypot(200, 400) * shrink, rel=0.01)
    assert found.points[0] == pytest.approx([60 / 220, 40 / 440], abs=0.002)
    points, present, size = landmark_targets(data, np.array([0]), None, (299, 299))
    assert present[0].tolist() == [1, 1, 1, 1, 0, 0, 1, 0], "a tee has no waist; its right hem is cut off"
    assert np.isfinite(points[0, :, 0]).tolist() == [True] * 4 + [False, False, True, False]
    assert size[0] == pytest.approx(np.hypot(200, 400) / 440, rel=0.01)

    assert garments_of("deepfashion", None) == folder, "kept: the folder need not be named again"
    with pytest.raises(InvalidRequest, match="Delete"):
        garments_of("deepfashion", deepfashion.parent)
    with pytest.raises(InvalidRequest, match="--root DIR"):
        garments_of("street2shop", None)


def test_a_run_that_was_killed_is_done_again(deepfashion: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_given: object, **_options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(own, "convert", killed)
        with pytest.raises(KeyboardInterrupt):
            garments_of("deepfashion", deepfashion)
    with pytest.raises(InvalidRequest, match="--root DIR"):
        garments_of("deepfashion", None)
    assert list(garments_of("deepfashion", deepfashion).glob("train-*.parquet"))


def _short(monkeypatch: pytest.MonkeyPatch, **changes: object) -> None:
    """Every recipe takes an epoch."""
    monkeypatch.setattr(own, "any_recipe", lambda name: replace(any_recipe(name), **changes))


@pytest.fixture
def no_assurance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which has its own tests, and asks a large network about a thousand drawn pictures."""
    monkeypatch.setattr(install, "try_assurance", lambda name, folder: load_card(folder))


def test_a_classifier_is_trained_installed_and_served(deepfashion: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _short(monkeypatch, stages=(Stage((28, 28), 12),), batch={"catalogue": 4, "home": 4}, init="scratch", ema_decay=0.5)
    name = "category_cnn28.deepfashion"
    words = ["train", "category_cnn28.category11", "--data", "deepfashion", "--root", str(deepfashion)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert f"Installed {name}" in done.output
    card = load_card(model_folder(name))
    assert card.classes == ("Jeans", "Tee")
    assert card.recipe["like"] == "category_cnn28.category11"
    assert card.command == "fashionviz train category_cnn28.category11 --data deepfashion --root DIR --init scratch"
    figures = {(m.name, m.split): m.value for m in card.metrics}
    assert figures["accuracy", "test"] == 1.0, "two colours are told apart"

    assert name in {spec.name for spec in list_models()}
    engine = Engine()
    try:
        info = engine.model(name)
        assert info.trained
        tee = decode(next(iter(open_set("deepfashion", "test").rows()))["image"]["bytes"])
        assert engine.predict(tee, name).top.label == "Tee"
        assert engine.explain(tee, name).values.any()
    finally:
        engine.close()
    scored = CliRunner().invoke(app, ["evaluate", name, "--data", "deepfashion", "--split", "test", "--json"])
    assert scored.exit_code == 0, scored.output
    assert json.loads(scored.stdout)["n"] == 4

    (model_folder(name) / "card.json").write_text("{}")
    with pytest.raises(UnknownModel):
        get_model(name)


def test_a_tagger_learns_the_publishers_labels(deepfashion: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stages = (Stage((64, 48), 1),)
    _short(monkeypatch, stages=stages, batch={"worn": 4}, init="scratch", refit=("ccp",), validate_at=None)
    said = commands.train_own("mobilenet_v2.street_tags", "deepfashion", deepfashion)
    assert said.startswith("Installed mobilenet_v2.deepfashion")
    card = load_card(model_folder("mobilenet_v2.deepfashion"))
    assert card.classes == ("knit", "striped"), "what nobody has is left out"
    assert len(card.thresholds) == 2
    assert {m.split for m in card.metrics if m.name == "map"} == {"validation", "test"}
    assert get_model("mobilenet_v2.deepfashion").task.multilabel


@pytest.mark.usefixtures("no_assurance")
def test_ropanet_learns_annotated_landmarks(deepfashion: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    like, name = "ropanet.category50", "ropanet.deepfashion"
    state = get_model("ropanet_baseline.category50").build().state_dict()
    trunk = deepfashion / "trunk.safetensors"
    save_file({k: v for k, v in state.items() if k.split(".")[0] in TRUNK}, trunk)
    _short(monkeypatch, epochs=1, batch=4, amplify=1.0, landmark_steps=1)
    assert commands.train_own(like, "deepfashion", deepfashion, init=str(trunk)).startswith(f"Installed {name}")
    card = load_card(model_folder(name))
    assert card.classes == ("Jeans", "Tee")
    assert {m.n for m in card.metrics if m.name == "landmark_error"} == {4}
    scored = CliRunner().invoke(app, ["evaluate", name, "--data", "deepfashion", "--split", "test", "--json"])
    assert scored.exit_code == 0, scored.output
    facts = json.loads(scored.stdout)
    assert [row["n"] for row in facts["landmarks"]] == [2, 2, 2, 2, 2, 2, 4, 2]
    assert [row["label"] for row in facts["landmarks"]] == list(LANDMARKS)
    assert facts["landmark_note"] == NOTE
    engine = Engine()
    try:
        assert engine.landmark_finder("category_cnn28.category11") == name, "it is the only one that is trained"
        tee = decode(next(iter(open_set("deepfashion", "test").rows()))["image"]["bytes"])
        assert "publisher" in engine.landmarks(tee).note, "not derived by a rule, as the catalogue's"
    finally:
        engine.close()


def test_what_cannot_be_followed_is_said(deepfashion: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidRequest, match="learns from masks"):
        commands.train_own("lraspp_mobilenet_v2.garment", "deepfashion", deepfashion)
    with pytest.raises(InvalidRequest, match="There is no recipe"):
        commands.train_own("resnet18.clothing10", "deepfashion", deepfashion)
    monkeypatch.setattr(own_tasks, "LEAST", 100)
    with pytest.raises(DataError, match="at least 100 training pictures"):
        commands.train_own("category_cnn28.category11", "deepfashion", deepfashion)
    with pytest.raises(UnknownModel):
        get_model("category_cnn28.deepfashion")
    refused = CliRunner().invoke(app, ["train", "category_cnn28.category11", "--root", str(deepfashion)])
    assert refused.exit_code != 0
    assert "--root belongs to --data" in refused.output


def test_a_set_without_validation_gives_some_products_to_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FASHIONVIZ_DATA", str(tmp_path / "none"))
    root = tmp_path / "street2shop"
    for kind in ("dresses", "hats"):
        pairs = [pair(11 + i % 2, product) for product in range(60) for i in range(2)]
        put(root / f"meta/json/train_pairs_{kind}.json", json.dumps(pairs))
    for number in (11, 12):
        put(root / f"photos/{number}.jpg", jpeg())
    garments_of("street2shop", root)
    sets = [open_set("street2shop", split) for split in ("train", "validation")]
    train, validation = (set(data.table(["product"]).column(0).to_pylist()) for data in sets)
    assert len(train) + len(validation) == 60
    assert not train & validation, "pictures of one product stay together"
    assert 2 <= len(validation) <= 12
