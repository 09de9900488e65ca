"""The garment row beside the head, its file, and the verdicts."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from fashionviz.errors import WeightsError
from fashionviz.models.assurance import (
    CLEAR,
    CLOSE,
    FILE,
    LOW,
    NO_GARMENT,
    GarmentRow,
    judge,
    load_garment_row,
    save_garment_row,
    with_garment_row,
)
from fashionviz.models.card import load_card
from fashionviz.models.registry import get_model
from tests.assured import add_assurance, lines
from tests.conftest import MODEL

WIDTH = 1280


def embedding_of(network: torch.nn.Module, head: str, x: torch.Tensor) -> torch.Tensor:
    seen = []
    handle = network.get_submodule(head).register_forward_pre_hook(lambda _, args: seen.append(args[0].clone()))
    network(x)
    handle.remove()
    return seen[0]


@pytest.mark.parametrize("name", ["category_cnn28.category11", "mobilenet_v2.gender_category"])
def test_the_row_leaves_the_logits_as_they_are(name: str) -> None:
    torch.manual_seed(1)
    spec = get_model(name)
    network = spec.build().eval()
    x = torch.randn(3, 3, *spec.input_size)
    with torch.no_grad():
        embedding = embedding_of(network, spec.head, x)
        row = GarmentRow(torch.randn(embedding.shape[1]), 0.7)
        plain = network(x)
        assured = with_garment_row(network, spec.head, row)
        answer = assured(x)
        k = len(spec.task.classes)
        assert answer.shape == (3, k + 1)
        assert (answer[:, :k] - plain).abs().max() <= 1e-6
        expected = embedding.double() @ row.weight.double() + row.bias
        assert (answer[:, k].double() - expected).abs().max() <= 1e-4
        assert torch.equal(network(x), plain), "the network that was given must stay as it is"
    assert network(x).shape == (3, k)


def test_tensors_are_shared_and_modules_are_not() -> None:
    spec = get_model("category_cnn28.category11")
    network = spec.build().eval()
    assured = with_garment_row(network, spec.head, GarmentRow(torch.zeros(128), 0.0))
    addresses = {p.data_ptr() for p in network.parameters()}
    assert {p.data_ptr() for p in assured.parameters()} == addresses
    assert not {id(m) for m in network.modules()} & {id(m) for m in assured.modules()}


def test_the_row_is_computed_in_float32_under_autocast() -> None:
    torch.manual_seed(2)
    spec = get_model("category_cnn28.category11")
    row = GarmentRow(torch.randn(128) * 100, -3.0)
    head = with_garment_row(spec.build(), spec.head, row).get_submodule(spec.head)
    embedding = torch.rand(4, 128)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        answer = head(embedding)
    assert answer.dtype == torch.float32
    exact = embedding.double() @ row.weight.double() + row.bias
    assert torch.allclose(answer[:, -1].double(), exact, atol=1e-3)


def test_a_row_of_another_length_is_refused() -> None:
    spec = get_model("category_cnn28.category11")
    with pytest.raises(WeightsError, match="does not fit"):
        with_garment_row(spec.build(), spec.head, GarmentRow(torch.zeros(7), 0.0))


@pytest.mark.parametrize(
    ("probabilities", "garment", "threshold", "verdict", "reason"),
    [
        ((0.9, 0.06, 0.04), 3.0, 0.5, "sure", CLEAR),
        ((0.6, 0.3, 0.1), 3.0, 0.5, "sure", CLEAR),  # on the line: sure
        ((0.1, 0.55, 0.35), 3.0, 0.5, "unsure", CLOSE),  # the runner-up has more than half of the first
        ((0.2, 0.3, 0.5), 3.0, 0.5, "unsure", CLOSE),
        ((0.55, 0.15, 0.15, 0.15), 3.0, 0.5, "unsure", LOW),
        ((0.9, 0.06, 0.04), -0.01, 0.5, "not-a-garment", NO_GARMENT),
        ((0.9, 0.06, 0.04), 0.0, 0.5, "sure", CLEAR),  # one half is a garment
        ((0.4, 0.35, 0.25), -9.0, 0.5, "not-a-garment", NO_GARMENT),  # wins over unsure
        ((0.9, 0.06, 0.04), -9.0, None, "sure", CLEAR),  # not offered
        ((0.9, 0.06, 0.04), None, 0.5, "sure", CLEAR),  # no row
    ],
)
def test_verdicts(
    probabilities: tuple[float, ...], garment: float | None, threshold: float | None, verdict: str, reason: str
) -> None:
    found = judge(np.array(probabilities), garment, lines(0.6, threshold))
    assert (found.verdict, found.reason) == (verdict, reason)
    if garment is None:
        assert found.garment_probability is None
    else:
        assert found.garment_probability == pytest.approx(1 / (1 + math.exp(-garment)))


def test_extreme_logits_are_probabilities() -> None:
    for garment, expected in ((1e6, 1.0), (-1e6, 0.0)):
        assert judge(np.array([0.9, 0.1]), garment, lines()).garment_probability == pytest.approx(expected)


def test_the_file_comes_back_and_is_the_same_every_time(weights: Path) -> None:
    folder = weights / MODEL
    card, row = add_assurance(folder, WIDTH, bias=0.25)
    back = load_garment_row(load_card(folder), folder)
    assert back is not None
    assert torch.equal(back.weight, row.weight)
    assert back.bias == 0.25
    assert card.assurance is not None
    assert save_garment_row(row, card, folder) == card.assurance.sha256
    with pytest.raises(WeightsError, match="not finite"):
        save_garment_row(GarmentRow(row.weight, math.nan), card, folder)


@pytest.mark.parametrize("harm", ["flip a bit", "cut off", "gone", "other weights"])
def test_a_damaged_file_is_refused(weights: Path, harm: str) -> None:
    folder = weights / MODEL
    card, _ = add_assurance(folder, WIDTH)
    path = folder / FILE
    if harm == "flip a bit":
        data = bytearray(path.read_bytes())
        data[-1] ^= 1
        path.write_bytes(data)
    elif harm == "cut off":
        path.write_bytes(path.read_bytes()[:50])
    elif harm == "gone":
        path.unlink()
    else:
        card = card.model_copy(update={"sha256": "0" * 64})
    with pytest.raises(WeightsError, match="fashionviz assurance"):
        load_garment_row(card, folder)


def test_cards_of_before_there_was_assurance_load(weights: Path) -> None:
    path = weights / MODEL / "card.json"
    facts = json.loads(path.read_text())
    facts.pop("assurance", None)
    path.write_text(json.dumps(facts))
    card = load_card(path.parent)
    assert card.assurance is None
    assert load_garment_row(card, path.parent) is None
