"""From a cosine to the probability that two pictures show the same item: Platt's logistic curve (Platt 1999)."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

from fashionviz.errors import WeightsError
from fashionviz.models.weights import model_folder
from fashionviz.results import ModelRef

#: Beside the embedder's weights.
FILE = "match_curve.json"


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


def save_curve(name: str, curve: MatchCurve) -> Path:
    """Keep a curve beside the weights of an embedder, in one step."""
    path = model_folder(name) / FILE
    part = path.with_name(f".{FILE}.part")
    part.write_text(curve_to_json(curve) + "\n")
    part.replace(path)
    return path


def curve_of(embedder: ModelRef) -> MatchCurve | None:
    """The curve of these very weights; ``None`` where none was fitted: then no probability is given.

    Raises:
        WeightsError: the file is damaged.
    """
    path = model_folder(embedder.name) / FILE
    if not path.is_file():
        return None
    curve = curve_from_json(path.read_text())
    return curve if curve.sha256 == embedder.sha256 else None
