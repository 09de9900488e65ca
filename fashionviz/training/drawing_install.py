"""From a run to ``weights/NAME``: generator, discriminator, film, report, card; what ``train`` does of one."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch
from torch import nn

from fashionviz.drawing_results import DrawingReport
from fashionviz.errors import WeightsError
from fashionviz.evaluation.drawing_report import FILM, save_drawing_report, save_film
from fashionviz.evaluation.drawings import evaluate_drawings
from fashionviz.generate.draw import draw_pixels
from fashionviz.generate.latents import latents_of
from fashionviz.models.card import Metric
from fashionviz.models.drawing_card import GeneratorCard, GoldenDrawing, load_generator_card
from fashionviz.models.drawing_weights import JUDGE_FILE, fill
from fashionviz.models.generators import Generator, GeneratorSpec, get_generator
from fashionviz.models.weights import FILE, is_trained, model_folder, save_weights
from fashionviz.training.cards import LICENCE
from fashionviz.training.drawing_photos import photos_for
from fashionviz.training.drawing_recipes import DRAWING_RECIPES, DrawingRecipe
from fashionviz.training.drawing_run import DrawingResult, drawing_folder, networks_of, train_generator
from fashionviz.training.loop import machine_facts

log = logging.getLogger(__name__)

INTENDED_USE = "Seeing what a generative network learns from a catalogue, in teaching and research; drawing examples."
_GOLDEN = 7


def _words(spec: GeneratorSpec) -> tuple[str, str]:
    """Description and limits."""
    what = ", ".join(spec.learns) if spec.learns and not spec.classes else "the whole catalogue"
    asked = " It is asked for one of six classes." if spec.classes else ""
    if spec.tries > 1:
        asked += f" Of a seed's {spec.tries} latents its discriminator takes the one it names most surely as asked."
    return (
        f"Draws garments of 64×64 pixels on white from random numbers, learned from catalogue photos of {what}.{asked} "
        "Men and Women name the department an item is sold in, not a person.",
        "Its pictures are small and often misshapen, more so of rare kinds; faces and people that appear are nobody's. "
        "Nothing that it draws can be bought. How far its pictures are from photos, and how like training items, is in "
        "the report; the distances are in the features that the report names and not comparable with published ones.",
    )


def drawing_metrics(report: DrawingReport) -> tuple[Metric, ...]:
    """The figures of a card, each with its interval and the command that prints it."""
    command = f"fashionviz evaluate {report.model.name} --data {report.data_set} --split {report.split}"

    def metric(name: str, value: float, interval: tuple[float, float], n: int) -> Metric:
        return Metric(
            name=name, value=value, ci95=interval, n=n, data_set=report.data_set, split=report.split, command=command
        )

    drawn = report.distance("drawn")
    found = [
        metric("frechet_distance", drawn.frechet, drawn.frechet_ci95, drawn.n),
        metric("kernel_distance", drawn.kernel, drawn.kernel_ci95, drawn.n),
    ]
    rates = {
        "precision_of_drawings": report.precision,
        "recall_of_photos": report.recall,
        "class_agreement": report.agreement,
        "near_copies": report.near_copies,
    }
    found += [metric(name, rate.value, rate.ci95, rate.n) for name, rate in rates.items() if rate is not None]
    return tuple(found)


def install_generator(
    recipe: DrawingRecipe, spec: GeneratorSpec, result: DrawingResult, *, command: str, start: str | None = None
) -> GeneratorCard:
    """Write what a run made; the installed one stays until all is complete.

    Raises:
        DataError: the splits that the report needs are not there.
    """

    def measured(card: GeneratorCard, served: Generator, judge: nn.Module | None, fresh: Path) -> GeneratorCard:
        report = evaluate_drawings(spec.name, generator=served, judge=judge, sha256=card.sha256)
        save_drawing_report(report, fresh)
        return card.model_copy(update={"metrics": drawing_metrics(report)})

    generator, _ = networks_of(result.best, spec)
    before = model_folder(spec.name) if start == spec.name else None
    card = _card(recipe, spec, generator, result, command, start, before)
    return _store(recipe, spec, result, card, measured, before)


Measured = Callable[[GeneratorCard, Generator, nn.Module | None, Path], GeneratorCard]


def _store(
    recipe: DrawingRecipe,
    spec: GeneratorSpec,
    result: DrawingResult,
    card: GeneratorCard,
    measured: Measured | None,
    before: Path | None = None,
) -> GeneratorCard:
    """Weights, film and card into a folder that takes the installed one's place when it is complete."""
    generator, judge = networks_of(result.best, spec)
    folder = model_folder(spec.name)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-") as made:
        fresh = Path(made) / spec.name
        stored = save_weights(generator, spec.name, fresh / FILE, recipe.dtype)
        judged = save_weights(judge, spec.name, fresh / JUDGE_FILE, "int8") if judge is not None else None
        facts = {"dtype": stored.dtype, "sha256": stored.sha256}
        if judged:
            facts |= {"judge_sha256": judged.sha256, "judge_dtype": judged.dtype}
        card = card.model_copy(update=facts)
        card.save(fresh / "card.json")
        served = spec.make()
        fill(served, fresh / FILE, stored.sha256, spec.name)  # the rounded values, as they will be served
        served.eval()
        judging: nn.Module | None = None
        if judged and spec.make_judge:
            judging = spec.make_judge().eval()
            fill(judging, fresh / JUDGE_FILE, judged.sha256, spec.name)
        earlier = before / FILM if before is not None and (before / FILM).is_file() else None
        save_film(result.film, fresh / FILM, earlier)
        if measured:
            card = measured(card, served, judging, fresh)
        card = card.model_copy(update={"golden": golden(spec, served)})
        card.save(fresh / "card.json")
        if folder.exists():
            folder.rename(Path(made) / "old")
        fresh.rename(folder)
    return card


