"""RopaNet and its baseline (paper 004): Inception-v3 features, a landmark gate, a local and a global branch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models.inception import Inception3

from fashionviz.data.landmarks.kinds import LANDMARKS
from fashionviz.models.landmark_answer import LandmarkAnswer
from fashionviz.models.registry import register_model

#: Channels of Inception-v3's last module.
FEATURES = 2048
#: Layers from the photo to the features, in order.
TRUNK = (
    "Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "maxpool1", "Conv2d_3b_1x1", "Conv2d_4a_3x3", "maxpool2",
    "Mixed_5b", "Mixed_5c", "Mixed_5d", "Mixed_6a", "Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e",
    "Mixed_7a", "Mixed_7b", "Mixed_7c",
)  # fmt: skip
#: The last modules, which learn with the layers on them: published weights of theirs know what they were last trained
#: for. `fashionviz study ropanet` has rows without and with them.
LEARNED = ("Mixed_7a", "Mixed_7b", "Mixed_7c")


def frozen_layers(learned: tuple[str, ...]) -> tuple[str, ...]:
    """Layers of the trunk that are not trained.

    Args:
        learned: the trunk's last ones, which are; none of them may be left out.
    """
    kept = len(TRUNK) - len(learned)
    assert TRUNK[kept:] == learned
    return TRUNK[:kept]


def through(network: Inception3, names: tuple[str, ...], x: Tensor) -> Tensor:
    """What some layers make of ``(N, C, h, w)``, one after the other."""
    for name in names:
        x = getattr(network, name)(x)
    return x


def amplify(network: Inception3, factor: float) -> None:
    """Multiply the last module's output: exact, as a ReLU of a batch norm is proportional to what the norm multiplies.

    Args:
        network: changed in place.
        factor: positive.
    """
    last = network.Mixed_7c
    for name in ("branch1x1", "branch3x3_2a", "branch3x3_2b", "branch3x3dbl_3a", "branch3x3dbl_3b", "branch_pool"):
        norm = last.get_submodule(name).bn
        with torch.no_grad():
            norm.weight.mul_(factor)
            norm.bias.mul_(factor)


@dataclass(frozen=True)
class Branches:
    """What paper 004 tried, or might have.

    Attributes:
        gate: whether the local branch sees features through the landmark gate; without it, as they are.
        width: outputs of the local and of the global branch; the paper has six each.
        pool: ``avg`` or ``max`` over the local branch's 8×8 places.
        middle: channels of the global branch's 5×5 convolution.
        side: height and width of the landmark maps: 300, or 75 by leaving out the last two steps.
        learned: modules of the trunk that learn, too: the last ones, or none.
    """

    gate: bool = True
    width: int = 6
    pool: str = "avg"
    middle: int = 64
    side: int = 300
    learned: tuple[str, ...] = ()


#: What is served: wider branches, on modules that learn (`fashionviz study ropanet` compares both changes).
SERVED = Branches(width=256, learned=LEARNED)


class RopaNet(Inception3):
    """Paper 004's network; its layers up to the features are torchvision's Inception-v3 under their own names.

    A 1×1 convolution with a sigmoid gates the 8×8×2048 features. Transposed convolutions enlarge the gate to a map for
    each landmark, whose softmax over all places is trained on the one place where it is. The local branch pools
    the gated features, the global one the features after a 5×5 convolution; both together name the category.

    Args:
        num_classes: number of logits.
        branches: which of the paper's variants.
    """

    def __init__(self, num_classes: int, branches: Branches = SERVED) -> None:
        # torchvision's own initialisation draws from scipy's truncated normal and takes most of a minute.
        super().__init__(num_classes=1, aux_logits=False, init_weights=False)
        del self.fc, self.avgpool, self.dropout
        self.branches = branches
        #: Layers that are not trained: their output is computed once.
        self.frozen = frozen_layers(branches.learned)
        self.gate = nn.Sequential(nn.Conv2d(FEATURES, FEATURES, 1), nn.Sigmoid())
        steps = [(FEATURES, 48, 4, 0), (48, 32, 5, 1), (32, 24, 5, 1)]  # 8 → 18 → 37 → 75
        if branches.side == 300:
            steps += [(24, 16, 4, 1), (16, 12, 4, 1)]  # → 150 → 300
        layers: list[nn.Module] = []
        for before, after, kernel, padding in steps:
            layers += [
                nn.ConvTranspose2d(before, after, kernel, stride=2, padding=padding, bias=False),
                # The gate is near 0.5 everywhere at first: without a norm its differences take many epochs to be seen.
                nn.BatchNorm2d(after),
                nn.ReLU(),
            ]
        self.enlarge = nn.Sequential(*layers, nn.Conv2d(steps[-1][1], len(LANDMARKS), 1))
        self.presence = nn.Linear(FEATURES, len(LANDMARKS))
        self.local_branch = nn.Linear(FEATURES, branches.width)
        self.global_convolution = nn.Sequential(nn.Conv2d(FEATURES, branches.middle, 5, padding=2), nn.ReLU())
        self.global_branch = nn.Linear(branches.middle, branches.width)
        self.category = nn.Linear(2 * branches.width, num_classes)

    def features(self, x: Tensor) -> Tensor:
        """What the frozen layers make of ``(N, 3, H, W)`` normalised RGB: ``(N, 768, 17, 17)`` of 299×299 as served."""
        return through(self, self.frozen, x)

    def deep(self, features: Tensor) -> Tensor:
        """The last module's output ``(N, 2048, h, w)``, 8×8 of 299×299, from what the frozen layers make."""
        return through(self, self.branches.learned, features)

    def landmarks(self, features: Tensor, where: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Maps ``(M, 8, S, S)`` of the photos ``where`` (all by default) and presence ``(N, 8)``, both logits."""
        return self._landmarks(self.gate(self.deep(features)), where)

    def gate_of(self, features: Tensor) -> Tensor | None:
        """The gate, ``(N, 2048, h, w)`` in 0..1; ``None`` where the local branch sees the features without it."""
        return self.gate(self.deep(features)) if self.branches.gate else None

    def _landmarks(self, gate: Tensor, where: Tensor | None) -> tuple[Tensor, Tensor]:
        if where is not None and not where.any():  # a batch norm has no statistics of nothing
            maps = gate.new_empty((0, len(LANDMARKS), self.branches.side, self.branches.side))
        else:
            maps = self.enlarge(gate if where is None else gate[where])
        return maps, self.presence(gate.mean(dim=(2, 3)))

    def logits(self, features: Tensor) -> Tensor:
        """Logits ``(N, K)`` from the local and the global branch."""
        deep = self.deep(features)
        return self._logits(deep, self.gate(deep))

    def _logits(self, deep: Tensor, gate: Tensor) -> Tensor:
        seen = deep * gate if self.branches.gate else deep
        pooled = seen.amax(dim=(2, 3)) if self.branches.pool == "max" else seen.mean(dim=(2, 3))
        local = self.local_branch(pooled)
        whole = self.global_branch(self.global_convolution(deep).mean(dim=(2, 3)))
        return self.category(F.relu(torch.cat([local, whole], dim=1)))

    def answer(self, features: Tensor, where: Tensor | None = None) -> LandmarkAnswer:
        """Everything from the features, which may come from a cache; maps of some photos."""
        deep = self.deep(features)
        gate = self.gate(deep)
        return LandmarkAnswer(self._logits(deep, gate), *self._landmarks(gate, where))

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``(N, K)`` of ``(N, 3, 299, 299)`` normalised RGB."""
        return self.logits(self.features(x))


_FACTS: dict[str, Any] = {
    "input_size": (299, 299),
    "first_conv": "Conv2d_1a_3x3.conv",
    "activation_layer": "Conv2d_2b_3x3.conv",
    "gradcam_layer": "Mixed_7c",
    "relu_family": True,
    "mean": (0.5, 0.5, 0.5),
    "std": (0.5, 0.5, 0.5),
}


@register_model(
    "ropanet.category50",
    head="category",
    default=True,
    landmarks=True,
    paper="Paper 004: RopaNet, with wider branches than its six outputs each (arXiv:1512.00567)",
    **_FACTS,
)
def ropanet(num_classes: int) -> nn.Module:
    """RopaNet as served.

    Args:
        num_classes: number of logits.
    """
    return RopaNet(num_classes)


class RopaNetBaseline(Inception3):
    """Paper 004's baseline: Inception-v3, its features averaged, one fully connected layer.

    Args:
        num_classes: number of logits.
        learned: modules of the trunk that learn, too: the last ones, or none.
    """

    def __init__(self, num_classes: int, learned: tuple[str, ...] = LEARNED) -> None:
        super().__init__(num_classes=num_classes, aux_logits=False, init_weights=False)
        self.learned = learned
        #: Layers that are not trained: their output is computed once.
        self.frozen = frozen_layers(learned)

    def features(self, x: Tensor) -> Tensor:
        """What the frozen layers make of ``(N, 3, H, W)`` normalised RGB."""
        return through(self, self.frozen, x)

    def logits(self, features: Tensor) -> Tensor:
        """Logits ``(N, K)`` from the features, which may come from a cache."""
        return self.fc(through(self, self.learned, features).mean(dim=(2, 3)))

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``(N, K)`` of ``(N, 3, 299, 299)`` normalised RGB."""
        return self.logits(self.features(x))


@register_model(
    "ropanet_baseline.category50",
    head="fc",
    paper="Paper 004: RopaNet-Baseline, pooled Inception-v3 features and one layer (arXiv:1512.00567)",
    **_FACTS,
)
def ropanet_baseline(num_classes: int) -> nn.Module:
    """Inception-v3, its features pooled, one fully connected layer.

    Args:
        num_classes: number of logits.
    """
    return RopaNetBaseline(num_classes)
