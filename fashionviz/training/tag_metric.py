"""Mean average precision over batches and processes, of the tags that some picture has."""

from __future__ import annotations

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from fashionviz.evaluation.multilabel import average_precision


class MeanAveragePrecision(Metric):
    """The mean of :func:`~fashionviz.evaluation.multilabel.average_precision`.

    torchmetrics' own counts a tag that no picture has as 0.
    """

    full_state_update = False
    scores: list[Tensor]
    labels: list[Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.add_state("scores", default=[], dist_reduce_fx="cat")
        self.add_state("labels", default=[], dist_reduce_fx="cat")

    def update(self, scores: Tensor, labels: Tensor) -> None:
        """Take a batch: scores ``(N, L)``, labels ``(N, L)``, 1, 0 or -1 where nothing is known."""
        self.scores.append(scores.detach().float())
        self.labels.append(labels)

    def compute(self) -> Tensor:
        """The mean over tags, a scalar; 0 where no picture has any."""
        scores = dim_zero_cat(self.scores).cpu().numpy()
        labels = dim_zero_cat(self.labels).cpu().numpy()
        found = [
            average_precision(scores[where, i], labels[where, i] == 1)
            for i, where in enumerate((labels >= 0).T)
            if (labels[where, i] == 1).any()
        ]
        return torch.tensor(sum(found) / len(found) if found else 0.0)
