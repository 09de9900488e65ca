"""A segmenter from Parquet to served weights; batches, joint augmentation and losses by hand."""

import json
from dataclasses import replace
from pathlib import Path

import lightning.pytorch as pl
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from torchvision import tv_tensors
from torchvision.transforms import v2

from fashionviz.data.regions import BACKGROUND, GARMENT, PERSON, REGIONS, UNKNOWN
from fashionviz.data.sets import open_set
from fashionviz.errors import DataError, InvalidRequest
from fashionviz.evaluation.region_report import load_region_report
from fashionviz.evaluation.regions import evaluate_regions
from fashionviz.images import encode_png
from fashionviz.models.card import load_card
from fashionviz.models.preprocess import letterbox
from fashionviz.models.registry import get_model
from fashionviz.models.weights import FILE, model_folder
from fashionviz.training import commands, segment_material
from fashionviz.training.recipes import any_recipe
from fashionviz.training.segment_material import (
    RegionMixture,
    RegionPhotos,
    augmentation,
    letterbox_regions,
    on_ground,
    region_photos,
)
from fashionviz.training.segment_module import RegionNetwork, overlap_loss
from fashionviz.training.segment_recipes import SEGMENT_RECIPES
from fashionviz.training.segment_run import train_segmenter
from fashionviz.training.starts import Start
from tests.cli.test_cli import run
from tests.data.test_landmarks_catalogue import person
from tests.evaluation.test_regions import mask_png
from tests.region_network import MODEL, PAINT, painted

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

