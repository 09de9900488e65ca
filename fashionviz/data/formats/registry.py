"""The annotation formats by name."""

from __future__ import annotations

from pathlib import Path

from fashionviz.data.formats.deepfashion import DeepFashion
from fashionviz.data.formats.deepfashion2 import DeepFashion2
from fashionviz.data.formats.imaterialist import IMaterialist
from fashionviz.data.formats.reader import AnnotationReader
from fashionviz.data.formats.street2shop import Street2Shop
from fashionviz.errors import InvalidRequest

FORMATS: dict[str, type[AnnotationReader]] = {
    reader.NAME: reader for reader in (DeepFashion, DeepFashion2, IMaterialist, Street2Shop)
}


def open_format(name: str, root: str | Path, split: str | None = None) -> AnnotationReader:
    """A reader of a data set in a published format.

    Args:
        name: one of :data:`FORMATS`.
        root: the data set's folder.
        split: one of the reader's ``SPLITS``; ``None`` reads them all.

    Raises:
        InvalidRequest: no such format or split.
        DataError: no such folder.
    """
    if name not in FORMATS:
        raise InvalidRequest(f"There is no format {name!r}; there are {', '.join(FORMATS)}.")
    return FORMATS[name](root, split)
