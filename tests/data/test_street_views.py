"""Cut-outs, and street views of them: geometry by hand, the same view always the same picture."""

from pathlib import Path

import numpy as np
import pytest
import torch

from fashionviz.data import cutouts
from fashionviz.data.cutouts import CutOuts, catalogue_cut_outs, ground_alpha, ground_patches
from fashionviz.data.street_views import (
    Placed,
    ViewRanges,
    drawn,
    frames,
    homographies,
    placed_views,
    quads,
    street_views,
)
from fashionviz.errors import DataError
from fashionviz.training.augment import cut_out_alpha
from tests.items import garment, item_house

#: Nothing is changed: the crop is the item's box.
STILL = ViewRanges(
    rotate=0, corner=0, stretch=0, margin=(0, 0), cover=(0, 0.1, 0.2), gamma=0, brightness=0, cast=0, contrast=0,
    saturation=0, shade=0, blur=(0, 0.4, 1),
)  # fmt: skip


def red_box() -> CutOuts:
    """A red rectangle with a green upper left quarter on a white photo, twice as high as wide."""
    photo = np.full((80, 60, 3), 255, np.uint8)
    photo[20:60, 20:40] = (200, 0, 0)
    photo[20:40, 20:30] = (0, 160, 0)
    alpha = np.zeros((80, 60, 1), np.uint8)
    alpha[20:60, 20:40] = 255
    store = np.concatenate([photo, alpha], axis=2)[None]
    boxes = np.array([[20 / 60, 20 / 80, 40 / 60, 60 / 80]], np.float32)
    return CutOuts(np.array([7]), store, np.empty((0, 128, 96, 4), np.uint8), np.array([-1]), boxes, np.array([True]))


BLUE = np.tile(np.array([0, 0, 250], np.uint8), (3, 128, 96, 1))


def test_what_the_flood_fill_of_training_cuts_is_cut_here() -> None:
    for number in (0, 3, 5):
        photo = garment(number)
        batch = torch.from_numpy(photo.copy()).permute(2, 0, 1)[None].float() / 255
        theirs = -torch.nn.functional.max_pool2d(-cut_out_alpha(batch), 3, 1, 1)
        assert np.array_equal(ground_alpha(photo) > 0, theirs[0, 0].numpy() > 0)


def test_a_homography_sends_corners_to_corners_and_keeps_lines_straight() -> None:
    source = torch.tensor([[[0.0, 0], [1, 0], [1, 1], [0, 1]]])
    target = torch.tensor([[[2.0, 1], [5, 1.5], [4.5, 4], [2, 3]]])
    maps = homographies(source, target)
    points = torch.cat([source[0], torch.tensor([[0.25, 0.5], [0.5, 0.5], [0.75, 0.5]])])
    seen = torch.cat([points, torch.ones(7, 1)], dim=1) @ maps[0].T
    seen = seen[:, :2] / seen[:, 2:]
    assert torch.allclose(seen[:4], target[0], atol=1e-5)
    (ax, ay), (bx, by) = (seen[5] - seen[4]).tolist(), (seen[6] - seen[4]).tolist()
    assert ax * by - ay * bx == pytest.approx(0, abs=1e-5)


def test_a_view_without_changes_is_the_item_fitted_into_the_frame() -> None:
    view, placed = placed_views(red_box(), [0], BLUE, seed=0, views=[0], frame=(128, 96), how=STILL)
    assert (placed.left.item(), placed.top.item(), placed.width.item(), placed.height.item()) == (16, 0, 64, 128)
    picture = view[0]
    assert torch.equal(picture[:, :, :16], torch.ones(3, 128, 16)), "the letterbox is white"
    assert torch.allclose(picture[:, 100, 60], torch.tensor([200 / 255, 0, 0]), atol=0.01)
    assert torch.allclose(picture[:, 20, 24], torch.tensor([0, 160 / 255, 0]), atol=0.01)
    inner = picture[:, 4:124, 20:76]
    assert float(inner[2].max()) < 0.05, "nothing of the ground shows inside of the box"


def test_margins_show_the_ground_and_turning_moves_the_corners() -> None:
    how = ViewRanges(**{**STILL.__dict__, "margin": (0.5, 0.5)})
    view = street_views(red_box(), [0], BLUE, seed=0, views=[0], frame=(128, 96), how=how)[0]
    assert torch.allclose(view[:, 10, 48], torch.tensor([0, 0, 250 / 255]), atol=0.01)
    assert torch.allclose(view[:, 80, 48], torch.tensor([200 / 255, 0, 0]), atol=0.01)
    draw = {
        name: torch.full((1, k), 0.5) for name, k in (("rotate", 1), ("corners", 8), ("stretch", 1), ("margins", 4))
    }
    draw["rotate"] = torch.ones(1, 1)
    corners = quads(torch.tensor([[0.25, 0.25, 0.75, 0.75]]), 1.0, draw, ViewRanges(rotate=90, corner=0, stretch=0))
    assert torch.allclose(
        corners[0], torch.tensor([[0.25, -0.25], [0.25, 0.25], [-0.25, 0.25], [-0.25, -0.25]]), atol=1e-6
    )
    box = frames(corners, draw, ViewRanges(margin=(0.1, 0.1)))
    assert torch.allclose(box, torch.tensor([[-0.3, -0.3, 0.3, 0.3]]), atol=1e-6)
    placed = Placed.fit(torch.tensor([[0.0, 0, 2, 1]]), (128, 96))
    assert (placed.width.item(), placed.height.item(), placed.top.item()) == (96, 48, 40)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FASHIONVIZ_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cutouts, "PATCHES", 12)
    item_house(tmp_path / "data")
    return tmp_path


def test_a_view_depends_on_seed_item_and_number_alone(house: Path) -> None:
    items, grounds = catalogue_cut_outs("fpi", "train"), ground_patches("train")
    assert (len(items), len(items.large), items.usable.all()) == (8, 4, True)
    assert items.place.tolist() == [0, -1, 1, -1, 2, -1, 3, -1]

    def views(rows: list[int], numbers: list[int], seed: int = 3) -> torch.Tensor:
        return street_views(items, rows, grounds, seed=seed, views=numbers, frame=(64, 48))

    first = views([0, 1, 2, 3], [0, 0, 0, 0])
    assert first.shape == (4, 3, 64, 48)
    assert 0 <= float(first.min()) <= float(first.max()) <= 1
    assert torch.allclose(views([3, 0], [0, 0]), first[[3, 0]], atol=1e-4), "whatever else is in the batch"
    assert not torch.allclose(views([0], [1]), first[:1], atol=0.05)
    assert not torch.allclose(views([0], [0], seed=4), first[:1], atol=0.05)
    assert np.array_equal(np.asarray(grounds), np.asarray(ground_patches("train")))
    assert not np.array_equal(np.asarray(grounds), np.asarray(ground_patches("test"))), "other photos for other splits"
    again = drawn(3, [5, 6], [0, 1])
    assert torch.equal(again["margins"][1], drawn(3, [6], [1])["margins"][0])
    assert all(float(v.min()) >= 0 and float(v.max()) < 1 for v in again.values())


def test_white_items_and_missing_photos_are_said(house: Path) -> None:
    white = np.full((80, 60, 3), 255, np.uint8)
    white[40, 30] = 0
    assert not ground_alpha(white).any(), "a speck is cut away"
    for name in ("ccp", "clothing"):
        for path in (house / "data" / name).iterdir():
            path.unlink()
    with pytest.raises(DataError, match="neither street nor home photos"):
        ground_patches("validation")
