"""``fashionviz train dcgan --data FOLDER``: a DCGAN on a user's own folder of pictures."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from fashionviz import images
from fashionviz.annotate.photos import find_photos, read_photo
from fashionviz.errors import DataError, FashionvizError
from fashionviz.models.generators import GeneratorSpec, get_generator, own_generator
from fashionviz.models.preprocess import letterbox
from fashionviz.training.drawing_install import install_own_generator, starting_generator
from fashionviz.training.drawing_photos import Photos
from fashionviz.training.drawing_recipes import DRAWING_RECIPES
from fashionviz.training.drawing_run import drawing_folder, train_generator

log = logging.getLogger(__name__)

#: The registered generator whose architecture and recipe are followed.
LIKE = "dcgan.all"
#: Pictures that a folder must have: enough for a batch to learn from and some to choose the epoch by.
LEAST = 100
#: Steps that a run takes whatever the folder's size.
STEPS = 3000
#: One picture of so many chooses the epoch.
KEPT = 10


def own_name(folder: Path) -> str:
    """The model's name: ``dcgan.`` and the folder's, in small letters, digits and underscores."""
    return "dcgan." + (re.sub(r"[^a-z0-9]+", "_", folder.resolve().name.lower()).strip("_") or "own")


def photos_from_folder(folder: Path, spec: GeneratorSpec) -> tuple[Photos, Photos]:
    """Every picture of a folder and of the folders below it, letterboxed on white: to learn from, to choose by.

    Which of the two a picture is follows from its bytes, so a resumed run has the same.

    Raises:
        DataError: too few pictures can be read.
    """
    collection = find_photos(folder)
    found: list[tuple[int, np.ndarray]] = []
    seen: set[str] = set()
    bad = 0
    for number, file in enumerate(collection.files):
        one = read_photo(collection.root / file)
        try:
            if one.data is None or one.sha256 is None:
                raise one.error or DataError("unreadable")
            if one.sha256 in seen:
                continue
            seen.add(one.sha256)
            pixels, _ = letterbox(images.decode(one.data).pixels, spec.size)
        except FashionvizError as error:
            bad += 1
            log.warning("%s is left out: %s", file, error)
            continue
        found.append((int(hashlib.md5(one.sha256.encode()).hexdigest(), 16) % KEPT, pixels))
        if (number + 1) % 500 == 0:
            log.info("%d of %d pictures read", number + 1, len(collection.files))
    if len(found) < LEAST:
        raise DataError(
            f"{folder} has {len(found)} different pictures that can be read ({bad} cannot); a generator needs {LEAST}."
        )

    def part(chosen: bool) -> Photos:
        pixels = np.stack([p for share, p in found if (share == 0) == chosen])
        n = len(pixels)
        return Photos(pixels, np.zeros(n, np.int64), np.arange(n), None)

    return part(False), part(True)


def train_on_folder(
    folder: Path,
    *,
    init: str | None = None,
    resume: bool = False,
    epochs: int | None = None,
    on_epoch: Callable[[int, int], None] | None = None,
) -> str:
    """Train a DCGAN on a folder of pictures and install it; returns a sentence.

    Args:
        folder: of JPEG, PNG or WebP files.
        init: ``scratch``, a generator's name, or a file; the installed ``dcgan.all`` if there is one, by default.
        resume: go on from the last checkpoint.
        epochs: instead of as many as make :data:`STEPS` steps.
        on_epoch: called after every epoch with (done, total).

    Raises:
        DataError: too few pictures.
        WeightsError: ``init`` does not fit.
    """
    like = get_generator(LIKE)
    spec = own_generator(own_name(folder), like)
    photos, validation = photos_from_folder(folder, spec)
    per_epoch = len(photos) // DRAWING_RECIPES[LIKE].batch
    recipe = replace(
        DRAWING_RECIPES[LIKE], model=spec.name, per_epoch=None, epochs=epochs or max(5, min(200, STEPS // per_epoch))
    )
    path, started = starting_generator(recipe, init) if init else _installed_start()
    log.info("%d pictures, %d epochs; sheets of pictures in %s", len(photos), recipe.epochs, drawing_folder(spec.name))
    result = train_generator(recipe, spec, photos, validation, start=path, resume=resume, on_epoch=on_epoch)
    command = f"fashionviz train dcgan --data {folder.name}" + (f" --init {started}" if started else "")
    install_own_generator(recipe, spec, result, command=command, start=started, like=LIKE, n=len(photos))
    told = " ".join(result.warnings[-1:])
    return f"Installed {spec.name}, learned from {len(photos)} pictures. {told}".strip()


def _installed_start() -> tuple[Path | None, str | None]:
    """What has learned to draw garments begins better than nothing, whatever it is to draw next."""
    from fashionviz.models.weights import is_trained

    return starting_generator(DRAWING_RECIPES[LIKE], LIKE) if is_trained(LIKE) else (None, None)
