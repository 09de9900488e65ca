"""The studies of vectors on a small catalogue: rows, resumption, pages; what is compared by hand."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from fashionviz.data import cutouts
from fashionviz.models.registry import get_model
from fashionviz.studies import embeddings as study
from fashionviz.studies import narrowing
from fashionviz.studies.embedding_nets import Comparer, learned_similarity
from fashionviz.studies.embedding_record import TRIALS, EmbeddingRecord
from fashionviz.studies.embeddings_page import embeddings_page
from fashionviz.studies.narrowing import NarrowingRecord, narrowed_ranks, narrowing_page, run_narrowing
from fashionviz.studies.record import read_record
from fashionviz.training.starts import Start
from tests.conftest import make_weights
from tests.evaluation.test_retrieval import at
from tests.items import item_house

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]
DOCS = Path(__file__).parents[2] / "docs/studies"


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FASHIONVIZ_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setattr(cutouts, "PATCHES", 12)
    item_house(tmp_path / "data")
    return tmp_path


def test_rows_are_trained_once_and_the_page_is_their_record(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(3)
    path = house / "start.safetensors"
    save_file(get_model(study.CLASSIFIER).build().state_dict(), path)
    names = ("imagenet", "autoencoder", "items", "facenet-hardest", "ours", "installed")
    really, measured = study.measure, []

    def measure(trial: study.Trial, stage: study.Stage) -> study.TrialResult:
        measured.append(trial.name)
        return really(trial, stage)

    monkeypatch.setattr(study, "TRIALS", tuple(t for t in TRIALS if t.name in names))
    for constant, value in (("EPOCHS", 2), ("ITEMS", 8), ("QUERIES", 4)):
        monkeypatch.setattr(study, constant, value)
    monkeypatch.setattr(study, "starting_weights", lambda *a: Start("imagenet", path, "5a" * 32))
    monkeypatch.setattr(study, "measure", measure)
    record = study.run_embeddings(house)
    assert [row.name for row in record.rows] == measured == list(names[:-1]), "what is not trained is left out"
    assert (record.queries, record.gallery) == (4, 4)
    rows = {row.name: row for row in record.rows}
    assert [rows[n].dimensions for n in names[:-1]] == [1280, 128, 1280, 256, 256]
    assert rows["imagenet"].seconds == 0
    assert rows["ours"].norm == pytest.approx(1, abs=1e-3)
    assert rows["facenet-hardest"].margin == 0.2
    assert rows["facenet-hardest"].settings["normalised"] is False
    assert rows["ours"].margin is None
    assert all(row.recall_at_10.value == row.learned_at_10.value == 1 for row in record.rows), "of four items"
    assert read_record(house / "embeddings.json", EmbeddingRecord) == record
    page = (house / "embeddings.md").read_text()
    assert page == embeddings_page(record)
    assert "synthetic" in page
    assert "How a collapse looks" in page
    measured.clear()
    assert study.run_embeddings(house) == record
    assert not measured, "finished rows are kept"


def test_a_comparer_learns_which_pairs_belong_together(rng: np.random.Generator) -> None:
    items = rng.normal(size=(128, 8)).astype(np.float32)
    queries = items + 0.1 * rng.normal(size=items.shape).astype(np.float32)
    network = learned_similarity(queries, items, epochs=120)
    numbers = np.arange(128)
    places = study.compared(network, queries, items, numbers, numbers)
    assert np.median(places) <= 3, "by chance it would be 64"
    plain = Comparer(8, hidden=2)
    odds = plain(torch.from_numpy(queries[:3]), torch.from_numpy(items[:5]))
    both = plain.last((plain.query(torch.from_numpy(queries[1])) + plain.item(torch.from_numpy(items[4]))).relu())
    assert odds.shape == (3, 5)
    assert float(odds[1, 4]) == pytest.approx(float(both), abs=1e-5)
    still = study.compared(replace_weights(plain), queries[:4], items[:4], numbers[:4], numbers[:4])
    assert still.tolist() == [4] * 4, "equal odds find nothing"


def replace_weights(network: Comparer) -> Comparer:
    """The same with zeros."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
    return network


def test_narrowed_ranks_by_hand() -> None:
    gallery, queries = at(0, 30, 60, 90), at(10, 80)
    numbers, shelves = np.arange(4), np.array([5, 6, 5, 6])
    places, kept = narrowed_ranks(queries, gallery, np.array([2, 0]), numbers, np.array([[5], [6]]), shelves)
    # From 10 degrees only the items at 0 and 60 are looked in; from 80 the item at 0 is on another shelf.
    assert places.tolist() == [2, 5]
    assert kept.tolist() == [True, False]
    both, kept = narrowed_ranks(queries, gallery, np.array([2, 0]), numbers, np.array([[5, 6], [6, 5]]), shelves)
    assert both.tolist() == [3, 4]
    assert kept.all()


def test_narrowing_is_measured_and_written(house: Path) -> None:
    make_weights(house / "weights", narrowing.MODEL)
    make_weights(house / "weights", narrowing.CATEGORIES)
    record = run_narrowing(house)
    assert [row.width for row in record.rows] == [None, 1, 2, 3]
    assert (record.queries, record.gallery) == (8, 16)
    whole = record.rows[0]
    assert (whole.kept.value, whole.share) == (1.0, 1.0)
    assert whole.recall[-1].value == 1.0, "among sixteen items each is among twenty"
    shares = [row.share for row in record.rows[1:]]
    assert shares == sorted(shares)
    assert all(row.recall[-1].value == row.kept.value for row in record.rows)
    assert all(row.search_ms > 0 for row in record.rows)
    assert read_record(house / "narrowing.json", NarrowingRecord) == record
    assert (house / "narrowing.md").read_text() == narrowing_page(record)


@pytest.mark.parametrize(
    ("name", "kind", "page"),
    [("embeddings", EmbeddingRecord, embeddings_page), ("narrowing", NarrowingRecord, narrowing_page)],
)
def test_the_committed_page_is_its_records(name: str, kind: type, page: object) -> None:
    record = read_record(DOCS / f"{name}.json", kind)
    if record is None:
        assert not (DOCS / f"{name}.md").exists(), "a page without a record"
        pytest.skip(f"fashionviz study {name} has not been run")
    assert (DOCS / f"{name}.md").read_text() == page(record), f"run `fashionviz study {name}`"  # type: ignore[operator]
