"""What every ranker promises, on a world whose true probabilities are known; then what each is by itself."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zhiyin
from zhiyin.core.errors import ModelError, SettingsError
from zhiyin.ranking import (
    BoostedTrees,
    DCNv2,
    DecisionTree,
    DeepFM,
    LambdaMART,
    Logistic,
    NeuralNetwork,
    Ranker,
    Rows,
    reliability_of,
)

NAMES = ("liking", "noise", "sometimes")
Truth = tuple[Rows, np.ndarray]


class RankerContract:
    """A ranker's test class inherits this and says how one is made."""

    largest_error = 0.045
    """Four times the error that 4,000 rows show by chance; a tree ranker without calibration shows 0.1 and more."""

    @classmethod
    def ranker(cls) -> Ranker[Any]:
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def trained(cls, rows: Rows) -> Ranker[Any]:
        return cls.ranker().fit_rows(rows)

    def test_probabilities_are_the_true_ones(self, trained: Ranker[Any], fresh: Truth) -> None:
        unseen, truth = fresh
        found = trained.probability(unseen.values)
        assert found.dtype == np.float32
        assert 0 <= found.min() < found.max() <= 1
        assert np.abs(found - truth).mean() < 0.05
        assert reliability_of(found, unseen.labels).error < self.largest_error
        assert reliability_of(found, unseen.labels).normalised_entropy < 0.9

    def test_thinned_negatives_give_the_same_probabilities(self, rows: Rows, fresh: Truth) -> None:
        thinned = rows.thinned(0.2, np.random.default_rng(1))
        assert len(thinned) < 0.5 * len(rows)
        unseen, truth = fresh
        found = self.ranker().fit_rows(thinned).probability(unseen.values)
        assert found.mean() == pytest.approx(truth.mean(), abs=0.02)

    def test_any_shape_and_no_rows(self, trained: Ranker[Any], rows: Rows) -> None:
        flat = trained.probability(rows.values[:60])
        np.testing.assert_array_equal(trained.probability(rows.values[:60].reshape(6, 10, 3)), flat.reshape(6, 10))
        assert trained.probability(np.zeros((0, 7, 3), np.float32)).shape == (0, 7)

    def test_unknown_values_are_answered(self, trained: Ranker[Any]) -> None:
        found = trained.probability(np.array([[np.nan] * 3, [np.inf, -np.inf, 0], [1e30, 0, 0]], np.float32))
        assert np.isfinite(found).all()

    def test_saved_and_loaded_it_answers_alike(self, trained: Ranker[Any], rows: Rows, tmp_path: Path) -> None:
        trained.save(tmp_path / "ranker")
        loaded = zhiyin.load(tmp_path / "ranker")
        assert type(loaded) is type(trained)
        assert (loaded.names, loaded.set_aside, loaded.config) == (trained.names, trained.set_aside, trained.config)
        np.testing.assert_array_equal(loaded.probability(rows.values), trained.probability(rows.values))
        loaded.save(tmp_path / "again")
        assert (tmp_path / "again" / "manifest.json").read_text() == (tmp_path / "ranker" / "manifest.json").read_text()

    def test_a_flipped_byte_is_refused(self, trained: Ranker[Any], tmp_path: Path) -> None:
        trained.save(tmp_path)
        file = max(tmp_path.iterdir(), key=lambda path: path.stat().st_size)
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
        with pytest.raises(ModelError, match="is damaged"):
            zhiyin.load(tmp_path)

    def test_the_same_rows_and_seed_give_the_same_ranker(self, trained: Ranker[Any], rows: Rows) -> None:
        again = self.ranker().fit_rows(rows)
        np.testing.assert_array_equal(again.probability(rows.values), trained.probability(rows.values))

    def test_importance_names_the_column_that_decides(self, trained: Ranker[Any]) -> None:
        importance = trained.importance()
        assert next(iter(importance)) == "liking"
        assert set(importance) == set(NAMES)
        assert sum(importance.values()) == pytest.approx(1)

    def test_columns_without_information_are_set_aside_by_name(self, rows: Rows) -> None:
        useless = np.full((len(rows), 1), np.nan, np.float32)
        wide = np.hstack([useless, rows.values, np.full_like(useless, 3)])
        ranker = self.ranker().fit(wide, rows.labels, rows.groups, ("empty", *NAMES, "three"))
        assert ranker.set_aside == {"empty": "no row has a value", "three": "always 3"}
        assert ranker.importance()["three"] == 0
        plain = self.ranker().fit_rows(rows)
        np.testing.assert_array_equal(ranker.probability(wide), plain.probability(rows.values))

    def test_what_cannot_teach_is_refused(self, rows: Rows) -> None:
        ranker, n = self.ranker(), len(rows)
        with pytest.raises(ModelError, match="needs rows of both kinds, all 4000 are negative; take more candidates"):
            ranker.fit(rows.values, np.zeros(n), rows.groups)
        with pytest.raises(ModelError, match="needs rows of both kinds, there are none"):
            ranker.fit(rows.values[:0], rows.labels[:0])
        with pytest.raises(ModelError, match=r"no column to learn from: column 0: always 1; give features that differ"):
            ranker.fit(np.ones((n, 1)), rows.labels)
        with pytest.raises(ModelError, match=r"labels are 0 or 1 \(taken or not\), found 0 to 5"):
            ranker.fit(rows.values, np.arange(n) % 6)
        with pytest.raises(ModelError, match="2 different names for 3 columns"):
            ranker.fit(rows.values, rows.labels, names=("a", "b", "b"))
        with pytest.raises(ModelError, match="groups must number the request of each row, ascending"):
            ranker.fit(rows.values, rows.labels, rows.groups[::-1])

    def test_wrong_columns_and_no_training_are_refused(self, trained: Ranker[Any]) -> None:
        with pytest.raises(ModelError, match="reads 3 columns, found 2; give the feature table of: liking, noise"):
            trained.probability(np.zeros((1, 2)))
        with pytest.raises(ModelError, match="is not trained; call fit"):
            self.ranker().probability(np.zeros((1, 3)))
        with pytest.raises(SettingsError, match="did you mean 'seed'"):
            type(trained)(sed=1)

    def test_one_request_and_few_rows_are_enough(self) -> None:
        values = np.array([[0.0], [1.0], [2.0], [3.0]])
        found = self.ranker().fit(values, np.array([0, 0, 1, 1]), np.zeros(4)).probability(values)
        assert np.isfinite(found).all()


