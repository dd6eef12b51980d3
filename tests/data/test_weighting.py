"""Kind and value become one weight."""

import numpy as np
import pytest

from zhiyin.core.errors import SettingsError
from zhiyin.data.contracts import KINDS
from zhiyin.data.weighting import Weighting

NAN = float("nan")


def weights(weighting: Weighting, *events: tuple[str, float], names=(*KINDS, "impression")) -> list[float]:
    kinds = np.array([names.index(kind) for kind, _ in events], np.uint8)
    found = weighting.weights(kinds, np.array([value for _, value in events], np.float32), names)
    assert found.dtype == np.float32
    return found.tolist()


def test_without_settings_dislikes_count_against_and_impressions_not_at_all():
    events = [("view", NAN), ("purchase", 3), ("dislike", NAN), ("hide", 1), ("return", -2), ("impression", NAN)]
    assert weights(Weighting(), *events) == [1, 1, -1, -1, -1, 0]


def test_a_recipe_says_what_a_kind_is_worth():
    weighting = Weighting(kinds={"view": 0.25, "impression": -0.5})
    assert weights(weighting, ("view", NAN), ("cart", NAN), ("impression", NAN)) == [0.25, 1, -0.5]


def test_ratings_become_likes_and_dislikes():
    weighting = Weighting(like_from=4, dislike_to=2)
    assert weights(weighting, ("rating", 5), ("rating", 3), ("rating", 2), ("rating", NAN)) == [1, 0, -1, 1]


def test_values_multiply_where_asked():
    assert weights(Weighting(by_value=True), ("purchase", 6), ("purchase", NAN), ("return", 2)) == [6, 1, -2]


def test_a_typo_is_refused():
    with pytest.raises(SettingsError, match="did you mean 'by_value'"):
        Weighting.read({"by_values": True})


@pytest.mark.parametrize("weight", [1e300, -1.1e6, float("inf"), float("nan")])
def test_a_weight_that_cannot_be_added_is_refused(weight: float) -> None:
    with pytest.raises(SettingsError, match=r"'kinds.view': found .*; it must be (greater|less|a finite)"):
        Weighting.read({"kinds": {"view": weight}}, "weights")
    assert Weighting.read({"kinds": {"view": 1e6}}, "weights").kinds == {"view": 1e6}
