"""What reaches its goal."""

import pytest

from zhiyin.generation.judgement import GOALS, reached


@pytest.mark.parametrize(
    ("name", "value", "low", "high", "is_reached"),
    [
        ("foresight", 0.62, 0.375, 0.804, False),  # chance is inside
        ("foresight", 0.62, 0.5, 0.7, False),
        ("foresight", 0.62, 0.51, 0.7, True),
        ("told_apart", 0.74, 0.70, 0.78, True),
        ("told_apart", 0.76, 0.70, 0.78, False),
        ("new", 0.1, 0.0, 0.3, False),
    ],
)
def test_a_chance_is_reached_where_its_whole_interval_is(
    name: str, value: float, low: float, high: float, is_reached: bool
) -> None:
    assert name in GOALS
    assert reached(name, {"value": value, "low": low, "high": high}) is is_reached
