"""What can go wrong with a catalogue, each with a sentence for the person who asked."""

from __future__ import annotations

from fashionviz.errors import FashionvizError, ModelNotTrained


class UnknownCatalogue(FashionvizError):
    """There is no catalogue of that name."""

    status = 404
    code = "unknown_catalogue"


class UnknownItem(FashionvizError):
    """The catalogue has no such item, or no picture of it."""

    status = 404
    code = "unknown_item"


class CatalogueBusy(FashionvizError):
    """Another program is writing the catalogue: one at a time."""

    status = 409
    code = "catalogue_busy"


class CatalogueDamaged(FashionvizError):
    """The files of a catalogue are not what this program writes."""

    status = 503
    code = "catalogue_damaged"


class CatalogueReadOnly(FashionvizError):
    """The catalogue came with the package, or its folder may not be written."""

    status = 409
    code = "catalogue_read_only"


class EmbedderMismatch(FashionvizError):
    """The catalogue's vectors were made by another network: theirs and these cannot be compared."""

    status = 409
    code = "embedder_mismatch"


class NoDetector(ModelNotTrained):
    """No trained detector is installed: whole photos and given regions can still be matched."""

    code = "no_detector"


class NotExplained(FashionvizError):
    """The catalogue's network was not trained to embed items, so that its similarity is not explained."""

    status = 409
    code = "not_explained"
