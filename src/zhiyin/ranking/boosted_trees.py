"""Gradient-boosted trees (LightGBM), calibrated on rows newer than those the trees learned from.

``binary`` learns probabilities, ``lambdarank`` the order within a request (LambdaMART, Burges 2010). Saved as
LightGBM's own text. Letters: n rows, K columns kept.
"""

from typing import Any, Literal

import numpy as np
from pydantic import Field

from zhiyin.core.errors import ModelError
from zhiyin.ranking.ranker import Ranker, RankerConfig
from zhiyin.ranking.rows import Rows
from zhiyin.registry import Artefact

MODEL_FILE = "trees.txt"


class BoostedTreesConfig(RankerConfig):
    """Settings of the boosted trees."""

    objective: Literal["binary", "lambdarank"] = "binary"
    """What the trees are grown for: the probability, or the order of a request's candidates."""
    trees: int = Field(default=200, gt=0)
    """Trees that are added up."""
    learning_rate: float = Field(default=0.05, gt=0)
    """How much of each tree is added."""
    leaves: int = Field(default=15, gt=1)
    """Leaves of a tree."""
    least_rows: int = Field(default=50, gt=0)
    """Rows that a leaf must hold."""
    column_share: float = Field(default=0.3, gt=0, le=1)
    """Share of the columns, drawn for each tree, that it may ask: else a few columns that tell items apart become a
    list of what was taken in the days of the rows, which other days do not follow."""
    row_share: float = Field(default=0.7, gt=0, le=1)
    """Share of the rows, drawn for each tree, that it learns from."""
    shrinkage: float = Field(default=10.0, ge=0)
    """L2 penalty on the values of the leaves."""
    threads: int = Field(default=1, gt=0)
    """Threads of LightGBM while learning and answering."""


class BoostedTrees(Ranker[BoostedTreesConfig]):
    """Boosted trees: many small decision trees, each correcting the sum of those before."""

    name = "BoostedTrees"
    Config = BoostedTreesConfig
    booster: Any

    def learn(self, rows: Rows) -> None:
        import lightgbm

        settings = self.config
        groups = np.unique(rows.groups, return_counts=True)[1] if settings.objective == "lambdarank" else None
        data = lightgbm.Dataset(
            rows.values, rows.labels.astype(np.float32), weight=rows.weights, group=groups, params={"verbosity": -1}
        )
        self.booster = lightgbm.train(
            {
                "objective": settings.objective, "learning_rate": settings.learning_rate,
                "num_leaves": settings.leaves, "min_data_in_leaf": settings.least_rows,
                "feature_fraction": settings.column_share, "bagging_fraction": settings.row_share, "bagging_freq": 1,
                "lambda_l2": settings.shrinkage,
                "num_threads": settings.threads, "seed": settings.seed, "deterministic": True,
                "force_row_wise": True, "verbosity": -1,
            },
            data,
            num_boost_round=settings.trees,
        )  # fmt: skip

    def raw(self, values: np.ndarray) -> np.ndarray:
        scores = self.booster.predict(values, raw_score=True, num_threads=self.config.threads)
        return np.asarray(scores, np.float64)

    def shares(self, values: np.ndarray) -> tuple[np.ndarray, float]:
        """Shapley values of the columns, exact: LightGBM's own TreeSHAP (Lundberg et al. 2020, arXiv 1905.04610)."""
        found = self.booster.predict(values, pred_contrib=True, num_threads=self.config.threads)
        found = np.asarray(found, np.float64).reshape(len(values), values.shape[1] + 1)
        return found[:, :-1], float(found[0, -1]) if len(found) else 0.0

    @property
    def raw_is_log_odds(self) -> bool:
        return self.config.objective == "binary"

    def weights(self) -> np.ndarray:
        """What the splits on each column gained."""
        return np.asarray(self.booster.feature_importance("gain"), np.float64)

    def texts(self) -> dict[str, str]:
        return {MODEL_FILE: self.booster.model_to_string()}

    def restore(self, artefact: Artefact) -> None:
        import lightgbm

        try:
            self.booster = lightgbm.Booster(model_str=artefact.texts[MODEL_FILE])
        except (KeyError, lightgbm.basic.LightGBMError) as error:
            raise ModelError(f"{self.name}: {MODEL_FILE} cannot be read ({error}); train the ranker again") from None


class LambdaMARTConfig(BoostedTreesConfig):
    """Settings of LambdaMART."""

    objective: Literal["binary", "lambdarank"] = "lambdarank"
    """What the trees are grown for: the order of a request's candidates, or the probability."""


class LambdaMART(BoostedTrees):
    """Boosted trees grown for the order of each request's candidates (NDCG), calibrated afterwards."""

    name = "LambdaMART"
    Config = LambdaMARTConfig
