"""Gaps on a shop where everybody of one half wants green jugs, and no green jug is there."""

import numpy as np
import pytest

from zhiyin.data.contracts import Catalogue
from zhiyin.generation import ConditionalGAN
from zhiyin.generation.encoding import Hard
from zhiyin.generation.gaps import DRAWS, _crowded, find_gaps

N = 60


class Wished(ConditionalGAN):
    """Makes what it is told: people of the first kind want green jugs at 3, of the second what there is."""

    def sample(self, condition: np.ndarray, n: int, rng: np.random.Generator, asked: object = None) -> Hard:
        wants = condition[np.arange(n) % len(condition), 0] > 0
        names = self.encoding.blocks[0].askable, self.encoding.blocks[1].askable
        green, red = names[0].index("green"), names[0].index("red")
        jug, bag = names[1].index("jug"), names[1].index("bag")
        return [np.where(wants, green, red), np.where(wants, jug, bag)]


@pytest.fixture(scope="module")
def wished() -> Wished:
    """30 green bags, 30 red bags, one jug of an unlike colour of each."""
    colours = ["green", "red"] * 30 + ["blue", "blue"]
    kinds = ["bag"] * 60 + ["jug", "jug"]
    catalogue = Catalogue.of(map(str, range(62)), colour=colours, kind=kinds)
    return Wished(epochs=1, hidden=8, batch=20).fit(catalogue, np.zeros((62, 2), np.float32))


def people(n_wanting: int) -> np.ndarray:
    vectors = np.zeros((N, 2), np.float32)
    vectors[:n_wanting, 0] = 1
    return vectors


def test_what_nobody_stocks_is_found_with_how_many_want_it(wished: Wished) -> None:
    (gap,) = find_gaps(wished, people(20), 5, np.random.default_rng(0))
    assert gap.specification.text.en == "green, jug"
    assert gap.people == 20
    assert 10 <= gap.low < 20 < gap.high <= 32
    assert gap.to_dict()["specification"]["attributes"] == {"colour": "green", "kind": "jug"}
    assert find_gaps(wished, people(0), 5, np.random.default_rng(0)) == []


def test_counts_are_for_all_people_not_for_those_who_were_asked(
    wished: Wished, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zhiyin.generation.gaps.PEOPLE", 30)
    (gap,) = find_gaps(wished, people(60), 5, np.random.default_rng(0))
    assert gap.people == 60


def test_two_gaps_are_not_one_and_the_larger_stands_first(wished: Wished, monkeypatch: pytest.MonkeyPatch) -> None:
    def two(self: Wished, condition: np.ndarray, n: int, rng: np.random.Generator, asked: object = None) -> Hard:
        colours, kinds = self.encoding.blocks[0].askable, self.encoding.blocks[1].askable
        green, red = colours.index("green"), colours.index("red")
        some = np.arange(n) % len(condition) < 45
        return [np.where(some, red, green), np.full(n, kinds.index("jug"))]

    monkeypatch.setattr(Wished, "sample", two)
    found = find_gaps(wished, people(0), 5, np.random.default_rng(0))
    assert [gap.specification.text.en for gap in found] == ["red, jug", "green, jug"]
    assert [gap.people for gap in found] == [45, 15]
    assert len(find_gaps(wished, people(0), 1, np.random.default_rng(0))) == 1
    assert DRAWS > 1


def test_the_first_of_many_are_those_of_few(wished: Wished, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten people ask for red jugs with each draw, forty for a green one with one of eight: more people, fewer draws."""

    def two(self: Wished, condition: np.ndarray, n: int, rng: np.random.Generator, asked: object = None) -> Hard:
        colours, kinds = self.encoding.blocks[0].askable, self.encoding.blocks[1].askable
        person, draw = np.arange(n) % N, np.arange(n) // N
        red, green = person < 10, (person >= 20) & (draw == 0)
        colour = np.where(red, colours.index("red"), colours.index("green"))
        return [colour, np.where(red | green, kinds.index("jug"), kinds.index("bag"))]

    monkeypatch.setattr(Wished, "sample", two)
    found = find_gaps(wished, people(0), 5, np.random.default_rng(0))
    assert [(gap.specification.text.en, gap.people) for gap in found] == [("green, jug", 40), ("red, jug", 10)]
    for n in (1, 2):
        assert find_gaps(wished, people(0), n, np.random.default_rng(0)) == found[:n]


def test_a_crowd_is_counted_again_without_those_who_left(monkeypatch: pytest.MonkeyPatch) -> None:
    points = np.array([[0], [1], [2], [3], [4], [9], [10]], np.float32)
    assert _crowded(points, 1.0) == [1, 3, 5]
    left, chosen = np.ones(7, bool), []
    while left.any():  # the slow way
        best = max(np.flatnonzero(left), key=lambda i: (abs(points[left] - points[i]) <= 1).sum())
        chosen.append(best)
        left &= (abs(points - points[best]) > 1)[:, 0]
    assert _crowded(points, 1.0) == chosen
    monkeypatch.setattr("zhiyin.generation.gaps.COUNTED", 2)
    assert _crowded(points, 1.0) == [1, 3]
