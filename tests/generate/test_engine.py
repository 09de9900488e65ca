"""The engine's calls of drawing, on untrained networks."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from fashionviz.data.examples import draw
from fashionviz.errors import Cancelled, InvalidRequest, ModelNotTrained, UnknownModel, WeightsError
from fashionviz.generate.latents import latent_of
from fashionviz.generate.limits import MAX_DRAWINGS
from fashionviz.images import from_pixels
from fashionviz.inference.config import EngineConfig
from fashionviz.inference.engine import Engine
from fashionviz.models.drawing_weights import JUDGE_FILE
from fashionviz.models.weights import FILE
from fashionviz.results import Progress
from tests.drawn import ALONE, CONDITIONAL, PLAIN, make_generator


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generators")
    for name in (CONDITIONAL, PLAIN, ALONE):
        make_generator(folder, name)
    return folder


@pytest.fixture
def engine(weights: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(weights))
    made = Engine()
    yield made
    made.close()


def test_generators_are_listed_with_what_they_draw(engine: Engine) -> None:
    infos = {info.name: info for info in engine.generators()}
    assert infos[CONDITIONAL].default
    assert infos[CONDITIONAL].trained
    assert not infos["dcgan.women_accessories"].trained
    assert infos[PLAIN].judged
    assert "not a person" in infos[ALONE].note
    assert engine.generator().name == CONDITIONAL
    with pytest.raises(UnknownModel):
        engine.generator("dcgan.shoes")


def test_a_seed_gives_one_picture_whatever_is_drawn_beside_it(engine: Engine) -> None:
    many = engine.generate(seed=3, n=5)
    alone = engine.generate(points=["6"])
    assert np.array_equal(many.drawings[3].pixels, alone.drawings[0].pixels)
    assert many.drawings[3].label == alone.drawings[0].label
    assert [d.point for d in many.drawings] == ["3", "4", "5", "6", "7"]
    assert many.pixels.shape == (5, 64, 64, 3)
    assert not np.array_equal(many.pixels[0], many.pixels[1])
    other = Engine()
    assert np.array_equal(other.generate(seed=3, n=1).pixels[0], many.pixels[0])
    other.close()


def test_classes_take_turns_unless_one_is_asked_for(engine: Engine) -> None:
    turns = [d.label for d in engine.generate(seed=0, n=7).drawings]
    assert turns[0] == turns[6]
    assert len(set(turns)) == 6
    assert {d.label for d in engine.generate(label="Men/Apparel", n=3).drawings} == {"Men/Apparel"}
    assert engine.generate(PLAIN, n=1).drawings[0].label is None
    assert engine.generate(ALONE, n=1, label="Men/Apparel").drawings[0].label == "Men/Apparel"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"n": 0}, "One to"),
        ({"n": MAX_DRAWINGS + 1}, "One to"),
        ({"seed": -1}, "A seed is"),
        ({"label": "Hats"}, "draws no 'Hats'"),
        ({"model": PLAIN, "label": "Men/Apparel"}, "cannot be asked"),
        ({"model": ALONE, "label": "Women/Apparel"}, "It draws Men/Apparel"),
        ({"truncation": 0.0}, "truncation"),
        ({"truncation": float("nan")}, "truncation"),
        ({"points": []}, "One to"),
        ({"points": ["seven"]}, "no point"),
        ({"points": ["z:AAAA"], "label": "Men/Apparel"}, "latent"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(engine: Engine, asked: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        engine.generate(**asked)  # type: ignore[arg-type]


def test_an_untrained_generator_draws_nothing(engine: Engine) -> None:
    with pytest.raises(ModelNotTrained, match="fashionviz train"):
        engine.generate("dcgan.women_accessories")


def test_damaged_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = make_generator(tmp_path, PLAIN)
    data = bytearray((target / FILE).read_bytes())
    data[-1] ^= 1
    (target / FILE).write_bytes(data)
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(tmp_path))
    with pytest.raises(WeightsError, match="damaged"):
        Engine().generate(PLAIN)


def test_a_walk_passes_its_keys(engine: Engine) -> None:
    walk = engine.walk(["1", "2", "5>1@0.5"], steps=4)
    assert len(walk.frames) == 12
    keys = engine.generate(points=list(walk.keys))
    for number, drawing in enumerate(keys.drawings):
        assert drawing.label == walk.labels[number]
        assert np.abs(walk.frames[4 * number].astype(int) - drawing.pixels).max() <= 1
    straight = engine.walk(["1", "2"], steps=4, loop=False, label="Men/Other")
    assert len(straight.frames) == 5
    ends = engine.generate(points=["1", "2"], label="Men/Other").pixels
    assert np.array_equal(straight.frames[-1], ends[1])
    for points, words in ((["1"], "2 to 8"), ([str(k) for k in range(9)], "2 to 8")):
        with pytest.raises(InvalidRequest, match=words):
            engine.walk(points)
    with pytest.raises(InvalidRequest, match="steps"):
        engine.walk(["1", "2"], steps=1)


def test_stages_end_in_the_picture(engine: Engine) -> None:
    for model in (CONDITIONAL, PLAIN):
        found = engine.formation("4", model)
        drawn = engine.generate(model, points=["4"]).drawings[0]
        assert np.array_equal(found.pixels, drawn.pixels)
        last = found.stages[-1]
        assert last.name == "picture"
        assert np.abs((last.maps.transpose(1, 2, 0) + 1) * 127.5 - found.pixels).max() <= 0.51
        assert [s.maps.shape[1] for s in found.stages][:3] == [4, 8, 16]
        assert tuple(s.name for s in found.stages) == engine.drawing_stages(model)


def test_filters_are_those_of_the_stage(engine: Engine) -> None:
    assert engine.drawing_filters(PLAIN).weights.shape == (32, 3, 4, 4)
    assert engine.drawing_filters(PLAIN).first
    inner = engine.drawing_filters(PLAIN, "8x8")
    assert inner.weights.shape == (128, 256, 4, 4)
    assert not inner.first
    seen = engine.drawing_filters(PLAIN, part="discriminator")
    assert seen.weights.shape == (32, 3, 4, 4)
    assert seen.first
    with pytest.raises(InvalidRequest, match="no stage"):
        engine.drawing_filters(PLAIN, "9x9")


def test_a_discriminator_judges_any_picture(engine: Engine) -> None:
    drawn = engine.generate(PLAIN, n=1).drawings[0]
    found = engine.judge(from_pixels(drawn.pixels), PLAIN)
    assert np.array_equal(found.pixels, drawn.pixels)
    assert found.probability == pytest.approx(1 / (1 + np.exp(-found.logit)))
    assert found.stages[0].maps.shape == (32, 32, 32)
    conditional = engine.judge(from_pixels(drawn.pixels), CONDITIONAL)
    assert [stage.name for stage in conditional.stages] == ["32x32", "16x16", "8x8", "4x4", "logit"]
    assert np.isfinite(conditional.logit)


def test_without_its_discriminator_nobody_judges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_generator(tmp_path, CONDITIONAL)
    (folder / JUDGE_FILE).unlink()
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**card, "judge_sha256": None, "judge_dtype": None}))
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(tmp_path))
    alone = Engine(EngineConfig(device="cpu"))
    with pytest.raises(InvalidRequest, match="No discriminator"):
        alone.judge(from_pixels(draw("dress", 0)), CONDITIONAL)
    drawn = alone.generate(CONDITIONAL, seed=3, n=1)
    assert drawn.judge is None
    first = alone._drawer(CONDITIONAL).picture(latent_of(3, 128), torch.eye(6)[3])
    assert np.array_equal(drawn.drawings[0].pixels, first), "nobody chooses: a seed's first latent is drawn"
    alone.close()


def test_the_way_back_comes_nearer(engine: Engine) -> None:
    drawn = engine.generate(PLAIN, seed=500, n=1).drawings[0]
    heard: list[Progress] = []
    found = engine.invert(from_pixels(drawn.pixels), PLAIN, steps=30, on_progress=heard.append)
    assert found.distances[-1] < 0.5 * found.distances[0]
    assert np.array_equal(found.target, drawn.pixels)
    again = engine.generate(PLAIN, points=[found.point])
    assert np.array_equal(again.pixels[0], found.pixels)
    assert heard[-1].done == heard[-1].total == 30
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        engine.invert(from_pixels(drawn.pixels), PLAIN, cancel=stop)
    with pytest.raises(Cancelled):
        engine.generate(n=3, cancel=stop)


def test_a_conditional_one_chooses_the_class(engine: Engine) -> None:
    drawn = engine.generate(label="Women/Other", seed=11, n=1).drawings[0]
    found = engine.invert(from_pixels(drawn.pixels), steps=10, label="Women/Other")
    assert found.label == "Women/Other"
    assert engine.invert(from_pixels(drawn.pixels), steps=5).label in engine.generator().classes
