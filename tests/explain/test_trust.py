"""Scores of maps against independent references and hand-made networks where the right answer is known."""

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch import Tensor, nn
from torchmetrics.functional.image import structural_similarity_index_measure

from fashionviz.explain import trust
from fashionviz.explain.methods import METHODS, Job
from fashionviz.explain.randomise import randomised
from fashionviz.trust_results import Curve

SIDE = 24


class Corner(nn.Module):
    """Reads nothing but the 8×8 pixels of one corner: the brighter, the more of the first class."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(3 * 64, 2)
        with torch.no_grad():
            self.head.weight[0], self.head.weight[1] = 0.1, -0.1
            self.head.bias.zero_()

    def forward(self, x: Tensor) -> Tensor:
        return self.head(x[:, :, :8, :8].flatten(1))


@pytest.fixture
def corner() -> nn.Module:
    return Corner().eval().requires_grad_(False)


@pytest.fixture
def x() -> Tensor:
    return torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0)) + 0.2


def probability(network: nn.Module) -> object:
    def score(batch: Tensor) -> np.ndarray:
        with torch.no_grad():
            return network(batch).double().softmax(1)[:, 0].numpy()

    return score


def test_rank_correlation_equals_scipy(rng: np.random.Generator) -> None:
    for _ in range(5):
        one, other = rng.integers(0, 9, (7, 5)), rng.normal(size=(7, 5))  # many equal values, and none
        assert trust.spearman(one, other) == pytest.approx(spearmanr(one.ravel(), other.ravel()).statistic, abs=1e-12)
    assert trust.spearman(one, one**3) == pytest.approx(1)
    assert trust.spearman(one, np.ones_like(one)) == 0


def test_similarity_equals_torchmetrics(rng: np.random.Generator) -> None:
    one, other = rng.random((40, 30)), rng.random((40, 30))
    for a, b in ((one, other), (one, np.clip(one + 0.1 * other, 0, 1))):
        pair = [torch.from_numpy(m)[None, None] for m in (a, b)]
        expected = structural_similarity_index_measure(*pair, data_range=1.0, sigma=1.5, kernel_size=11)
        assert trust.ssim(a, b) == pytest.approx(float(expected), abs=0.02)  # torchmetrics pads and cuts the border
    assert trust.ssim(one, one) == pytest.approx(1)
    assert trust.ssim(one[:5, :4], one[:5, :4]) == pytest.approx(1)


def test_pixels_go_in_the_order_of_the_map() -> None:
    field = np.array([[1.0, 3.0], [2.0, 0.0]])
    order = trust.pixel_order(field, top=1, left=2, frame=(4, 5))
    assert order.tolist() == [8, 12, 7, 13]  # (1, 3), (2, 2), (1, 2), (2, 3)
    start, end = torch.zeros(3, 4, 5), torch.ones(3, 4, 5)
    pictures = trust.replaced(start, end, order, steps=2)
    assert [int(p.sum()) for p in pictures] == [0, 6, 12]
    assert pictures[1, 0, 1, 3] == pictures[1, 0, 2, 2] == 1
    assert pictures[2, :, 0].sum() == 0, "outside the photo nothing is touched"
    assert start.sum() == 0


def test_area_under_a_curve() -> None:
    assert trust.auc(np.array([0.0, 1.0])) == pytest.approx(0.5)
    assert trust.auc(np.array([1.0, 0.0, 0.0])) == pytest.approx(0.25)


def test_a_network_that_reads_a_corner(corner: nn.Module, x: Tensor) -> None:
    job = Job(corner, None, x, 0, "", lambda done, total: None)
    values = METHODS["input-x-gradient"].run(job).detach().numpy()
    right = trust.ranking(values, evidence=True)
    deletion, insertion = trust.curves(x[0], right, 0, 0, probability(corner))
    # The corner is a ninth of the pixels: after it there is nothing left to lose, and nothing more to gain.
    ninth = int(np.ceil(trust.STEPS / 9))
    assert deletion.probabilities[0] > 0.9
    assert np.allclose(deletion.probabilities[ninth:], 0.5, atol=1e-6)
    assert np.allclose(insertion.probabilities[ninth:], deletion.probabilities[0], atol=1e-6)
    assert deletion.auc < deletion.control_auc - 0.1
    assert insertion.auc >= insertion.control_auc
    level, sentence = trust.verdict(False, 0.1, deletion, insertion)
    assert level == "good"
    assert "matter to the answer more" in sentence
    elsewhere = np.zeros((SIDE, SIDE))
    elsewhere[16:, 16:] = 1.0  # a map that marks the wrong corner
    deletion, insertion = trust.curves(x[0], elsewhere, 0, 0, probability(corner))
    level, sentence = trust.verdict(False, 0.1, deletion, insertion)
    assert level == "caution"
    assert "hardly" in sentence


class Deep(nn.Module):
    """Two convolutions with a batch norm between them, whose last layer is all that tells the classes apart."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 16, 3, padding=1), nn.ReLU()
        )
        self.head = nn.Linear(16 * SIDE * SIDE, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x).flatten(1))


