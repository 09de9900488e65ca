"""A made-up garment row beside weights: for tests of the machinery, never of error rates."""

from __future__ import annotations

from pathlib import Path

import torch

from fashionviz.models.assurance import GarmentRow, save_garment_row
from fashionviz.models.card import AssuranceCard, ModelCard, load_card


def lines(sure: float = 0.6, garment: float | None = 0.5) -> AssuranceCard:
    """Facts with these thresholds and no measurements."""
    return AssuranceCard(
        sha256=None, sure_threshold=sure, garment_threshold=garment, note="made up", fitted_on={}, sets=(), seed=0,
        command="none",
    )  # fmt: skip


def add_assurance(folder: Path, width: int, *, bias: float = 0.0, sure: float = 0.6) -> tuple[ModelCard, GarmentRow]:
    """Write a seeded row of that width, and name it in the card."""
    card = load_card(folder)
    weight = torch.randn(width, generator=torch.Generator().manual_seed(4)) * 0.1
    row = GarmentRow(weight, bias)
    sha = save_garment_row(row, card, folder)
    card = card.model_copy(update={"assurance": lines(sure).model_copy(update={"sha256": sha})})
    card.save(folder / "card.json")
    return card, row
