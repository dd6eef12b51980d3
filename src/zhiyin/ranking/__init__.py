"""Models that order candidates from their feature columns; they know nothing of what made the columns."""

from zhiyin.core.lazy import lazily

__getattr__, __dir__ = lazily(
    __name__,
    {
        "BoostedTrees": "boosted_trees",
        "Chances": "esmm",
        "DCNv2": "dcn_v2",
        "DecisionTree": "decision_tree",
        "DeepFM": "deep_fm",
        "ESMM": "esmm",
        "Fold": "folds",
        "LambdaMART": "boosted_trees",
        "Logistic": "logistic",
        "NeuralNetwork": "neural_network",
        "Ranker": "ranker",
        "Reliability": "reliability",
        "Rows": "rows",
        "calibration_error": "reliability",
        "labels_for": "rows",
        "outcome_folds": "folds",
        "permutation_importance": "importance",
        "reliability_of": "reliability",
    },
)
