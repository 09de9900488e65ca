"""Why an item is like a garment: the library, and the command."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import fashionviz.inference.engine as engines
from fashionviz.cli import app
from fashionviz.errors import Cancelled, DataError, InvalidRequest, ModelNotTrained
from fashionviz.images import decode, encode_png
from fashionviz.inference.engine import Engine
from fashionviz.match import why
from fashionviz.match.catalogue import Catalogue, create_catalogue, facts_for
from fashionviz.match.errors import EmbedderMismatch, NotExplained, UnknownItem
from fashionviz.match.pictures import picture_of
from fashionviz.match.results import CatalogueItem
from fashionviz.match.store import NewItem
from fashionviz.match.why import METHOD, methods_of, why_match, why_not
from fashionviz.results import ModelRef
from tests.conftest import MODEL as CLASSIFIER
from tests.items import garment
from tests.match.shop import EMBEDDER, PHOTO, open_shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, Catalogue]]:
    root = tmp_path_factory.mktemp("why")
    with pytest.MonkeyPatch.context() as patch:
        engine, catalogue = open_shop(root / "weights", root / "catalogues", patch)
        yield engine, catalogue
        engine.close()


def test_the_maps_are_the_engines_and_the_similarity_that_of_the_vectors(shop: tuple[Engine, Catalogue]) -> None:
    engine, catalogue = shop
    photo = decode(PHOTO)
    assert why_not(catalogue, engine) == ""
    result = why_match(photo, catalogue, "two.png", engine, box=(10, 20, 80, 110), method="gradient")
    assert (result.catalogue, result.item.id, result.box) == ("shop", "two.png", (10, 20, 80, 110))
    assert result.notes == (why._SMALL,)
    small = decode(picture_of(catalogue, "two.png"))
    expected = engine.explain_match(photo.crop((10, 20, 80, 110)), small, method="gradient")
    assert result.explanation.similarity == pytest.approx(expected.similarity, abs=1e-6)
    for name in ("query", "item"):
        assert getattr(result.explanation, name) == pytest.approx(getattr(expected, name), abs=1e-6)
    whole = why_match(photo, catalogue, "one.png", engine, method="gradient")
    assert whole.explanation.similarity > 0.9, "it is the photo, but for the thumbnail's encoding"
    assert METHOD in methods_of(catalogue)
    assert list(methods_of(catalogue))[-1] in ("occlusion", "smoothgrad", "integrated-gradients"), "slow ones last"


def test_what_cannot_be_explained_is_one_sentence(
    shop: tuple[Engine, Catalogue], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, catalogue = shop
    photo = decode(PHOTO)
    with pytest.raises(UnknownItem, match="no item 'nine'"):
        why_match(photo, catalogue, "nine", engine)
    with pytest.raises(InvalidRequest, match="no method"):
        why_match(photo, catalogue, "one.png", engine, method="wishes")
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        why_match(photo, catalogue, "one.png", engine, method="occlusion", cancel=stop)

    def of(name: str, sha256: str) -> Catalogue:
        ref = ModelRef(name, sha256)
        made = create_catalogue(tmp_path / sha256[0], facts_for(ref, 2, cropper="whole photo", source="a test"))
        with made.writer() as writer:
            writer.add([NewItem(CatalogueItem("bare"), np.array([1.0, 0.0], np.float32))])
        return made

    with pytest.raises(NotExplained, match=f"features of the classifier {CLASSIFIER}"):
        why_match(photo, of(CLASSIFIER, "c" * 64), "bare", engine)
    other = of(EMBEDDER, "d" * 64)
    with pytest.raises(EmbedderMismatch, match="other weights"):
        why_match(photo, other, "bare", engine)
    assert "other weights" in why_not(other, engine)
    same = of(EMBEDDER, catalogue.embedder.sha256)
    with pytest.raises(UnknownItem, match="no picture of 'bare'"):
        why_match(photo, same, "bare", engine)
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(tmp_path))
    with pytest.raises(ModelNotTrained, match="is not installed here"):
        why_match(photo, catalogue, "one.png", engine)


def test_the_part_that_was_embedded_is_compared(
    shop: tuple[Engine, Catalogue], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, catalogue = shop
    item = CatalogueItem("one.png", box=(10.0, 20.0, 60.0, 100.0))
    small, notes = why._picture(catalogue, item)
    assert (small.width, small.height, notes) == (
        50,
        80,
        (why._SMALL,),
    )  # the picture was small enough to be kept as it was
    monkeypatch.setattr(why, "picture_of", lambda held, i: encode_png(garment(0, (224, 168))))
    whole, notes = why._picture(catalogue, item)
    assert (whole.width, whole.height) == (168, 224)
    assert notes == (why._SMALL, why._UNCUT)
    public = replace(item, source="fpi:test:7")
    monkeypatch.setattr(why, "item_photo", lambda ref: decode(encode_png(garment(0, (400, 300)))))
    photo, notes = why._picture(catalogue, public)
    assert (photo.width, photo.height, notes) == (50, 80, ())

    def missing(ref: object) -> None:
        raise DataError("It is not here.")

    monkeypatch.setattr(why, "item_photo", missing)
    assert why._picture(catalogue, public)[1] == (why._SMALL, why._UNCUT)


def test_the_command_writes_both_pictures(
    shop: tuple[Engine, Catalogue], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "_shared", shop[0])
    photo, out = tmp_path / "mine.png", tmp_path / "why.png"
    photo.write_bytes(PHOTO)
    asked = ["match-why", str(photo), "--catalogue", "shop", "--item", "two.png", "--method", "gradient"]
    run = CliRunner().invoke(app, [*asked, "--out", str(out), "--box", "10,20,80,110", "--json"])
    assert run.exit_code == 0, run.output
    body = json.loads(run.stdout)
    assert (body["catalogue"], body["item"]["id"], body["box"]) == ("shop", "two.png", [10, 20, 80, 110])
    assert (body["model"], body["sha256"]) == (EMBEDDER, shop[1].embedder.sha256)
    assert body["shape"] == [2, 3, 128, 96]
    with Image.open(out) as picture:
        assert picture.height > 400
        assert picture.width > picture.height, "two pictures, side by side"
    run = CliRunner().invoke(app, [*asked, "--out", str(tmp_path / "why.npy")])
    assert run.exit_code == 0
    assert f"{np.load(tmp_path / 'why.npy').shape}" == "(2, 3, 128, 96)"
    assert "two.png: similarity 0." in run.stdout
    for words, sentence in (
        (["--out", "a.jpg"], "must end in .png"),
        (["--out", str(out), "--style", "loud"], "--style must be one of overlay, signed"),
    ):
        run = CliRunner().invoke(app, [*asked, *words])
        assert run.exit_code == 2
        assert sentence in run.stderr.replace("\n", " ")
