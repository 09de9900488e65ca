"""The README says what the repository does: its figures are the cards', its commands exist."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from typer.testing import CliRunner

from bench.results import BLOCK, README, table
from fashionviz.cli import app
from fashionviz.data.street_tags import STREET_TAGS
from fashionviz.evaluation.results_page import results_page

ROOT = Path(__file__).resolve().parents[1]


def test_the_figures_are_those_of_the_cards() -> None:
    found = BLOCK.search(README.read_text())
    assert found is not None
    assert found[0] == found[1] + table() + found[2], "run `python -m bench.results`"


def test_the_sentence_on_the_tagger_counts_its_names() -> None:
    assert f"of {len(STREET_TAGS)} names of garments" in README.read_text()


def test_pictures_and_links_exist() -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)]+)\)", README.read_text()):
        assert (ROOT / target).exists(), target


def test_commands_exist() -> None:
    commands = set(re.findall(r"^(?:\.venv/bin/)?fashionviz ([a-z]+)", README.read_text(), re.MULTILINE))
    helped = CliRunner().invoke(app, ["--help"]).output
    assert commands
    for command in commands:
        assert re.search(rf"\b{command}\b", helped), command


def test_make_targets_exist() -> None:
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in set(re.findall(r"`make ([a-z-]+)`", README.read_text())):
        assert f"make {target}" in listed, target


def test_nothing_of_this_machine_stands_in_the_repository() -> None:
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, files.split("\0")):
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".txt", ".json", ".html", ".css", ".js"} and path.exists():
            text = path.read_text()
            assert "/work/" + "main" not in text, name
            assert "/root" + "/" not in text, name


def test_weights_stay_within_their_bounds() -> None:
    sizes = {p: p.stat().st_size for p in (ROOT / "weights").rglob("*") if p.is_file()}
    assert max(sizes.values()) <= 95 * 2**20
    assert sum(sizes.values()) <= 400 * 2**20
    mobile = ROOT / "weights" / "mobilenet_v2.gender_category" / "model.safetensors"
    assert sizes[mobile] <= 8 * 2**20


def test_the_page_of_results_is_current() -> None:
    page = README.parent / "docs" / "results.md"
    assert page.read_text() == results_page(), "run `fashionviz report`"
