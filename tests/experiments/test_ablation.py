"""The ablation: what each cell reads, that the control finds nothing, and that a real gain is found."""

import json
from pathlib import Path

import numpy as np
import pytest

from zhiyin import ranking
from zhiyin.core.errors import ModelError
from zhiyin.experiments import ablate
from zhiyin.experiments.ablation import ALL, NONE, Cell, _verdict, columns_of, shuffled
from zhiyin.pipeline import Workspace
from zhiyin.ranking import Logistic
from zhiyin.testing import worlds


def test_each_cell_reads_its_familys_columns_and_all_that_are_nobodys():
    names = ("popularity", "vae.score", "from.vae", "gan.rank", "ease.score", "from.ease")
    found = columns_of(names, {"VAE": ["vae"], "GAN": ["gan"]})
    read = {group: [names[column] for column in columns] for group, columns in found.items()}
    assert read == {
        NONE: ["popularity", "ease.score", "from.ease"],
        "VAE": ["popularity", "vae.score", "from.vae", "ease.score", "from.ease"],
        "GAN": ["popularity", "gan.rank", "ease.score", "from.ease"],
        ALL: list(names),
    }
    assert ALL not in columns_of(names, {"VAE": ["vae"]})


def test_shuffling_moves_the_columns_together_and_nothing_else():
    values = np.arange(40.0).reshape(10, 4)
    moved = shuffled(values, np.array([1, 3]), seed=0)
    np.testing.assert_array_equal(moved[:, [0, 2]], values[:, [0, 2]])
    np.testing.assert_array_equal(moved[:, 3] - moved[:, 1], values[:, 3] - values[:, 1])
    assert sorted(moved[:, 1]) == sorted(values[:, 1])
    assert (moved[:, 1] != values[:, 1]).sum() >= 7
    np.testing.assert_array_equal(values, np.arange(40.0).reshape(10, 4))


def test_what_helps_is_found_and_its_shuffle_helps_nobody():
    """A column that decides, beside one that does not: with it the probability is right, shuffled it is the mean."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(4000, 2)).astype(np.float32)
    labels = values[:, 1] > 0.5
    ranker = Logistic().fit(values, labels)
    plain, moved = (Cell(ranker, np.array([0, 1]), columns, 0) for columns in (np.zeros(0, np.int64), np.array([1])))
    shape = values.reshape(400, 10, 2)
    auc = [_auc(cell.probability(shape).ravel(), labels) for cell in (plain, moved)]
    assert auc[0] > 0.95
    assert abs(auc[1] - 0.5) < 0.05


def _auc(scores: np.ndarray, labels: np.ndarray) -> float:
    from scipy.stats import rankdata

    ranks, n = rankdata(scores), labels.sum()
    return float((ranks[labels].sum() - n * (n + 1) / 2) / (n * (len(labels) - n)))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict:
    from tests.pipeline.conftest import RECIPE

    from zhiyin.data.ingest import ingest

    folder = tmp_path_factory.mktemp("ablated")
    workspace = Workspace.create(folder)
    worlds.even_csv(folder / "log.csv")
    workspace.recipe_path.write_text(RECIPE)
    ingest(folder / "log.csv", folder)
    return {**ablate(workspace, predictors=("Logistic", "DecisionTree")), "workspace": workspace}


def test_the_cells_are_designs_json(found: dict):
    keys = {"features", "predictor", "metric", "value", "difference", "low", "high", "p_holm", "detectable"}
    assert [(cell["features"], cell["predictor"]) for cell in found["cells"]] == [
        (group, predictor) for group in ("VAE", "GAN", "all") for predictor in ("Logistic", "DecisionTree")
    ]
    for cell in found["cells"] + found["control"]["cells"]:
        assert set(cell) == keys
        assert cell["low"] <= cell["difference"] <= cell["high"]
    base = found["base"]["Logistic"]
    assert found["cells"][0]["value"] == pytest.approx(base + found["cells"][0]["difference"])


def test_the_control_shows_no_gain(found: dict):
    for cell in found["control"]["cells"]:
        assert cell["difference"] <= 0 or cell["p_holm"] >= 0.05, cell
    assert "the same columns add nothing, as they must" in found["verdict"]
    assert "符合预期" in found["verdict_zh"]


def test_it_is_kept_and_not_made_again(found: dict):
    workspace = found["workspace"]
    kept = json.loads((workspace.runs / "ablation.json").read_text("utf-8"))
    assert kept["cells"] == found["cells"]
    assert len(kept["of"]) == 64  # of the features, so that the report knows whether it is of this run
    again = ablate(workspace, predictors=("Logistic", "DecisionTree"))
    assert again["again"]
    assert again["cells"] == found["cells"]


def test_a_control_that_gains_is_said():
    cell = {"features": "VAE", "predictor": "Logistic", "difference": 0.02, "low": 0.01, "high": 0.03, "p_holm": 0.001,
            "detectable": 0.0512}  # fmt: skip
    assert "do not trust this ablation" in _verdict([], [cell], 41).en
    assert "VAE with Logistic adds +0.0200" in _verdict([cell], [], 41).en
    assert "VAE (Logistic) lower it" in _verdict([{**cell, "difference": -0.02}], [], 41).en
    unsure = {**cell, "low": -0.01, "p_holm": 0.3}
    assert _verdict([unsure, {**unsure, "detectable": 0.09}], [unsure], 41).en == (
        "no large model's columns are shown to add to ndcg@10; 41 people are too few to see less than ±0.0512; "
        "shuffled between people the same columns add nothing, as they must"
    )
    costs = {"features": "all", "predictor": "DecisionTree", "difference": -0.0499, "low": -0.0854, "high": -0.0186,
             "p_holm": 0.02}  # fmt: skip
    said = _verdict([unsure], [costs, unsure], 41)
    assert "as they must, and cost all (DecisionTree) -0.0499 [-0.0854, -0.0186]: so much" in said.en
    assert "符合预期，但有代价 all (DecisionTree)" in said.zh
    assert "cost" not in _verdict([unsure], [{**costs, "p_holm": 0.2}], 41).en  # one interval of many


def test_the_luck_of_one_training_is_no_difference(found: dict, monkeypatch: pytest.MonkeyPatch):
    seeds = []

    class Ranker:
        def __init__(self, seed: int) -> None:
            seeds.append(seed)

        def fit_rows(self, rows: ranking.Rows) -> "Ranker":
            return self

        def probability(self, values: np.ndarray) -> np.ndarray:
            return np.zeros(values.shape[:2], np.float32)

    monkeypatch.setattr(ranking, "Logistic", Ranker)
    ablate(found["workspace"], predictors=("Logistic",))
    assert len(seeds) == 3 * (4 + 3)  # none, VAE, GAN, all; shuffled without the first
    assert set(seeds) == {0, 1, 2}


def test_a_recipe_without_a_large_model_is_refused(tmp_path: Path):

    from zhiyin.data.ingest import ingest

    workspace = Workspace.create(tmp_path / "w")
    worlds.even_csv(tmp_path / "log.csv")
    ingest(tmp_path / "log.csv", workspace.folder)
    workspace.recipe_path.write_text('[split]\nby = "last"\n[models.ease]\nmodel = "EASE"\n')
    with pytest.raises(ModelError, match="an ablation needs rows and a large model"):
        ablate(workspace)
