"""What is known of an item on its way: its best views, their vectors, and what they match."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fashionviz.images import Photo
from fashionviz.match.catalogue import Catalogue
from fashionviz.match.curve import MatchCurve
from fashionviz.match.photo import matches_of
from fashionviz.match.protocols import Categoriser, Embedder
from fashionviz.match.results import Match
from fashionviz.match.shelves import shelves_for
from fashionviz.results import Box
from fashionviz.video.pace import Clock
from fashionviz.video.track import Track

#: Views of an item that are averaged, and how much better than the worst of them a further one must be.
VIEWS, BETTER = 5, 1.25
#: Views that are embedded in one frame, over all items: so no frame takes much longer than the others.
AT_ONCE = 2
#: Longest side of the picture that is kept of an item.
PICTURE = 192


@dataclass
class View:
    """One crop of an item: how good it is, its vector and its categories with their probabilities."""

    worth: float
    vector: NDArray[np.float32]
    categories: dict[str, float]
    picture: NDArray[np.uint8]


@dataclass
class Looks:
    """The views of one item."""

    views: list[View] = field(default_factory=list)
    matches: tuple[Match, ...] = ()

    def wants(self, worth: float) -> bool:
        """Whether a view so good is worth embedding."""
        return len(self.views) < VIEWS or worth > BETTER * min(view.worth for view in self.views)

    def take(self, view: View) -> None:
        """Keep a view among the best."""
        self.views = sorted([*self.views, view], key=lambda v: -v.worth)[:VIEWS]

    @property
    def vector(self) -> NDArray[np.float32]:
        """The mean of the views' vectors, weighed by their worth, at length 1: the vote over frames."""
        worth = np.array([view.worth for view in self.views], np.float64)
        mean = (np.stack([view.vector for view in self.views]) * worth[:, None]).sum(axis=0)
        return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12), np.float32)

    @property
    def categories(self) -> tuple[tuple[str, float], ...]:
        """The two most probable categories, averaged over the views."""
        mean: dict[str, float] = defaultdict(float)
        for view in self.views:
            for name, share in view.categories.items():
                mean[name] += share / len(self.views)
        return tuple(sorted(mean.items(), key=lambda pair: -pair[1])[:2])


def worth_of(box: Box, score: float, size: tuple[int, int]) -> float:
    """How good a view is: the surer and the larger the better, half as good where the frame cuts it off.

    Args:
        box: of the item.
        score: the detector's.
        size: height and width of the frame.
    """
    x0, y0, x1, y1 = box
    cut = min(x0, y0, size[1] - x1, size[0] - y1) < 2
    return float(score * np.sqrt(max((x1 - x0) * (y1 - y0), 0.0)) * (0.5 if cut else 1.0))


class Gaze:
    """Embeds and matches the items of a video as they come.

    Args:
        catalogue: to search in.
        embedder: the one that made its vectors.
        categoriser: names each crop's category.
        clock: takes the times.
        k: matches of an item.
        narrow: search only the categories that an item may be of.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        embedder: Embedder,
        categoriser: Categoriser | None,
        clock: Clock,
        *,
        k: int,
        narrow: bool,
    ) -> None:
        self.catalogue, self.embedder, self.categoriser, self.clock = catalogue, embedder, categoriser, clock
        self.k, self.narrow = k, narrow
        self.looks: dict[int, Looks] = {}
        self.curve: MatchCurve | None = catalogue.curve()
        self._held = set(catalogue.info().categories)

    def look(self, photo: Photo, tracks: list[Track]) -> None:
        """Take in the views of a frame that are worth it: items with the fewest views first.

        Args:
            photo: the frame.
            tracks: that were seen in it and are confirmed.
        """
        size = photo.height, photo.width
        worth = {track.id: worth_of(track.spots[-1].box, track.spots[-1].score, size) for track in tracks}
        wanted = [t for t in tracks if self.looks.setdefault(t.id, Looks()).wants(worth[t.id])]
        wanted.sort(key=lambda track: (len(self.looks[track.id].views), -worth[track.id]))
        for track in wanted[:AT_ONCE]:
            box = inside(track.spots[-1].box, size)
            if box is None:
                continue
            crop = photo.crop(box)
            with self.clock.on("categorise"):
                named = dict(self.categoriser.name_crop(photo, box)) if self.categoriser else {}
            with self.clock.on("embed"):
                vector = self.embedder.embed([crop.pixels])[0]
            looks = self.looks[track.id]
            looks.take(View(worth[track.id], vector, named, small(crop.pixels)))
            with self.clock.on("search"):
                only = shelves_for(track.label, looks.categories, self._held) if self.narrow else ()
                hits = self.catalogue.search(looks.vector[None], self.k, only or None)[0]
                looks.matches = matches_of(hits, self.catalogue.items(hits.ids), self.curve)


def inside(box: Box, size: tuple[int, int]) -> Box | None:
    """The part of a box within a frame ``(height, width)``; ``None`` where too little is left to look at."""
    x0, y0, x1, y1 = max(0.0, box[0]), max(0.0, box[1]), min(float(size[1]), box[2]), min(float(size[0]), box[3])
    return (x0, y0, x1, y1) if min(x1 - x0, y1 - y0) >= 8 else None


def small(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A copy of at most :data:`PICTURE` pixels on its longest side."""
    from PIL import Image

    picture = Image.fromarray(pixels)
    picture.thumbnail((PICTURE, PICTURE))
    return np.array(picture)
