"""Disagreement on cases worked out by hand."""

from __future__ import annotations

import math
from collections import Counter, defaultdict

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from fashionviz.data.comparable import CATEGORIES, VOCABULARIES, vocabulary_for
from fashionviz.data.labels import TASKS
from fashionviz.data.sets import open_set
from fashionviz.errors import DataError
from fashionviz.evaluation.disagreement import (
    Answer,
    answer_in,
    compare_two,
    disagreement,
    divergence,
    entropy,
    tag_divergence,
)
from fashionviz.results import ClassScore, ModelRef, Prediction, TagGroup, Timings


def answer(name: str, task: str, **given: float) -> Answer:
    """A model's answer; underscores in words stand for spaces, and what is not named has no probability."""
    shares = {word.replace("_", " "): p for word, p in given.items()}
    scores = [ClassScore(label, shares.pop(label, 0.0), 0.0) for label in TASKS[task].classes]
    assert not shares
    scores.sort(key=lambda score: -score.probability)
    return Answer(TASKS[task], Prediction(ModelRef(name, "0"), tuple(scores), Timings(0, 0, 0)))


def tagger(name: str, **given: float) -> Answer:
    shares = {f"articleType: {word.replace('_', ' ')}": p for word, p in given.items()}
    task = TASKS["tags"]
    scores = sorted((ClassScore(c, shares.get(c, 0.0), 0.0, 0.5) for c in task.classes), key=lambda s: -s.probability)
    groups = tuple(
        TagGroup(g.name, g.title, True, tuple(s for s in scores if s.label.startswith(f"{g.name}: ")))
        for g in task.groups
    )
    return Answer(task, Prediction(ModelRef(name, "0"), tuple(scores), Timings(0, 0, 0), tags=groups))


def test_entropy_and_divergence_by_hand() -> None:
    assert entropy(np.array([1.0, 0.0])) == 0
    assert entropy(np.full(8, 1 / 8)) == pytest.approx(3)
    same = np.array([[0.2, 0.3, 0.5]] * 4)
    assert divergence(same) == 0
    assert divergence(np.eye(2)) == 1, "nothing in common: one bit"
    assert divergence(np.eye(8)) == pytest.approx(3), "eight that have nothing in common: log2 8"
    # H([3/4, 1/4]) - (H([1, 0]) + H([1/2, 1/2])) / 2
    assert divergence(np.array([[1.0, 0.0], [0.5, 0.5]])) == pytest.approx(2 - 0.75 * math.log2(3) - 0.5)
    assert tag_divergence(np.array([[1.0, 0.0], [1.0, 1.0]])) == pytest.approx(0.5), "one of two tags"


def test_divergence_is_scipys(rng: np.random.Generator) -> None:
    for _ in range(20):
        p, q = rng.dirichlet(np.full(6, 0.5), size=2)
        assert divergence(np.stack([p, q])) == pytest.approx(jensenshannon(p, q, base=2) ** 2, abs=1e-12)


def test_models_of_one_task_are_compared_in_its_classes() -> None:
    shirt = answer("a", "clothing10", **{"shirt": 1.0})
    dress = answer("b", "clothing10", dress=1.0)
    pair = compare_two(shirt, dress)
    assert pair.bits == 1
    assert pair.differs
    assert pair.coverage == 1
    assert compare_two(shirt, answer("c", "clothing10", shirt=1.0)).bits == 0


def test_across_tasks_classes_are_put_into_words_that_both_have() -> None:
    home = answer("home", "clothing10", **{"t-shirt": 0.5, "shirt": 0.5})
    shop = answer("shop", "category11", tops=1.0)
    pair = compare_two(home, shop)
    assert (pair.words, pair.bits, pair.differs) == ("coarse type", 0, False)
    assert pair.first_says == ("tops", 1.0)
    articles = answer("articles", "category50", Tshirts=1.0)
    pair = compare_two(home, articles)
    assert pair.words == "garment type"
    assert pair.bits == pytest.approx(2 - 0.75 * math.log2(3) - 0.5)
    departments = answer("six", "gender_category", **{"Men/Apparel": 0.4, "Women/Apparel": 0.6})
    pair = compare_two(departments, answer("bag", "category11", bags=1.0))
    assert (pair.words, pair.bits) == ("category", 1)
    assert pair.first_says == ("Apparel", 1.0)
    assert pair.second_says == ("Accessories", 1.0)


