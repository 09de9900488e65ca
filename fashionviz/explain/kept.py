"""Files beside a model's weights that a command computes over a split: read where they fit the weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from fashionviz.errors import DataError, FashionvizError, InvalidRequest
from fashionviz.models.card import load_card
from fashionviz.models.registry import ModelSpec, get_model
from fashionviz.models.weights import model_folder
from fashionviz.results import ModelRef


class _Made(Protocol):
    @property
    def model(self) -> ModelRef: ...


T = TypeVar("T", bound=_Made)


class NotBuilt(DataError):
    """A file that a command builds is not there, damaged, or was made with other weights."""

    code = "not_built"


def must_have_items(spec: ModelSpec) -> None:
    """Refuse a model whose split has no items of classes.

    Raises:
        InvalidRequest: it says what each pixel shows.
    """
    if spec.task.regions:
        raise InvalidRequest(
            f"{spec.name} says what each pixel shows: it has no items of a class, so there are no class averages, top "
            "items or map of embeddings of it. Choose a model that names what a photo shows."
        )


def load_kept(name: str, file: str, read: Callable[[Path], T], what: str, command: str) -> T:
    """Read a file that a command builds.

    Args:
        name: registry name.
        file: in the model's folder.
        read: makes the result of its path.
        what: it is, for people, after "the".
        command: after ``fashionviz``, before the model's name.

    Raises:
        UnknownModel: no such model.
        InvalidRequest: a model that has no such file.
        NotBuilt: it is not there, cannot be read, or was made with other weights; the sentence names the command.
    """
    spec = get_model(name)
    must_have_items(spec)
    path, call = model_folder(spec.name) / file, f"`fashionviz {command} {spec.name}`"
    if not path.is_file():
        raise NotBuilt(
            f"The {what} of {spec.name} has not been made yet. Whoever runs this machine can make it with {call}."
        )
    try:
        found = read(path)
    except FashionvizError:
        raise
    except Exception as error:
        raise NotBuilt(f"The {what} of {spec.name} cannot be read ({file}). Make it anew with {call}.") from error
    if load_card(path.parent).sha256 != found.model.sha256:
        raise NotBuilt(
            f"The {what} of {spec.name} was made with other weights than those installed, so it is not shown. "
            f"Make it anew with {call}."
        )
    return found
