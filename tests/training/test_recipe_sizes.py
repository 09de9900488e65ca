"""Every recipe's photos are large enough for its network: found out without computing anything."""

import pytest
import torch

from fashionviz.models.registry import get_model
from fashionviz.training.recipes import RECIPES


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_every_stage_fits_the_network(name: str) -> None:
    spec = get_model(name)
    with torch.device("meta"):
        network = spec.build()
    for stage in RECIPES[name].stages:
        logits = network(torch.empty(2, 3, *stage.frame, device="meta"))
        assert logits.shape == (2, len(spec.task.classes))
