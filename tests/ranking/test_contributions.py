"""What each column adds to the log odds: it adds up, and the trees' are those of the shap library."""

from typing import Any

import numpy as np
import pytest

import zhiyin
from zhiyin.core.errors import ModelError
from zhiyin.ranking import Rows
from zhiyin.ranking.boosted_trees import BoostedTrees
from zhiyin.ranking.dcn_v2 import DCNv2
from zhiyin.ranking.decision_tree import DecisionTree
from zhiyin.ranking.deep_fm import DeepFM
from zhiyin.ranking.logistic import Logistic
from zhiyin.ranking.neural_network import NeuralNetwork

RANKERS = [BoostedTrees, DCNv2, DecisionTree, DeepFM, Logistic, NeuralNetwork]


def wide(rows: Rows) -> Rows:
    """With a constant column, one that is the product of two, and one that repeats another."""
    more = [np.ones(len(rows)), rows.values[:, 0] * rows.values[:, 1], rows.values[:, 0] + 0.1 * rows.values[:, 1]]
    values = np.column_stack([rows.values, *more]).astype(np.float32)
    return Rows(values, rows.labels, rows.groups, (*rows.names, "constant", "product", "again"))


@pytest.mark.parametrize("ranker", RANKERS)
def test_contributions_add_up_to_the_log_odds(rows: Rows, ranker: Any) -> None:
    rows = wide(rows)
    trained = ranker(seed=1).fit_rows(rows)
    asked = rows.values[:300].reshape(3, 100, -1)
    found, begin = trained.contributions(asked)
    assert found.shape == asked.shape
    raw = trained.raw(rows.values[:300][:, trained.kept])
    np.testing.assert_allclose(found.sum(axis=2).ravel() + begin, raw, atol=0.01 * np.abs(raw - begin).max())
    assert not found[:, :, 3].any(), "a constant column adds nothing"
    times = 1.2 if ranker is DCNv2 else 1.5  # it multiplies, and "again" holds some of the noise
    assert np.abs(found[:, :, [0, 5]]).mean() > times * np.abs(found[:, :, 1]).mean(), "liking counts, noise does not"


def test_boosted_trees_are_explained_as_shap_does(rows: Rows) -> None:
    shap = pytest.importorskip("shap")
    rows = wide(rows)
    trained = BoostedTrees(trees=40, seed=1).fit_rows(rows)
    values = rows.values[:100][:, trained.kept].astype(np.float64)
    found, _ = trained.contributions(rows.values[:100])
    explainer = shap.TreeExplainer(trained.booster, feature_perturbation="tree_path_dependent")
    explainer.model.model_type = "internal"  # else it would ask LightGBM, as we do
    theirs = explainer.shap_values(values, check_additivity=False)
    np.testing.assert_allclose(found[:, trained.kept], theirs, atol=1e-6)


def test_a_decision_tree_is_explained_as_shap_does(rows: Rows) -> None:
    shap = pytest.importorskip("shap")
    rows = wide(rows)
    trained = DecisionTree(seed=1).fit_rows(rows)
    tree = {
        "children_left": trained.left, "children_right": trained.right,
        "children_default": np.where(trained.missing_left, trained.left, trained.right),
        "features": np.where(trained.left < 0, -2, trained.column), "thresholds": trained.threshold,
        "values": trained.odds[:, None], "node_sample_weight": trained.rows,
    }  # fmt: skip
    values = rows.values[:200][:, trained.kept].astype(np.float64)
    explainer = shap.TreeExplainer({"trees": [tree]}, feature_perturbation="tree_path_dependent")
    theirs = explainer.shap_values(values, check_additivity=False)
    found, begin = trained.contributions(rows.values[:200])
    np.testing.assert_allclose(found[:, trained.kept], theirs, atol=1e-6)
    assert begin == pytest.approx(np.ravel(explainer.expected_value)[0], abs=1e-6)


def test_a_saved_tree_is_explained_alike_and_an_old_one_says_what_to_do(rows: Rows, tmp_path: Any) -> None:
    trained = DecisionTree(seed=1).fit_rows(rows)
    trained.save(tmp_path / "tree")
    again = zhiyin.load(tmp_path / "tree")
    np.testing.assert_array_equal(again.contributions(rows.values[:9])[0], trained.contributions(rows.values[:9])[0])
    again.rows = np.zeros(0)
    with pytest.raises(ModelError, match="saved without its numbers of rows; train it again"):
        again.contributions(rows.values[:9])


def test_other_columns_than_those_learned_are_refused(rows: Rows) -> None:
    trained = Logistic().fit_rows(rows)
    with pytest.raises(ModelError, match="Logistic reads 3 columns, found 2"):
        trained.contributions(rows.values[:5, :2])
    with pytest.raises(ModelError, match="Logistic is not trained"):
        Logistic().contributions(rows.values)
