"""Orders of classes on matrices whose right order is known."""

from itertools import pairwise

import numpy as np
import pytest

from fashionviz.evaluation.order import ORDERS, clustered, mistaken_shares, order_classes

#: Classes 0 and 3 are taken for each other, 1 and 4 too; 2 is never mistaken, 5 has no items.
CONFUSION = np.array(
    [
        [6, 0, 0, 4, 0, 0],
        [0, 15, 0, 1, 4, 0],
        [0, 0, 30, 0, 0, 0],
        [3, 0, 0, 7, 0, 0],
        [0, 5, 0, 0, 5, 0],
        [0, 0, 0, 0, 0, 0],
    ]
)


def test_each_order_holds_every_class_once() -> None:
    for order in ORDERS:
        assert sorted(order_classes(CONFUSION, order)) == list(range(6)), order
    with pytest.raises(ValueError, match="sideways"):
        order_classes(CONFUSION, "sideways")


def test_by_frequency_and_by_error() -> None:
    assert order_classes(CONFUSION, "by frequency") == (2, 1, 0, 3, 4, 5)
    assert order_classes(CONFUSION, "by error") == (4, 0, 3, 1, 2, 5), "without items there is no error: last"


def test_mistaken_classes_stand_side_by_side() -> None:
    order = order_classes(CONFUSION, "clustered")
    place = {label: n for n, label in enumerate(order)}
    assert abs(place[0] - place[3]) == 1
    assert abs(place[1] - place[4]) == 1
    assert abs(place[3] - place[1]) == 1, "the one mistake between the two pairs joins them there"
    assert order_classes(CONFUSION, "clustered") == order, "the same at every visit"


def test_the_share_of_mistakes_between_two_classes() -> None:
    shares = mistaken_shares(CONFUSION)
    assert shares[0, 3] == shares[3, 0] == pytest.approx(7 / 20)
    assert shares[1, 4] == pytest.approx(9 / 30)
    assert not shares.diagonal().any()
    assert shares[5].max() == 0, "a class without items is taken for none"


def test_a_permuted_block_matrix_is_put_together_again(rng: np.random.Generator) -> None:
    similarity = np.kron(np.eye(5), np.full((4, 4), 0.6))
    mixed = rng.permutation(20)
    order = clustered(similarity[np.ix_(mixed, mixed)])
    blocks = [int(mixed[i]) // 4 for i in order]
    assert sum(a != b for a, b in pairwise(blocks)) == 4, "five blocks, four borders"


@pytest.mark.parametrize("count", [0, 1, 2])
def test_two_classes_have_nothing_to_order(count: int) -> None:
    assert clustered(np.zeros((count, count))) == tuple(range(count))
