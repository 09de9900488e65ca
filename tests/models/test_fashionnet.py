"""FashionNet: VGG16's groups as they are, landmark pooling by hand, landmarks that categories do not move."""

import pytest
import torch
from torchvision.models import vgg16

from fashionviz.models.fashionnet import FashionNet
from fashionviz.models.landmark_answer import FrozenFirst, LandmarkNetwork


@pytest.fixture(scope="module")
def network() -> FashionNet:
    torch.manual_seed(0)
    return FashionNet(50).eval()


def test_the_features_are_two_groups_of_vgg16(network: FashionNet) -> None:
    reference = vgg16(weights=None, init_weights=False).eval()
    names = {k: v for k, v in network.state_dict().items() if k.startswith("features.")}
    assert set(names) == {k for k in reference.state_dict() if k.startswith("features.")}, "so that its weights fit"
    reference.load_state_dict(names, strict=False)
    x = torch.randn(2, 3, 128, 128)
    with torch.inference_mode():
        found = network.features(x)
        assert torch.equal(found[:, :512], reference.features[:24](x))
        assert torch.equal(found[:, 512:], reference.features[:30](x))
    assert found.shape == (2, 1024, 8, 8)
    assert isinstance(network, FrozenFirst)
    assert isinstance(network, LandmarkNetwork)


def test_landmark_pooling_takes_what_lies_about_a_place(network: FashionNet) -> None:
    fourth = torch.zeros(1, 512, 8, 8)
    fourth[0, 5, 2, 6] = 3.0  # middle of the cell: x 6.5/8, y 2.5/8
    where = torch.full((1, 8, 2), 0.1)
    where[0, 1] = torch.tensor([6.5 / 8, 2.5 / 8])
    where[0, 2] = where[0, 1]
    present = torch.full((1, 8), 20.0)
    present[0, 2] = -20.0
    pooled = network.pooled_at(fourth, where, present)
    assert pooled.shape == (1, 8, 512)
    assert float(pooled[0, 1, 5]) == pytest.approx(3.0)
    assert float(pooled[0, 2, 5]) == pytest.approx(0.0, abs=1e-6), "an absent landmark has nothing to say"
    assert int((pooled > 1e-6).sum()) == 1


def test_categories_do_not_move_landmarks(network: FashionNet) -> None:
    features = torch.rand(2, 1024, 8, 8)
    network.zero_grad()
    network.logits(features).sum().backward()
    assert network.local_branch[0].weight.grad is not None
    assert network.enlarge[0].weight.grad is None
    assert network.presence.weight.grad is None


def test_an_answer_is_its_parts(network: FashionNet) -> None:
    features, where = torch.rand(3, 1024, 8, 8), torch.tensor([True, False, True])
    with torch.inference_mode():
        answer = network.answer(features, where)
        maps, present = network.landmarks(features, where)
    assert answer.maps.shape == (2, 8, 32, 32)
    assert torch.equal(answer.maps, maps)
    assert torch.equal(answer.present, present)
    assert torch.allclose(answer.logits, network.logits(features))
