"""The registry of models: one decorator an architecture and task, in the manner of timm.

``@register_model`` keeps a builder and the facts that belong to the architecture. What training adds (metrics,
checksum, recipe) travels with the weights in a :class:`fashionviz.models.card.ModelCard`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from torch import nn

from fashionviz.data.labels import TASKS, Task
from fashionviz.data.own_tasks import OWN_TASKS, own_task
from fashionviz.errors import UnknownModel

log = logging.getLogger(__name__)

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class ModelSpec:
    """What is known of a model before it is trained.

    Attributes:
        name: ``architecture.task``.
        architecture: the part before the dot.
        task: classes and label rule.
        make: returns an untrained ``nn.Module`` mapping ``(N, 3, H, W)`` to as many logits as it is asked for; where
            the task's answer is regions, to as many for each pixel, ``(N, K, H, W)``; where it is an embedding, to a
            vector of norm 1 with as many dimensions; where it is boxes, to rows of items
            (:class:`~fashionviz.models.detectors.Detector`).
        input_size: height and width of the input in pixels.
        mean, std: per channel, of RGB in 0..1.
        first_conv: name of the first convolution.
        activation_layer: the layer shown first among activation maps.
        gradcam_layer: last layer with a spatial extent.
        head: the last linear layer; its input is the embedding that auxiliary heads share in training. Where the answer
            is regions, the last convolution.
        relu_family: guided backpropagation applies (ReLU, ReLU6, functional ReLU).
        default: whether it is its task's default, chosen on validation.
        grey: the network weighs RGB into one channel (Pillow's mode "L") and sees no colour.
        landmarks: the network is a :class:`~fashionviz.models.landmark_answer.LandmarkNetwork`.
        paper: where the design comes from.
    """

    name: str
    architecture: str
    task: Task
    make: Callable[[int], nn.Module] = field(repr=False)
    input_size: tuple[int, int]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    first_conv: str
    activation_layer: str
    gradcam_layer: str
    head: str
    relu_family: bool
    default: bool = False
    grey: bool = False
    landmarks: bool = False
    paper: str = ""

    def build(self) -> nn.Module:
        """An untrained network with as many outputs as the task has."""
        return self.make(self.task.outputs)

    @property
    def own(self) -> bool:
        """Whether its user trained it on data of his own: it is none of the project's models."""
        return self.task.name in OWN_TASKS

    def on(self, task: Task) -> ModelSpec:
        """The same architecture for another task."""
        return replace(self, name=f"{self.architecture}.{task.name}", task=task, default=False, paper="")


_REGISTRY: dict[str, ModelSpec] = {}
_LENT: dict[str, ModelSpec] = {}


def register_model(
    name: str,
    *,
    input_size: tuple[int, int],
    first_conv: str,
    activation_layer: str,
    gradcam_layer: str,
    head: str,
    relu_family: bool,
    mean: tuple[float, float, float] = IMAGENET_MEAN,
    std: tuple[float, float, float] = IMAGENET_STD,
    default: bool = False,
    grey: bool = False,
    landmarks: bool = False,
    paper: str = "",
) -> Callable[[Callable[[int], nn.Module]], Callable[[int], nn.Module]]:
    """Register a builder ``build(num_classes) -> nn.Module`` under ``architecture.task``."""
    architecture, _, task_name = name.partition(".")
    task = TASKS[task_name]

    def decorate(build: Callable[[int], nn.Module]) -> Callable[[int], nn.Module]:
        if name in _REGISTRY:
            raise ValueError(f"{name} is registered twice")
        _REGISTRY[name] = ModelSpec(
            name=name,
            architecture=architecture,
            task=task,
            make=build,
            input_size=input_size,
            mean=mean,
            std=std,
            first_conv=first_conv,
            activation_layer=activation_layer,
            gradcam_layer=gradcam_layer,
            head=head,
            relu_family=relu_family,
            default=default,
            grey=grey,
            landmarks=landmarks,
            paper=paper,
        )
        return build

    return decorate


def list_models() -> tuple[ModelSpec, ...]:
    """Every registered model, by name, with those that were trained here on data of one's own."""
    _load()
    known = {**_own_models(), **_REGISTRY}
    return tuple(known[name] for name in sorted(known))


def get_model(name: str) -> ModelSpec:
    """A registered model.

    Raises:
        UnknownModel: no such name; the message lists the names there are.
    """
    _load()
    if name in _REGISTRY:
        return _REGISTRY[name]
    own = _own_models()
    if name not in own:
        raise UnknownModel(f"There is no model {name!r}. Choose one of: {', '.join(sorted({**own, **_REGISTRY}))}.")
    return own[name]


def is_registered(name: str) -> bool:
    """Whether a name is that of one of the project's networks that name what they see."""
    _load()
    return name in _REGISTRY


def default_model(task: str = "gender_category") -> ModelSpec:
    """The default model of a task.

    Raises:
        UnknownModel: the task has none.
    """
    for spec in list_models():
        if spec.task.name == task and spec.default:
            return spec
    raise UnknownModel(f"There is no default model for the task {task!r}.")


@contextmanager
def lent(spec: ModelSpec) -> Iterator[None]:
    """While it lasts, a model is registered that is not installed yet."""
    _LENT[spec.name] = spec
    try:
        yield
    finally:
        del _LENT[spec.name]


def _own_models() -> dict[str, ModelSpec]:
    """The models that a user trained on annotations of a published format (:mod:`fashionviz.training.own`).

    They stand in the weights' folder; the card says which registered model's architecture they have.
    """
    from fashionviz.models.weights import weights_root

    found = dict(_LENT)
    for path in weights_root().glob("*/card.json"):
        name = path.parent.name
        task = name.partition(".")[2]
        if name in _REGISTRY or task not in OWN_TASKS:
            continue
        try:
            card = json.loads(path.read_text())
            like = _REGISTRY[card["recipe"]["like"]]
            classes = tuple(str(label) for label in card["classes"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("%s is no card of a model that was trained here: %r", path, error)
            continue
        found[name] = like.on(own_task(task, classes, multilabel=like.task.multilabel))
    return found


def _load() -> None:
    """Import the architecture files, whose decorators fill the registry."""
    from fashionviz.models import (  # noqa: F401
        category_cnn,
        detectors,
        efficientnet_lite,
        fashionnet,
        inception,
        item_embedder,
        lraspp,
        mobilenet_v2,
        resnet,
        resnet_v2,
        ropanet,
        vgg,
    )