def test_a_map_that_ignores_the_parameters_is_found_out(x: Tensor) -> None:
    torch.manual_seed(0)
    network = Deep().eval().requires_grad_(False)
    random = randomised(network, x)

    def edges(_network: nn.Module) -> np.ndarray:
        return (x - trust.blurred(x[0]))[0].numpy()

    def gradient(asked: nn.Module) -> np.ndarray:
        return METHODS["gradient"].run(Job(asked, None, x, 0, "", lambda done, total: None)).detach().numpy()

    alike = {m.__name__: trust.spearman(*(trust.magnitude(m(n)) for n in (network, random))) for m in (edges, gradient)}
    assert alike["edges"] == pytest.approx(1)
    assert abs(alike["gradient"]) < 0.2
    even = Curve(np.ones(3), np.ones(3), 1.0, 1.0)
    assert trust.verdict(False, alike["edges"], even, even)[0] == "poor"
    assert trust.verdict(False, alike["gradient"], even, even)[0] == "caution"
    assert trust.verdict(True, 0.0, even, even)[0] == "poor"


def test_random_weights_are_random_sound_and_repeatable(x: Tensor) -> None:
    torch.manual_seed(0)
    network = Deep().eval()
    kept = {name: value.clone() for name, value in network.state_dict().items()}
    state = torch.get_rng_state()
    one, same, other = randomised(network, x), randomised(network, x), randomised(network, x, seed=1)
    assert torch.equal(torch.get_rng_state(), state), "the global generator is left alone"
    assert all(torch.equal(value, kept[name]) for name, value in network.state_dict().items())
    assert not any(p.requires_grad for p in one.parameters())
    assert not any(m.training for m in one.modules())
    for name, value in one.state_dict().items():
        assert torch.equal(value, same.state_dict()[name])
    assert not torch.equal(one.head.weight, other.head.weight)
    assert not torch.equal(one.head.weight, network.head.weight)
    with torch.no_grad():
        signal = one.body(torch.randn(4, 3, SIDE, SIDE))
        normed = one.body[1](one.body[0](torch.randn(64, 3, SIDE, SIDE)))
    assert 0.3 < signal.std() < 3, "the signal neither dies out nor explodes"
    assert torch.allclose(normed.var(dim=(0, 2, 3)), torch.ones(16), atol=0.15)


def test_shares_of_regions() -> None:
    values = np.array([[4.0, 0.0], [3.0, 1.0]])
    labels = np.array([[1, 1], [2, 0]], np.uint8)
    background, garment, skin = trust.region_shares(values, labels, ("background", "garment", "skin and hair"))
    assert (garment.saliency, garment.pixels, garment.lift) == (0.5, 0.5, 1.0)
    assert (skin.saliency, skin.pixels, skin.lift) == (0.375, 0.25, 1.5)
    assert background.lift == 0.5
    (nothing,) = trust.region_shares(values, labels, ("background", "garment", "skin and hair", "shoe"))[3:]
    assert nothing.lift is None
    with pytest.raises(ValueError, match="do not belong together"):
        trust.region_shares(values, labels[:1], ("a", "b", "c"))


def test_the_map_laid_elsewhere_keeps_its_grain() -> None:
    field = np.arange(48.0).reshape(8, 6)
    for other in trust.moved(field):
        assert sorted(other.ravel()) == sorted(field.ravel())
        assert abs(other - field).min() > 0
