"""What a model says of a picture, and which calls that serves: one table, a row for each kind of answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: One class, any number of tags, a class for each pixel, boxes with a class each, or a vector to compare pictures by.
Kind = Literal["classes", "tags", "regions", "boxes", "embedding"]


@dataclass(frozen=True)
class Answer:
    """What belongs to a kind of answer.

    Attributes:
        names: its models name what a whole photo shows: ``predict``, ``explain``, ``disagree`` and every list of models
            to ask have them; the pages that look into a network have all.
        figure: the figure of the card that stands for a model.
        says: what one does, as the end of a sentence that begins with its name.
        instead: what to do with it where it is refused, as the end of a sentence; empty where only choosing another
            model is left.
        scored_by: the function that scores it where :func:`fashionviz.evaluation.evaluate.evaluate` does not.
        spatial: its output has a place for each pixel; the golden logits are means over them.
    """

    names: bool
    figure: str
    says: str
    instead: str = ""
    scored_by: str = ""
    spatial: bool = False

    def refusal(self, model: str) -> str:
        """The sentence for somebody who asks a model for the name of what a photo shows."""
        instead = f"{self.instead}, or choose another model" if self.instead else "choose another model"
        return f"{model} names no class of a photo, it {self.says}: {instead}."


ANSWERS: dict[Kind, Answer] = {
    "classes": Answer(names=True, figure="accuracy", says="gives one class"),
    "tags": Answer(
        names=True,
        figure="map",
        says="gives tags",
        instead="use `fashionviz predict`, which names the tags of photos",
        scored_by="evaluate_tags",
    ),
    "regions": Answer(
        names=False,
        figure="miou",
        says="says what each pixel shows",
        instead="use `fashionviz segment` or /api/v1/segment",
        scored_by="evaluate_regions",
        spatial=True,
    ),
    "boxes": Answer(
        names=False,
        figure="ap50",
        says="draws a box around each garment",
        instead="use `fashionviz detect` or /api/v1/detect",
        scored_by="evaluate_boxes",
    ),
    "embedding": Answer(
        names=False,
        figure="recall_at_1",
        says="turns it into a vector by which pictures of one item find each other",
        scored_by="evaluate_embedding",
    ),
}
