"""Scores that differ look different."""

from zhiyin.core.digits import told_apart


def test_as_few_digits_as_tell_apart():
    assert told_apart([0.5, 0.25]) == ["0.500", "0.250"]
    assert told_apart([0.12344, 0.12341, 0.1]) == ["0.12344", "0.12341", "0.10000"]
    assert told_apart([0.5, 0.5]) == ["0.500", "0.500"]  # what is the same looks the same
    assert told_apart([0.1, 0.1 + 1e-12]) == ["0.100000000", "0.100000000"]
    assert told_apart([]) == []
