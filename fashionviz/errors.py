"""Typed exceptions: every failure a visitor can cause has a class, a sentence and an HTTP status.

The message of each exception is written for the person who caused it: what is wrong, and what to do.
"""

from __future__ import annotations


class FashionvizError(Exception):
    """Base of every expected failure. ``str(error)`` is one plain sentence for the user."""

    status: int = 500
    code: str = "error"


class ImageError(FashionvizError):
    """The bytes given are not a picture that can be read."""

    status = 422
    code = "unreadable_image"


class UnsupportedFormat(ImageError):
    """A picture (or another file) in a format that is not accepted."""

    status = 415
    code = "unsupported_format"


class ImageTooLarge(ImageError):
    """More bytes or more pixels than the limits allow."""

    status = 413
    code = "image_too_large"


class ImageTooSmall(ImageError):
    """Too few pixels for any model to say something."""

    status = 422
    code = "image_too_small"


class InvalidRequest(FashionvizError):
    """A parameter that makes no sense: an unknown class, layer or method, a box outside the photo."""

    status = 422
    code = "invalid_request"


class UnknownModel(FashionvizError):
    """No model of that name is registered."""

    status = 404
    code = "unknown_model"


class ModelNotTrained(FashionvizError):
    """The model is registered but no weights are installed: it never guesses."""

    status = 409
    code = "model_not_trained"


class WeightsError(FashionvizError):
    """The weights on disk are not those of the card (checksum, header or label count)."""

    status = 503
    code = "weights_damaged"


class Overloaded(FashionvizError):
    """The queue of a model is full. ``retry_after_s`` is an estimate in seconds."""

    status = 429
    code = "overloaded"

    def __init__(self, message: str, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Cancelled(FashionvizError):
    """The person who asked has cancelled the job."""

    status = 499
    code = "cancelled"


class WorkerDied(FashionvizError):
    """The model's worker stopped while the request was in flight; a new one takes its place."""

    status = 503
    code = "worker_died"


class DataError(FashionvizError):
    """A data set is missing, damaged, or lacks a column that is needed."""

    status = 404
    code = "data_missing"


class FetchError(FashionvizError):
    """A publisher could not be reached, or sent something else than expected."""

    status = 502
    code = "fetch_failed"


class StorageError(FashionvizError):
    """A file of ours cannot be written any more: the disk is full, the file has gone, permission was taken away."""

    status = 507
    code = "cannot_write"
