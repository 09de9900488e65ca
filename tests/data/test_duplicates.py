"""Duplicates between splits: what is the same picture is found, what is empty or only alike is not called the same."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from fashionviz.data import duplicates
from fashionviz.data.commands import data_app
from fashionviz.data.duplicates import Found, Pair, Thresholds, find_duplicates, load_pictures, matched, search
from fashionviz.data.perceptual import Signatures, colour_distance
from fashionviz.errors import DataError, InvalidRequest
from fashionviz.evaluation.leakage import study_thresholds
from tests.data.altered import Pixels, garments, jpeg, naive_hamming, png, recoloured, resaved, small
from tests.reports import N, write_made_up_report

MODEL = "mobilenet_v2.gender_category"


@pytest.fixture(scope="module")
def drawn() -> dict[str, Pixels]:
    return garments()


# Search


def made_up(rng: np.random.Generator, n: int) -> Signatures:
    """Hashes within a few bits of three others, so that every distance from 0 to about 10 occurs."""
    bases = np.array([0, 2**64 - 1, 0x0F0F0F0F00FF00FF], dtype=np.uint64)
    flips = [sum(1 << int(b) for b in set(rng.integers(0, 64, rng.integers(0, 6)).tolist())) for _ in range(n)]
    colours = rng.normal(50, 3, (n, 8, 8, 3)).astype(np.float32)
    return Signatures(bases[rng.integers(0, 3, n)] ^ np.array(flips, dtype=np.uint64), colours, rng.random(n) < 0.2)


def brute(a: Signatures, b: Signatures, bits: int) -> set[tuple[int, int, int]]:
    pairs = [(i, j) for i in range(len(a)) for j in range(len(b)) if not (a.blank[i] or b.blank[j])]
    return {(i, j, d) for i, j in pairs if (d := naive_hamming(int(a.hashes[i]), int(b.hashes[j]))) <= bits}


def triples(found: Found) -> set[tuple[int, int, int]]:
    return {(int(i), int(j), int(d)) for i, j, d in zip(found.rows, found.matches, found.bits, strict=True)}


@pytest.mark.parametrize("at_once", [1, 100, 10**6])
def test_search_finds_what_a_plain_loop_finds(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(duplicates, "_AT_ONCE", at_once)
    monkeypatch.setattr(duplicates, "_COLOURS_AT_ONCE", max(3, at_once // 10))
    a, b = made_up(rng, 30), made_up(rng, 41)
    found, back = (search(x, y, Thresholds(4), keep=1000) for x, y in ((a, b), (b, a)))
    assert triples(found) == brute(a, b, 4)
    assert triples(back) == {(j, i, d) for i, j, d in triples(found)}  # the same from the other side
    assert found.total == len(found.rows) > 50
    assert found.colours == pytest.approx(colour_distance(a.colours[found.rows], b.colours[found.matches]))


def test_a_limit_keeps_the_closest(rng: np.random.Generator) -> None:
    a, b = made_up(rng, 30), made_up(rng, 60)
    limits = Thresholds(6, 4.2)
    every, some = search(a, b, limits, keep=1000), search(a, b, limits, keep=3)
    assert some.total == every.total
    for row in np.unique(every.rows):
        of_all, of_some = np.flatnonzero(every.rows == row), np.flatnonzero(some.rows == row)
        rank = sorted((every.colours[k] > 4.2, every.bits[k], every.colours[k], every.matches[k]) for k in of_all)
        kept = [(some.colours[k] > 4.2, some.bits[k], some.colours[k], some.matches[k]) for k in of_some]
        assert kept == rank[:3]


def test_nothing_to_search(rng: np.random.Generator) -> None:
    a = made_up(rng, 5)
    none = Signatures(a.hashes[:0], a.colours[:0], a.blank[:0])
    blank = Signatures(a.hashes, a.colours, np.ones(5, dtype=bool))
    for x, y in ((a, none), (none, a), (none, none), (a, blank), (blank, a)):
        found = search(x, y, Thresholds(64))
        assert (found.total, len(found.rows), len(found.colours)) == (0, 0, 0)


@pytest.mark.parametrize("values", [{"bits": -1}, {"bits": 65}, {"colour": -0.1}, {"colour": math.nan}])
def test_thresholds_that_make_no_sense(values: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        Thresholds(**values)


# Splits


def write(folder: Path, split: str, rows: list[tuple[str, bytes]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    table = {
        "id": [i for i, _ in rows],
        "image": [{"bytes": b, "path": f"{i}.jpg"} for i, b in rows],
        "articleType": [i.split("_")[0] for i, _ in rows],
    }
    pq.write_table(pa.table(table), folder / f"{split}-00000-of-00001.parquet", row_group_size=4)


@pytest.fixture
def folder(drawn: dict[str, Pixels], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data set named fpi: five of eight test pictures lie in train in one way or another."""
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FASHIONVIZ_DATA", str(tmp_path))
    white = np.full((80, 60, 3), 255, dtype=np.uint8)
    dress, skirt, hat, shirt, heel = (small(drawn[k]) for k in ("dress", "skirt", "hat", "shirt", "heel"))
    test = [
        ("dress_same", jpeg(dress, 90)),
        ("skirt_pixels", png(skirt)),
        ("hat_near", png(hat)),
        ("skirt_variant", png(recoloured(skirt))),
        ("shirt_alone", png(shirt)),
        ("white_paper", png(white)),
        ("broken_file", b"no picture"),
        ("heel_mirrored", png(heel[:, ::-1])),
    ]
    train = [
        ("sneaker_1", png(small(drawn["sneaker"]))),
        ("white_1", png(white)),
        ("white_2", jpeg(white, 90)),
        ("dress_1", jpeg(dress, 90)),
        ("skirt_1", png(skirt) + b"\0"),  # other bytes, the same pixels
        ("hat_1", png(small(resaved(drawn["hat"])))),
        ("heel_1", png(heel)),
    ]
    write(tmp_path / "fpi", "test", test)
    write(tmp_path / "fpi", "train", train)
    return tmp_path / "fpi"


