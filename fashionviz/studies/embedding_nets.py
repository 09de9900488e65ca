"""The networks of paper 001's trials that are no metric learning: an autoencoder, a classifier of items, a comparer."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from fashionviz.training.item_material import ItemBatch
from fashionviz.training.item_module import Retriever
from fashionviz.training.item_recipes import ItemRecipe

#: Dimensions of the autoencoder's code.
CODE = 128
Vectors = NDArray[np.float32]


class Encoder(nn.Module):
    """Four strided convolutions and the mean of the code: what the autoencoder's vectors are.

    Args:
        frame: height and width, multiples of 16.
    """

    def __init__(self, frame: tuple[int, int]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inside, outside in ((3, 32), (32, 64), (64, 128), (128, 128)):
            layers += [nn.Conv2d(inside, outside, 4, 2, 1, bias=False), nn.BatchNorm2d(outside), nn.ReLU()]
        self.features = nn.Sequential(*layers)
        self.mean = nn.Linear(128 * (frame[0] // 16) * (frame[1] // 16), CODE)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, 3, H, W)`` to ``(N, CODE)``."""
        return self.mean(self.features(x).flatten(1))


class Autoencoder(Retriever):
    """A variational autoencoder (Kingma and Welling 2014) of photos and street views, as the Keras example has it.

    Args:
        frame: height and width of the pictures.
        recipe: rates.
        steps: of the whole run.
    """

    def __init__(self, frame: tuple[int, int], recipe: ItemRecipe, steps: int) -> None:
        super().__init__(Encoder(frame), recipe, steps)
        small = (frame[0] // 16, frame[1] // 16)
        self.spread = nn.Linear(128 * small[0] * small[1], CODE)
        layers: list[nn.Module] = [nn.Linear(CODE, 128 * small[0] * small[1]), nn.Unflatten(1, (128, *small))]
        for inside, outside in ((128, 128), (128, 64), (64, 32)):
            layers += [nn.ConvTranspose2d(inside, outside, 4, 2, 1, bias=False), nn.BatchNorm2d(outside), nn.ReLU()]
        self.decoder = nn.Sequential(*layers, nn.ConvTranspose2d(32, 3, 4, 2, 1))

    def training_step(self, batch: ItemBatch, index: int) -> Tensor:
        """Squared error of the picture that comes out, and the divergence of the code from a normal distribution."""
        features = self.network.features(batch.images).flatten(1)  # type: ignore[operator, union-attr]
        mean, log_variance = self.network.mean(features), self.spread(features).clamp(-8, 8)  # type: ignore[operator]
        code = mean + torch.randn_like(mean) * (log_variance / 2).exp()
        error = F.mse_loss(self.decoder(code), batch.images, reduction="none").sum(dim=(1, 2, 3)).mean()
        divergence = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(dim=1).mean()
        loss = error + divergence
        self.log("train_loss", loss.detach(), on_step=False, on_epoch=True, batch_size=len(batch.images))
        return loss


class Trunk(nn.Module):
    """A trunk whose vectors are the means over its last map: any classifier without its last layer.

    Args:
        features: ``(N, 3, H, W)`` to ``(N, C, h, w)``.
    """

    def __init__(self, features: nn.Module) -> None:
        super().__init__()
        self.features = features

    def forward(self, x: Tensor) -> Tensor:
        """``(N, 3, H, W)`` to ``(N, C)``."""
        return self.features(x).mean(dim=(2, 3))


class ItemClassifier(Retriever):
    """A classifier whose classes are the items, photo and street view alike; its last layer is dropped afterwards.

    Args:
        trunk: what is trained.
        channels: of its vectors.
        items: ``(K,)`` sorted labels of the items.
        recipe: rates.
        steps: of the whole run.
    """

    def __init__(self, trunk: Trunk, channels: int, items: Tensor, recipe: ItemRecipe, steps: int) -> None:
        super().__init__(trunk, recipe, steps)
        self.items = items
        self.last = nn.Linear(channels, len(items))

    def training_step(self, batch: ItemBatch, index: int) -> Tensor:
        """Cross-entropy over the items."""
        logits = self.last(self.network(batch.images.to(memory_format=torch.channels_last)))
        loss = F.cross_entropy(logits, torch.searchsorted(self.items.to(batch.labels), batch.labels))
        self.log("train_loss", loss.detach(), on_step=False, on_epoch=True, batch_size=len(batch.images))
        return loss


class Comparer(nn.Module):
    """Paper 001's learned similarity: two vectors side by side through a hidden layer, to one number.

    Args:
        dimensions: of a vector.
        hidden: width of the layer.
    """

    def __init__(self, dimensions: int, hidden: int = 64) -> None:
        super().__init__()
        self.query, self.item = nn.Linear(dimensions, hidden), nn.Linear(dimensions, hidden, bias=False)
        self.last = nn.Linear(hidden, 1)

    def forward(self, queries: Tensor, items: Tensor) -> Tensor:
        """Log odds ``(Q, N)`` that each of ``(Q, D)`` and each of ``(N, D)`` are one item."""
        hidden = self.query(queries)[:, None] + self.item(items)[None]
        return self.last(hidden.relu())[..., 0]


def learned_similarity(queries: Vectors, items: Vectors, *, epochs: int = 30, seed: int = 0) -> Comparer:
    """Train a comparer on pairs, row i of the one with row i of the other; all other pairs of a batch are apart.

    Args:
        queries, items: ``(N, D)`` vectors of street views and of photos.
        epochs: over all pairs.
        seed: of the initial weights and the order.
    """
    torch.manual_seed(seed)
    network = Comparer(queries.shape[1])
    optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=1e-3)
    q, i = torch.from_numpy(queries), torch.from_numpy(items)
    many = min(64, len(q))
    for _ in range(epochs):
        order = torch.randperm(len(q))
        for start in range(0, len(q) - many + 1, many):
            chosen = order[start : start + many]
            odds, true = network(q[chosen], i[chosen]), torch.eye(many)
            # As many pairs of one item as of two, in weight.
            weight = true + (1 - true) / (many - 1)
            loss = F.binary_cross_entropy_with_logits(odds, true, weight=weight)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return network.eval()
