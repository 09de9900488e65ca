"""Which tags get thresholds of their own: the comparison on made-up probabilities, and the committed page."""

from pathlib import Path

import numpy as np
import pytest

from fashionviz.errors import DataError
from fashionviz.evaluation.multilabel import Counts, choose_thresholds
from fashionviz.studies.record import read_record
from fashionviz.studies.tag_thresholds import Thresholds, cross_validated, thresholds_page

DOCS = Path(__file__).parents[2] / "docs/studies"


@pytest.fixture
def noise() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One frequent tag that is seen, thirty rare ones that are guessed."""
    rng = np.random.default_rng(4)
    true = rng.random((80, 31)) < np.array([0.5] + [0.03] * 30)
    probabilities = rng.random((80, 31)) * 0.3
    probabilities[:, 0] += 0.6 * true[:, 0]
    return probabilities, true, np.ones_like(true)


def test_thresholds_fitted_to_a_photo_or_two_say_too_much(noise: tuple[np.ndarray, ...]) -> None:
    own, shared = (cross_validated(*noise, least, repeats=3) for least in (0, 8))
    assert own.said > 3 * shared.said
    assert shared.micro_f1 > own.micro_f1 + 0.2
    # On the very photos they were chosen on, the fitted ones look better: what cross-validation is for.
    fitted, common = (
        Counts.of(noise[0] >= choose_thresholds(*noise, few), noise[1], noise[2], 0).f1.mean() for few in (0, 8)
    )
    assert fitted > common


def test_the_committed_page_is_its_record() -> None:
    record = read_record(DOCS / "thresholds.json", Thresholds)
    assert record is not None
    assert (DOCS / "thresholds.md").read_text() == thresholds_page(record), "run `fashionviz study thresholds`"


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    assert read_record(tmp_path / "none.json", Thresholds) is None
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(DataError, match="--overwrite"):
        read_record(tmp_path / "bad.json", Thresholds)
