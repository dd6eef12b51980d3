"""Independent streams from one seed."""

from zhiyin.core.randomness import generator


def test_same_seed_and_name_same_numbers():
    assert generator(1, "dropout").integers(1 << 60) == generator(1, "dropout").integers(1 << 60)


def test_other_seed_or_name_other_numbers():
    draws = {generator(*key).integers(1 << 60) for key in [(1, "a"), (2, "a"), (1, "b"), (1, "a", "b"), (1, "a", 3)]}
    assert len(draws) == 5
