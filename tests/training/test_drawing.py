"""Training generators: exact resume, warnings, installation, a user's own folder."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from fashionviz.data.examples import KINDS, draw
from fashionviz.drawing_results import DrawingReport
from fashionviz.errors import DataError, InvalidRequest
from fashionviz.evaluation.drawing_report import FILM, save_film
from fashionviz.generate.draw import draw_pixels
from fashionviz.generate.latents import latents_of
from fashionviz.inference.engine import Engine
from fashionviz.models.drawing_weights import JUDGE_FILE, load_judge
from fashionviz.models.generators import Generator, GeneratorSpec, get_generator
from fashionviz.models.preprocess import letterbox
from fashionviz.results import ModelRef
from fashionviz.training.drawing_install import install_generator, starting_generator
from fashionviz.training.drawing_module import DrawingGame, falling
from fashionviz.training.drawing_own import own_name, photos_from_folder, train_on_folder
from fashionviz.training.drawing_photos import DrawingBatches, Photos
from fashionviz.training.drawing_recipes import DRAWING_RECIPES, DrawingRecipe
from fashionviz.training.drawing_run import collapse_warning, networks_of, train_generator
from fashionviz.training.vary import vary
from tests.conftest import MODEL
from tests.drawn import CONDITIONAL, PLAIN
from tests.figures.test_drawings import made_up

# Lightning's advice: folders that are not empty, networks in evaluation mode, data loaders without processes.
pytestmark = [pytest.mark.filterwarnings("ignore::UserWarning"), pytest.mark.filterwarnings("ignore::FutureWarning")]


def photos(n: int, classes: int = 6) -> Photos:
    rng = np.random.default_rng(n)
    pixels = rng.integers(0, 256, (n, 64, 64, 3), dtype=np.uint8)
    return Photos(pixels, np.arange(n) % classes, np.arange(n), None)


def quick(name: str) -> tuple[DrawingRecipe, GeneratorSpec]:
    recipe = replace(
        DRAWING_RECIPES[name], epochs=3, per_epoch=None, batch=8, scored=16, start=None, guides=(), warm_up=1
    )
    return recipe, get_generator(name)


@pytest.mark.parametrize("name", [PLAIN, CONDITIONAL])
def test_a_resumed_run_draws_the_same(tmp_path: Path, name: str) -> None:
    recipe, spec = quick(name)
    recipe = replace(recipe, fall=0.9)  # within the first epoch, too, after which the run is cut
    kept = photos(16), photos(24)
    whole = train_generator(recipe, spec, *kept, folder=tmp_path / "whole", on_epoch=lambda *_: None)
    train_generator(recipe, spec, *kept, epochs=1, folder=tmp_path / "cut", on_epoch=lambda *_: None)
    resumed = train_generator(recipe, spec, *kept, resume=True, folder=tmp_path / "cut", on_epoch=lambda *_: None)
    assert [row["epoch"] for row in resumed.history] == [0, 1, 2]
    assert resumed.history == whole.history
    assert np.array_equal(resumed.film, whole.film)
    assert whole.film.shape == (3, 36, 64, 64, 3)
    states = [torch.load(tmp_path / run / "last.ckpt", weights_only=True)["state_dict"] for run in ("whole", "cut")]
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    before = spec.make().state_dict()
    assert any(
        not torch.equal(before[k.removeprefix("generator.")], v) for k, v in states[0].items() if "generator" in k
    )
    generator, judge = networks_of(whole.best, spec)
    assert not generator.training
    assert judge is not None
    assert not judge.training
    assert (tmp_path / "whole" / "epoch-003.png").is_file()


def test_the_rates_fall_to_nothing_at_last(tmp_path: Path) -> None:
    assert [falling(done, 0.25) for done in (0.0, 0.5, 0.75, 0.875, 1.0)] == [1.0, 1.0, 1.0, 0.5, 0.0]
    recipe, spec = quick(CONDITIONAL)
    assert recipe.fall > 0
    train_generator(recipe, spec, photos(16), photos(24), folder=tmp_path, on_epoch=lambda *_: None)  # 2 steps each
    states = torch.load(tmp_path / "last.ckpt", weights_only=True)["optimizer_states"]
    rates = [state["param_groups"][0]["lr"] for state in states]
    last = falling(5 / 6, recipe.fall)  # of the last step
    assert 0 < last < 1
    assert rates == pytest.approx([recipe.rate * last, (recipe.judge_rate or 0) * last])


def test_the_discriminator_warms_up_alone_and_a_guide_is_heard_but_not_kept(
    random_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(random_weights))
    recipe, spec = quick(CONDITIONAL)
    recipe = replace(recipe, guides=(MODEL,), guiding=1.0, naming=0.0, rate=1e-3, fall=0.0)
    batch = DrawingBatches(recipe, spec, photos(24))[0]

    def after(steps: int, **changed: float) -> tuple[dict[str, torch.Tensor], dict[str, float], DrawingGame]:
        torch.manual_seed(0)
        game = DrawingGame(spec.make(), spec, replace(recipe, **changed))
        optimisers, told = game.configure_optimizers(), {}
        monkeypatch.setattr(game, "optimizers", lambda: optimisers)
        monkeypatch.setattr(game, "manual_backward", lambda loss: loss.backward())
        monkeypatch.setattr(game, "log_dict", lambda losses, **_: told.update(losses))
        for step in range(steps):
            torch.manual_seed(step)
            game.training_step(batch, step)
        return {k: v.clone() for k, v in game.generator.named_parameters()}, told, game

    start = after(0)[0]
    warm, told, game = after(1)
    assert all(torch.equal(start[k], warm[k]) for k in start), "the first step is the discriminator's alone"
    assert "guided" not in told
    assert not any("guide" in key for key in game.state_dict())
    guided, told, game = after(2)
    assert any(not torch.equal(start[k], guided[k]) for k in start)
    unheard = after(2, guiding=0.0)[0]
    assert any(not torch.equal(guided[k], unheard[k]) for k in start)
    assert 0 < float(told["guided"]) < 10
    assert all(p.grad is None for p in game.guides[0].parameters())


def test_a_run_goes_on_with_the_discriminator_the_history_and_the_film(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(tmp_path / "weights"))
    recipe, spec = quick(CONDITIONAL)
    recipe = replace(recipe, epochs=2, start=CONDITIONAL, warm_up=4, rate=0.02)  # so that frames differ
    assert starting_generator(recipe, None) == (None, None), "there is nothing to go on from yet"
    kept = photos(16), photos(24)
    scratch = train_generator(recipe, spec, *kept, folder=tmp_path / "one", on_epoch=lambda *_: None)
    assert len(scratch.history) == 2, "from nothing both learn at once"

    judges: list[nn.Module] = []

    def measure(name: str, *, generator: Generator, judge: nn.Module, sha256: str) -> DrawingReport:
        judges.append(judge)
        return replace(made_up(), model=ModelRef(name, sha256))

    monkeypatch.setattr("fashionviz.training.drawing_install.evaluate_drawings", measure)
    first = install_generator(recipe, spec, scratch, command="none", start=None)
    shipped = load_judge(CONDITIONAL)
    asked = torch.rand(4, 3, 64, 64), torch.arange(4)
    with torch.no_grad():
        assert torch.equal(judges[0](*asked)[1], shipped(*asked)[1]), "it is measured with what is shipped"
    path, started = starting_generator(recipe, None)
    assert started == CONDITIONAL
    went_on = train_generator(recipe, spec, *kept, start=path, folder=tmp_path / "two", on_epoch=lambda *_: None)
    assert "generator_loss" in went_on.history[0], "the discriminator came trained: no warm-up"
    second = install_generator(recipe, spec, went_on, command="none", start=started)
    epochs = [row["epoch"] for row in second.recipe["history"]]
    assert epochs == [0, 1, 2, 3]
    assert second.recipe["history"][:2] == first.recipe["history"]
    assert Image.open(tmp_path / "weights" / CONDITIONAL / FILM).n_frames == 4
    (tmp_path / "weights" / CONDITIONAL / JUDGE_FILE).unlink()
    alone = train_generator(recipe, spec, *kept, start=path, folder=tmp_path / "three", on_epoch=lambda *_: None)
    assert len(alone.history) == len(alone.film) == 1, "both epochs are the discriminator's: nothing new was drawn"
    assert "generator_loss" not in alone.history[0]


def test_a_batch_depends_on_recipe_epoch_and_step_alone() -> None:
    recipe, spec = quick(CONDITIONAL)
    batches = DrawingBatches(recipe, spec, photos(24))
    first, again = batches[4], DrawingBatches(recipe, spec, photos(24))[4]
    for a, b in zip(first, again, strict=True):
        assert torch.equal(a, b)
    assert len(batches) == 3
    assert first.images.abs().max() <= 1
    assert not torch.equal(first.z, batches[5].z)
    with pytest.raises(DataError, match="too few"):
        DrawingBatches(recipe, spec, photos(7))


def row(epoch: int, **facts: float) -> dict[str, float]:
    return {"epoch": epoch, "spread": 0.9, "real_found": 0.8, "drawn_found": 0.8, **facts}


def test_a_collapse_is_said_in_words() -> None:
    assert collapse_warning([]) is None
    assert collapse_warning([row(0)]) is None
    said = collapse_warning([row(0), row(1, spread=0.2)])
    assert said is not None
    assert "Epoch 2" in said
    assert "20%" in said
    won = [row(k, real_found=1.0, drawn_found=0.995) for k in range(3)]
    assert collapse_warning(won[:2]) is None
    assert "has won" in str(collapse_warning(won))


def test_variation_lets_gradients_through_and_keeps_white() -> None:
    torch.manual_seed(0)
    images = torch.full((4, 3, 16, 16), 1.0, requires_grad=True)
    shown = vary(images, light=0.0)
    assert shown.shape == images.shape
    assert torch.allclose(shown, torch.ones_like(shown), atol=1e-6)
    shown.sum().backward()
    assert images.grad is not None
    assert images.grad.abs().sum() > 0
    dot = torch.zeros(64, 3, 16, 16)
    dot[:, :, 8, 8] = -1
    places = {int(p) for p in vary(dot, shift=0.2, light=0.0).mean(dim=1).flatten(1).argmin(dim=1)}
    assert len(places) > 10


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "My shop!"
    (place / "more").mkdir(parents=True)
    for seed in range(110):
        target = place / ("more" if seed % 2 else "") / f"{seed}.png"
        Image.fromarray(draw(KINDS[seed % len(KINDS)], seed)).resize((48, 64)).save(target)
    (place / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    (place / "again.png").write_bytes((place / "0.png").read_bytes())
    return place


def test_a_folder_of_ones_own(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASHIONVIZ_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("FASHIONVIZ_CACHE", str(tmp_path / "cache"))
    like = get_generator(PLAIN)
    learn, choose = photos_from_folder(folder, like)
    assert len(learn) + len(choose) == 110
    assert 3 <= len(choose) <= 25
    first = letterbox(np.asarray(Image.open(folder / "0.png").convert("RGB")), (64, 64))[0]
    assert any(np.array_equal(first, p) for p in np.concatenate([learn.pixels, choose.pixels]))
    heard: list[tuple[int, int]] = []
    recipe = replace(DRAWING_RECIPES[PLAIN], scored=16)
    monkeypatch.setitem(DRAWING_RECIPES, PLAIN, recipe)
    said = train_on_folder(folder, epochs=2, on_epoch=lambda *told: heard.append(told))
    name = own_name(folder)
    assert name == "dcgan.my_shop"
    assert name in said
    assert heard == [(1, 2), (2, 2)]
    card = json.loads((tmp_path / "weights" / name / "card.json").read_text())
    assert card["recipe"]["like"] == PLAIN
    assert str(tmp_path) not in json.dumps(card)
    assert (tmp_path / "weights" / name / "film.webp").is_file()
    engine = Engine()
    info = next(info for info in engine.generators() if info.name == name)
    assert info.trained
    assert "trained here" in info.title
    drawn = engine.generate(name, n=2).pixels
    engine.close()
    assert drawn.shape == (2, 64, 64, 3)
    assert not any(info.name == name for info in Engine().models())


def test_a_film_has_a_frame_an_epoch(tmp_path: Path) -> None:
    film = np.random.default_rng(0).integers(0, 256, (4, 36, 64, 64, 3), dtype=np.uint8)
    save_film(film, tmp_path / "film.webp")
    shown = Image.open(tmp_path / "film.webp")
    assert shown.n_frames == 4
    assert shown.size == (6 * 66 - 2, 6 * 66 - 2)


def test_few_pictures_are_too_few(tmp_path: Path) -> None:
    Image.fromarray(draw(KINDS[0], 1)).save(tmp_path / "1.png")
    with pytest.raises(DataError, match="1 different pictures"):
        photos_from_folder(tmp_path, get_generator(PLAIN))
    with pytest.raises(InvalidRequest, match="of the project"):
        train_on_folder(tmp_path / "all")


def test_pictures_do_not_depend_on_the_batch() -> None:
    spec = get_generator(CONDITIONAL)
    torch.manual_seed(1)
    generator = spec.make().eval()
    latents = latents_of(list(range(10)), spec.latent)
    classes = np.arange(10) % 6
    whole = draw_pixels(generator, latents, classes)
    pieces = draw_pixels(generator, latents, classes, batch=3)
    assert np.abs(whole.astype(int) - pieces).max() <= 1