def _card(
    recipe: DrawingRecipe,
    spec: GeneratorSpec,
    generator: Generator,
    result: DrawingResult,
    command: str,
    start: str | None,
    before: Path | None = None,
) -> GeneratorCard:
    """What is known before the weights are stored and measured.

    Args:
        before: the folder of the run that this one went on from: its epochs come first in history and film.
    """
    description, limits = _words(spec)
    history = [*(load_generator_card(before).recipe["history"] if before is not None else ()), *result.history]
    return GeneratorCard(
        name=spec.name,
        title=spec.title,
        description=description,
        learns=spec.learns,
        classes=spec.classes,
        size=spec.size,
        latent=spec.latent,
        parameters=sum(p.numel() for p in generator.parameters()),
        dtype="float16",
        sha256="",
        data_sets=("fpi",),
        licence=LICENCE,
        intended_use=INTENDED_USE,
        limits=limits,
        recipe={
            **json.loads(json.dumps(asdict(recipe))),
            **machine_facts(),
            "history": [{**row, "epoch": float(epoch)} for epoch, row in enumerate(history)],
            "warnings": list(result.warnings),
            "start": start,
        },
        command=command,
    )


def install_own_generator(
    recipe: DrawingRecipe,
    spec: GeneratorSpec,
    result: DrawingResult,
    *,
    command: str,
    start: str | None,
    like: str,
    n: int,
) -> GeneratorCard:
    """Install what was learned from a user's pictures: weights, film and card; there is no test split to report on.

    Args:
        recipe, spec, result: of the run.
        command: that trained it.
        start: what it started from.
        like: the registered generator whose architecture it has.
        n: pictures that it learned from.
    """
    card = _card(recipe, spec, networks_of(result.best, spec)[0], result, command, start)
    facts = {
        "description": f"Draws pictures of 64×64 pixels, learned from {n} pictures of its user's.",
        "limits": "Only as good and as various as the pictures that it learned from, of which it may repeat parts.",
        "data_sets": ("own pictures",),
        "licence": "its user's",
        "recipe": {**card.recipe, "like": like},
    }
    return _store(recipe, spec, result, card.model_copy(update=facts), None)


def golden(spec: GeneratorSpec, generator: Generator) -> GoldenDrawing:
    """The self-test of a generator: what the golden seed draws of the first class, channel by channel."""
    classes = torch.zeros(1, dtype=torch.int64).numpy() if spec.classes else None
    picture = draw_pixels(generator, latents_of([_GOLDEN], spec.latent), classes)[0]
    red, green, blue = (float(v) for v in picture.reshape(-1, 3).mean(axis=0))
    return GoldenDrawing(seed=_GOLDEN, means=(red, green, blue))


def starting_generator(recipe: DrawingRecipe, init: str | None) -> tuple[Path | None, str | None]:
    """Weights that a run starts from, and their name.

    Args:
        recipe: says which generator, where nobody else does.
        init: ``scratch``, ``in-domain`` (the installed weights), a generator's name, or a safetensors file.

    Raises:
        WeightsError: they are not there.
    """
    wanted = recipe.model if init == "in-domain" else init or recipe.start
    if wanted in (None, "scratch"):
        return None, None
    if wanted == recipe.model and init is None and not is_trained(recipe.model):
        return None, None  # a recipe that goes on from its own weights begins without them
    assert wanted is not None
    if Path(wanted).suffix == ".safetensors":
        if not Path(wanted).is_file():
            raise WeightsError(f"There is no file {wanted}.")
        return Path(wanted), Path(wanted).name
    spec = get_generator(wanted)
    if not is_trained(spec.name):
        raise WeightsError(f"{spec.name} is to be started from, but has no weights installed. Train it first.")
    return model_folder(spec.name) / FILE, spec.name


def train_and_install_generator(
    name: str,
    *,
    init: str | None = None,
    resume: bool = False,
    force: bool = False,
    on_epoch: Callable[[int, int], None] | None = None,
) -> str:
    """Train a generator and install it where it is nearer to validation photos than the installed one.

    Returns:
        A sentence for the person who waits.

    Raises:
        FashionvizError: no such generator, missing data, an ``init`` that does not fit.
    """
    spec, recipe = get_generator(name), DRAWING_RECIPES[name]
    path, started = starting_generator(recipe, init)
    photos, validation = photos_for(spec, "train"), photos_for(spec, "validation")
    result = train_generator(recipe, spec, photos, validation, start=path, resume=resume, on_epoch=on_epoch)
    new = min(row["val_kernel_distance"] for row in result.history)
    old = installed_distance(name)
    if old is not None and new >= old and not force:
        return (
            f"Not installed: the kernel distance to validation photos is {new:.4f}, and the installed one's {old:.4f}. "
            f"The checkpoint stays in {drawing_folder(name)}."
        )
    command = f"fashionviz train {name}" + (f" --init {started}" if started else "")
    card = install_generator(recipe, spec, result, command=command, start=started)
    told = " ".join(result.warnings[-1:])
    figures = ", ".join(f"{m.name} {m.value:.4f}" for m in card.metrics)
    return f"Installed {name}. {figures}. {told}".strip()


def installed_distance(name: str) -> float | None:
    """The installed generator's kernel distance to validation photos in its best epoch, or ``None``."""
    if not is_trained(name):
        return None
    try:
        history = load_generator_card(model_folder(name)).recipe["history"]
        return min(float(row["val_kernel_distance"]) for row in history)
    except (WeightsError, KeyError, ValueError, TypeError):
        return None
