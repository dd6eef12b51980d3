"""Batches: everybody once, the same again for the same seed, little padding where lengths are known."""

import numpy as np
import pytest
from scipy import sparse

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
    loader = Shuffled(people, 5, seed=3, lengths=lengths)
    first, second = ([batch.items.tolist() for batch in loader.epoch(n)] for n in (1, 2))
    assert len(first) == len(loader) == 5
    assert sorted(sum(map(len, [b]), 0) for b in first) == [3, 5, 5, 5, 5]
    assert sorted(person for batch in first for person in batch) == list(range(23))
    assert first != second
    again = Shuffled(people, 5, seed=3, lengths=lengths)
    assert [batch.items.tolist() for batch in again.epoch(1)] == first
    assert [batch.items.tolist() for batch in again.epoch(1, skip=3)] == first[3:]
    other = Shuffled(people, 5, seed=4, lengths=lengths)
    assert [batch.items.tolist() for batch in other.epoch(1)] != first


def test_a_batch_is_of_anybody_and_stands_shortest_first():
    """Batches of like length would weigh the events of short histories many times as much as those of long ones."""
    lengths = np.arange(640) % 50
    people = Bags.of(sparse.csr_matrix(np.ones((640, 1))))
    people = Bags(people.offsets, np.arange(640), people.values)
    plain = [sorted(batch.items) for batch in Shuffled(people, 32, 0).epoch(1)]
    sorted_by_length = [batch.items for batch in Shuffled(people, 32, 0, lengths=lengths).epoch(1)]
    assert [sorted(batch) for batch in sorted_by_length] == plain
    assert all((np.diff(lengths[batch]) >= 0).all() for batch in sorted_by_length)
