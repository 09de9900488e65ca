"""What narrowing does on real street photos: the share of the first ten matches that are of the garment's category.

There is no true shop item of a street photo, so only the category can be right or wrong. Garments are found by the
detector on ccp validation; counted are those that overlap an item of the publisher's masks by at least half. Narrowing
on synthetic views, where the true item is known, is `fashionviz study narrowing`.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from fashionviz import images
from fashionviz.data.garment13 import GARMENT13, items
from fashionviz.data.sets import image_bytes, open_set
from fashionviz.inference.engine import shared_engine
from fashionviz.match.catalogue import Catalogue, open_catalogue
from fashionviz.match.shelves import SHELVES, shelves_for
from fashionviz.match.wiring import EngineDetector, categoriser_for, embedder_for
from fashionviz.video.track import overlaps

K, DRAWS = 10, 1000


def photo_rows(catalogue: Catalogue) -> list[list[list[float]]]:
    """Of each photo, of each garment that counts: precision of each way to search, in the order of :data:`WAYS`."""
    engine = shared_engine()
    detector, categoriser = EngineDetector(engine), categoriser_for(engine)
    embedder = embedder_for(engine, catalogue.embedder.name)
    assert categoriser is not None
    held = set(catalogue.info().categories)
    rows = []
    for row in open_set("ccp", "validation").rows(["image", "mask"]):
        photo = images.decode(image_bytes(row))
        mask = np.array(Image.open(io.BytesIO(row["mask"]["bytes"])))
        true = [item for item in items(mask) if SHELVES.get(GARMENT13[item.label])]
        found = detector.detect(photo)
        counted = []
        for box, label in zip(found.boxes, found.labels, strict=True):
            overlap = overlaps([box], [item.box for item in true])[0] if true else np.zeros(1)
            if overlap.max() < 0.5:
                continue
            right = SHELVES[GARMENT13[true[int(overlap.argmax())].label]]
            top = categoriser.name_crop(photo, box)[:2]
            vector = embedder.embed([photo.crop(box).pixels])
            scores = []
            for only in (
                (),
                tuple(name for name, _ in top if name in held),
                shelves_for(label, top, held),
            ):
                hits = catalogue.search(vector, K, only or None)[0]
                known = catalogue.items(hits.ids)
                scores.append(float(np.mean([known[i].category in right for i in hits.ids])))
            counted.append(scores)
        rows.append(counted)
    return rows


def main() -> None:
    """Print a row a way to search, with 95 % intervals over resampled photos."""
    rows = [np.array(photo) for photo in photo_rows(open_catalogue("fpi")) if photo]
    rng = np.random.default_rng(0)
    draws = [np.concatenate([rows[i] for i in rng.integers(len(rows), size=len(rows))]).mean(0) for _ in range(DRAWS)]
    low, high = np.percentile(draws, (2.5, 97.5), axis=0)
    mean = np.concatenate(rows).mean(0)
    print(f"ccp validation, {len(rows)} photos, {sum(map(len, rows))} garments, first {K} of the catalogue fpi")
    for place, way in enumerate(("the whole catalogue", "the categoriser's two", "narrowed as served")):
        print(f"{way:25} {mean[place]:.3f} ({low[place]:.3f} to {high[place]:.3f})")


if __name__ == "__main__":
    main()
