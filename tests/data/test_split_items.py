"""Held-out items: what is hidden, what is asked, and that the other events stay honest."""

import numpy as np
import polars as pl
import pytest

import zhiyin
from zhiyin.core.errors import DataError


@pytest.fixture(scope="module")
def dataset() -> zhiyin.Dataset:
    """60 people, 20 events each, of 50 items."""
    rng = np.random.default_rng(4)
    rows = [
        {"user": f"u{user}", "item": f"i{item:02}", "position": place}
        for user in range(60)
        for place, item in enumerate(rng.permutation(50)[:20])
    ]
    return zhiyin.Dataset.from_frame(pl.DataFrame(rows))


def test_no_event_of_a_held_out_item_is_trained_on_and_all_are_asked(dataset: zhiyin.Dataset):
    parts = zhiyin.split(dataset, "items", share=0.1, others=0)
    targets = parts.test.targets
    held = np.unique(targets.rows)
    assert len(held) == 5
    assert len(targets.rows) == np.isin(dataset.histories.items, held).sum()
    assert not parts.train.hot_items[held].any()
    assert not parts.refit.hot_items[held].any()
    assert not np.isin(parts.test.requests.histories.items, held).any()
    new = np.unique(parts.validation.targets.rows)
    assert len(new) == 5
    assert not parts.train.hot_items[new].any()
    assert parts.refit.hot_items[new].all()


def test_the_newest_of_the_others_are_asked_too(dataset: zhiyin.Dataset):
    parts = zhiyin.split(dataset, "items", share=0.1, others=0.2)
    hot = parts.refit.hot_items
    for b in range(len(parts.test)):
        user = int(parts.test.users[b])
        own = dataset.histories.rows[user]
        targets = parts.test.targets.rows[parts.test.targets.offsets[b] : parts.test.targets.offsets[b + 1]]
        of_train = set(parts.train.histories.rows[user].tolist())
        known = [item for item in own.tolist() if item in of_train or (hot[item] and item in targets)]
        asked = [item for item in targets.tolist() if hot[item]]
        assert sorted(known[-len(asked) :]) == sorted(asked)
    assert {"hot", "cold"} <= set(
        zhiyin.evaluate(zhiyin.models.Popular().fit(parts.train), parts, metrics=("recall@10",)).strata["Popular"]
    )


def test_a_seed_says_which_items(dataset: zhiyin.Dataset):
    one, again, other = (
        np.unique(zhiyin.split(dataset, "items", others=0, seed=seed).test.targets.rows) for seed in (1, 1, 2)
    )
    assert one.tolist() == again.tolist() != other.tolist()


def test_the_rule_is_told_and_too_few_items_are_refused(dataset: zhiyin.Dataset):
    assert zhiyin.split(dataset, "items").rule.startswith("held-out items: 10% of the items never taken in training")
    few = zhiyin.Dataset.from_frame(pl.DataFrame({"user": ["u", "v"], "item": ["a", "a"]}))
    with pytest.raises(DataError, match="1 items have an event, too few to hold out 2 x 0; change share"):
        zhiyin.split(few, "items")
