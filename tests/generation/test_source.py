"""The generator as a source of candidates: who took red jugs is proposed red jugs."""

from typing import Any

import numpy as np
import pytest

from zhiyin.core.errors import ModelError
from zhiyin.data.contracts import Catalogue, Histories, Requests
from zhiyin.generation import ConditionalGAN, Generated

ASKED = Requests.of(Histories.of([[0, 2, 4], [1, 3], [], [5, 7, 9], [0, 2, 4]]))


@pytest.fixture(scope="module")
def source(trained: ConditionalGAN, taste: Any) -> Generated:
    return Generated(trained, taste)


def test_it_proposes_what_is_near_to_what_the_person_would_like(source: Generated) -> None:
    found = source.candidates(ASKED, 20)
    assert (found.rows[0] % 2 == 0).mean() > 0.8  # red jugs
    assert (found.rows[1] % 2 == 1).mean() > 0.8  # blue bags
    assert found.source_names == ("generated",)
    assert (found.sources == 1).all()
    assert (np.diff(found.scores, axis=1) <= 0).all()
    for b, seen in enumerate(([0, 2, 4], [1, 3], [], [5, 7, 9], [0, 2, 4])):
        assert not set(seen) & set(found.rows[b].tolist())


def test_the_same_history_gives_the_same_candidates_whoever_asks_beside(source: Generated) -> None:
    found, again = source.candidates(ASKED, 20), source.candidates(ASKED, 20)
    np.testing.assert_array_equal(found.rows, again.rows)
    np.testing.assert_array_equal(found.rows[0], found.rows[4])
    alone = source.candidates(ASKED.take(np.array([3])), 20)
    np.testing.assert_array_equal(alone.rows[0], found.rows[3])


def test_blocks_do_not_change_the_answer(source: Generated, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = source.score(ASKED)
    monkeypatch.setattr("zhiyin.generation.source.BUDGET", 1)
    np.testing.assert_allclose(source.score(ASKED), whole, rtol=1e-4)


def test_only_what_is_allowed_and_there(source: Generated) -> None:
    allowed = np.zeros(200, bool)
    allowed[[8, 9]] = True
    found = source.candidates(ASKED, 4, allowed)
    assert set(found.rows[0].tolist()) == {8, 9, -1}
    assert found.rows[0, 2:].tolist() == [-1, -1]
    assert found.rows[3].tolist() == [8, -1, -1, -1]  # 9 was taken
    empty = source.candidates(Requests.of(Histories.empty(0)), 4)
    assert empty.rows.shape == (0, 4)


def test_scores_are_a_kernel_density_of_the_draws(source: Generated, trained: ConditionalGAN, taste: Any) -> None:
    from zhiyin.core.randomness import generator

    hard = trained.alike(taste.user_vectors(ASKED.take(np.array([0]))), source.draws, generator(0, "source"))
    points, items = trained.encoding.embed(hard), trained.neighbours.embedded
    far = ((points[:, None] - items[None]) ** 2).sum(axis=2)
    density = np.log(np.exp(-far / (2 * source.width**2)).mean(axis=0) + 1e-30)
    scores = source.score(ASKED.take(np.array([0])))[0]
    near = density > -20
    np.testing.assert_allclose(scores[near], density[near], atol=0.01)
    chosen = source.score(ASKED, np.array([[3, -1]] * 5, np.int32))
    np.testing.assert_allclose(chosen[0, 0], scores[3], rtol=1e-4)
    assert chosen[0, 1] == -np.inf
    assert np.isfinite(source.score(ASKED)).all()


def test_another_catalogue_is_refused(trained: ConditionalGAN, taste: Any, shop: Catalogue) -> None:
    fewer = trained.facing(Catalogue.of(["a"], title=["red jug"], category=["jug"], price=[2.0]))
    with pytest.raises(ModelError, match=r"ConditionalGAN has 1 items, the model of its vectors 200 others; face"):
        Generated(fewer, taste)
    assert len(trained.catalogue) == 200  # `facing` made another
    with pytest.raises(ModelError, match="makes title, category, price, which the catalogue does not have; it has: on"):
        trained.facing(Catalogue.of(["a"]))
    back = fewer.facing(shop)
    assert Generated(back, taste).candidates(ASKED, 3).rows.shape == (5, 3)
