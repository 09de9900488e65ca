"""The taggers' studies: committed records and pages."""

from pathlib import Path

import pytest

from fashionviz.data.tags import shipped_vocabulary
from fashionviz.evaluation.tagging_report import load_tagging_report
from fashionviz.studies import tag_baseline, tag_grid
from fashionviz.studies.tag_baseline import baseline_page, load_baseline
from fashionviz.studies.tag_grid import RUNS, grid_page, load_grid

DOCS = Path(__file__).parents[2] / "docs" / "studies"


def test_the_committed_grid_and_its_page_are_current() -> None:
    grid = load_grid(DOCS / "tags.json")
    if grid is None:
        assert not (DOCS / "tags.md").exists(), "a page without a record"
        pytest.skip("fashionviz study tags has not been run")
    assert [row.run for row in grid.rows] == [run.key() for run in RUNS], "run `fashionviz study tags`"
    assert grid.backbone == tag_grid.BACKBONE.title
    assert (DOCS / "tags.md").read_text() == grid_page(grid, shipped_vocabulary()), "run `fashionviz study tags`"


def test_the_committed_baselines_and_their_page_are_current() -> None:
    record = load_baseline(DOCS / "tags-baseline.json")
    if record is None:
        assert not (DOCS / "tags-baseline.md").exists(), "a page without a record"
        pytest.skip("fashionviz study tags-baseline has not been run")
    report = load_tagging_report(tag_baseline.MODEL)
    assert report is not None
    assert record.sha256 == report.model.sha256, "another tagger since: run `fashionviz study tags-baseline`"
    assert [row.backbone for row in record.baselines] == [b.title for b in tag_baseline.BACKBONES]
    assert (DOCS / "tags-baseline.md").read_text() == baseline_page(record), "run `fashionviz study tags-baseline`"
