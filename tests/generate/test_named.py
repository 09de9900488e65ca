"""A drawing's name carries all that it depends on, and leads to the same picture everywhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fashionviz.errors import InvalidRequest, ModelNotTrained, UnknownModel
from fashionviz.generate import examples
from fashionviz.generate.examples import CHOSEN, TRUNCATION, example_drawings, example_refs
from fashionviz.generate.named import DrawnRef, drawn_photo, is_drawn, parse_drawn
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from fashionviz.photo_files import read_photo
from tests.drawn import CONDITIONAL, PLAIN, make_generator


@pytest.mark.parametrize(
    "ref",
    [
        DrawnRef(CONDITIONAL, "Women/Apparel", None, "7"),
        DrawnRef(CONDITIONAL, None, 0.7, "7>12@0.3"),
        DrawnRef(PLAIN, None, None, "7>(3>4@0.5)@0.3"),
        DrawnRef(CONDITIONAL, "Men/Other", 1.5, "z:ADwAPAA8"),  # a point with a colon
    ],
)
def test_a_name_is_read_back(ref: DrawnRef) -> None:
    assert is_drawn(str(ref))
    assert parse_drawn(str(ref)) == ref


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("drawn:7", "names no drawing"),
        (f"drawn:{CONDITIONAL}:Hats::7", "draws no 'Hats'"),
        (f"drawn:{CONDITIONAL}:Men/Other:much:7", "no truncation"),
        (f"drawn:{PLAIN}:::seven", "is no point"),
    ],
)
def test_what_is_no_name_is_said_in_words(text: str, says: str) -> None:
    with pytest.raises(InvalidRequest, match=says):
        parse_drawn(text)
    with pytest.raises(UnknownModel):
        parse_drawn("drawn:pix2pix.all:::7")


def test_the_words_say_by_what_and_from_what() -> None:
    ref = DrawnRef(CONDITIONAL, "Women/Apparel", None, "123")
    assert ref.words == f"drawn by {CONDITIONAL}, seed 123, Women/Apparel"


def test_a_name_leads_to_the_engines_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(tmp_path))
    make_generator(tmp_path, CONDITIONAL)
    made = Engine(EngineConfig(device="cpu"))
    monkeypatch.setattr("fashionviz.inference.engine.shared_engine", lambda: made)
    ref = DrawnRef(CONDITIONAL, "Men/Apparel", 0.7, "7>12@0.3")
    wanted = made.generate(CONDITIONAL, label="Men/Apparel", points=["7>12@0.3"], truncation=0.7).pixels[0]
    assert np.array_equal(drawn_photo(ref, made).pixels, wanted)
    assert np.array_equal(read_photo(str(ref)).pixels, wanted)  # what a page says runs in Python too
    refs = example_refs()
    assert [(ref.label, int(ref.point)) for ref in refs] == list(CHOSEN)
    drawings = example_drawings(made)
    assert [(d.label, int(d.point)) for d in drawings] == list(CHOSEN)
    first = made.generate(CONDITIONAL, label=CHOSEN[0][0], seed=CHOSEN[0][1], n=1, truncation=TRUNCATION)
    assert np.array_equal(drawings[0].pixels, first.pixels[0])
    assert examples.short_words(str(refs[0])) == f"{CHOSEN[0][0]}, seed {CHOSEN[0][1]}"
    made.close()


def test_without_weights_there_are_no_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(tmp_path))
    made = Engine(EngineConfig(device="cpu"))
    assert example_refs() == example_drawings(made) == ()
    with pytest.raises(ModelNotTrained):
        drawn_photo(DrawnRef(CONDITIONAL, None, None, "7"), made)
    made.close()
