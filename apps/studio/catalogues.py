"""Which catalogues a page offers: those of this machine, and the one that this session made."""

from __future__ import annotations

from apps.studio import own_catalogue
from fashionviz.match.catalogue import Catalogue, open_catalogue
from fashionviz.match.places import catalogue_names

#: The catalogue that is chosen at first, where it is there.
_FIRST = ("fpi", "demo")


def names() -> list[str]:
    """Catalogues that can be searched, this session's own last."""
    every = sorted(catalogue_names(), key=lambda name: (name not in _FIRST, name))
    return [*every, own_catalogue.NAME] if own_catalogue.held() is not None else every


def opened(name: str) -> Catalogue:
    """The chosen one.

    Raises:
        FashionvizError: it is not there, or damaged.
    """
    own = own_catalogue.held()
    return own if name == own_catalogue.NAME and own is not None else open_catalogue(name)
