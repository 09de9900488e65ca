"""The registry of networks that draw: one decorator a model, beside that of the networks that name.

A generator maps latents to pictures, so it has no classes to predict and no photo to explain; it has its own registry
and card, and shares names (``architecture.task``), the weights' folder and the storage with the others.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from torch import Tensor, nn

from fashionviz.data.labels import GENDER_CATEGORY
from fashionviz.errors import InvalidRequest, UnknownModel


class Generator(nn.Module):
    """A network that draws.

    Attributes:
        latent: dimensions of its latents.
        stages: modules in order, each of which can be watched; the last one gives the picture.
    """

    latent: int
    stages: nn.ModuleDict

    def watch(self, z: Tensor, classes: Tensor | None = None) -> dict[str, Tensor]:
        """What each stage gives, in order.

        Args:
            z: ``(N, latent)``.
            classes: of a conditional one: indices ``(N,)``, or weights ``(N, K)`` of a blend.

        Returns:
            ``(N, C, h, w)`` by stage; the last one is the picture ``(N, 3, H, W)`` in -1..1.
        """
        raise NotImplementedError

    def forward(self, z: Tensor, classes: Tensor | None = None) -> Tensor:
        """The picture ``(N, 3, H, W)`` in -1..1; arguments as of :meth:`watch`."""
        return next(reversed(self.watch(z, classes).values()))


@dataclass(frozen=True)
class GeneratorSpec:
    """What is known of a generator before it is trained.

    Attributes:
        name: ``architecture.task``.
        architecture: the part before the dot.
        title: for people.
        make: an untrained :class:`Generator`.
        make_judge: the untrained discriminator that is shipped beside it, mapping ``(N, 3, H, W)`` in -1..1 to logits
            ``(N,)``; ``None`` where what judges is mostly another network's features.
        learns: the labels of ``gender_category`` that it learns from; every photo where empty.
        classes: those it can be asked for; empty where it is not conditional.
        size: height and width of its pictures.
        latent: dimensions of its latents.
        paper: where the design comes from.
        default: what draws where nobody chose.
        tries: of a conditional one whose discriminator is shipped: latents of a seed, of which the discriminator takes
            the one whose picture it names most surely as asked (:mod:`fashionviz.generate.second_look`).
    """

    name: str
    architecture: str
    title: str
    make: Callable[[], Generator] = field(repr=False)
    make_judge: Callable[[], nn.Module] | None = field(repr=False)
    learns: tuple[str, ...]
    classes: tuple[str, ...]
    size: tuple[int, int]
    latent: int
    paper: str
    default: bool = False
    tries: int = 1

    @property
    def task(self) -> str:
        """The part after the dot."""
        return self.name.partition(".")[2]


_GENERATORS: dict[str, GeneratorSpec] = {}


def register_generator(
    name: str,
    *,
    title: str,
    size: tuple[int, int],
    latent: int,
    make_judge: Callable[[], nn.Module] | None = None,
    learns: tuple[str, ...] = (),
    classes: tuple[str, ...] = (),
    paper: str = "",
    default: bool = False,
    tries: int = 1,
) -> Callable[[Callable[[], Generator]], Callable[[], Generator]]:
    """Register a builder ``build() -> Generator`` under ``architecture.task``."""
    unknown = {*learns, *classes} - set(GENDER_CATEGORY)
    if unknown:
        raise ValueError(f"{name} names labels that there are not: {sorted(unknown)}")

    def decorate(build: Callable[[], Generator]) -> Callable[[], Generator]:
        if name in _GENERATORS:
            raise ValueError(f"{name} is registered twice")
        _GENERATORS[name] = GeneratorSpec(
            name=name,
            architecture=name.partition(".")[0],
            title=title,
            make=build,
            make_judge=make_judge,
            learns=learns,
            classes=classes,
            size=size,
            latent=latent,
            paper=paper,
            default=default,
            tries=tries,
        )
        return build

    return decorate


def list_generators() -> tuple[GeneratorSpec, ...]:
    """Every registered generator, by name, with those that were trained here on pictures of one's own."""
    known = _known()
    return tuple(known[name] for name in sorted(known))


def is_generator(name: str) -> bool:
    """Whether a name is that of a generator."""
    return name in _known()


def own_generator(name: str, like: GeneratorSpec) -> GeneratorSpec:
    """A generator of the same architecture for pictures of one's own.

    Raises:
        InvalidRequest: a generator of the project has that name.
    """
    if name in _GENERATORS:
        raise InvalidRequest(f"{name} is a generator of the project: give the folder of pictures another name.")
    title = f"DCGAN · {name.partition('.')[2]} (trained here)"
    return replace(like, name=name, title=title, learns=(), default=False)


def get_generator(name: str) -> GeneratorSpec:
    """A registered generator.

    Raises:
        UnknownModel: no such name; the message lists the names there are.
    """
    known = _known()
    if name not in known:
        raise UnknownModel(f"There is no generator {name!r}. Choose one of: {', '.join(sorted(known))}.")
    return known[name]


def default_generator() -> GeneratorSpec:
    """The generator that draws where nobody chose one."""
    return next(spec for spec in list_generators() if spec.default)


def _known() -> dict[str, GeneratorSpec]:
    """The registered ones, and those whose cards say that they have the architecture of one of them."""
    from fashionviz.models.registry import is_registered
    from fashionviz.models.weights import weights_root

    _load()
    found = {}
    for path in weights_root().glob("*/card.json"):
        name = path.parent.name
        if name in _GENERATORS or is_registered(name):
            continue
        try:
            like = json.loads(path.read_text())["recipe"]["like"]
        except (OSError, ValueError, KeyError, TypeError):
            continue  # no card of a generator; the registry of networks that name says what is wrong with its own
        if like in _GENERATORS:
            found[name] = own_generator(name, _GENERATORS[like])
    return found | _GENERATORS


def _load() -> None:
    """Import the architecture files, whose decorators fill the registry."""
    from fashionviz.models import cgan, dcgan  # noqa: F401
