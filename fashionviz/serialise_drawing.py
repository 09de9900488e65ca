"""Results of drawing to JSON: what the command line prints and the API answers with. Pictures are PNG as base64."""

from __future__ import annotations

import base64
from collections.abc import Collection

from fashionviz.drawing_results import Drawing, Formation, GeneratorInfo, Inversion, Pixels, Samples, Walk
from fashionviz.images import encode_png
from fashionviz.json_parts import Json, array_json


def png_text(pixels: Pixels) -> str:
    """``(H, W, 3)`` uint8 as base64 of a PNG file without metadata."""
    return base64.b64encode(encode_png(pixels)).decode("ascii")


def generator_json(info: GeneratorInfo) -> Json:
    """A generator as `/generators` lists it; ``default`` says that it draws where nobody chose."""
    return {
        "name": info.name,
        "task": info.task,
        "architecture": info.architecture,
        "title": info.title,
        "trained": info.trained,
        "default": info.default,
        "metrics": [dict(m) for m in info.metrics],
        "sha256": info.sha256,
        "classes": list(info.classes),
        "learns": list(info.learns),
        "size": list(info.size),
        "latent": info.latent,
        "parameters": info.parameters,
        "judged": info.judged,
        "tries": info.tries,
        "note": info.note,
        "paper": info.paper,
        "answer": "drawings",
    }


def listed_json(info: GeneratorInfo, tasks: Collection[str]) -> Json:
    """A generator as `models` lists it, beside the networks that name.

    Args:
        info: the generator.
        tasks: of the other models: each has one ``default``, which is no generator.
    """
    return generator_json(info) | {"default": info.task not in tasks, "draws_by_default": info.default}


def drawing_json(drawing: Drawing) -> Json:
    """A drawing with where it comes from."""
    return {"point": drawing.point, "class": drawing.label, "png": png_text(drawing.pixels)}


def samples_json(samples: Samples) -> Json:
    """Drawings in order."""
    return {
        "model": samples.model.name,
        "sha256": samples.model.sha256,
        "truncation": samples.truncation,
        "n": len(samples.drawings),
        "drawings": [drawing_json(drawing) for drawing in samples.drawings],
        "timings_ms": samples.timings.as_dict(),
    }


def walk_json(walk: Walk) -> Json:
    """What a walk was asked, and how many frames it has; the frames are a file of their own."""
    return {
        "model": walk.model.name,
        "sha256": walk.model.sha256,
        "points": list(walk.keys),
        "classes": list(walk.labels),
        "steps": walk.steps,
        "loop": walk.loop,
        "truncation": walk.truncation,
        "frames": len(walk.frames),
        "timings_ms": walk.timings.as_dict(),
    }


def formation_json(formation: Formation) -> Json:
    """How a picture forms: each stage's maps as float32, the last one's in -1..1."""
    return {
        "model": formation.model.name,
        "sha256": formation.model.sha256,
        "point": formation.point,
        "class": formation.label,
        "stages": [{"name": stage.name, "maps": array_json(stage.maps)} for stage in formation.stages],
        "png": png_text(formation.pixels),
    }


def inversion_json(found: Inversion, file: str) -> Json:
    """The latent that draws what is most like a photo.

    Args:
        found: the result.
        file: the name under which the photo was given.
    """
    return {
        "file": file,
        "model": found.model.name,
        "sha256": found.model.sha256,
        "class": found.label,
        "point": found.point,
        "steps": len(found.distances),
        "distance": found.distances[-1],
        "distances": list(found.distances),
        "png": png_text(found.pixels),
        "target": png_text(found.target),
        "timings_ms": found.timings.as_dict(),
    }