def test_what_the_other_has_no_class_for_is_left_out_and_too_much_of_it_is_said() -> None:
    five = answer("five", "category5", tops=1.0)
    pair = compare_two(answer("eleven", "category11", tops=0.6, bags=0.4), five)
    assert (pair.bits, pair.coverage) == (0, pytest.approx(0.6))
    pair = compare_two(five, answer("eleven", "category11", tops=0.3, bags=0.7))
    assert pair.bits is None
    assert pair.differs is None
    assert pair.reason == "eleven gives 70% to what five has no class for."


def test_tags_are_what_the_item_is() -> None:
    words = vocabulary_for("tags", "category50").words["tags"]  # type: ignore[union-attr]
    assert answer_in(words, tagger("t", Tshirts=0.6))["Tshirts"] == 0.6, "0.4 say nothing of the item"
    assert answer_in(words, tagger("t", Tshirts=0.9, Tops=0.9))["Tops"] == 0.5
    pair = compare_two(tagger("t", Tshirts=0.8), answer("a", "category50", Tshirts=1.0))
    assert (pair.words, pair.bits, pair.coverage) == ("article type", 0, pytest.approx(0.8))
    street = Answer(TASKS["street_tags"], tagger("s").prediction)
    assert compare_two(street, tagger("t", Tshirts=1.0)).reason.endswith("have no classes in common.")


def test_the_one_who_stands_apart_comes_first() -> None:
    one, two = (answer(name, "clothing10", shirt=0.9, dress=0.1) for name in ("one", "two"))
    other = answer("other", "clothing10", hat=1.0)
    street = Answer(TASKS["street_tags"], tagger("street").prediction)
    found = disagreement([one, street, two, other])
    assert [opinion.model.name for opinion in found.opinions] == ["other", "one", "two", "street"]
    assert [opinion.mean for opinion in found.opinions] == [1, 0.5, 0.5, None]
    assert [opinion.compared for opinion in found.opinions] == [2, 2, 2, 0]
    assert [(pair.first, pair.second) for pair in found.pairs][:2] == [("other", "one"), ("other", "two")]
    assert all(pair.first_says == ("hat", 1.0) for pair in found.pairs[:2])
    (task,) = found.tasks
    assert task.says == (("shirt", ("one", "two")), ("hat", ("other",)))
    mean = np.array([0.6, 1 / 15, 1 / 3])
    assert task.bits == pytest.approx(float(entropy(mean)) - 2 / 3 * float(entropy(np.array([0.9, 0.1]))))
    assert task.most == pytest.approx(math.log2(3))
    assert found.sentence.startswith("other says hat (100%) and one says shirt (90%): at 1.00 bits of 1 ")
    assert found.sentence.endswith("The most probable answer differs in 2 of 3 pairs that can be compared.")
    assert disagreement([one, two]).sentence.startswith("They agree")
    assert disagreement([one]).sentence == "One model alone has nobody to disagree with."
    assert disagreement([one, street]).sentence == "No two of these models can be compared."


def test_vocabularies_are_about_classes_that_there_are() -> None:
    for vocabulary in VOCABULARIES:
        for task, words in vocabulary.words.items():
            classes = set(TASKS[task].classes)
            if task in ("clothing10", "category11", "category5", "gender_category"):
                assert set(words) == classes
            known = {f"articleType: {name}" for name in words} if task == "tags" else set(words)
            assert known & classes
        for first in vocabulary.words:
            for second in vocabulary.words:
                assert len(vocabulary.shared(first, second)) > 1
    types = {name.partition(": ")[2] for name in TASKS["tags"].classes if name.startswith("articleType")}
    assert set(CATEGORIES) == types | set(TASKS["category50"].classes)
    assert vocabulary_for("clothing10", "street_tags") is None


def test_categories_are_those_of_the_catalogue() -> None:
    try:
        rows = list(open_set("fpi", "train").rows(("articleType", "masterCategory")))
    except DataError:
        pytest.skip("the catalogue is not here")
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        counts[row["articleType"]][row["masterCategory"]] += 1
    for article, category in CATEGORIES.items():
        if not counts[article]:
            continue
        (name, n) = counts[article].most_common(1)[0]
        assert (name if name in ("Apparel", "Accessories") else "Other") == category, article
        assert n >= 0.95 * counts[article].total()
