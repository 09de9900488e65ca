"""A detector from Parquet to served weights; pasted items, what covers what, and boxes that follow pixels."""

import json
from dataclasses import replace
from pathlib import Path

import lightning.pytorch as pl
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from fashionviz.data.garment13 import GARMENT13
from fashionviz.data.sets import open_set
from fashionviz.errors import DataError, InvalidRequest, WeightsError
from fashionviz.evaluation.box_report import load_box_report
from fashionviz.images import encode_png
from fashionviz.models.card import load_card
from fashionviz.models.registry import get_model
from fashionviz.models.weights import FILE, model_folder, save_weights
from fashionviz.training import commands, detect_material
from fashionviz.training.detect_material import SKIN, ItemPhotos, catalogue_cut_outs, street_items
from fashionviz.training.detect_mixture import ItemMixture, _laid, _Shown, read_off
from fashionviz.training.detect_module import ItemNetwork
from fashionviz.training.detect_recipes import DETECT_RECIPES
from fashionviz.training.detect_run import fill, train_detector
from fashionviz.training.feeds import BOX_FIGURES
from fashionviz.training.recipes import any_recipe
from fashionviz.training.starts import Start, starting_weights
from tests.cli.test_cli import run
from tests.item_network import MODEL, PAINT, boxes, street_rows

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

