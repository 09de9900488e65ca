"""The loop on frozen features: what learns is in training mode, what is frozen is not."""

from dataclasses import replace

import torch
from torch import nn

from fashionviz.models.ropanet import LEARNED, Branches, RopaNet
from fashionviz.training.feature_module import FeatureClassifier
from fashionviz.training.feature_recipes import FEATURE_RECIPES


def test_frozen_layers_stay_in_evaluation_and_the_others_learn() -> None:
    network = RopaNet(50, Branches(width=4, side=75, learned=LEARNED)).eval()
    module = FeatureClassifier(network, replace(FEATURE_RECIPES["ropanet.category50"], epochs=1), 50, 10)
    module.on_train_epoch_start()
    frozen = [m for name in network.frozen for m in network.get_submodule(name).modules()]
    assert frozen
    assert not any(m.training for m in frozen)
    learning = [m for name in LEARNED for m in network.get_submodule(name).modules()]
    norms = [m for m in [*network.enlarge, *learning] if isinstance(m, nn.BatchNorm2d)]
    assert len(norms) > 20
    assert all(m.training for m in norms)


def test_no_photo_with_landmarks_is_no_map() -> None:
    network = RopaNet(50, Branches(width=4, side=75)).train()
    answer = network.answer(torch.rand(2, 2048, 8, 8), torch.tensor([False, False]))
    assert answer.maps.shape == (0, 8, 75, 75)
    assert answer.present.shape == (2, 8)
