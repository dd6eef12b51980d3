"""Questions for somebody new, on a world whose groups are known."""

import numpy as np
import polars as pl
import pytest

import zhiyin
from zhiyin.core.errors import ModelError
from zhiyin.data.contracts import Histories
from zhiyin.models.onboarding import Onboarding, histories_of

GROUPS, OWN, COMMON, RARE = 8, 6, 10, 60
N_ITEMS = GROUPS * OWN + COMMON + RARE


def taste(rng: np.random.Generator, group: int) -> list[int]:
    """Four of the group's six items, nearly all of the ten that everybody likes, one of sixty by chance."""
    own = group * OWN + rng.permutation(OWN)[:4]
    common = GROUPS * OWN + np.flatnonzero(rng.random(COMMON) < 0.95)
    return [*own, *common, GROUPS * OWN + COMMON + int(rng.integers(RARE))]


@pytest.fixture(scope="module")
def world() -> zhiyin.Dataset:
    rng = np.random.default_rng(3)
    rows = [{"user": f"u{user}", "item": f"i{item:03}"} for user in range(400) for item in taste(rng, user % GROUPS)]
    items = pl.DataFrame({"item": [f"i{item:03}" for item in range(N_ITEMS)]})
    return zhiyin.Dataset.from_frame(pl.DataFrame(rows), items=items)


@pytest.fixture(scope="module")
def onboarding(world: zhiyin.Dataset) -> Onboarding:
    return Onboarding.of(zhiyin.models.EASE().fit(world), world.histories, groups=GROUPS)


def answered(
    onboarding: Onboarding, truth: np.ndarray, how: str, n: int, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Items asked about and answers, (B, n) each, of people who like ``truth`` bool (B, N)."""
    rng = np.random.default_rng(seed)
    popular = np.argsort(-onboarding.likely(np.zeros((1, 0), int), np.zeros((1, 0), int))[0])
    items = np.zeros((len(truth), 0), np.int64)
    for turn in range(n):
        answers = np.take_along_axis(truth, items, axis=1).astype(int)
        if how == "told":
            new = onboarding.ask(items, answers)
        elif how == "popular":
            new = np.full((len(truth), 1), popular[turn])
        else:
            new = np.array([[rng.choice(np.setdiff1d(np.arange(N_ITEMS), row))] for row in items])
        items = np.concatenate([items, new], axis=1)
    return items, np.take_along_axis(truth, items, axis=1).astype(int)


@pytest.fixture(scope="module")
def newcomers() -> tuple[np.ndarray, np.ndarray]:
    """What 80 new people like, bool (80, N), and the group of each."""
    rng, groups = np.random.default_rng(9), np.arange(80) % GROUPS
    truth = np.zeros((80, N_ITEMS), bool)
    for b, group in enumerate(groups):
        truth[b, taste(rng, group)] = True
    return truth, groups


def own_items(onboarding: Onboarding, items: np.ndarray, answers: np.ndarray, groups: np.ndarray) -> float:
    """Share of the person's own group among the three likeliest items that are not everybody's."""
    likely = onboarding.likely(items, answers)
    likely[:, GROUPS * OWN : GROUPS * OWN + COMMON] = 0
    best = np.argsort(-likely, axis=1)[:, :3]
    return float((best // OWN == groups[:, None]).mean())


def test_five_chosen_questions_tell_more_than_random_and_popular_ones(
    onboarding: Onboarding, newcomers: tuple[np.ndarray, np.ndarray]
):
    truth, groups = newcomers
    found = {
        how: own_items(onboarding, *answered(onboarding, truth, how, 5), groups)
        for how in ("told", "popular", "random")
    }
    assert found["told"] > 0.5, found
    assert found["told"] > max(found["popular"], found["random"]) + 0.15, found


def test_what_everybody_likes_and_what_was_asked_tells_nothing(onboarding: Onboarding):
    nothing = np.zeros((1, 0), np.int64)
    told = onboarding.information(nothing, nothing)[0]
    assert told[: GROUPS * OWN].min() > 5 * told[GROUPS * OWN : GROUPS * OWN + COMMON].max()
    first = onboarding.ask(nothing, nothing, 3)
    assert len(set(first[0].tolist())) == 3
    assert onboarding.information(first, np.zeros_like(first))[0][first[0]].tolist() == [0, 0, 0]
    assert not set(onboarding.ask(first, np.zeros_like(first), N_ITEMS - 3)[0]) & set(first[0])


def test_information_is_the_fall_of_doubt_written_out(onboarding: Onboarding):
    items, answers = np.array([[0, 7]]), np.array([[1, 0]])
    belief = onboarding.posterior(items, answers)[0]

    def doubt(p: np.ndarray) -> float:
        return float(-(p * np.log(p)).sum())

    for item in (3, 20, 50):
        expected = doubt(belief)
        for place, answer in enumerate((1, 0, -1)):
            chance = float(belief @ onboarding.chances[:, item, place])
            after = onboarding.posterior(np.array([[0, 7, item]]), np.array([[1, 0, answer]]))[0]
            expected -= chance * doubt(after)
        assert onboarding.information(items, answers)[0, item] == pytest.approx(expected, abs=1e-4)


def test_answers_move_the_belief(onboarding: Onboarding):
    before = onboarding.posterior(np.zeros((1, 0), int), np.zeros((1, 0), int))
    np.testing.assert_allclose(before[0], onboarding.shares)
    after = onboarding.posterior(np.array([[0, 1, -1]]), np.array([[1, 1, 0]]))
    assert after.max() > 0.9
    assert onboarding.likely(np.array([[0, 1]]), np.array([[1, 1]]))[0, 2] > 0.4


def test_answers_are_histories_for_any_model():
    histories = histories_of(np.array([[4, 2, 9], [1, -1, -1]]), np.array([[1, 0, -1], [0, 0, 0]]))
    assert [histories.rows[b].tolist() for b in range(2)] == [[4, 9], []]
    assert histories.weights.tolist() == [1, -1]


def test_only_allowed_items_are_shown(onboarding: Onboarding):
    nothing = np.zeros((2, 0), np.int64)
    allowed = np.zeros(N_ITEMS, bool)
    allowed[[5, 60]] = True
    assert set(onboarding.ask(nothing, nothing, 2, allowed)[0].tolist()) == {5, 60}


def test_what_cannot_be_learned_from_is_refused(world: zhiyin.Dataset, onboarding: Onboarding):
    with pytest.raises(ModelError, match="questions need a trained model"):
        Onboarding.of(zhiyin.models.EASE(), world.histories)
    with pytest.raises(ModelError, match="people who like something, found 0"):
        Onboarding.of(zhiyin.models.EASE().fit(world), Histories.empty(5))
    with pytest.raises(ModelError, match="an answer is 5; it may be 1"):
        onboarding.posterior(np.array([[0]]), np.array([[5]]))
