"""How sure a detector should be of an item before it is shown: precision, recall and F1 on ccp validation, by score.

An item is found when a box of its class overlaps it by at least half (intersection over union), each item once. The
threshold is chosen on validation; no test photo is looked at.
"""

from __future__ import annotations

import numpy as np
import torch

from fashionviz.data.sets import open_set
from fashionviz.models.box_rows import Boxes, boxes_of
from fashionviz.models.registry import default_model
from fashionviz.models.weights import load_trained
from fashionviz.training.detect_material import street_items
from fashionviz.training.detect_run import Served
from fashionviz.video.track import overlaps


def found_of(boxes: Boxes, true: Boxes) -> list[tuple[float, bool]]:
    """The score of every box and whether it finds an item that none before it found, the surest first."""
    order = np.argsort(-boxes.scores, kind="stable")
    overlap = overlaps(list(map(tuple, boxes.boxes)), list(map(tuple, true.boxes))) if len(true.boxes) else None
    taken: set[int] = set()
    rows = []
    for place in order.tolist():
        free = [
            (float(overlap[place, k]), k)
            for k in range(len(true.boxes))
            if overlap is not None and k not in taken and true.labels[k] == boxes.labels[place]
        ]
        best, item = max(free, default=(0.0, -1))
        if best >= 0.5:
            taken.add(item)
        rows.append((float(boxes.scores[place]), best >= 0.5))
    return rows


def main() -> None:
    """Print a row a threshold."""
    spec = default_model("garment13")
    network = load_trained(spec.name)[0].eval().to(memory_format=torch.channels_last)
    rows: list[tuple[float, bool]] = []
    items = photos = 0
    for batch in Served(street_items(open_set("ccp", "validation")), spec):
        with torch.inference_mode():
            answers = network(batch.images.to(memory_format=torch.channels_last))
        for answer, target in zip(answers, batch.targets, strict=True):
            labels = target["labels"].numpy()
            true = Boxes(target["boxes"].numpy(), labels, np.ones(len(labels), np.float32))
            rows += found_of(boxes_of(answer.numpy()), true)
            items, photos = items + len(labels), photos + 1
    scores, right = (np.array(column) for column in zip(*rows, strict=True))
    print(f"{spec.name}, ccp validation, {photos} photos, {items} items")
    for least in np.arange(0.2, 0.9, 0.05):
        kept = scores >= least
        hits, many = int(right[kept].sum()), int(kept.sum())
        precision, recall = hits / max(many, 1), hits / items
        print(f"{least:.2f}: precision {precision:.3f}, recall {recall:.3f}, F1 {2 * hits / (many + items):.3f}")


if __name__ == "__main__":
    main()
