"""Detectors as networks: rows, losses, names that checkpoints are published under, boxes laid back over a photo."""

import numpy as np
import pytest
import torch

from fashionviz.data.garment13 import GARMENT13
from fashionviz.models.box_rows import Boxes, boxes_of, on_photo
from fashionviz.models.detectors import MOST, Detector, best_scores
from fashionviz.models.preprocess import placement, turned
from fashionviz.models.registry import get_model, list_models
from fashionviz.models.weights import load_initial

FAST = "fasterrcnn_mobilenet_v2_fpn.garment13"
DETECTORS = [spec.name for spec in list_models() if spec.task.name == "garment13"]


@pytest.fixture(scope="module")
def fast() -> Detector:
    torch.manual_seed(0)
    network = get_model(FAST).build()
    assert isinstance(network, Detector)
    return network


def test_the_papers_three_and_the_fast_one_are_there() -> None:
    bodies = ("resnet50", "resnet101", "resnext101")
    assert set(DETECTORS) == {
        FAST, *(f"{kind}rcnn_{body}_fpn.garment13" for kind in ("faster", "mask") for body in bodies),
    }  # fmt: skip


def test_an_answer_is_rows_the_surest_first_whatever_the_shape(fast: Detector) -> None:
    fast.eval()
    with torch.no_grad():
        for size in ((96, 64), (64, 96)):
            rows = fast(torch.randn(2, 3, *size))
            assert rows.shape == (2, MOST, 6)
            for one in rows:
                scores = one[:, 4]
                assert (scores.diff() <= 0).all()
                held = one[scores > 0]
                assert (held[:, :4] >= 0).all()
                assert (held[:, [0, 2]] <= size[1]).all()
                assert (held[:, [1, 3]] <= size[0]).all()
                assert set(held[:, 5].tolist()) <= set(range(len(GARMENT13)))
        x = torch.randn(2, 3, 64, 64)
        assert torch.allclose(fast(x)[1], fast(x[1:])[0], atol=1e-3), "photos of a batch do not see each other"


def test_losses_reach_every_part_that_is_learned(fast: Detector) -> None:
    torch.manual_seed(1)
    fast.train()
    fast.zero_grad()
    target = {"boxes": torch.tensor([[8.0, 8, 40, 56]]), "labels": torch.tensor([3])}
    nothing = {"boxes": torch.zeros(0, 4), "labels": torch.zeros(0, dtype=torch.long)}
    losses, maps = fast.losses(torch.randn(2, 3, 64, 64), [target, nothing])
    assert set(losses) == {"loss_objectness", "loss_rpn_box_reg", "loss_classifier", "loss_box_reg"}
    assert maps["0"].shape == (2, 96, 8, 8)
    sum(losses.values()).backward()  # type: ignore[union-attr]
    parts = ("backbone.body.features.0.0", "backbone.fpn", "rpn.head", "roi_heads.box_head", "roi_heads.box_predictor")
    for part in parts:
        assert any(p.grad is not None and p.grad.any() for p in fast.get_submodule(part).parameters()), part


def test_a_class_is_its_place_and_the_background_is_none(fast: Detector) -> None:
    """torchvision counts the background as 0; a head that is sure of class 4 of 14 means our 3."""
    fast.eval()
    head = fast.roi_heads.box_predictor.cls_score
    kept = head.bias.detach().clone()
    try:
        with torch.no_grad():
            head.bias.zero_()[4] = 50.0
            rows = fast(torch.randn(1, 3, 64, 64))[0]
    finally:
        with torch.no_grad():
            head.bias.copy_(kept)
    assert (rows[rows[:, 4] > 0][:, 5] == 3).all()
    assert rows[0, 4] > 0.9


def test_best_scores_by_hand() -> None:
    rows = torch.zeros(4, 6)
    rows[0, 4:], rows[1, 4:], rows[2, 4:] = torch.tensor([0.9, 2]), torch.tensor([0.5, 2]), torch.tensor([0.4, 0])
    assert best_scores(rows, 3).tolist() == pytest.approx([0.4, 0.0, 0.9])
    assert best_scores(torch.zeros(4, 6), 3).tolist() == [0, 0, 0]


@pytest.mark.parametrize("kind", ["faster", "mask"])
def test_torchvisions_checkpoint_has_the_names_of_the_large_ones(kind: str) -> None:
    import torchvision.models.detection as published

    with torch.device("meta"):
        theirs = getattr(published, f"{kind}rcnn_resnet50_fpn")(weights=None, weights_backbone=None)
        ours = get_model(f"{kind}rcnn_resnet50_fpn.garment13").build()
    known, own = theirs.state_dict(), ours.state_dict()
    assert known.keys() == own.keys()
    differing = {name for name in own if own[name].shape != known[name].shape}
    assert differing, "91 classes there"
    assert all("predictor" in name for name in differing)


def test_a_trunk_of_imagenet_fills_the_trunk(fast: Detector, tmp_path_factory: pytest.TempPathFactory) -> None:
    from safetensors.torch import save_file
    from torchvision.models import mobilenet_v2

    path = tmp_path_factory.mktemp("trunk") / "mobilenet_v2_imagenet.safetensors"
    save_file(mobilenet_v2(weights=None).state_dict(), path)
    assert load_initial(path, fast.backbone.body) == []


@pytest.mark.parametrize(
    ("photo", "frame"),
    [((508, 336), (480, 320)), ((432, 768), (320, 480)), ((300, 300), (480, 320)), ((336, 508), (320, 480))],
)
def test_a_frame_is_turned_for_a_wide_photo(photo: tuple[int, int], frame: tuple[int, int]) -> None:
    assert turned((480, 320), photo) == turned((320, 480), photo) == frame


@pytest.mark.parametrize("size", [(508, 336), (200, 300), (90, 90)])
def test_boxes_are_laid_back_over_the_photo(size: tuple[int, int]) -> None:
    place = placement(size, turned((480, 320), size))
    scale = place.width / size[1]
    box = np.array([[10, 20, 60, 80], [0, 0, size[1], size[0]]], np.float32)
    in_frame = box * scale + [place.left, place.top] * 2
    beyond = in_frame + np.float32([[0, 0, 0, 0], [-50, -50, 50, 50]])
    made = on_photo(Boxes(beyond.astype(np.float32), np.array([0, 1]), np.ones(2, np.float32)), place, size)
    assert np.allclose(made.boxes, box, atol=1.5), "within the rounding of the photo's size in the frame; clipped to it"


def test_empty_rows_are_no_boxes() -> None:
    rows = np.zeros((3, 6), np.float32)
    rows[0] = 1, 2, 3, 4, 0.5, 7
    made = boxes_of(rows)
    assert (len(made), made.labels.tolist(), made.scores.tolist()) == (1, [7], [0.5])
    assert boxes_of(rows[1:]).boxes.shape == (0, 4)
