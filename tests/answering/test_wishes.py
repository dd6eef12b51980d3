"""What one request wishes of its slate holds on every rung, within the house rules."""

from typing import Any

import numpy as np
import pytest

from zhiyin import models
from zhiyin.answering import Answerer, Asking, Assembly, Boost, Budget, Filter, Ladder, Rules, Wishes
from zhiyin.core.errors import SettingsError
from zhiyin.testing import worlds

RUNGS = ("full", "retrieval", "cached", "context", "popular")


class Fails:
    def __call__(self, *_: Any) -> Any:
        raise ZeroDivisionError


@pytest.fixture(params=RUNGS)
def asked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A slate of ``u0`` on one rung under the wishes, with house rules."""
    world = worlds.even()
    sources = {name.lower(): (getattr(models, name)().fit(world), 12) for name in ("Popular", "EASE")}
    answerer = Answerer(Assembly(sources, rules=Rules(hide={"item": ["i12"]})), world)
    steps, asking = Ladder(answerer, Budget(full_s=60, reasons_s=60, retrieval_s=60)), Asking(answerer)
    steps.answer(asking.person("u0"))  # which the rung "cached" remembers
    for rung in RUNGS[: RUNGS.index(request.param)]:
        monkeypatch.setattr(steps, f"_{rung}", Fails() if rung in RUNGS[:2] else lambda *_: None)

    def ask(wishes: Wishes, k: int = 5, **further: Any) -> Any:
        (slate,) = steps.answer(asking.person("u0"), k, wishes=wishes, **further)["recommendations"]
        left_nothing = request.param == "cached" and slate["rung"] == "context"  # too little of what is remembered
        assert slate["rung"] == request.param or left_nothing
        return slate

    return ask


def ids(slate: Any) -> list[str]:
    return [item["item"] for item in slate["items"]]


def test_a_filter_leaves_only_what_it_holds_for(asked: Any) -> None:
    found = ids(asked(Wishes(Filter.of("price == 40 and item != 'i1'"))))
    assert found
    assert all(int(id_[1:]) % 2 == 1 for id_ in found)
    assert "i1" not in found
    nothing = asked(Wishes(Filter.of("price > 1000")))
    assert ids(nothing) == []
    assert nothing["notes"] == ["the filter leaves nothing to show"]
    assert ids(asked(Wishes(Filter.of("item == 'i12'")))) == [], "the house hides it, whatever is wished"


def test_pages_follow_each_other(asked: Any) -> None:
    whole = ids(asked(Wishes(), k=9))
    pages = [ids(asked(Wishes(offset=start), k=3)) for start in (0, 3, 6)]
    assert [id_ for page in pages for id_ in page] == whole


def test_pinned_items_stand_first_once_and_the_house_may_forbid_them(asked: Any) -> None:
    plain = ids(asked(Wishes(), k=6))
    slate = asked(Wishes(pin=(plain[2], "i12", "nowhere", plain[0])), k=5)
    assert ids(slate) == [plain[2], plain[0], plain[1], plain[3], plain[4]]
    assert slate["unknown_items"] == ["nowhere"]
    assert slate["items"][0]["source"] == "pinned"
    assert np.isnan(slate["items"][0]["score"])
    assert ids(asked(Wishes(pin=(plain[2], plain[0]), offset=1), k=2)) == [plain[0], plain[1]]


def test_a_boost_lifts_and_pushes_down(asked: Any) -> None:
    odd = Filter.of("price == 40")
    ups, downs = (ids(asked(Wishes(boost=(Boost(odd, by),)), k=3)) for by in (50, -50))
    assert [int(id_[1:]) % 2 for id_ in ups] == [1] * 3
    assert [int(id_[1:]) % 2 for id_ in downs] == [0] * 3
    slate = asked(Wishes(boost=(Boost(odd, 50),)), k=6)
    scores = [item["score"] for item in slate["items"]]
    assert scores == sorted(scores, reverse=True)


def test_the_smaller_most_holds(asked: Any) -> None:
    prices = [item["columns"]["price"] for item in asked(Wishes(most={"price": 2}), k=9)["items"]]
    assert sorted(prices) == [2.0, 2.0, 40.0, 40.0]
    assert Rules(most={"price": 1}).with_most({"price": 2, "title": 3}).most == {"price": 1, "title": 3}


@pytest.mark.parametrize(
    "wishes",
    [Wishes(Filter.of("colour == 1")), Wishes(most={"colour": 1}), Wishes(boost=(Boost(Filter.of("colour == 1"), 1),))],
)
def test_a_column_that_the_items_do_not_have_is_refused(asked: Any, wishes: Wishes) -> None:
    with pytest.raises(SettingsError, match="names the column 'colour', which the items do not have"):
        asked(wishes)


def test_reasons_are_given_under_wishes(asked: Any) -> None:
    wishes = Wishes(Filter.of("price == 40"), pin=("i1",), boost=(Boost(Filter.of("item == 'i9'"), 50),))
    slate = asked(wishes, reasons=True)
    if slate["rung"] == "full":
        assert ids(slate)[:2] == ["i1", "i9"]
        assert slate["items"][0]["reason"] == "put first by the shop"
        assert all(item["reason"] for item in slate["items"])


def test_what_is_said_of_an_item_counts_for_the_house_rules_and_is_taken_back_with_it() -> None:
    world = worlds.even()
    model = models.Popular().fit(world)
    rules = Rules(stock="price", hide={"title": ["gone"]})
    answerer = Answerer(Assembly({"popular": (model, 16)}, rules=rules), world)
    whole = ids(answerer.history([], k=16)["recommendations"][0])
    said = answerer.with_items(
        {"i3": {"price": 0}, "i4": {"title": "gone"}, "nowhere": {"price": 0}}, ["i5", "nowhere"]
    )
    left = ids(said.history([], k=16)["recommendations"][0])
    assert left == [id_ for id_ in whole if id_ not in ("i3", "i4", "i5")]
    assert ids(answerer.history([], k=16)["recommendations"][0]) == whole, "the answerer itself stays as it was"
    assert said.shelf.columns["price"].dtype == np.float64
    assert said.with_items({}).shelf.columns["price"][3] == 0