def test_levels(folder: Path) -> None:
    found = find_duplicates(load_pictures("fpi", "test"), load_pictures("fpi", "train"))
    assert (found.n, found.n_against) == (8, 7)
    assert found.blank == ("white_paper", "broken_file")
    assert found.blank_against == 2
    seen = [(p.id, p.match, p.level, p.same_bytes) for p in found.pairs]
    assert seen == [
        ("dress_same", "dress_1", "exact", True),
        ("skirt_pixels", "skirt_1", "exact", False),
        ("hat_near", "hat_1", "near", False),
        ("skirt_variant", "skirt_1", "variant", False),
    ]
    assert found.items("exact") == {"dress_same", "skirt_pixels"}
    assert found.items("near") == found.items("exact") | {"hat_near"}
    assert found.items("variant") == found.items("near") | {"skirt_variant"}
    for pair in found.pairs:
        if pair.level == "exact":
            assert (pair.hash_distance, pair.colour_distance) == (0, pytest.approx(0, abs=1e-3))
        else:
            assert (pair.colour_distance <= 5) == (pair.level == "near")
    document = json.loads(json.dumps(found.to_json()))
    assert document["items"] == {"exact": 2, "near": 3, "variant": 4}
    assert document["compared"] == 6
    assert [Pair(**p) for p in document["pairs"]] == list(found.pairs)


def test_the_other_way_round_it_is_the_same(folder: Path) -> None:
    test, train = load_pictures("fpi", "test"), load_pictures("fpi", "train")
    one, back = find_duplicates(test, train), find_duplicates(train, test)
    assert {(p.id, p.match, p.level, p.hash_distance) for p in one.pairs} == {
        (p.match, p.id, p.level, p.hash_distance) for p in back.pairs
    }


def test_wider_and_narrower_thresholds(folder: Path) -> None:
    test, train = load_pictures("fpi", "test"), load_pictures("fpi", "train")
    strict = find_duplicates(test, train, Thresholds(0, 0.0))
    assert strict.items("exact") == {"dress_same", "skirt_pixels"}
    assert "hat_near" not in strict.items("near")
    everything = find_duplicates(test, train, Thresholds(64, 1000.0))
    assert everything.pairs_found == 6 * 5  # all but the blank ones
    assert len(everything.items("near")) == 6


