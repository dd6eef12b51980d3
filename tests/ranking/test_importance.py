"""Importance by permutation: what decides, what another column covers for, and how sure that is."""

from dataclasses import replace

import numpy as np
import pytest

from zhiyin.core.errors import DataError, ModelError
from zhiyin.ranking import BoostedTrees, Logistic, Rows, permutation_importance, reliability_of

Truth = tuple[Rows, np.ndarray]


def twice(rows: Rows) -> Rows:
    """With a column that says the same as ``liking``."""
    return replace(rows, values=np.column_stack([rows.values, rows.values[:, 0]]), names=(*rows.names, "again"))


def test_what_decides_comes_first_and_noise_is_not_told_from_nothing(rows: Rows, fresh: Truth) -> None:
    found = permutation_importance(Logistic().fit_rows(rows), fresh[0])
    first, *others = found.items()
    assert first[0] == "liking"
    assert first[1]["low"] > 0.1
    assert all(figure["low"] < 0.001 and figure["value"] < 0.01 for _, figure in others)
    assert all(figure["low"] <= figure["value"] <= figure["high"] and figure["n"] == 400 for figure in found.values())


def test_columns_that_cover_for_each_other_are_shuffled_together(rows: Rows, fresh: Truth) -> None:
    ranker = BoostedTrees(trees=60).fit_rows(twice(rows))
    unseen = twice(fresh[0])
    alone = permutation_importance(ranker, unseen)
    groups = {"liking": ("liking", "again"), "others": ("noise", "sometimes")}
    together = permutation_importance(ranker, unseen, groups)
    assert together["liking"]["value"] > 1.5 * (alone["liking"]["value"] + alone["again"]["value"]) / 2
    assert list(together) == ["liking", "others"]


def test_shuffling_everything_costs_what_the_columns_brought(rows: Rows, fresh: Truth) -> None:
    ranker, unseen = Logistic().fit_rows(rows), fresh[0]
    found = permutation_importance(ranker, unseen, {"all": rows.names}, repeats=40)["all"]
    p = ranker.probability(unseen.values)
    chance = np.mean([-np.log(np.where(label, p, 1 - p)).mean() for label in unseen.labels[:400]])
    usual = reliability_of(p, unseen.labels).log_loss
    assert found["value"] == pytest.approx(chance - usual, rel=0.15)  # any row's columns with any other's label


def test_a_longer_log_narrows_the_interval(rows: Rows, fresh: Truth) -> None:
    ranker, unseen = Logistic().fit_rows(rows), fresh[0]
    wide, narrow = (permutation_importance(ranker, unseen.take(unseen.groups < n))["liking"] for n in (40, 400))
    assert wide["high"] - wide["low"] > 2 * (narrow["high"] - narrow["low"])


def test_the_same_seed_repeats_and_a_column_set_aside_costs_nothing(rows: Rows) -> None:
    constant = replace(rows, values=np.column_stack([rows.values, np.ones(len(rows))]), names=(*rows.names, "one"))
    ranker = Logistic().fit_rows(constant)
    found = permutation_importance(ranker, constant, seed=3)
    assert found["one"] == {"value": 0, "low": 0, "high": 0, "n": 400}
    assert found == permutation_importance(ranker, constant, seed=3)


def test_other_columns_and_no_rows_are_refused(rows: Rows) -> None:
    ranker = Logistic().fit_rows(rows)
    with pytest.raises(ModelError, match="Logistic reads no colour, size; its columns are: liking, noise, sometimes"):
        permutation_importance(ranker, rows, {"looks": ("size", "colour")})
    with pytest.raises(DataError, match="needs rows that the ranker did not learn from, found none"):
        permutation_importance(ranker, rows.take(np.zeros(len(rows), bool)))
