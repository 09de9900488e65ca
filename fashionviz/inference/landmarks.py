"""A landmark network's answer about one photo, in pixels of the photo."""

from __future__ import annotations

import time

import torch

from fashionviz.data.landmarks.annotated import learned_note
from fashionviz.data.landmarks.kinds import LANDMARKS
from fashionviz.images import Photo
from fashionviz.inference.loaded import Loaded
from fashionviz.landmark_results import Landmark, Landmarks
from fashionviz.models.landmark_answer import LandmarkNetwork, places
from fashionviz.results import Box, Timings

#: Finds landmarks when nobody chooses a network: its mean error on validation is the least.
FINDER = "ropanet.category50"


def find_landmarks(loaded: Loaded, photo: Photo, region: Photo, box: Box | None) -> Landmarks:
    """Ask a loaded network for landmarks.

    Args:
        loaded: a :class:`~fashionviz.models.landmark_answer.LandmarkNetwork`.
        photo: the whole photo.
        region: the part of it that is asked about.
        box: of that part, in pixels of the photo.

    Raises:
        Overloaded: too many explanations wait for this model.
    """
    network = loaded.network
    assert isinstance(network, LandmarkNetwork)
    x, view = loaded.prepare(region)
    with loaded.waiting_place():
        began = time.perf_counter()
        with torch.inference_mode():
            features = network.features(x[None].to(loaded.device).to(memory_format=torch.channels_last))
            maps, present = network.landmarks(features)
            points = places(maps)[0].cpu().numpy()
            heat = maps[0].flatten(1).softmax(dim=1).view_as(maps[0]).float().cpu().numpy()
            probabilities = present[0].sigmoid().tolist()
        spent = (time.perf_counter() - began) * 1000
    # A region is clipped to the photo and rounded to pixels, as `Photo.crop` does.
    left, top = (max(0, round(min(box[i], box[i + 2]))) for i in (0, 1)) if box else (0, 0)
    inside = view.placement.on_photo(points) * [region.width, region.height] + [left, top]
    found = tuple(
        Landmark(name, float(px), float(py), probability)
        for name, (px, py), probability in zip(LANDMARKS, inside, probabilities, strict=True)
    )
    return Landmarks(
        model=loaded.ref,
        found=found,
        heat=heat,
        view=view,
        timings=Timings(photo.decode_ms, 0.0, spent),
        note=learned_note(loaded.spec.task.name),
        box=box,
    )
