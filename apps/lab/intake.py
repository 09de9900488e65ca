"""From a visitor's upload to pixels: the stored file is read once, deleted, and goes through the only door.

Gradio's own image component opens an upload with Pillow before we see it, re-encodes it, and fails on some files with a
traceback. The components made here hand over the untouched bytes instead.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import threading
import time
from abc import ABCMeta
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from apps.lab.storage import is_ours
from fashionviz import images
from fashionviz.errors import ImageError, ImageTooLarge
from fashionviz.images import Photo

_GONE = "The upload is no longer here; please add the photo again."


@dataclass(frozen=True)
class Upload:
    """A file a visitor sent: where it lies for the moment, and its name on their machine."""

    path: str
    name: str
    inline: str = ""


class _Recent:
    """Uploads of the last seconds by path, in memory, for whoever sent the very same file at the same time."""

    def __init__(self, seconds: float = 30.0, most_bytes: int = 100 * 1024 * 1024) -> None:
        self._seconds, self._most = seconds, most_bytes
        self._held: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def put(self, path: str, data: bytes) -> None:
        with self._lock:
            self._held[path] = (time.monotonic(), data)
            self._held.move_to_end(path)
            self._drop()
            if self._timer is None:
                self._wake()

    def _wake(self) -> None:
        """Look again later: nothing stays for want of a next visitor. One timer, however many photos come at once."""
        self._timer = threading.Timer(self._seconds + 1, self._expire)
        self._timer.daemon = True
        self._timer.start()

    def get(self, path: str) -> bytes | None:
        with self._lock:
            self._drop()
            found = self._held.get(path)
            return found[1] if found else None

    def _expire(self) -> None:
        with self._lock:
            self._drop()
            self._timer = None
            if self._held:
                self._wake()

    def _drop(self) -> None:
        while self._held:
            first, (when, _) = next(iter(self._held.items()))
            total = sum(len(data) for _, data in self._held.values())
            if time.monotonic() - when <= self._seconds and total <= self._most:
                return
            del self._held[first]


_recent = _Recent()


def _receive(payload: Any) -> Upload | None:
    """What Gradio hands over, without opening it."""
    if payload is None:
        return None
    inline = payload.url if payload.url and payload.url.startswith("data:") else ""
    name = Path(payload.orig_name or payload.path or "photo").name
    return Upload("" if inline else (payload.path or ""), name, inline)


@cache
def _reading(kind: type, read: Callable[[Any], Any]) -> type:
    """A component class that hands over what ``read`` makes of the payload.

    A class, because Gradio makes a component anew for a session whenever an event leaves it as it is
    (``gr.skip()``): a method replaced on the object would be lost, and Gradio would open the photo itself. Made past
    Gradio's metaclass, which writes a stub file beside every class it meets.
    """
    own = {"preprocess": lambda self, payload: read(payload), "__module__": kind.__module__}
    return ABCMeta.__new__(type(kind), kind.__name__, (kind,), own)


def _given(component: Any, read: Callable[[Any], Any]) -> Any:
    kind: type = component.__class__
    component.__class__ = _reading(kind, read)
    return component


def untouched(component: Any) -> Any:
    """Make a ``gr.Image`` or ``gr.File`` hand over an :class:`Upload`."""
    return _given(component, _receive)


def _receive_all(payload: Any) -> tuple[Upload, ...]:
    return tuple(u for u in map(_receive, payload or ()) if u is not None)


def untouched_list(component: Any) -> Any:
    """The same for a ``gr.File`` of several files, which hands over a tuple of them."""
    return _given(component, _receive_all)


def drop(upload: Upload) -> None:
    """Delete an upload that is not wanted, without reading it."""
    if upload.path and not is_ours(Path(upload.path)):
        _delete(Path(upload.path))


def _delete(path: Path) -> None:
    path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        path.parent.rmdir()  # Gradio gives every upload a folder of its own


def take(upload: Upload | None) -> bytes:
    """Read an upload and delete the stored file, whatever happens afterwards.

    Raises:
        ImageError: nothing was sent, or it is gone.
        ImageTooLarge: more bytes than are accepted; they are not read.
    """
    if upload is None:
        raise ImageError("No photo was sent. Please use a JPEG, PNG or WebP photo.")
    if upload.inline:
        try:
            return base64.b64decode(upload.inline.partition(",")[2], validate=True)
        except (binascii.Error, ValueError) as error:
            raise ImageError("The picture is damaged or cut off. Please send it again.") from error
    if not upload.path:
        raise ImageError(_GONE)
    path = Path(upload.path)
    try:
        size = path.stat().st_size
        if size > images.MAX_BYTES:
            raise ImageTooLarge(
                f"The file has {size / 1048576:.1f} MB; at most {images.MAX_BYTES // 1048576} MB are accepted. "
                "Please send a smaller version."
            )
        data = path.read_bytes()
        _recent.put(str(path), data)
        return data
    except FileNotFoundError as error:
        # Gradio names an upload after its content: two visitors who send the same file share one path.
        known = _recent.get(str(path))
        if known is None:
            raise ImageError(_GONE) from error
        return known
    finally:
        if not is_ours(path):
            _delete(path)


def open_photo(upload: Upload | None) -> Photo:
    """An upload to a checked, upright photo without metadata; the stored file is gone when this returns.

    Raises:
        ImageError: or a subclass, with a sentence for the visitor.
    """
    return images.decode(take(upload))