class TestLogistic(RankerContract):
    @classmethod
    def ranker(cls) -> Ranker[Any]:
        return Logistic()

    def test_the_weights_are_the_true_ones(self, rows: Rows) -> None:
        ranker = Logistic().fit_rows(rows)
        assert ranker.signed()["liking"] == pytest.approx(1.5, abs=0.15)
        assert abs(ranker.signed()["noise"]) < 0.15

    def test_that_a_value_is_missing_can_teach(self) -> None:
        values = np.where(np.arange(400) % 2, 1.0, np.nan)[:, None]
        found = Logistic().fit(values, np.arange(400) % 2).probability(np.array([[np.nan], [1.0]]))
        assert found[0] < 0.2 < 0.8 < found[1]


class TestBoostedTrees(RankerContract):
    @classmethod
    def ranker(cls) -> Ranker[Any]:
        return BoostedTrees(trees=60, leaves=7)

    def test_threads_change_nothing(self, rows: Rows) -> None:
        one, two = (BoostedTrees(trees=20, threads=n).fit_rows(rows) for n in (1, 2))
        np.testing.assert_array_equal(one.probability(rows.values), two.probability(rows.values))


class TestLambdaMART(RankerContract):
    @classmethod
    def ranker(cls) -> Ranker[Any]:
        return LambdaMART(trees=120, leaves=7)


class TestDecisionTree(RankerContract):
    @classmethod
    def ranker(cls) -> Ranker[Any]:
        return DecisionTree(leaves=8, least_share=0.05)

    def test_it_answers_as_scikit_learns_own_tree_does(self, rows: Rows) -> None:
        from sklearn.tree import DecisionTreeClassifier

        ranker = DecisionTree(leaves=16, least_share=0.02)
        ranker.fit_rows(rows, later=rows)
        own = DecisionTreeClassifier(max_leaf_nodes=16, min_samples_leaf=80, random_state=0)
        own.fit(rows.values, rows.labels)
        np.testing.assert_array_equal(ranker.leaf_of(rows.values), own.apply(rows.values))
        assert len(np.unique(ranker.leaf_of(rows.values))) == 16

    def test_no_leaf_is_certain(self) -> None:
        values = np.repeat([0.0, 1.0], 200)[:, None]
        ranker = DecisionTree().fit(values, values[:, 0])
        assert np.abs(ranker.raw(np.array([[0.0], [1.0]]))).max() < 6


class TestNeuralNetwork(RankerContract):
    @classmethod
    def ranker(cls) -> Ranker[Any]:
        return NeuralNetwork(hidden=(16,), batch=128)

    def test_it_sees_what_two_columns_do_together(self) -> None:
        rng = np.random.default_rng(0)
        values = rng.normal(size=(6000, 2))
        labels = values[:, 0] * values[:, 1] > 0  # neither says anything by itself
        found = NeuralNetwork(batch=128, epochs=40).fit(values, labels).probability(values)
        assert ((found > 0.5) == labels).mean() > 0.9

    def test_few_rows_are_as_many_updates(self, rows: Rows, fresh: Truth) -> None:
        unseen, truth = fresh
        found = NeuralNetwork(epochs=4).fit_rows(rows.take(np.arange(1000))).probability(unseen.values)
        assert np.abs(found - truth).mean() < 0.08  # with two updates a pass 0.14


class TestDCNv2(RankerContract):
    @classmethod
    def ranker(cls) -> Ranker[Any]:
        return DCNv2(hidden=(16,), epochs=8)


class TestDeepFM(RankerContract):
    @classmethod
    def ranker(cls) -> Ranker[Any]:
        return DeepFM(hidden=(16,), width=4, epochs=8)


def test_later_rows_calibrate(rows: Rows, fresh: Truth) -> None:
    unseen, truth = fresh
    rarer = replace(unseen, labels=unseen.labels & (np.arange(len(unseen)) % 2 == 0))
    ranker = BoostedTrees(trees=30).fit_rows(rows, later=rarer)
    assert ranker.facts["calibration_rows"] == 4000
    assert ranker.probability(unseen.values).mean() == pytest.approx(truth.mean() / 2, abs=0.02)
