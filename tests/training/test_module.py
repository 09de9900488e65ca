"""The loss, the teacher, the average and the optimisers, by hand or against PyTorch and scikit-learn."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from fashionviz.errors import InvalidRequest
from fashionviz.models.preprocess import normalise
from fashionviz.models.registry import get_model
from fashionviz.models.weights import load_trained
from fashionviz.training.feeds import Check
from fashionviz.training.loop import warming_average
from fashionviz.training.mixture import Batch
from fashionviz.training.module import GarmentClassifier, Teacher, distillation
from fashionviz.training.recipes import Recipe, Stage

TAUGHT = "category_cnn28.category11"
RECIPE = Recipe(TAUGHT, (Stage((28, 28), 1),), {"catalogue": 4}, smoothing=0.0, distil=0.25, distil_temperature=2.0)


def test_the_average_forgets_where_it_started() -> None:
    average = warming_average(0.9)
    kept, first = torch.tensor(0.0), None
    for updates in range(1, 400):
        kept = average(kept, torch.tensor(1.0), torch.tensor(updates))
        first = kept.item() if first is None else first
    assert first == pytest.approx(9 / 11), "after one update the decay is 2 / 11"
    assert kept.item() == pytest.approx(1)
    assert average(torch.tensor(3.0), torch.tensor(5.0), 10_000).item() == pytest.approx(3.2), "later it is 0.9"


def test_distillation_by_hand() -> None:
    # Student (2, 0), teacher (0.9, 0.1), temperature 2: softened to (e / (1 + e), ...) and (3, 1) / 4.
    logits, taught = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.9, 0.1]]).log()
    student = (math.e / (1 + math.e), 1 / (1 + math.e))
    teacher = (0.75, 0.25)
    divergence = sum(t * math.log(t / s) for t, s in zip(teacher, student, strict=True))
    assert distillation(logits, taught, 2.0).item() == pytest.approx(4 * divergence, rel=1e-5)


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_a_student_that_agrees_has_nothing_to_learn(temperature: float) -> None:
    logits = torch.randn(5, 4, generator=torch.Generator().manual_seed(1)).requires_grad_()
    loss = distillation(logits, logits.detach().log_softmax(1), temperature).sum()
    (gradient,) = torch.autograd.grad(loss, logits)
    assert loss.item() == pytest.approx(0, abs=1e-6)
    assert gradient.abs().max() < 1e-6


def test_the_teacher_answers_as_it_is_served() -> None:
    spec = get_model(TAUGHT)
    teacher = Teacher((TAUGHT, TAUGHT), spec.task.classes, spec.mean, spec.std)
    pixels = torch.rand(3, 3, 28, 28, generator=torch.Generator().manual_seed(2))
    network, card = load_trained(TAUGHT)
    with torch.no_grad():
        given = teacher(normalise(pixels, spec.mean, spec.std))
        served = (network(normalise(pixels, card.mean, card.std)) / card.temperature).log_softmax(1)
    assert torch.allclose(given, served, atol=1e-5), "the mean of two equal answers is the answer"


def test_a_teacher_of_other_classes_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="other classes"):
        Teacher((TAUGHT,), ("left", "right"), (0.5,) * 3, (0.5,) * 3)


def _module(recipe: Recipe, teacher: Teacher | None = None) -> GarmentClassifier:
    spec = get_model(TAUGHT)
    torch.manual_seed(3)
    module = GarmentClassifier(
        spec.build(), spec.head, recipe, spec.task.classes, (Check("fpi", "validation"),), {}, 10, teacher
    )
    module.log = lambda *_, **__: None  # type: ignore[method-assign, assignment]  # there is no trainer
    return module.eval()


def test_the_loss_mixes_labels_and_teacher() -> None:
    spec = get_model(TAUGHT)
    images = torch.randn(4, 3, 28, 28, generator=torch.Generator().manual_seed(4))
    allowed = nn.functional.one_hot(torch.tensor([0, 3, 5, 10]), 11).bool()
    batch = Batch(images, allowed, {})
    teacher = Teacher((TAUGHT,), spec.task.classes, spec.mean, spec.std)
    with torch.no_grad():
        alone = _module(RECIPE).training_step(batch, 0)
        both = _module(RECIPE, teacher).training_step(batch, 0)
        logits = _module(RECIPE)(images)
        taught = distillation(logits, teacher(images), 2.0).mean()
    assert both.item() == pytest.approx((0.75 * alone + 0.25 * taught).item(), rel=1e-5)


def test_training_accuracy_counts_pictures_of_one_certain_class() -> None:
    images = torch.randn(4, 3, 28, 28, generator=torch.Generator().manual_seed(4))
    module = _module(RECIPE)
    with torch.no_grad():
        said = module(images).argmax(1)
    allowed = nn.functional.one_hot(said, 11).bool()
    allowed[1] = allowed[1].roll(1)  # wrong
    allowed[3] = True  # says nothing
    logged: dict[str, tuple[float, int]] = {}
    module.log = lambda name, value, **how: logged.update({name: (value.item(), how["batch_size"])})  # type: ignore[method-assign, assignment]
    module.training_step(Batch(images, allowed, {}), 0)
    assert logged["train_accuracy"] == (pytest.approx(2 / 3), 3)
    allowed[:] = True
    logged.clear()
    module.training_step(Batch(images, allowed, {}), 0)
    assert "train_accuracy" not in logged


def test_the_teacher_is_no_part_of_the_student() -> None:
    spec = get_model(TAUGHT)
    taught = _module(RECIPE, Teacher((TAUGHT,), spec.task.classes, spec.mean, spec.std))
    assert set(taught.state_dict()) == set(_module(RECIPE).state_dict())


@pytest.mark.parametrize(
    ("name", "kind"), [("adamw", torch.optim.AdamW), ("adam", torch.optim.Adam), ("sgd", torch.optim.SGD)]
)
def test_biases_and_norms_are_not_decayed(name: str, kind: type[torch.optim.Optimizer]) -> None:
    module = _module(replace(RECIPE, optimiser=name, weight_decay=0.3, learning_rate=0.01))
    made = module.configure_optimizers()
    optimiser = made["optimizer"]
    assert type(optimiser) is kind
    decayed, plain = optimiser.param_groups
    assert (decayed["weight_decay"], plain["weight_decay"]) == (0.3, 0.0)
    assert all(p.ndim > 1 for p in decayed["params"])
    assert sum(len(g["params"]) for g in optimiser.param_groups) == len(list(module.parameters()))
    rates = []
    for _ in range(10):
        rates.append(decayed["lr"])
        optimiser.step()
        made["lr_scheduler"]["scheduler"].step()
    assert max(rates) == pytest.approx(0.01, rel=0.05)
    assert rates[-1] < 0.002, "one cycle ends near zero"
