"""Models that order candidates from their feature columns; they know nothing of what made the columns."""

from zhiyin.core.lazy import lazily

__getattr__, __dir__ = lazily(
    __name__,
    {
        "BoostedTrees": "boosted_trees",
        "DecisionTree": "decision_tree",
        "Fold": "folds",
        "Logistic": "logistic",
        "NeuralNetwork": "neural_network",
        "Ranker": "ranker",
        "Reliability": "reliability",
        "Rows": "rows",
        "labels_for": "rows",
        "outcome_folds": "folds",
        "reliability_of": "reliability",
    },
)