RECIPE = replace(
    DETECT_RECIPES[MODEL],
    stages=(((96, 64), 2),),
    batch={"street": 2, "shop": 1},
    paste=1.0,
    cut_outs=2,
    ema_decay=0.5,
)
SPEC = get_model(MODEL)
NUMBER = {name: GARMENT13.index(name) for name in PAINT}


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Street photos with masks, and a catalogue with a shoe, a bag and something that has no class."""
    root = tmp_path / "data"
    for split, count in (("train", 4), ("validation", 2), ("test", 2)):
        shoe = np.full((120, 90, 3), 255, np.uint8)
        shoe[40:80, 20:70] = (90, 20, 20)
        shown = ("Heels", "Handbags", "Perfume and Body Mist")
        shop = [{"id": n, "articleType": a, "image": {"bytes": encode_png(shoe)}} for n, a in enumerate(shown)]
        for name, rows in (("ccp", street_rows([(96 + 8 * n, 64) for n in range(count)])), ("fpi-large", shop)):
            (root / name).mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.Table.from_pylist(rows), root / name / f"{split}-00000-of-00001.parquet")
    monkeypatch.setenv("FASHIONVIZ_DATA", str(root))
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setattr(detect_material, "STREET", (96, 64))
    return tmp_path


def test_train_install_evaluate(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "any_recipe", lambda name: replace(RECIPE, stages=(((96, 64), 1),)))
    said = commands.train_and_install(MODEL, init="scratch")
    assert said.startswith(f"Installed {MODEL}")
    card, report = load_card(model_folder(MODEL)), load_box_report(MODEL)
    assert report is not None
    assert card.dtype == "float16"
    assert (model_folder(MODEL) / FILE).stat().st_size < 20 * 2**20
    assert card.classes == GARMENT13
    assert card.assurance is None
    assert card.golden is not None
    assert len(card.golden.logits) == 13
    assert (report.data_set, report.split, report.n, report.skipped) == ("ccp", "test", 2, 0)
    assert report.model.sha256 == card.sha256
    for name in BOX_FIGURES:
        metric = card.metric(name, "ccp", "test")
        assert metric is not None
        assert (metric.value, metric.n) == (getattr(report, name), 2)
    assert {"train_loss", "train_loss_pixels", "train_loss_box_reg", "val_ap50", "val_score"} <= set(
        card.recipe["history"][0]
    )
    status, out, err = run("evaluate", MODEL, "--data", "ccp", "--split", "test", "--json")
    assert status == 0, err
    assert json.loads(out)["ap50"] == pytest.approx(report.ap50, abs=0.01)
    assert commands.train_and_install(MODEL, init="scratch").startswith("Not installed"), "no better than itself"
    with pytest.raises(InvalidRequest, match="one process"):
        commands.train_and_install(MODEL, init="scratch", devices=2)


def test_a_run_that_was_killed_goes_on_along_the_same_curve(house: Path) -> None:
    def quiet(done: int, total: int) -> None: ...

    whole = train_detector(RECIPE, Start("scratch"), folder=house / "whole", on_epoch=quiet)
    train_detector(RECIPE, Start("scratch"), epochs=1, folder=house / "cut", on_epoch=quiet)
    rest = train_detector(RECIPE, Start("scratch"), resume=True, folder=house / "cut", on_epoch=quiet)
    assert [row["epoch"] for row in rest.history] == [0, 1]
    one, other = (
        torch.load(result.last, map_location="cpu", weights_only=True)["state_dict"] for result in (whole, rest)
    )
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert torch.allclose(value.float(), other[name].float(), atol=1e-4), name
    pl.seed_everything(RECIPE.seed, verbose=False)
    fresh = SPEC.build()
    moved = [n for n, p in fresh.named_parameters() if not torch.allclose(p, one[f"network.{n}"], rtol=1e-5, atol=1e-7)]
    assert moved
    assert not any(n.startswith(tuple(f"{part}." for part in RECIPE.frozen)) for n in moved), "frozen parts stay"


def test_items_are_kept_with_their_photos(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = open_set("ccp", "train")
    photos = street_items(data)
    assert photos.pixels.shape == (4, 96, 64, 4)
    first = boxes((96, 64))
    for place, name in enumerate(("bag", "dress", "footwear"), start=1):  # in the order of the publisher's numbers
        x0, y0, x1, y1 = first[name]
        assert photos.labels[0, place - 1] == NUMBER[name]
        assert (photos.pixels[0, y0:y1, x0:x1, 3] == place).all()
        assert (photos.pixels[0, ..., 3] == place).sum() == (x1 - x0) * (y1 - y0)
    monkeypatch.setattr(detect_material, "photo_with_items", None)  # nothing is read again
    assert np.array_equal(street_items(data).pixels, photos.pixels)
    cut = catalogue_cut_outs(open_set("fpi-large", "train"), 5, 0)
    assert sorted(GARMENT13[label] for label in cut.labels[:, 0]) == ["bag", "footwear"]
    with pytest.raises(DataError, match="no masks"):
        street_items(open_set("fpi-large", "train"))


def material() -> tuple[ItemPhotos, ItemPhotos]:
    """Six photos of a red dress in the middle of a dark ground; a white and a grey cut-out."""
    pixels = np.full((6, 96, 64, 4), 20, np.uint8)
    pixels[..., 3] = 0
    pixels[:, 30:70, 20:44] = (220, 30, 30, 1)
    pixels[:, 10:20, 28:36, 3] = SKIN
    labels = np.full((6, 1), NUMBER["dress"], np.uint8)
    cut = np.zeros((2, 48, 48, 4), np.uint8)
    cut[:, 8:40, 8:40] = 255
    cut[1, ..., :3] //= 2
    return ItemPhotos(pixels, labels), ItemPhotos(cut, np.array([[NUMBER["bag"]], [NUMBER["footwear"]]], np.uint8))


def test_a_batch_depends_on_its_number_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detect_material, "STREET", (96, 64))
    mixture = ItemMixture(RECIPE, SPEC, *material())
    assert len(mixture) == 3
    first, again, other = mixture[4], mixture[4], mixture[5]
    assert torch.equal(first.images, again.images)
    assert torch.equal(first.pixels, again.pixels)
    for one, same in zip(first.targets, again.targets, strict=True):
        assert all(torch.equal(one[key], same[key]) for key in one)
    assert not torch.equal(first.images, other.images)
    assert first.images.shape == (3, 3, 96, 64)
    assert first.pixels.shape == (3, 96, 64)
    assert set(first.pixels.unique().tolist()) <= {*NUMBER.values(), 13, 14}


def test_boxes_follow_the_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is drawn, mirrored and scaled, what is red has the box."""
    monkeypatch.setattr(detect_material, "STREET", (96, 64))
    recipe = replace(RECIPE, batch={"street": 6}, paste=0.0)
    mixture = ItemMixture(recipe, SPEC, material()[0], None)
    seen = 0
    for number in range(6):
        batch = mixture[number]
        plain = (batch.images * torch.tensor(SPEC.std)[:, None, None] + torch.tensor(SPEC.mean)[:, None, None]) * 255
        for image, target in zip(plain, batch.targets, strict=True):
            red = image[0] - image[1] > 60
            if not red.any() or not len(target["boxes"]):
                continue
            ys, xs = red.any(1).nonzero()[:, 0], red.any(0).nonzero()[:, 0]
            box = torch.tensor([xs[0], ys[0], xs[-1] + 1, ys[-1] + 1]).float()
            assert (target["boxes"][0] - box).abs().max() <= 3
            assert target["labels"].tolist() == [NUMBER["dress"]]
            seen += 1
    assert seen > 20, "a grey picture has no red"


