"""Batches: everybody once, the same again for the same seed, little padding where lengths are known."""

import numpy as np
import pytest
from scipy import sparse

from zhiyin.data.contracts import Ragged
from zhiyin.training import Bags, Shuffled


def test_bags_are_the_matrix_they_came_from():
    matrix = sparse.csr_matrix(np.array([[0, 2.0, 0], [0, 0, 0], [-1.0, 0, 3.0]]))
    bags = Bags.of(matrix)
    assert len(bags) == 3
    assert bags.lengths.tolist() == [1, 0, 2]
    taken = bags.take(np.array([2, 0, 1, 2]))
    assert taken.offsets.tolist() == [0, 2, 3, 3, 5]
    assert taken.items.tolist() == [0, 2, 1, 0, 2]
    assert taken.values.tolist() == [-1, 3, 2, -1, 3]


@pytest.mark.parametrize("lengths", [None, np.arange(23) % 7])
def test_everybody_comes_once_an_epoch_in_an_order_of_its_own(people: Bags, lengths: np.ndarray | None):
    loader = Shuffled(people, 5, seed=3, lengths=lengths, window=2)
    first, second = ([batch.items.tolist() for batch in loader.epoch(n)] for n in (1, 2))
    assert len(first) == len(loader) == 5
    assert sorted(sum(map(len, [b]), 0) for b in first) == [3, 5, 5, 5, 5]
    assert sorted(person for batch in first for person in batch) == list(range(23))
    assert first != second
    again = Shuffled(people, 5, seed=3, lengths=lengths, window=2)
    assert [batch.items.tolist() for batch in again.epoch(1)] == first
    assert [batch.items.tolist() for batch in again.epoch(1, skip=3)] == first[3:]
    other = Shuffled(people, 5, seed=4, lengths=lengths, window=2)
    assert [batch.items.tolist() for batch in other.epoch(1)] != first


def test_people_of_like_length_come_together():
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 50, 640)
    histories = Ragged.of([[0] * n for n in lengths])

    def padding(loader: Shuffled[Ragged]) -> int:
        return sum(int(batch.lengths.max() * len(batch) - batch.lengths.sum()) for batch in loader.epoch(1))

    assert padding(Shuffled(histories, 32, 0, lengths=lengths)) < 0.2 * padding(Shuffled(histories, 32, 0))
