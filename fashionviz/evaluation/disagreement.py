"""How much models disagree on one photo: Jensen-Shannon divergences, across tasks in words that both have.

The divergence of answers P1..Pn is H(mean of P) - mean of H(P), in bits (Lin 1991): 0 where all are the same and, for
two of them, 1 where they have nothing in common; for n, at most log2 n.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from fashionviz.data.comparable import TYPE_GROUP, vocabulary_for
from fashionviz.data.labels import Task
from fashionviz.disagreement_results import Disagreement, Opinion, Pair, TaskDisagreement
from fashionviz.results import Prediction

#: Least share of each answer that must lie on words that both models have: below, what is compared is not the answer.
LEAST = 0.5
#: Below this two answers are called the same, in bits.
SAME = 0.05


@dataclass(frozen=True)
class Answer:
    """A model's answer with the task it is about."""

    task: Task
    prediction: Prediction

    @property
    def name(self) -> str:
        """The model."""
        return self.prediction.model.name


def entropy(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """Entropy of ``(..., K)`` probabilities that sum to 1, in bits."""
    p = np.asarray(probabilities, dtype=np.float64)
    return -(p * np.log2(p, out=np.zeros_like(p), where=p > 0)).sum(axis=-1)


def divergence(answers: NDArray[np.floating]) -> float:
    """Jensen-Shannon divergence of ``(N, K)`` answers that each sum to 1, in bits: 0 to log2 N."""
    p = np.asarray(answers, dtype=np.float64)
    return float(np.clip(entropy(p.mean(axis=0)) - entropy(p).mean(), 0.0, np.log2(len(p))))


def tag_divergence(answers: NDArray[np.floating]) -> float:
    """The same of ``(N, L)`` probabilities of tags, each on its own: the mean over the tags."""
    p = np.asarray(answers, dtype=np.float64)
    return float(np.mean([divergence(np.stack([column, 1 - column], axis=1)) for column in p.T]))


def answer_in(words: Mapping[str, str], answer: Answer) -> dict[str, float]:
    """What an answer gives to the words of a vocabulary; what is left to 1 went to classes without one.

    Of a tagger the tags of the group that says what the item is are taken, which may sum to more than 1 since each has
    a probability of its own: then they are divided by their sum.

    Args:
        words: of the answer's task, from a :class:`~fashionviz.data.comparable.Vocabulary`.
        answer: the answer.
    """
    if answer.task.multilabel:
        tags = next(group.tags for group in answer.prediction.tags if group.name == TYPE_GROUP)
        total = max(1.0, sum(tag.probability for tag in tags))
        given = [(tag.value, tag.probability / total) for tag in tags]
    else:
        given = [(score.label, score.probability) for score in answer.prediction.scores]
    found: dict[str, float] = {}
    for label, probability in given:
        if label in words:
            found[words[label]] = found.get(words[label], 0.0) + probability
    return found


def compare_two(first: Answer, second: Answer) -> Pair:
    """How much two models disagree, or why that cannot be said."""
    names = (first.name, second.name)
    if first.task.name == second.task.name:
        return _same_task(first, second)
    vocabulary = vocabulary_for(first.task.name, second.task.name)
    if vocabulary is None:
        return Pair(*names, reason=f"{first.task.title} and {second.task.title} have no classes in common.")
    shared = vocabulary.shared(first.task.name, second.task.name)
    given = [answer_in(vocabulary.words[a.task.name], a) for a in (first, second)]
    table = np.array([[found.get(word, 0.0) for word in shared] for found in given])
    cover = table.sum(axis=1)
    if cover.min() < LEAST:
        less, more = (0, 1) if cover[0] < cover[1] else (1, 0)
        return Pair(
            *names,
            coverage=float(cover.min()),
            reason=f"{names[less]} gives {1 - cover[less]:.0%} to what {names[more]} has no class for.",
        )
    table /= cover[:, None]
    return Pair(
        *names,
        words=vocabulary.title,
        bits=divergence(table),
        coverage=float(min(1.0, cover.min())),
        first_says=_top(shared, table[0]),
        second_says=_top(shared, table[1]),
    )


def _same_task(first: Answer, second: Answer) -> Pair:
    table = _table((first, second))
    tops = [a.prediction.top for a in (first, second)]
    return Pair(
        first.name,
        second.name,
        words="the same tags" if first.task.multilabel else "the same classes",
        bits=tag_divergence(table) if first.task.multilabel else divergence(table),
        coverage=1.0,
        first_says=(tops[0].label, tops[0].probability),
        second_says=(tops[1].label, tops[1].probability),
    )


def _table(answers: Sequence[Answer]) -> NDArray[np.float64]:
    """``(N, K)`` probabilities of models of one task, in the order of its classes."""
    given = [{score.label: score.probability for score in answer.prediction.scores} for answer in answers]
    table = np.array([[found.get(label, 0.0) for label in answers[0].task.classes] for found in given])
    return table if answers[0].task.multilabel else table / table.sum(axis=1, keepdims=True)


def _top(words: Sequence[str], shares: NDArray[np.float64]) -> tuple[str, float]:
    place = int(shares.argmax())
    return words[place], float(shares[place])


def disagreement(answers: Sequence[Answer], failed: Sequence[tuple[str, str]] = ()) -> Disagreement:
    """How much models disagree on one photo.

    Args:
        answers: of different models, about the same photo.
        failed: models that did not answer, with why.
    """
    pairs = [compare_two(a, b) for a, b in combinations(answers, 2)]
    opinions = sorted((_opinion(answer, pairs) for answer in answers), key=_farthest_first)
    place = {opinion.model.name: i for i, opinion in enumerate(opinions)}
    ordered = sorted((_turned(pair, place) for pair in pairs), key=lambda p: (place[p.first], place[p.second]))
    tasks = _tasks(answers)
    return Disagreement(tuple(opinions), tuple(ordered), tasks, sentence(ordered, len(answers)), tuple(failed))


def _opinion(answer: Answer, pairs: Sequence[Pair]) -> Opinion:
    mine = [pair.bits for pair in pairs if pair.bits is not None and answer.name in (pair.first, pair.second)]
    top = answer.prediction.top
    mean = sum(mine) / len(mine) if mine else None
    return Opinion(answer.prediction.model, answer.task.name, top.label, top.probability, mean, len(mine))


def _farthest_first(opinion: Opinion) -> tuple[bool, float, str]:
    return opinion.mean is None, -(opinion.mean or 0.0), opinion.model.name


def _turned(pair: Pair, place: Mapping[str, int]) -> Pair:
    if place[pair.first] < place[pair.second]:
        return pair
    return replace(pair, first=pair.second, second=pair.first, first_says=pair.second_says, second_says=pair.first_says)


def _tasks(answers: Sequence[Answer]) -> tuple[TaskDisagreement, ...]:
    found = []
    for name in dict.fromkeys(answer.task.name for answer in answers):
        mine = [answer for answer in answers if answer.task.name == name]
        if len(mine) < 2:
            continue
        table, task = _table(mine), mine[0].task
        says: dict[str, list[str]] = {}
        for answer in mine:
            says.setdefault(answer.prediction.top.label, []).append(answer.name)
        ordered = sorted(says.items(), key=lambda item: (-len(item[1]), item[0]))
        found.append(
            TaskDisagreement(
                task=name,
                title=task.title,
                models=tuple(answer.name for answer in mine),
                bits=tag_divergence(table) if task.multilabel else divergence(table),
                most=float(np.log2(len(mine))),
                says=tuple((label, tuple(names)) for label, names in ordered),
            )
        )
    return tuple(found)


def sentence(pairs: Sequence[Pair], models: int) -> str:
    """What models disagree about, in words.

    Args:
        pairs: every two of them.
        models: how many there are.
    """
    if models < 2:
        return "One model alone has nobody to disagree with."
    compared = [(pair, pair.bits) for pair in pairs if pair.bits is not None]
    if not compared:
        return "No two of these models can be compared."
    pair, bits = max(compared, key=lambda item: item[1])
    assert pair.first_says is not None
    assert pair.second_says is not None
    differing = sum(bool(p.differs) for p, _ in compared)
    count = f"The most probable answer differs in {differing} of {len(compared)} pairs that can be compared."
    if bits < SAME and not differing:
        return f"They agree: no two answers are more than {bits:.2f} bits of 1 apart. {count}"
    (one, share), (other, other_share) = pair.first_says, pair.second_says
    asked = "" if pair.words.startswith("the same") else f"Asked for the {pair.words}, "
    said = (
        f"{pair.first} says {one} ({share:.0%}) and {pair.second} says {other} ({other_share:.0%})"
        if pair.differs
        else f"{pair.first} and {pair.second} both say {one}, with {share:.0%} and {other_share:.0%}"
    )
    return f"{asked}{said}: at {bits:.2f} bits of 1 no two models are farther apart. {count}"