RECIPE = replace(
    SEGMENT_RECIPES[MODEL],
    stages=(((64, 48), 2),),
    batch={"street": 2, "cutout": 1, "catalogue": 1},
    catalogue=2,
    ema_decay=0.5,
)
SPEC = get_model(MODEL)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Street photos with masks, and a catalogue with a worn shirt, a shoe and something that has no rule."""
    root = tmp_path / "data"
    for split, count in (("train", 4), ("validation", 2), ("test", 2)):
        rows = []
        for number in range(count):
            photo, true = painted((96 + 8 * number, 64))
            rows.append({"id": number, "image": {"bytes": encode_png(photo)}, "mask": {"bytes": mask_png(true)}})
        shoe = np.full((120, 90, 3), 255, np.uint8)
        shoe[40:80, 20:70] = 60
        shown = (("Tshirts", person()), ("Heels", shoe), ("Perfume and Body Mist", shoe))
        shop = [{"id": n, "articleType": a, "image": {"bytes": encode_png(p)}} for n, (a, p) in enumerate(shown)]
        for name, found in (("ccp", rows), ("fpi-large", shop)):
            (root / name).mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.Table.from_pylist(found), root / name / f"{split}-00000-of-00001.parquet")
    monkeypatch.setenv("FASHIONVIZ_DATA", str(root))
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setattr(segment_material, "STREET", (96, 72))
    return tmp_path


def test_train_install_evaluate(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "any_recipe", lambda name: replace(RECIPE, stages=(((64, 48), 1),)))
    said = commands.train_and_install(MODEL, init="scratch")
    assert said.startswith(f"Installed {MODEL}")
    card, report = load_card(model_folder(MODEL)), load_region_report(MODEL)
    assert report is not None
    assert card.dtype == "float16"
    assert (model_folder(MODEL) / FILE).stat().st_size < 8 * 2**20
    assert card.classes == REGIONS
    assert card.assurance is None
    assert card.golden is not None
    assert len(card.golden.logits) == 3
    assert (report.data_set, report.split, report.n, report.skipped) == ("ccp", "test", 2, 0)
    for name in ("miou", "pixel_accuracy", "person_as_garment", "garment_as_person"):
        metric = card.metric(name, "ccp", "test")
        assert metric is not None
        assert (metric.value, metric.n) == (getattr(report, name), 2)
        assert metric.ci95[0] <= metric.value <= metric.ci95[1]
    derived = evaluate_regions(MODEL, "fpi-large", "validation").report
    assert (derived.n, derived.skipped) == (2, 1), "the shirt and the shoe; the perfume has no rule"
    assert "derived" in derived.note
    assert {"train_loss", "train_overlap_loss", "val_miou", "val_iou_garment"} <= set(card.recipe["history"][0])

    status, out, err = run("evaluate", MODEL, "--data", "ccp", "--split", "test", "--json")
    assert status == 0, err
    assert json.loads(out)["miou"] == pytest.approx(report.miou, abs=0.01)
    assert commands.train_and_install(MODEL, init="scratch").startswith("Not installed"), "no better than itself"


def test_a_run_that_was_killed_goes_on_along_the_same_curve(house: Path) -> None:
    whole = train_segmenter(RECIPE, Start("scratch"), folder=house / "whole", on_epoch=lambda done, total: None)
    train_segmenter(RECIPE, Start("scratch"), epochs=1, folder=house / "cut", on_epoch=lambda done, total: None)
    rest = train_segmenter(
        RECIPE, Start("scratch"), resume=True, folder=house / "cut", on_epoch=lambda done, total: None
    )
    assert [row["epoch"] for row in rest.history] == [0, 1]
    one, other = (
        torch.load(result.last, map_location="cpu", weights_only=True)["state_dict"] for result in (whole, rest)
    )
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert torch.allclose(value.float(), other[name].float(), atol=1e-5), name
    pl.seed_everything(RECIPE.seed, verbose=False)
    fresh = SPEC.build()
    # Averaging what stays the same rounds its last bit.
    moved = [n for n, p in fresh.named_parameters() if not torch.allclose(p, one[f"network.{n}"], rtol=1e-5, atol=1e-7)]
    assert moved
    assert not any(n.startswith(tuple(f"{part}." for part in RECIPE.frozen)) for n in moved), "frozen parts stay"


def test_it_trains_in_one_process(house: Path) -> None:
    with pytest.raises(InvalidRequest, match="one process"):
        commands.train_and_install(MODEL, init="scratch", devices=2)
    assert any_recipe(MODEL) is SEGMENT_RECIPES[MODEL]


def test_regions_are_kept_where_the_pixels_are(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = open_set("ccp", "train")
    photos = region_photos(data, (96, 72), around=UNKNOWN)
    assert len(photos) == 4
    photo, true = painted((104, 64))
    assert np.array_equal(photos.pixels[1], letterbox(photo, (96, 72))[0])
    assert np.array_equal(photos.regions[1], letterbox_regions(true, (96, 72), UNKNOWN))
    inside = photos.regions[1] != UNKNOWN
    said = np.abs(photos.pixels[1][:, :, None].astype(int) - PAINT).sum(-1).argmin(-1)
    assert (said == photos.regions[1])[inside].mean() > 0.97, "all but mixed pixels at the borders"
    assert (photos.pixels[1][~inside] == 255).all(), "the padding, and it alone, is not known"

    monkeypatch.setattr(segment_material, "photo_with_regions", None)  # nothing is read again
    assert np.array_equal(region_photos(data, (96, 72), around=UNKNOWN).regions, photos.regions)
    path = house / "bare-00000-of-00001.parquet"
    pq.write_table(pa.table({"id": [1]}), path)
    with pytest.raises(DataError, match="neither masks nor article types"):
        region_photos(open_set(path), (96, 72))


def material(count: int = 5) -> tuple[RegionPhotos, RegionPhotos]:
    made = [painted((96, 72)) for _ in range(count)]
    street = RegionPhotos(np.stack([p for p, _ in made]), np.stack([r for _, r in made]))
    white = np.where(street.regions[..., None] == 0, 255, street.pixels).astype(np.uint8)
    return street, RegionPhotos(white[:2], street.regions[:2])


def test_a_batch_depends_on_its_number_alone() -> None:
    street, catalogue = material()
    mixture = RegionMixture(RECIPE, SPEC, street, catalogue)
    assert len(mixture) == 2
    torch.manual_seed(1)
    first = mixture[1]
    torch.manual_seed(2)
    before = torch.random.get_rng_state()
    again = mixture[1]
    assert torch.equal(before, torch.random.get_rng_state()), "nobody else's random numbers are used up"
    assert torch.equal(first.images, again.images)
    assert torch.equal(first.regions, again.regions)
    assert first.images.shape == (4, 3, 64, 48)
    assert first.regions.shape == (4, 64, 48)
    assert not torch.equal(first.images, mixture[3].images), "the next epoch shows them differently"
    assert set(first.regions.unique().tolist()) <= {0, 1, 2, UNKNOWN}
    assert len(RegionMixture(replace(RECIPE, batch={"street": 2}), SPEC, street, None)[0].images) == 2
    assert len(RegionMixture(replace(RECIPE, subsample=2), SPEC, street, catalogue)) == 1
    with pytest.raises(InvalidRequest, match="5 street photos, not 9"):
        RegionMixture(replace(RECIPE, subsample=9), SPEC, street, catalogue)


def test_pixels_and_regions_are_moved_together() -> None:
    """After every geometric change a pixel still has the colour of its region."""
    photo, true = painted((120, 90))
    change = augmentation((64, 48))
    change.transforms = [t for t in change.transforms if "Jitter" not in str(t) and "Gray" not in str(t)]
    pixels, mask = torch.from_numpy(photo).permute(2, 0, 1), torch.from_numpy(true)
    paint = torch.from_numpy(PAINT).float()
    seen = []
    for seed in range(12):
        torch.manual_seed(seed)
        image, regions = change(tv_tensors.Image(pixels), tv_tensors.Mask(mask))
        assert image.shape == (3, 64, 48)
        gaps = (image.permute(1, 2, 0)[:, :, None].float() - paint).abs().sum(-1)
        clear = (gaps.min(-1).values < 12) & (regions != UNKNOWN)
        assert clear.float().mean() > 0.3
        assert (gaps.argmin(-1) == regions)[clear].float().mean() > 0.97
        seen.append(regions.as_subclass(torch.Tensor))
    assert any(not torch.equal(seen[0], other) for other in seen[1:])
    assert any(isinstance(t, v2.RandomHorizontalFlip) for t in change.transforms)


def test_on_another_ground_only_the_background_changes() -> None:
    photo, true = painted((40, 30))
    pixels, regions = torch.from_numpy(photo).permute(2, 0, 1), torch.from_numpy(true)
    moved = on_ground(pixels, regions, torch.full_like(pixels, 255))
    inner = torch.from_numpy(true == GARMENT)
    inner[:-1] &= inner[1:].clone()
    assert (moved[:, 0] == 255).all()
    assert torch.equal(moved[:, 20, 15], pixels[:, 20, 15])
    assert (moved != pixels).any(dim=0)[regions == BACKGROUND].float().mean() > 0.9
    assert (moved == pixels).all(dim=0)[regions == PERSON].any()


def test_overlap_loss_by_hand() -> None:
    regions = torch.tensor([[[0, 1], [1, UNKNOWN]]])
    logits = torch.full((1, 3, 2, 2), -40.0)
    for y, x, said in ((0, 0, 0), (0, 1, 1), (1, 0, 0), (1, 1, 2)):
        logits[0, said, y, x] = 40.0
    # background: 1 of 2; garment: 1 of 2; skin and hair: nowhere among the known. One pixel is added above and below.
    expected = 1 - ((1 + 1) / (2 + 1) + (1 + 1) / (2 + 1) + 1) / 3
    assert float(overlap_loss(logits, regions)) == pytest.approx(expected, abs=1e-6)
    logits[0, :, 1, 0] = torch.tensor([-40.0, 40.0, -40.0])
    assert float(overlap_loss(logits, regions)) == pytest.approx(0, abs=1e-6)


def test_the_trunk_learns_more_slowly_and_no_parameter_is_left_out() -> None:
    network = SPEC.build()
    network.get_submodule("features.0").requires_grad_(False)
    optimiser = RegionNetwork(network, RECIPE, 3, steps=10).configure_optimizers()["optimizer"]
    learned = {id(p) for group in optimiser.param_groups for p in group["params"]}
    assert learned == {id(p) for n, p in network.named_parameters() if not n.startswith("features.0.")}
    peaks = [group["max_lr"] for group in optimiser.param_groups]
    assert peaks == pytest.approx([3e-3 * 0.3] * 2 + [3e-3] * 2)
    assert [group["weight_decay"] for group in optimiser.param_groups] == [0.02, 0, 0.02, 0]


def test_imagenet_fills_the_whole_trunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from safetensors.torch import save_file
    from torchvision.models import mobilenet_v2

    from fashionviz.models.weights import load_initial
    from fashionviz.training.starts import starting_weights

    torch.manual_seed(3)
    save_file(mobilenet_v2(weights=None).state_dict(), tmp_path / "mobilenet_v2_imagenet.safetensors")
    monkeypatch.setenv("FASHIONVIZ_BACKBONES", str(tmp_path))
    start = starting_weights("imagenet", MODEL)
    assert start.path is not None
    assert all(name.startswith("classifier.") for name in load_initial(start.path, SPEC.build()))
