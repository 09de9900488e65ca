"""A catalogue: what is added is found, by brute force as the reference, also after changes and through an index."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from fashionviz.errors import FashionvizError, InvalidRequest
from fashionviz.match import catalogue as module
from fashionviz.match.build import open_for_build
from fashionviz.match.catalogue import Catalogue, delete_catalogue, facts_for, open_catalogue
from fashionviz.match.curve import MatchCurve
from fashionviz.match.errors import (
    CatalogueBusy,
    CatalogueDamaged,
    CatalogueReadOnly,
    EmbedderMismatch,
    UnknownCatalogue,
    UnknownItem,
)
from fashionviz.match.places import FILE
from fashionviz.match.protocols import WholePhoto
from fashionviz.match.sources import MemorySource
from fashionviz.match.store import Refusal
from fashionviz.match.vectors import pack, unpack
from fashionviz.results import ModelRef
from tests.match.fakes import DIM, REF, Colours, made, many, new, unit


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FASHIONVIZ_CATALOGUES", str(tmp_path / "catalogues"))
    return tmp_path / "catalogues"


def brute(held: dict[str, np.ndarray], query: np.ndarray, k: int) -> list[str]:
    return sorted(held, key=lambda i: -float(held[i] @ query))[:k]


def test_search_is_brute_force_by_cosine(tmp_path: Path) -> None:
    vectors, queries = unit(300), unit(25, seed=1)
    catalogue = made(tmp_path / "c")
    with catalogue.writer() as writer:
        writer.add(many(vectors))
    held = {f"i{n}": vector for n, vector in enumerate(vectors)}
    for query, hits in zip(queries, catalogue.search(queries, 7), strict=True):
        assert list(hits.ids) == brute(held, query, 7)
        assert hits.scores == pytest.approx([held[i] @ query for i in hits.ids], abs=2e-3)
        assert (np.diff(hits.scores) <= 0).all()
    only = {i: v for i, v in held.items() if int(i[1:]) % 3 == 1}
    assert list(catalogue.search(queries[:1], 5, "c1")[0].ids) == brute(only, queries[0], 5)
    two = {i: v for i, v in held.items() if int(i[1:]) % 3 != 1}
    assert list(catalogue.search(queries[:1], 5, ("c0", "c2"))[0].ids) == brute(two, queries[0], 5)
    assert catalogue.search(queries[:1], 5, "none of these")[0].ids == ()
    assert len(catalogue.search(queries[:1], 1000)[0].ids) == 300


@pytest.mark.parametrize("exact_below", [1000, 60])
def test_whatever_is_added_replaced_and_removed_a_search_sees_it_at_once(tmp_path: Path, exact_below: int) -> None:
    made(tmp_path / "c")
    catalogue = Catalogue(tmp_path / "c", exact_below=exact_below)
    rng = np.random.default_rng(0)
    held: dict[str, np.ndarray] = {}
    for step in range(12):
        fresh = unit(30, seed=step)
        names = [f"i{n}" for n in rng.choice(200, 30, replace=False)]
        with catalogue.writer() as writer:
            writer.add([new(i, vector) for i, vector in zip(names, fresh, strict=True)])
            held |= dict(zip(names, fresh, strict=True))
            gone = [str(i) for i in rng.choice(sorted(held), 8, replace=False)]
            assert writer.remove([*gone, "never there"]) == ("never there",)
            for i in gone:
                del held[i]
            writer.index()
        query = unit(1, seed=100 + step)
        found = catalogue.search(query, 10)[0]
        assert list(found.ids) == brute(held, query[0], 10)
        assert len(catalogue) == len(held)
    again = Catalogue(tmp_path / "c", exact_below=exact_below)
    assert again.search(query, 10)[0].ids == found.ids
    assert (again.info().index == "exact") == (exact_below == 1000)
    assert len(list((tmp_path / "c").glob("index-*"))) == (exact_below == 60)


def test_the_approximate_index_finds_nearly_all_and_its_scores_are_the_vectors_own(tmp_path: Path) -> None:
    centres = unit(40, seed=5)
    vectors = np.repeat(centres, 100, axis=0) + 0.15 * unit(4000, seed=6)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    made(tmp_path / "c")
    approximate = Catalogue(tmp_path / "c", exact_below=1000)
    exact = Catalogue(tmp_path / "c", exact_below=10_000)
    with approximate.writer() as writer:
        writer.add(many(vectors))
        assert writer.index()
        assert not writer.index()  # it is not due again
    queries = vectors[::50] + 0.1 * unit(80, seed=7)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    for category in (None, "c1"):
        found, true = approximate.search(queries, 10, category), exact.search(queries, 10, category)
        recall = np.mean([len(set(a.ids) & set(b.ids)) / 10 for a, b in zip(found, true, strict=True)])
        assert recall > 0.9
        assert found[0].scores[0] == pytest.approx(true[0].scores[0], abs=1e-6)
    assert approximate._snapshot is not None
    assert not approximate._snapshot.exact
    assert exact._snapshot is not None
    assert exact._snapshot.exact


def test_a_missing_or_damaged_index_changes_nothing_but_time(tmp_path: Path) -> None:
    vectors = unit(200)
    made(tmp_path / "c")
    first = Catalogue(tmp_path / "c", exact_below=100)
    with first.writer() as writer:
        writer.add(many(vectors))
        writer.index()
    wanted = first.search(unit(1, seed=3), 10)[0].ids
    (index,) = (tmp_path / "c").glob("index-*")
    index.write_bytes(b"not an index")
    assert Catalogue(tmp_path / "c", exact_below=100).search(unit(1, seed=3), 10)[0].ids == wanted
    index.unlink()
    assert Catalogue(tmp_path / "c", exact_below=100).search(unit(1, seed=3), 10)[0].ids == wanted


def test_metadata_thumbnails_refusals_and_info(tmp_path: Path) -> None:
    catalogue = made(tmp_path / "c")
    with catalogue.writer() as writer:
        writer.add([new("a/1 é.jpg", unit(1)[0], "tops", price=19.9, colour=None)], [Refusal("b", "It is damaged.")])
    item = catalogue.items(["a/1 é.jpg", "nothing"])["a/1 é.jpg"]
    assert (item.category, item.title, item.metadata) == ("tops", "Item a/1 é.jpg", {"price": 19.9, "colour": None})
    assert catalogue.thumbnails(["a/1 é.jpg", "nothing"]) == {"a/1 é.jpg": "picture of a/1 é.jpg".encode()}
    assert catalogue.page()[0] == item
    assert catalogue.page("other") == []
    assert catalogue.refusals() == [Refusal("b", "It is damaged.")]
    info = catalogue.info()
    assert (info.items, info.thumbnails, info.refused, info.calibrated) == (1, 1, 1, False)
    assert info.categories == {"tops": 1}
    assert info.embedder == REF
    with catalogue.writer() as writer:
        writer.add([new("b", unit(1)[0])])
    assert catalogue.refusals() == []
    with pytest.raises(UnknownItem, match="has no item"):
        catalogue.vectors(["nothing"])
    assert catalogue.vectors(["b"])[0] == pytest.approx(unit(1)[0], abs=1e-3)


@pytest.mark.parametrize(
    "vector",
    [np.zeros(DIM), np.full(DIM, np.nan), np.full(DIM, 2.0), unit(1, DIM + 1)[0]],
    ids=["collapsed", "no number", "too long", "other dim"],
)
def test_vectors_that_are_none_are_refused_and_nothing_is_added(tmp_path: Path, vector: np.ndarray) -> None:
    catalogue = made(tmp_path / "c")
    with pytest.raises(InvalidRequest), catalogue.writer() as writer:
        writer.add([new("bad", vector.astype(np.float32))])
    with pytest.raises(InvalidRequest), catalogue.writer() as writer:
        writer.add([new("twice", unit(1)[0]), new("twice", unit(1)[0])])
    assert len(catalogue) == 0


def test_int8_and_fp16_keep_the_order(tmp_path: Path) -> None:
    vectors = unit(500, 64)
    for packing, off in (("float16", 1e-3), ("int8", 1.5e-2)):
        back = unpack(pack(vectors, packing), packing, 64)
        assert np.abs(back - vectors).max() < off
        assert np.linalg.norm(back, axis=1) == pytest.approx(1, abs=1e-6)
        assert (vectors @ back.T).argmax(axis=1).tolist() == list(range(500))


def test_another_network_or_other_weights_are_refused_in_words(tmp_path: Path) -> None:
    catalogue = made(tmp_path / "c")
    catalogue.check(REF)
    with pytest.raises(EmbedderMismatch, match=r"made with colours\.item; vectors of other\.item cannot"):
        catalogue.check(ModelRef("other.item", "a" * 64))
    with pytest.raises(EmbedderMismatch, match=r"other weights of colours\.item \(aaaaaaaa…\).*\(bbbbbbbb…\)"):
        catalogue.check(ModelRef("colours.item", "b" * 64))


def test_probabilities_come_from_a_curve_of_these_weights_or_not_at_all(tmp_path: Path) -> None:
    catalogue = made(tmp_path / "c")
    assert catalogue.curve() is None
    with pytest.raises(EmbedderMismatch), catalogue.writer() as writer:
        writer.calibrate(MatchCurve(10, -5, 100, "pairs", "b" * 64))
    curve = MatchCurve(10, -5, 100, "pairs", "a" * 64)
    with catalogue.writer() as writer:
        writer.calibrate(curve)
    assert catalogue.curve() == curve
    assert catalogue.info().calibrated
    assert curve.probability(0.5) == 0.5
    assert curve.probability(0.7) == pytest.approx(1 / (1 + np.exp(-2)))
    assert MatchCurve(1e4, 0, 1, "", "").probability(-1) == 0


def test_one_writer_at_a_time_and_readers_are_not_held_up(tmp_path: Path) -> None:
    catalogue = made(tmp_path / "c")
    with catalogue.writer() as writer:
        writer.add(many(unit(20)))
        with pytest.raises(CatalogueBusy, match=r"written by another program \(process \d+, since"):
            catalogue.writer().__enter__()
        with catalogue.store.writing() as db:  # in the middle of a transaction
            db.execute("DELETE FROM items")
            answers: list[int] = []
            reader = threading.Thread(target=lambda: answers.append(len(catalogue.search(unit(1), 5)[0].ids)))
            reader.start()
            reader.join(10)
            assert answers == [5]
            db.execute("ROLLBACK")
            db.execute("BEGIN")
    with catalogue.writer():
        pass


def test_names_opening_deleting(root: Path) -> None:
    with pytest.raises(UnknownCatalogue, match="there is none yet"):
        open_catalogue("demo")
    for name in ("../etc", "", "A", "x" * 65, "a/b"):
        with pytest.raises(InvalidRequest, match="no name of a catalogue"):
            open_catalogue(name)
    made(root / "mine")
    assert open_catalogue("mine") is open_catalogue("mine")
    with pytest.raises(UnknownCatalogue, match="there are mine"):
        open_catalogue("other")
    delete_catalogue("mine")
    assert not (root / "mine").exists()
    with pytest.raises(UnknownCatalogue):
        open_catalogue("mine")


def test_begun_anew_nothing_of_the_old_one_is_found(tmp_path: Path) -> None:
    catalogue = made(tmp_path / "c")
    with catalogue.writer() as writer:
        writer.add(many(unit(30)))
    assert catalogue.search(unit(1), 3)[0].ids
    other = ModelRef("other.item", "c" * 64)
    with catalogue.writer() as writer:
        writer.reset(facts_for(other, 4, cropper="whole photo", source="x"))
        writer.add([new("only", unit(1, 4)[0])])
    assert catalogue.search(unit(1, 4), 3)[0].ids == ("only",)
    assert catalogue.embedder == other


def test_a_damaged_file_is_one_sentence(tmp_path: Path) -> None:
    made(tmp_path / "c")
    (tmp_path / "c" / FILE).write_bytes(b"SQLite format 3\x00" + b"\x07" * 5000)
    with pytest.raises(CatalogueDamaged, match="is damaged"):
        Catalogue(tmp_path / "c")
    (tmp_path / "c" / FILE).write_bytes(b"")
    with pytest.raises(FashionvizError, match=r"\.$"):
        Catalogue(tmp_path / "c")
    (tmp_path / "c" / FILE).write_bytes(b"nothing of ours")
    source = MemorySource([], "nothing")
    with pytest.raises(CatalogueDamaged):
        open_for_build(tmp_path / "c", source, Colours(), WholePhoto())
    assert len(open_for_build(tmp_path / "c", source, Colours(), WholePhoto(), overwrite=True)) == 0


def test_what_came_with_the_package_is_read_only_and_leaves_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue = made(tmp_path / "shipped" / "fpi")
    with catalogue.writer() as writer:
        writer.add(many(unit(5)))
    monkeypatch.setattr(module, "is_shipped", lambda folder: True)
    before = sorted(p.name for p in (tmp_path / "shipped" / "fpi").iterdir())
    shipped = Catalogue(tmp_path / "shipped" / "fpi", read_only=True)
    assert len(shipped.search(unit(1), 5)[0].ids) == 5
    with pytest.raises(CatalogueReadOnly, match="came with fashionviz"), shipped.writer() as writer:
        writer.remove(["i0"])
    assert sorted(p.name for p in (tmp_path / "shipped" / "fpi").iterdir()) == before
