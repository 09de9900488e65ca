"""How weights are drawn that nothing is loaded into: the initialisers of paper 002."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import Tensor, nn

from fashionviz.errors import InvalidRequest

#: He et al. 2015 and Glorot & Bengio 2010; ``random-normal`` has the deviation of Keras, which the paper worked with.
INITIALISERS: dict[str, Callable[[Tensor], Any]] = {
    "he-normal": partial(nn.init.kaiming_normal_, nonlinearity="relu"),
    "he-uniform": partial(nn.init.kaiming_uniform_, nonlinearity="relu"),
    "glorot-normal": nn.init.xavier_normal_,
    "glorot-uniform": nn.init.xavier_uniform_,
    "random-normal": partial(nn.init.normal_, std=0.05),
}


def initialise(network: nn.Module, name: str) -> None:
    """Draw the weights of all convolutions and linear layers, and set their biases to zero; norms are left as they are.

    Args:
        network: changed in place.
        name: a key of :data:`INITIALISERS`.

    Raises:
        InvalidRequest: no such initialiser.
    """
    if name not in INITIALISERS:
        raise InvalidRequest(f"There is no initialiser {name!r}. Choose one of: {', '.join(INITIALISERS)}.")
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            INITIALISERS[name](module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
