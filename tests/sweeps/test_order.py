"""The ordered search against a case worked out by hand, and the shipped studies."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fashionviz.errors import InvalidRequest
from fashionviz.models.registry import get_model
from fashionviz.sweeps.order import grid, missing_trials, search
from fashionviz.sweeps.studies import STUDIES, Choice, Dimension, Study, get_study
from fashionviz.training.feeds import FEEDS
from fashionviz.training.initialisers import INITIALISERS
from tests.sweeps.conftest import ONE, ORDER, RIGHT, STUDY, TWO, WINNERS, A, L, M, N, S, scores


def test_the_order_is_the_one_worked_out_by_hand() -> None:
    for count, point in enumerate(ORDER):
        assert search(STUDY, scores(ORDER[:count])).next == point
    found = search(STUDY, scores())
    assert found.next is None
    assert not found.stuck
    assert tuple(s.winner for s in found.steps) == WINNERS
    assert found.winner(STUDY) == WINNERS[-1]
    assert max(RIGHT, key=RIGHT.__getitem__) not in ORDER, "a search in an order is greedy"


def test_a_grid_keeps_the_other_choices_and_the_order_of_the_choices() -> None:
    assert grid(STUDY, STUDY.steps[1], (M, N, ONE)) == ((M, N, ONE), (M, N, TWO), (M, L, ONE), (M, L, TWO))


def test_no_winner_before_the_step_is_done() -> None:
    found = search(STUDY, scores(ORDER[:5]))
    assert [s.winner for s in found.steps] == [WINNERS[0], None]
    assert found.winner(STUDY) is None


def test_of_equals_the_first_choice_wins() -> None:
    equal = {**scores(ORDER[:3]), ORDER[0]: 6 / 9}
    assert search(STUDY, equal).steps[0].winner == ORDER[0]


def test_a_failed_trial_cannot_win_and_does_not_stop_the_search() -> None:
    failed = {**scores(ORDER[:3]), ORDER[1]: None}
    found = search(STUDY, failed)
    assert found.steps[0].winner == (S, N, ONE)
    assert found.next == (S, N, TWO)


def test_without_a_winner_the_search_is_stuck() -> None:
    found = search(STUDY, dict.fromkeys(ORDER[:3]))
    assert found.stuck
    assert found.next is None
    assert found.winner(STUDY) is None


def test_points_outside_the_grids_are_ignored() -> None:
    more = {**scores(), (S, N, TWO): 1.0, (A, N, TWO): 1.0}
    assert tuple(s.winner for s in search(STUDY, more).steps) == WINNERS


def test_how_many_are_left() -> None:
    # 3 optimisers, 3 new pairs, and of the last grid 6 less the pairs that are known: 2 with adamax (if it wins).
    assert missing_trials(STUDY, scores(ORDER[:6])) == 4
    assert missing_trials(STUDY, scores()) == 0
    assert missing_trials(STUDY, scores(ORDER[:3])) == 3 + 2, "supposing that the first pair wins, 4 of 6 are known"


@pytest.mark.parametrize("name", sorted(STUDIES))
def test_every_choice_of_the_shipped_studies_makes_a_recipe(name: str) -> None:
    study = get_study(name)
    for i, dimension in enumerate(study.dimensions):
        for choice in dimension.choices:
            point = (*study.start[:i], choice.name, *study.start[i + 1 :])
            recipe = study.recipe(point)
            assert recipe.initialiser is None or recipe.initialiser in INITIALISERS
            assert recipe.main in recipe.batch
            assert (recipe == study.base) == (choice == dimension.choice(dimension.first)), (dimension.name, choice)
    assert FEEDS[study.base.feed].checks[0].figure == "accuracy"
    assert get_model(study.base.model).name == study.base.model


def test_paper_002() -> None:
    study = get_study("clothing10-ordered")
    # Each grid less the point that is known already; of the last one the column with the regulariser that won.
    assert missing_trials(study, {}) == 3 + 1 + 1 + 1 + 3 + 5 + (3 * 4 - 1) + (3 * 3 - 3) == 31
    assert [s.dimensions for s in study.steps][-2:] == [
        ("learning rate", "regulariser"),
        ("learning rate", "weight decay"),
    ]
    chosen = {**study.named(study.start), "optimiser": "Adadelta", "learning rate": "× 3", "weight decay": "× 4"}
    recipe = study.recipe(tuple(chosen.values()))
    assert (recipe.optimiser, recipe.learning_rate, recipe.weight_decay) == ("adadelta", 3.0, 4e-4)
    turned = study.recipe(("30°", "0.2", "0.2", "yes", *study.start[4:]))
    assert turned.warp is not None
    assert (turned.warp.rotate, turned.warp.shear, turned.warp.zoom, turned.warp.flip) == (30.0, 0.2, (0.8, 1.2), 0.5)


def test_the_fingerprint_knows_what_counts() -> None:
    assert replace(STUDY, title="Other words", note="").fingerprint() == STUDY.fingerprint()
    longer = replace(STUDY, base=replace(STUDY.base, seed=1))
    fewer = replace(STUDY, steps=STUDY.steps[:1])
    stronger = Dimension("regulariser", (Choice("none"), Choice("L2", {"l2": 0.02})))
    other = replace(STUDY, dimensions=(STUDY.dimensions[0], stronger, STUDY.dimensions[2]))
    assert len({s.fingerprint() for s in (STUDY, longer, fewer, other)}) == 4


def test_mistakes_in_a_study_are_found_when_it_is_made() -> None:
    with pytest.raises(ValueError, match="speed"):
        replace(STUDY, dimensions=(*STUDY.dimensions, Dimension("pace", (Choice("fast", {"speed": 9}),))))
    with pytest.raises(ValueError, match="no dimension"):
        replace(STUDY, dimensions=STUDY.dimensions[1:])
    with pytest.raises(ValueError, match="twice"):
        Study("s", "", "", STUDY.base, STUDY.dimensions, (STUDY.steps[0], STUDY.steps[0]))
    with pytest.raises(ValueError, match="names of their own"):
        Dimension("x", (Choice("a"), Choice("a")))
    with pytest.raises(InvalidRequest, match="clothing10-ordered"):
        get_study("nothing")
