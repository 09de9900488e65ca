"""What can be wrong with a video."""

from __future__ import annotations

from fashionviz.errors import FashionvizError


class VideoError(FashionvizError):
    """The bytes given are not a video that can be read."""

    status = 422
    code = "unreadable_video"


class VideoFormat(VideoError):
    """A file of a kind that is not accepted."""

    status = 415
    code = "unsupported_video"


class VideoTooLarge(VideoError):
    """More bytes, pixels or frames a second than the limits allow."""

    status = 413
    code = "video_too_large"
