"""Going on from an earlier version: nothing changes where nothing is new, and little is lost where something is."""

import numpy as np
import polars as pl
import pytest
import torch

import zhiyin
from zhiyin.core.errors import ModelError
from zhiyin.data.contracts import Requests
from zhiyin.testing import worlds

SMALL = {"MultVAE": {"hidden": 24, "latent": 8}, "SASRec": {"width": 16, "max_history": 8}}


def model(name: str, **settings):
    return getattr(zhiyin.models, name)(**{**SMALL[name], "batch": 16, "learning_rate": 0.01, **settings})


def events(n_people: int, n_items: int) -> pl.DataFrame:
    """Even people take even items, odd people odd ones, the newest item often."""
    rng = np.random.default_rng(3)
    rows = [
        {"user": f"u{user}", "item": f"i{2 * item + user % 2}"}
        for user in range(n_people)
        for item in rng.choice(n_items // 2, 6, replace=False)
    ]
    return pl.DataFrame(rows)


@pytest.mark.parametrize("name", SMALL)
def test_zero_epochs_on_the_same_items_in_any_order_give_the_same_scores(name: str):
    log = events(40, 20)
    first, other = zhiyin.Dataset.from_frame(log), zhiyin.Dataset.from_frame(log.reverse())
    assert list(first.catalogue.ids) != list(other.catalogue.ids)
    old = model(name, epochs=2).fit(first)
    new = model(name, epochs=0, seed=9).fit(first, start=old)
    asked = Requests.of(first.histories)
    assert np.array_equal(new.score(asked), old.score(asked))
    assert new.facts["verdict"] == "not trained: 0 epochs"
    assert new.facts["started_from"] == {"dataset": first.digest, "version": 0, "new_items": 0}
    turned = model(name, epochs=0).fit(other, start=old)
    for slates in zip(turned.recommend([["i2", "i4"]]).ids, old.recommend([["i2", "i4"]]).ids, strict=True):
        assert slates[0] == slates[1]


@pytest.mark.parametrize("name", SMALL)
def test_new_items_begin_near_the_mean_and_the_rest_is_copied(name: str):
    log = events(40, 20)
    old = model(name, epochs=2).fit(zhiyin.Dataset.from_frame(log.filter(pl.col("item") != "i4")))
    both = zhiyin.Dataset.from_frame(log)
    new = model(name, epochs=0).fit(both, start=old)
    row = both.catalogue.ids.rows(["i4"])[0]
    rows = old.catalogue.ids.rows(both.catalogue.ids)
    for weight in new.network.per_item:
        if weight in new.arrays():
            found, before = new.arrays()[weight], old.arrays()[weight]
            known = np.flatnonzero(rows >= 0)
            assert np.array_equal(found[known], before[rows[known]])
            noise = found[row] - before[: len(old.catalogue)].mean(axis=0)
            assert 0 < np.abs(noise).max() < 1.5
            assert np.array_equal(found[len(rows) :], before[len(old.catalogue) :])
    assert new.facts["started_from"]["new_items"] == 1


@pytest.mark.parametrize("name", SMALL)
def test_a_short_warm_training_with_five_percent_new_items_reaches_a_full_refit(name: str):
    log = events(160, 40)
    late = ["i4", "i7"]
    both = zhiyin.Dataset.from_frame(log)

    def own_share(found) -> float:
        """Share of recommendations of one's own kind, to people who took two things."""
        slates = found.recommend([[f"i{2 * n + odd}", f"i{2 * n + 6 + odd}"] for odd in (0, 1) for n in range(12)], k=8)
        return float(np.mean([[int(i[1:]) % 2 == (b >= 12) for i in ids] for b, ids in enumerate(slates.ids)]))

    old = model(name, epochs=20).fit(zhiyin.Dataset.from_frame(log.filter(~pl.col("item").is_in(late))))
    short = {"epochs": 2, **({"learning_rate": 1e-3} if name == "SASRec" else {})}  # two at 0.01 are enough for it
    full, warm = model(name, epochs=20).fit(both), model(name, **short).fit(both, start=old)
    assert own_share(warm) >= own_share(full) - 0.05
    assert own_share(model(name, **short).fit(both)) < own_share(full) - 0.05  # as short, from nothing
    asked = [[f"i{n}" for n in (2, 8, 12)], [f"i{n}" for n in (1, 9, 13)]]
    scores = warm.score(zhiyin.data.dataset.encode_histories(asked, warm.catalogue, warm.weighting).requests)
    even, odd = (warm.catalogue.ids.rows([item])[0] for item in late)
    assert scores[0, even] > scores[0, odd]
    assert scores[1, odd] > scores[1, even]


def test_another_model_other_shapes_and_an_untrained_one_are_refused():
    world = worlds.even()
    old = model("MultVAE", epochs=0).fit(world)
    with pytest.raises(
        ModelError, match="another shape \\(hidden 24, here 25\\); give the same settings, or leave start"
    ):
        model("MultVAE", epochs=0, hidden=25).fit(world, start=old)
    with pytest.raises(ModelError, match="SASRec goes on from a trained SASRec, found a trained MultVAE; load one"):
        model("SASRec", epochs=0).fit(world, start=old)
    with pytest.raises(ModelError, match=r"found MultVAE\(.*\) \[not trained\]; load one, or leave start out"):
        model("MultVAE", epochs=0).fit(world, start=model("MultVAE"))
    assert torch.is_grad_enabled()
