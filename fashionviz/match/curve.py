"""From a cosine to a probability by a logistic curve (Platt 1999): how often a best match so alike was the right item.

It is fitted by the embedder's evaluation, on the best match of each query. Of a match further down it says how probable
it would be if it were the best one.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass

from fashionviz.errors import FashionvizError, WeightsError
from fashionviz.models.card import load_card
from fashionviz.models.weights import model_folder
from fashionviz.results import ModelRef


@dataclass(frozen=True)
class MatchCurve:
    """``probability = 1 / (1 + exp(-(slope · cosine + intercept)))``.

    Attributes:
        slope: positive: the more alike, the more probable.
        intercept: of the logit at cosine 0.
        n: pairs that it was fitted on.
        data: which pairs, in words.
        sha256: of the weights whose cosines it reads.
    """

    slope: float
    intercept: float
    n: int
    data: str
    sha256: str

    def probability(self, score: float) -> float:
        """0..1, of a cosine in -1..1."""
        logit = self.slope * score + self.intercept
        # exp of a large positive number overflows, of a negative one does not
        return 1 / (1 + math.exp(-logit)) if logit >= 0 else math.exp(logit) / (1 + math.exp(logit))


def curve_to_json(curve: MatchCurve) -> str:
    """One line of JSON."""
    return json.dumps(asdict(curve), ensure_ascii=False)


def curve_from_json(text: str) -> MatchCurve:
    """The inverse.

    Raises:
        WeightsError: it holds something else than a curve, or one that falls.
    """
    try:
        facts = json.loads(text)
        curve = MatchCurve(
            float(facts["slope"]), float(facts["intercept"]), int(facts["n"]), str(facts["data"]), str(facts["sha256"])
        )
    except (ValueError, TypeError, KeyError) as error:
        raise WeightsError("The curve of match probabilities cannot be read; fit it anew.") from error
    if not (math.isfinite(curve.slope) and math.isfinite(curve.intercept) and curve.slope > 0):
        raise WeightsError("The curve of match probabilities does not rise with the similarity; fit it anew.")
    return curve


def curve_of(embedder: ModelRef) -> MatchCurve | None:
    """The curve that the embedder's evaluation fitted, as its card has it (``ModelCard.match``), of these very weights.

    Returns:
        ``None`` where there is none, or the network is not installed: then no probability is given.
    """
    try:
        card = load_card(model_folder(embedder.name))
    except FashionvizError:
        return None
    fitted = getattr(card, "match", None)
    if fitted is None or card.sha256 != embedder.sha256:
        return None
    words = f"{fitted.data_set} {fitted.split}: {fitted.note}"
    return MatchCurve(float(fitted.slope), float(fitted.intercept), int(fitted.n), words, card.sha256)