def test_splits_without_a_match(folder: Path, drawn: dict[str, Pixels]) -> None:
    write(folder, "validation", [("jacket_1", png(small(drawn["jacket"])))])
    found = find_duplicates(load_pictures("fpi", "validation"), load_pictures("fpi", "train"))
    assert (found.pairs, found.pairs_found) == ((), 0)
    assert found.to_json()["items"] == {"exact": 0, "near": 0, "variant": 0}
    write(folder, "extra", [("white_1", png(np.full((80, 60, 3), 255, dtype=np.uint8)))])
    found = find_duplicates(load_pictures("fpi", "extra"), load_pictures("fpi", "train"))
    assert (found.pairs, found.blank, found.to_json()["compared"]) == ((), ("white_1",), 0)


def test_sets_that_cannot_be_compared(folder: Path, tmp_path: Path) -> None:
    test = load_pictures("fpi", "test")
    with pytest.raises(InvalidRequest, match="against itself"):
        find_duplicates(test, test)
    pq.write_table(pa.table({"id": [1]}), tmp_path / "bare-00000-of-00001.parquet")
    with pytest.raises(DataError, match="no column 'image'"):
        load_pictures(tmp_path / "bare-00000-of-00001.parquet", "bare")


def test_matched_takes_closer_levels_in() -> None:
    pairs = [Pair(i, "x", 0, 0.0, level) for i, level in (("a", "variant"), ("b", "exact"), ("a", "near"))]
    assert matched(pairs, "exact") == {"b"}
    assert matched(pairs, "near") == {"a", "b"}
    assert matched([], "variant") == frozenset()


# Command


def run(*arguments: str) -> Any:
    return CliRunner().invoke(data_app, ["duplicates", *arguments])


def test_command_json(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(tmp_path / "weights"))
    write_made_up_report(tmp_path / "weights" / MODEL)
    monkeypatch.setitem(study_thresholds.__kwdefaults__, "pairs", 20_000)
    result = run("fpi", "--model", MODEL, "--thresholds", "--json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["items"] == {"exact": 2, "near": 3, "variant": 4}
    assert document["model"] == MODEL
    # Every fourth answer of the made-up report is wrong, and none of its items is one of these pictures.
    accuracy = {part["of"]: (part["count"], part["n"]) for part in document["accuracy"]}
    assert accuracy["all"] == accuracy["without a near-duplicate"] == (N * 3 // 4, N)
    assert accuracy["with a near-duplicate"] == (0, 0)
    assert document["study"]["column"] == "articleType"
    plain = json.loads(run(str(folder), "--bits", "0", "--colour", "0", "--json").stdout)
    assert plain["thresholds"] == {"bits": 0, "colour": 0.0}
    assert "accuracy" not in plain
    assert "study" not in plain


def test_command_tables(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(tmp_path / "weights"))
    write_made_up_report(tmp_path / "weights" / MODEL)
    monkeypatch.setitem(study_thresholds.__kwdefaults__, "pairs", 20_000)
    result = run("fpi", "-m", MODEL, "--thresholds")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == ""
    for words in ("Of 6 pictures of fpi test, in train (7)", "66.7%", "without a near-duplicate", "random pairs"):
        assert words in result.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["fpi", "--split", "train"], 2, "against itself"),
        (["fpi", "--bits", "65"], 2, "64 bits"),
        (["fpi", "--against", "holdout"], 2, "no split 'holdout'"),
        (["nowhere"], 2, "data fetch"),
        (["fpi", "--model", MODEL, "--split", "train", "--against", "test"], 2, "is about fpi test"),
        (["fpi", "--model", "nosuch.model"], 2, "nosuch.model"),
    ],
)
def test_command_mistakes(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    status: int,
    words: str,
) -> None:
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(tmp_path / "weights"))
    write_made_up_report(tmp_path / "weights" / MODEL)
    result = run(*arguments)
    assert result.exit_code == status
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_command_without_a_report(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(tmp_path / "nothing"))
    result = run("fpi", "--model", MODEL)
    assert result.exit_code == 2
    assert "has no report" in result.stderr
