"""Generators on disk: the same storage and checks as for networks that name, in the same folder."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import nn

from fashionviz.errors import InvalidRequest, ModelNotTrained, WeightsError
from fashionviz.models.drawing_card import GeneratorCard, load_generator_card
from fashionviz.models.generators import Generator, GeneratorSpec, get_generator
from fashionviz.models.packing import unpack
from fashionviz.models.weights import FILE, is_trained, model_folder, sha256_of

JUDGE_FILE = "discriminator.safetensors"


def load_generator(name: str, folder: Path | None = None) -> tuple[Generator, GeneratorCard]:
    """Build a generator and load its verified weights, in float32, in evaluation mode.

    Args:
        name: registry name.
        folder: where card and weights are; the installed ones by default.

    Raises:
        UnknownModel: no such generator.
        ModelNotTrained: no weights are installed.
        WeightsError: checksum or header differ from the card's, or the tensors do not fit.
    """
    spec = get_generator(name)
    folder = folder or model_folder(name)
    if not (folder / FILE).is_file() or not (folder / "card.json").is_file():
        raise ModelNotTrained(
            f"{name} has no weights installed, so it draws nothing. Train it with `fashionviz train {name}`."
        )
    card = _checked_card(spec, folder)
    generator = spec.make()
    fill(generator, folder / FILE, card.sha256, spec.name)
    return generator.eval(), card


def load_judge(name: str) -> nn.Module:
    """The discriminator that was trained against a generator.

    Raises:
        UnknownModel, ModelNotTrained, WeightsError: as :func:`load_generator`.
        InvalidRequest: none is shipped with it.
    """
    spec, folder = get_generator(name), model_folder(name)
    if not is_trained(name):
        raise ModelNotTrained(f"{name} has no weights installed. Train it with `fashionviz train {name}`.")
    card = _checked_card(spec, folder)
    if spec.make_judge is None or card.judge_sha256 is None:
        raise InvalidRequest(f"No discriminator is shipped with {name}. Those of dcgan.all and its kin are.")
    if not (folder / JUDGE_FILE).is_file():
        raise WeightsError(f"The discriminator of {name} is missing: restore {JUDGE_FILE}.")
    judge = spec.make_judge()
    fill(judge, folder / JUDGE_FILE, card.judge_sha256, spec.name)
    return judge.eval()


def _checked_card(spec: GeneratorSpec, folder: Path) -> GeneratorCard:
    card = load_generator_card(folder)
    if card.name != spec.name:
        raise WeightsError(f"The card in {folder.name} is that of {card.name}.")
    for fact in ("classes", "size", "latent"):
        if getattr(card, fact) != getattr(spec, fact):
            raise WeightsError(f"The card of {spec.name} has another {fact} than its architecture.")
    return card


def fill(network: nn.Module, path: Path, sha256: str, name: str) -> None:
    """Load verified tensors, all of them, into a network.

    Raises:
        WeightsError: checksum or header differ from what is expected, or the tensors do not fit.
    """
    if sha256_of(path) != sha256:
        raise WeightsError(f"The weights of {name} are damaged: their SHA-256 is not the card's. Restore {path.name}.")
    try:
        with safe_open(path, framework="pt") as handle:
            header = handle.metadata() or {}
        if header.get("model") != name:
            raise WeightsError(f"The weights in {path.parent.name} belong to another model.")
        network.load_state_dict(unpack(load_file(path)), strict=True)
    except (RuntimeError, SafetensorError, OSError) as error:
        raise WeightsError(f"The weights of {name} do not fit its architecture; install them again.") from error
