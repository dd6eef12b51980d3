"""House rules: stock, hidden and only shown values, at most so many of one kind; unknown columns are refused."""

import numpy as np
import pytest

from zhiyin.answering import Rules
from zhiyin.answering.columns import Columns
from zhiyin.core.errors import SettingsError
from zhiyin.data.contracts import Candidates, Catalogue, column_array

ITEMS = Catalogue.of(
    ["a", "b", "c", "d", "e"], category=["mug", "mug", "card", None, "mug"], left=[3.0, 0.0, np.nan, -1.0, 1.0]
)


def ranked(*lists: list[int]) -> Candidates:
    rows = np.array(lists, np.int32)
    scores = np.where(rows >= 0, -np.arange(rows.shape[1]), -np.inf).astype(np.float32)
    return Candidates(rows, scores, (rows >= 0).astype(np.uint32), ("x",))


def test_no_rule_allows_all_and_changes_nothing() -> None:
    found = ranked([3, 1])
    assert Rules().allowed(Columns(ITEMS)) is None
    assert Rules().capped(found, Columns(ITEMS)) is found


@pytest.mark.parametrize(
    ("rules", "left"),
    [
        (Rules(stock="left"), "ace"),
        (Rules(hide={"category": ("mug",)}), "cd"),
        (Rules(hide={"item": ("a", "zz")}), "bcde"),
        (Rules(only={"category": ("mug",)}), "abe"),
        (Rules(stock="left", only={"category": ("mug", "card")}, hide={"item": ("e",)}), "ac"),
    ],
    ids=str,
)
def test_what_may_be_shown(rules: Rules, left: str) -> None:
    allowed = rules.allowed(Columns(ITEMS))
    assert allowed is not None
    assert "".join(np.array(list(ITEMS.ids))[allowed]) == left


def test_at_most_so_many_of_one_kind_and_what_follows_moves_up() -> None:
    found = Rules(most={"category": 2}).capped(ranked([0, 1, 4, 2, 3], [4, -1, -1, -1, -1]), Columns(ITEMS))
    assert found.rows.tolist() == [[0, 1, 2, 3], [4, -1, -1, -1]]
    assert found.scores.tolist() == [[0, -1, -3, -4], [0, -np.inf, -np.inf, -np.inf]]
    assert found.sources.tolist() == [[1, 1, 1, 1], [1, 0, 0, 0]]


def test_an_item_of_several_kinds_counts_for_each() -> None:
    items = Catalogue.of(["a", "b", "c"])
    items = Catalogue(items.ids, {"tags": column_array([["x", "y"], ["y"], ["x"]])})
    assert Rules(most={"tags": 1}).capped(ranked([0, 1, 2]), Columns(items)).rows.tolist() == [[0]]
    assert Rules(most={"tags": 1}).capped(ranked([1, 2, 0]), Columns(items)).rows.tolist() == [[1, 2]]


def test_a_column_that_the_items_do_not_have_is_refused() -> None:
    words = (
        r"stock names the column 'lefts', which the items do not have; did you mean 'left'\? their columns are: item"
    )
    with pytest.raises(SettingsError, match=words):
        Rules(stock="lefts").allowed(Columns(ITEMS))
    with pytest.raises(SettingsError, match="hide names the column 'colour'"):
        Rules(hide={"colour": ("red",)}).allowed(Columns(ITEMS))
    with pytest.raises(SettingsError, match="most names the column 'colour'"):
        Rules(most={"colour": 1}).capped(ranked([0]), Columns(ITEMS))
    with pytest.raises(SettingsError, match="'category' of the items holds 'mug'; give a column of numbers"):
        Rules(stock="category").allowed(Columns(ITEMS))


def test_values_are_compared_as_people_write_them() -> None:
    items = Catalogue.of(["a", "b", "c"], age=[18.0, np.nan, 21.0], gift=[True, False, True], left=["3", None, "0"])
    for rules, left in (
        (Rules(hide={"age": (18,)}), "bc"), (Rules(hide={"age": ("18",)}), "bc"), (Rules(only={"age": ("21.0",)}), ""),
        (Rules(only={"gift": (True,)}), "ac"), (Rules(only={"gift": ("True",)}), "ac"), (Rules(stock="left"), "ab"),
    ):  # fmt: skip
        allowed = rules.allowed(Columns(items))
        assert allowed is not None
        assert "".join(np.array(list(items.ids))[allowed]) == left


def test_a_value_that_no_item_has_is_named() -> None:
    rules = Rules(hide={"category": ("mugs", "mug")}, only={"item": ("a", "zz")})
    assert rules.check(Columns(ITEMS)) == [
        "[answer.rules] hide: no item has 'mugs' as category", "[answer.rules] only: no item has 'zz' as item",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "wrong", [{"most": {"category": 0}}, {"only": {"category": []}}, {"hide": {"category": "mug"}}]
)
def test_a_rule_that_can_show_nothing_or_means_nothing_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        Rules(**wrong)  # type: ignore[arg-type]