def test_what_covers_an_item_takes_its_box_away() -> None:
    numbers = torch.zeros(40, 40, dtype=torch.uint8)
    numbers[10:30, 10:30] = 1
    photo = _Shown(torch.zeros(3, 40, 40, dtype=torch.uint8), numbers, [NUMBER["dress"]])
    whole = torch.bincount(numbers.flatten().long(), minlength=256)

    def of(shown: _Shown) -> list[tuple[int, list[float]]]:
        target, _ = read_off(shown.numbers.long(), shown.labels, whole)
        return list(zip(target["labels"].tolist(), target["boxes"].tolist(), strict=True))

    assert of(photo) == [(NUMBER["dress"], [10, 10, 30, 30])]
    white = torch.ones(3, 20, 20)
    half = _laid(photo, NUMBER["bag"], torch.ones(20, 20), white, (20, 10))
    assert of(half) == [(NUMBER["dress"], [10, 10, 30, 20]), (NUMBER["bag"], [10, 20, 30, 40])]
    assert (half.pixels[:, 20:, 10:30] == 255).all()
    assert photo.numbers[25, 15] == 1, "the photo itself stays"
    most = _laid(photo, NUMBER["bag"], torch.ones(20, 20), white, (14, 10))
    assert of(most) == [(NUMBER["bag"], [10, 14, 30, 34])], "a fifth of the dress is seen"
    outside = _laid(photo, NUMBER["bag"], torch.ones(20, 20), white, (-15, 35))
    assert of(outside) == [(NUMBER["dress"], [10, 10, 30, 30]), (NUMBER["bag"], [35, 0, 40, 5])], "cut at the border"
    assert _laid(photo, NUMBER["bag"], torch.ones(20, 20), white, (50, 0)) is photo


def test_masks_and_the_class_of_each_pixel() -> None:
    numbers = torch.zeros(20, 20, dtype=torch.long)
    numbers[2:8, 2:12], numbers[10:14, 0:4] = 1, SKIN
    target, classes = read_off(numbers, [NUMBER["bag"]], torch.zeros(256))
    assert target["masks"].shape == (1, 20, 20)
    assert torch.equal(target["masks"][0].bool(), numbers == 1)
    assert (classes[numbers == 1] == NUMBER["bag"]).all()
    assert (classes[numbers == SKIN] == 13).all()
    assert (classes[numbers == 0] == 14).all()
    nothing, _ = read_off(numbers * 0, [], torch.zeros(256))
    assert nothing["boxes"].shape == (0, 4)
    assert nothing["masks"].shape == (0, 20, 20)


def test_more_photos_than_there_are() -> None:
    with pytest.raises(InvalidRequest, match="There are 6 street photos, not 7"):
        ItemMixture(replace(RECIPE, subsample=7), SPEC, material()[0], None)


def test_the_trunk_learns_more_slowly_and_no_parameter_is_left_out() -> None:
    network = SPEC.build()
    network.get_submodule("backbone.body.features.0").requires_grad_(False)
    module = ItemNetwork(network, RECIPE, 13, steps=20)
    optimiser = module.configure_optimizers()["optimizer"]
    learned = {id(p) for group in optimiser.param_groups for p in group["params"]}
    assert learned == {
        id(p) for n, p in module.named_parameters() if not n.startswith("network.backbone.body.features.0.")
    }
    peak = RECIPE.learning_rate
    assert [group["max_lr"] for group in optimiser.param_groups] == pytest.approx(
        [peak * RECIPE.trunk_rate] * 2 + [peak] * 2
    )


def test_a_run_starts_from_a_trunk_or_from_a_whole_detector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(5)
    trained, fresh = SPEC.build(), SPEC.build()
    save_weights(trained, MODEL, tmp_path / "whole.safetensors", "float16")
    assert fill(fresh, Start("whole", tmp_path / "whole.safetensors")) == []
    assert torch.allclose(fresh.rpn.head.cls_logits.weight, trained.rpn.head.cls_logits.weight, atol=1e-3)
    segmenter = get_model("lraspp_mobilenet_v2.garment").build()
    save_weights(segmenter, "lraspp_mobilenet_v2.garment", tmp_path / "trunk.safetensors", "float16")
    fresh = SPEC.build()
    assert "rpn" in fill(fresh, Start("trunk", tmp_path / "trunk.safetensors"))
    own = fresh.backbone.body.features[17].conv[2].weight
    assert torch.allclose(own, segmenter.features[17].conv[2].weight, atol=1e-3)
    monkeypatch.setenv("FASHIONVIZ_BACKBONES", str(tmp_path))
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path / "cache"))
    with pytest.raises(WeightsError, match="torchvision publishes no fasterrcnn_resnet101_fpn trained on COCO"):
        starting_weights("coco", "fasterrcnn_resnet101_fpn.garment13")
    (tmp_path / "maskrcnn_resnet50_fpn_coco.safetensors").write_bytes(b"theirs")
    assert starting_weights("coco", "maskrcnn_resnet50_fpn.garment13").name == "coco"


def test_every_detector_has_a_recipe() -> None:
    for name, recipe in DETECT_RECIPES.items():
        assert any_recipe(name) is recipe
        assert get_model(name).task.name == "garment13"
        assert recipe.frame_at(0) == recipe.stages[0][0]
        assert recipe.frame_at(recipe.epochs - 1) == recipe.stages[-1][0] == get_model(name).input_size
