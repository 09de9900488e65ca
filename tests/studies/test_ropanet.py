"""The study of RopaNet's design on made-up features: rows, resumption, the page."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from fashionviz.errors import DataError
from fashionviz.models.ropanet import TRUNK, Branches
from fashionviz.studies import ropanet as study
from fashionviz.studies.record import Figure, read_record
from fashionviz.training.feature_material import FeaturePhotos
from fashionviz.training.starts import Start

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]
DOCS = Path(__file__).parents[2] / "docs/studies"


def _photos(count: int, seed: int) -> FeaturePhotos:
    """Categories that are written into the first channels; half of the photos have landmarks."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, count)
    features = rng.random((count, 2048, 8, 8)).astype(np.float16) * 0.1
    for i, label in enumerate(labels):
        features[i, 100 * label : 100 * (label + 1)] += 1
    points = np.full((count, 8, 2), np.nan, np.float32)
    points[::2] = rng.random((len(points[::2]), 8, 2))
    present = np.where(np.isfinite(points[..., 0]), 1, -1).astype(np.int8)
    return FeaturePhotos(features, labels, points, present, np.full(count, 0.7, np.float32))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two rows on forty photos; what was trained is listed."""
    rows = (
        study.Row("as in the paper", branches=Branches(side=75), changes=(*study._AS_PAPER, ("epochs", 1)), photos=24),
        study.Row("baseline, 24 photos", study.BASELINE, None, (("epochs", 2),), 24, "ladder"),
    )
    trained: list[str] = []

    def network_of(
        model: str, start: Start, build: Callable[[int], nn.Module], factor: float = 1.0
    ) -> tuple[nn.Module, str]:
        torch.manual_seed(0)
        network = build(50)
        assert network.frozen == TRUNK, "the study's features are the last module's"
        for name in network.frozen:
            network.get_submodule(name).requires_grad_(False)
        return network.eval(), "made-up"

    def fit(recipe: object, *given: object, **options: object) -> object:
        trained.append(recipe.model)
        return really(replace(recipe, batch=8, ema_decay=0.5), *given, **options)

    really = study.fit
    monkeypatch.setattr(study, "ROWS", rows)
    monkeypatch.setattr(study, "frozen_network", network_of)
    monkeypatch.setattr(study, "fit", fit)
    monkeypatch.setattr(study, "LADDER", 40)
    monkeypatch.setattr(study, "splits_of", lambda recipe, *a: ([_photos(recipe.photos[0][1], 1)], _photos(16, 2)))
    monkeypatch.setattr(study, "starting_weights", lambda *a: Start("inception_v3.tags", Path("x"), "5a" * 32))
    return trained


def test_rows_are_trained_once_and_the_page_is_their_record(small: list[str], tmp_path: Path) -> None:
    record = study.run_ropanet(tmp_path)
    assert small == [study.ROPANET, study.BASELINE]
    gated, plain = record.rows
    assert (record.n, record.with_landmarks) == (16, 8)
    assert gated.photos == plain.photos == 24
    assert gated.landmark_error is not None
    assert gated.gate == pytest.approx(0.5, abs=0.1), "a gate that has hardly learned is half open"
    assert (plain.landmark_error, plain.gate) == (None, None)
    assert plain.top5.value == 1.0, "categories that are written into the features are learned"
    assert read_record(tmp_path / "ropanet.json", study.RopaNetRecord) == record
    page = (tmp_path / "ropanet.md").read_text()
    assert page == study.ropanet_page(record)
    assert "| as in the paper |" in page
    assert "| baseline, 24 photos | 24 |" in page
    assert "Not finished" not in page
    assert "Of the changes made alone" not in page, "there is none"
    halves = [
        gated.model_copy(update={"name": f"change {v}", "top5": Figure(value=v, ci95=(v, v))}) for v in (0.5, 0.7)
    ]
    said = study._finding([gated, *halves])[0]
    assert f"“change 0.7” raises top-5 most, from {gated.top5.value:.3f} to 0.700; the next, “change 0.5”, to" in said
    begun = study.ropanet_page(record.model_copy(update={"rows": (gated,)}))
    assert "Not finished: baseline, 24 photos. The same command goes on." in begun

    assert study.run_ropanet(tmp_path) == record
    assert len(small) == 2, "finished rows are not trained again"
    (tmp_path / "ropanet.json").write_text("{")
    with pytest.raises(DataError, match="cannot be read"):
        study.run_ropanet(tmp_path)


def test_every_row_changes_what_it_says() -> None:
    first, *others = [row for row in study.ROWS if row.part == "ablation"]
    settings = [str(row.settings()) for row in study.ROWS]
    assert len(set(settings)) == len(settings)
    assert (first.recipe().landmark_steps, first.branches) == (2, Branches(gate=True, width=6, pool="avg", side=75))
    assert others[0].branches == Branches(), "the paper's own"
    assert not next(row for row in others if row.name == "without the gate").branches.gate
    assert [row.name for row in study.ROWS if row.branches and row.branches.learned] == [
        "the same, and the trunk's last three modules learn, too: as served, but for the maps"
    ]
    assert next(row for row in others if row.name.startswith("three")).recipe().landmark_steps == 3
    assert {row.recipe().photos for row in (first, *others)} == {(("fpi-large", study.PHOTOS),)}, "all on the same ones"
    ladder = [row.recipe() for row in study.ROWS if row.part == "ladder"]
    assert {recipe.epochs for recipe in ladder} == {20}, "a hundred photos are one step an epoch"
    assert [recipe.subsample for recipe in ladder] == [100, 1000, 5000]
    assert all(
        "256 outputs" in row.name or "baseline" in row.name or "same" in row.name for row in others if not row.alone
    )
    assert sum(row.alone for row in others) == 8
    none = next(row for row in others if row.name == "no landmark loss").recipe()
    assert none.place_weight == none.presence_weight == none.landmark_steps == 0


def test_the_committed_page_is_its_record() -> None:
    record = read_record(DOCS / "ropanet.json", study.RopaNetRecord)
    if record is None:
        assert not (DOCS / "ropanet.md").exists(), "a page without a record"
        return
    assert (DOCS / "ropanet.md").read_text() == study.ropanet_page(record), "run `fashionviz study ropanet`"
